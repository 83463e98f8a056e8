"""Why a label may be difficult: the names used in the tables, and what they mean."""

from collections.abc import Sequence

from udviz.vocabulary import Cause

CAUSES: dict[Cause, str] = {
    "rare": "few training images carry it.",
    "confused": "its false positives occur mostly beside another label.",
    "missing annotations": "images the model is most certain of are unlabelled more often than "
    "expected.",
    "miscalibrated": "its calibration error is larger than expected of a calibrated model.",
    "uncertain": "the model's predictive entropy is high.",
    "small": "its objects cover little of the image.",
    "occluded": "its objects are mostly hidden.",
}


SHARED = 0.8  # share of the labels from which on a cause tells none of them apart
LEAST_LABELS = 5  # with fewer labels nothing is called shared


def shared_causes(cells: Sequence[object]) -> list[Cause]:
    """Causes of nearly all labels, from their comma-separated cells: they tell none apart."""
    if len(cells) < LEAST_LABELS:
        return []
    found = [set(split_causes(cell)) for cell in cells]
    return [c for c in CAUSES if sum(c in causes for causes in found) >= SHARED * len(found)]


def split_causes(cell: object) -> list[str]:
    """The causes named in one comma-separated cell; none where the cell is empty."""
    if not isinstance(cell, str):
        return []
    return [cause.strip() for cause in cell.split(",") if cause.strip()]
