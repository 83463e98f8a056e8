"""The detailed tables of an analysis: calibration, uncertainty, look-alikes, suspects, pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.analysis.jobs import SplitPredictions
from udviz.predictions.cache import Predictions
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import (
    Recalibration,
    fit_isotonic,
    fit_temperature,
    pooled_recalibration_table,
    recalibration_table,
)
from udviz.stats.comparison.contributions import image_contributions
from udviz.stats.comparison.gap import gap_closed
from udviz.stats.difficulty.findings import find
from udviz.stats.label_errors.suspects import Suspects
from udviz.stats.labels.relations import co_occurrence
from udviz.stats.maps.agreement import MapAgreement, agreement_table, map_agreement
from udviz.stats.uncertainty.error_detection import compare_uncertainties

POOLED = "all labels"
MOST_IMAGES = 25  # per label and direction
BLOCK_CELLS = 16_000_000  # probabilities held at once: 64 MB


def calibration(val: SplitPredictions, judged: SplitPredictions, role: str) -> pd.DataFrame:
    """Calibration of a role's first run, per recalibration and label; pooled rows come first.

    Recalibrations are fitted on ``val`` only; on the validation split itself only the plain
    probabilities are judged.
    """
    fitted = {} if judged.split == val.split else _recalibrations(val.by_role[role][0])
    run = judged.by_role[role][0]
    pooled = pooled_recalibration_table(run.logits, run.targets, recalibrations=fitted)
    rows = recalibration_table(
        run.logits, run.targets, recalibrations=fitted, label_names=run.label_names
    )
    both = pd.concat([pooled.assign(label=POOLED), rows], ignore_index=True)
    return both.assign(split=judged.split, role=role)


def _recalibrations(val: Predictions) -> dict[str, Recalibration]:
    return {
        "temperature": fit_temperature(val.logits, val.targets),
        "platt": fit_platt(val.logits, val.targets),
        "isotonic": fit_isotonic(val.logits, val.targets),
    }


def uncertainty(predictions: SplitPredictions, role: str) -> pd.DataFrame:
    """Which measure of uncertainty finds the errors of a role's first run, per label."""
    run = predictions.by_role[role][0]
    width = max(1, BLOCK_CELLS // max(1, len(run.targets)))
    parts = []
    for start in range(0, len(run.label_names), width):
        block = slice(start, start + width)
        part = compare_uncertainties(
            run.probs(block),
            run.targets[:, block],
            label_names=run.label_names[block],
            disagreement=None if run.disagreement is None else run.disagreement[:, block],
        )
        parts.append(part.assign(column=part["column"] + start))
    return pd.concat(parts, ignore_index=True).assign(split=predictions.split, role=role)


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundSuspects:
    """Doubted targets of one split.

    Attributes:
        table: One row per doubted target with ``split`` and ``image_id``, most suspect first.
        counts: One row per label, see `udviz.stats.label_errors.suspects.Suspects`.
    """

    table: pd.DataFrame
    counts: pd.DataFrame


def named_pairs(pairs: pd.DataFrame, predictions: SplitPredictions) -> pd.DataFrame:
    """Look-alikes by name: *when ``partner_label`` is present, ``label`` fires*."""
    names = np.array(predictions.label_names, dtype=object)
    return pairs.assign(
        split=predictions.split,
        label=names[pairs["column"].to_numpy(dtype=int)],
        partner_label=names[pairs["partner"].to_numpy(dtype=int)],
    )


def named_suspects(suspects: Suspects, parts: Sequence[Predictions]) -> pd.DataFrame:
    """Doubted targets of the images of ``parts``, end to end, by image."""
    ids = np.concatenate([part.images["image_id"].to_numpy(dtype=object) for part in parts])
    image = suspects.table["image"].to_numpy(dtype=int)
    return suspects.table.assign(split=parts[0].split, image_id=ids[image])


def suspects_across(parts: Sequence[Predictions]) -> FoundSuspects:
    """Doubted targets of images that the models which judge them did not train on.

    Args:
        parts: Predictions of disjoint images of one split, each by a model of its own.
    """
    probs = np.concatenate([part.probs() for part in parts])
    targets = np.concatenate([np.asarray(part.targets) for part in parts])
    found = find(probs, targets, label_names=parts[0].label_names).suspects
    return FoundSuspects(table=named_suspects(found, parts), counts=found.counts)


def relations(predictions: SplitPredictions) -> pd.DataFrame:
    """Co-occurrence of every ordered pair of different labels, in long form."""
    found = co_occurrence(predictions.targets)
    names = np.array(predictions.label_names, dtype=object)
    first, second = np.nonzero(~np.eye(len(names), dtype=bool))
    return pd.DataFrame(
        {
            "split": predictions.split,
            "label": names[first],
            "other_label": names[second],
            "together": found.together[first, second],
            "conditional": found.conditional[first, second],
            "lift": found.lift[first, second],
        }
    )


def gap(predictions: SplitPredictions) -> pd.DataFrame:
    """How much of the way from baseline to teacher the distilled student goes, per label."""
    if not predictions.has_gain:
        return pd.DataFrame()
    closed = gap_closed(
        predictions.logits("baseline"),
        predictions.logits("distilled"),
        predictions.logits("teacher"),
        predictions.targets,
    )
    return closed.table.assign(split=predictions.split, label=list(predictions.label_names))


def contributions(predictions: SplitPredictions) -> pd.DataFrame:
    """The images that made each label's gain: the ``MOST_IMAGES`` that helped and hurt most."""
    if not predictions.has_gain:
        return pd.DataFrame()
    ids = predictions.by_role["teacher"][0].images["image_id"]
    parts = []
    for label, name in enumerate(predictions.label_names):
        if not (predictions.targets[:, label] == 1).any():
            continue
        table = image_contributions(
            predictions.logits("baseline"),
            predictions.logits("distilled"),
            predictions.targets,
            label=label,
            most=MOST_IMAGES,
        )
        table = table[table["contribution"] != 0]
        own = ids.iloc[table["image"]].to_numpy()
        parts.append(table.assign(split=predictions.split, label=name, image_id=own))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def attention_agreement(predictions: SplitPredictions) -> pd.DataFrame:
    """Whether the first runs of other roles look where the teacher's does, per pair and label.

    Empty without two roles that have uncertainty attention.
    """
    first_runs = {role: runs[0].attention for role, runs in predictions.by_role.items()}
    teacher = first_runs.pop("teacher")
    parts = [
        agreement_table(
            map_agreement(teacher, other),
            _agreement_elsewhere(teacher, other),
            predictions.targets,
            label_names=predictions.label_names,
        ).assign(split=predictions.split, role="teacher", other_role=role)
        for role, other in first_runs.items()
        if teacher is not None and other is not None
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _agreement_elsewhere(first: np.ndarray, second: np.ndarray) -> MapAgreement:
    """Agreement of each image's map with the other model's map of the next image, in a ring."""
    parts = (map_agreement(first[:-1], second[1:]), map_agreement(first[-1:], second[:1]))
    return MapAgreement(
        correlation=np.concatenate([part.correlation for part in parts]),
        overlap=np.concatenate([part.overlap for part in parts]),
    )
