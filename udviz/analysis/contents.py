"""The tables of an analysis that need no model: what is in the data set, and what is amiss."""

import pandas as pd

from udviz.analysis.jobs import Tables
from udviz.data.dataset import SPLITS, Dataset
from udviz.stats.labels.label_counts import label_counts, labels_per_image


def contents(dataset: Dataset) -> Tables:
    """``label_counts`` and ``labels_per_image`` of every split, and the reader's ``problems``."""
    counts, carried = [], []
    for split in SPLITS:
        targets = dataset.targets[dataset.indices(split)]
        counts.append(label_counts(targets, label_names=dataset.label_names).assign(split=split))
        carried.append(labels_per_image(targets).assign(split=split))
    return {
        "label_counts": pd.concat(counts, ignore_index=True),
        "labels_per_image": pd.concat(carried, ignore_index=True),
        "problems": _problems(dataset),
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
