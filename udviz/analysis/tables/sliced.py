"""What metadata columns (source, camera, site, annotator, date) split: the table ``slices``."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.analysis.jobs import Tables
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.judged import EVEN_ODDS, chosen_thresholds
from udviz.data.dataset import SPLITS, Dataset
from udviz.stats.slices.differences import SliceData, compare_slices
from udviz.vocabulary import ALL_SPLITS


def slices_of_targets(
    targets: np.ndarray,
    slices: pd.DataFrame,
    *,
    split: str,
    label_names: Sequence[str],
    groups: np.ndarray | None,
) -> pd.DataFrame:
    """Rows of ``slices`` on how often each label is there.

    Args:
        targets: (N, L) of some images.
        slices: (N,) categories, a column per metadata column.
        split: What these images are called.
        label_names: The L labels.
        groups: (N,) names of groups of images; None if each is its own.
    """
    parts = [
        compare_slices(
            SliceData(targets=targets, slices=values, label_names=label_names, groups=groups)
        ).assign(split=split, slice_column=str(column))
        for column, values in slices.items()
    ]
    return pd.concat(parts, ignore_index=True)


def sliced_contents(dataset: Dataset) -> Tables:
    """``slices`` of the targets of every split, and of all together; none without slices."""
    if dataset.slices is None:
        return {}
    everyone = np.arange(len(dataset.image_ids))
    images = {split: dataset.indices(split) for split in SPLITS} | {ALL_SPLITS: everyone}
    parts = [
        slices_of_targets(
            dataset.targets[rows],
            dataset.slices.iloc[rows],
            split=split,
            label_names=dataset.label_names,
            groups=None if dataset.groups is None else dataset.groups[rows],
        )
        for split, rows in images.items()
        if len(rows)
    ]
    return {"slices": pd.concat(parts, ignore_index=True)}


def sliced_performance(
    plan: Plan, val: SplitPredictions | None, split: SplitPredictions, slices: pd.Series
) -> Tables:
    """Rows of ``slices`` on what the reference model is worth, by one metadata column.

    Args:
        plan: What is asked.
        val: Predictions that thresholds are chosen on; even odds without.
        split: Predictions that are judged.
        slices: (N,) categories of its images, named as the column.
    """
    runs, n_labels = split.models[plan.reference], len(split.label_names)
    chosen = {} if val is None else val.models[plan.reference]
    even = np.full(n_labels, EVEN_ODDS)
    data = SliceData(
        targets=split.targets,
        slices=slices,
        label_names=split.label_names,
        groups=split.groups,
        runs=[run.logits for run in runs.values()],
        thresholds=[
            chosen_thresholds(plan, chosen[seed]).values if seed in chosen else even
            for seed in runs
        ],
        min_positives=plan.min_positives,
    )
    found = compare_slices(data).assign(split=split.split, slice_column=str(slices.name))
    return {"slices": found}
