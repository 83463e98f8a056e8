"""Why a label may be difficult: the names used in the tables, and what they mean."""

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


def split_causes(cell: object) -> list[str]:
    """The causes named in one comma-separated cell; none where the cell is empty."""
    if not isinstance(cell, str):
        return []
    return [cause.strip() for cause in cell.split(",") if cause.strip()]
