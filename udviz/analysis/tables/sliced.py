"""What metadata columns (source, camera, site, annotator, date) split: the table ``slices``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.judged import chosen_thresholds
from udviz.analysis.tables.judged_runs import EVEN_ODDS
from udviz.data.dataset import SPLITS, Dataset
from udviz.stats.slices.differences import SliceData, compare_slices
from udviz.vocabulary import ALL_SPLITS


@dataclass(frozen=True, eq=False, kw_only=True)
class Sliced:
    """Targets of some images, and their slices.

    Attributes:
        targets: (N, L).
        slices: (N,) categories, a column per metadata column.
        groups: (N,) names of groups of images; None if each is its own.
    """

    targets: np.ndarray
    slices: pd.DataFrame
    groups: np.ndarray | None


def sliced_counts(images: Mapping[str, Sliced], label_names: Sequence[str]) -> Tables:
    """Rows of ``slices`` on how often each of the L labels is there.

    Args:
        images: What they are called -> the images; nothing without slices.
        label_names: The L labels.
    """
    parts = [
        compare_slices(
            SliceData(
                targets=own.targets, slices=values, label_names=label_names, groups=own.groups
            )
        ).assign(split=split, slice_column=str(column))
        for split, own in images.items()
        for column, values in own.slices.items()
    ]
    return {"slices": pd.concat(parts, ignore_index=True)} if parts else {}


def sliced_dataset(dataset: Dataset) -> dict[str, Sliced]:
    """Every split of a data set with its slices, and all together; nothing without slices."""
    if dataset.slices is None:
        return {}
    everyone = np.arange(len(dataset.image_ids))
    rows = {split: dataset.indices(split) for split in SPLITS} | {ALL_SPLITS: everyone}
    return {
        split: Sliced(
            targets=dataset.targets[own],
            slices=dataset.slices.iloc[own],
            groups=None if dataset.groups is None else dataset.groups[own],
        )
        for split, own in rows.items()
        if len(own)
    }


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
