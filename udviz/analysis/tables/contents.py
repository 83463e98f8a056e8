"""The tables that need no model: what is in the data set, and what is amiss."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.data.dataset import SPLITS, Dataset
from udviz.stats.labels.label_counts import label_counts, labels_per_image


def contents(dataset: Dataset) -> Tables:
    """``label_counts`` and ``labels_per_image`` of every split, and the reader's ``problems``."""
    targets = {split: dataset.targets[dataset.indices(split)] for split in SPLITS}
    return counted(targets, dataset.label_names) | {"problems": _problems(dataset)}


def counted(targets: Mapping[str, np.ndarray], label_names: Sequence[str]) -> Tables:
    """``label_counts`` and ``labels_per_image`` of the (N, L) targets of some splits."""
    counts = [
        label_counts(of_split, label_names=label_names).assign(split=split)
        for split, of_split in targets.items()
    ]
    carried = [
        labels_per_image(of_split).assign(split=split) for split, of_split in targets.items()
    ]
    return {
        "label_counts": pd.concat(counts, ignore_index=True),
        "labels_per_image": pd.concat(carried, ignore_index=True),
    }


def _problems(dataset: Dataset) -> pd.DataFrame:
    """One row per kind of problem: ``kind``, ``count``, ``fatal``, ``examples``, one per line."""
    rows = [
        {
            "kind": problem.kind,
            "count": problem.count,
            "fatal": problem.fatal,
            "examples": "\n".join(problem.examples),
        }
        for problem in dataset.problems
    ]
    return pd.DataFrame(rows, columns=["kind", "count", "fatal", "examples"])
