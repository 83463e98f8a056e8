"""What the reference model confuses and doubts, and which labels go together in the truth."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.jobs import LabelJob
from udviz.analysis.split_predictions import SplitPredictions
from udviz.predictions.cache import Predictions, open_predictions
from udviz.scratch import empty_columns
from udviz.stats.difficulty.findings import Basis, Finding, find, find_basis, find_labels
from udviz.stats.label_errors.suspects import Suspects
from udviz.stats.labels.relations import co_occurrence

_PAIR = {"low": "lift_low", "high": "lift_high", "partner": "partner_column"}


def doubted_job(split: SplitPredictions, reference: str) -> LabelJob:
    """``confusions``, ``suspects`` and ``outlier_images`` of the first run of the reference.

    Also ``pairs``, ``suspect_counts`` and ``entropy``: what its causes of difficulty are judged by.
    """
    return LabelJob(
        name=f"confusions and doubts on {split.split}",
        n_labels=len(split.label_names),
        prepare=partial(_basis, split=split, reference=reference),
        part=partial(_labels, split=split, reference=reference),
        join=partial(_tables, split=split, reference=reference),
    )


def _basis(*, split: SplitPredictions, reference: str) -> Basis:
    run = split.first_run(reference)
    return find_basis(run.logits, run.targets)


def _labels(labels: range, basis: Basis, *, split: SplitPredictions, reference: str) -> Finding:
    run = split.first_run(reference)
    return find_labels(run.logits, run.targets, basis, label_names=run.label_names, labels=labels)


def _tables(finding: Finding, basis: Basis, *, split: SplitPredictions, reference: str) -> Tables:
    run, found = split.first_run(reference), finding.result(basis)
    names = np.array(run.label_names, dtype=object)
    pairs = found.confusions
    confusions = pairs.assign(
        label=names[pairs["column"].to_numpy(dtype=int)],
        partner_label=names[pairs["partner"].to_numpy(dtype=int)],
    ).rename(columns=_PAIR | {"partner_label": "partner"})
    tables = {
        "confusions": confusions,
        "suspects": _named(found.suspects.table, [run]),
        "outlier_images": _outliers(found.suspects, [run]),
        "pairs": pairs,
        "suspect_counts": found.suspects.counts,
        "entropy": found.entropy,
    }
    return {name: table.assign(split=split.split) for name, table in tables.items()}


def doubted_training_tables(folds: Sequence[Path]) -> Tables:
    """``suspects`` among the training targets, ``outlier_images`` and ``training_counts``.

    Args:
        folds: Caches of disjoint training images, each by a model that did not see them.
    """
    parts = [open_predictions(fold) for fold in folds]
    logits = _end_to_end([part.logits for part in parts])
    targets = _end_to_end([part.targets for part in parts])
    found = find(logits, targets, label_names=parts[0].label_names).suspects
    tables = {"suspects": _named(found.table, parts), "outlier_images": _outliers(found, parts)}
    named = {name: table.assign(split=parts[0].split) for name, table in tables.items()}
    return named | {"training_counts": found.counts}


def co_occurrence_table(split: SplitPredictions) -> Tables:
    """``co_occurrence`` of every ordered pair of different labels, in long form."""
    found = co_occurrence(split.targets)
    names = np.array(split.label_names, dtype=object)
    first, second = np.nonzero(~np.eye(len(names), dtype=bool))
    table = pd.DataFrame(
        {
            "split": split.split,
            "label": names[first],
            "other_label": names[second],
            "together": found.together[first, second],
            "conditional": found.conditional[first, second],
            "lift": found.lift[first, second],
        }
    )
    return {"co_occurrence": table}


def _outliers(suspects: Suspects, parts: Sequence[Predictions]) -> pd.DataFrame:
    """Images set apart, with their ids and the names of the labels they mislead about."""
    names = suspects.counts["label"]
    labels = [", ".join(names[columns]) for columns in suspects.outliers["columns"]]
    named = _named(suspects.outliers, parts).drop(columns="columns")
    return named.assign(labels=np.array(labels, dtype=object))


def _named(suspects: pd.DataFrame, parts: Sequence[Predictions]) -> pd.DataFrame:
    """Doubted targets or images of ``parts``, end to end, with their ids."""
    ids = np.concatenate([part.images["image_id"].to_numpy(dtype=object) for part in parts])
    return suspects.assign(image_id=ids[suspects["image"].to_numpy(dtype=int)])


def _end_to_end(parts: Sequence[np.ndarray]) -> np.ndarray:
    """(N, L) rows of all parts in Fortran order; a large matrix lies in a temporary file."""
    n_images, n_labels = sum(len(part) for part in parts), parts[0].shape[1]
    joined = empty_columns((n_images, n_labels), parts[0].dtype)
    for label in range(n_labels):
        joined[:, label] = np.concatenate([part[:, label] for part in parts])
    return joined
