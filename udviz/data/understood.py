"""What was understood of a data set, in words for a person and as data for a program."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from udviz.data.dataset import SPLITS, Dataset
from udviz.data.problems import describe_problem

N_IMAGES = 3  # that are shown with their labels
MOST_LABELS = 100  # that are listed with their counts
MOST_NAMED = 12  # labels of one image
SPLIT_FLAGS = ("--data.splits", "--data.split_column", "--data.root", "--data.split_fractions")


def short_lines(dataset: Dataset) -> list[str]:
    """Images, labels, splits, guesses and problems: a line each."""
    n_labels = f"{len(dataset.label_names):,} labels"
    lines = [f"{dataset.name}: {len(dataset.image_ids):,} images, {n_labels}"]
    lines.append(f"splits: {_splits(dataset)} ({_origin(dataset)})")
    lines += [f"slices by {name}: {_counted(values)}" for name, values in _slices(dataset).items()]
    lines += [f"guessed: {guess.what}; else {guess.flag}" for guess in dataset.guesses]
    return lines + [f"problem: {describe_problem(problem)}" for problem in dataset.problems]


def lines(dataset: Dataset) -> list[str]:
    """The same with counts per label and three images with their labels."""
    first, splits, *rest = short_lines(dataset)
    return [
        first,
        splits,
        "",
        *_label_lines(dataset),
        "",
        *_image_lines(dataset),
        *([""] if rest else []),
        *rest,
    ]


def as_json(dataset: Dataset) -> dict[str, Any]:
    """The same for programs."""
    return {
        "images": len(dataset.image_ids),
        "slices": _slices(dataset),
        "splits": {split: len(dataset.indices(split)) for split in SPLITS},
        "labels": {
            name: dict(zip(("present", "absent", "unknown"), counts, strict=True))
            for name, counts in zip(dataset.label_names, _counts(dataset).tolist(), strict=True)
        },
        "problems": [
            {
                "kind": problem.kind,
                "count": problem.count,
                "examples": list(problem.examples),
                "images_left_out": problem.fatal,
            }
            for problem in dataset.problems
        ],
        "guesses": [{"what": guess.what, "flag": guess.flag} for guess in dataset.guesses],
    }


def _counts(dataset: Dataset) -> np.ndarray:
    """(L, 3) images in which each label is present, absent, unknown."""
    return np.stack([(dataset.targets == value).sum(axis=0) for value in (1, 0, -1)], axis=1)


def _slices(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Column -> value -> images."""
    columns = {} if dataset.slices is None else dict(dataset.slices.items())
    return {
        str(name): {str(value): int(n) for value, n in column.value_counts(sort=False).items()}
        for name, column in columns.items()
    }


def _counted(values: dict[str, int]) -> str:
    return ", ".join(f"{value} {n:,}" for value, n in values.items())


def _splits(dataset: Dataset) -> str:
    return ", ".join(f"{split} {len(dataset.indices(split)):,}" for split in SPLITS)


def _origin(dataset: Dataset) -> str:
    said = [guess.what for guess in dataset.guesses if guess.flag in SPLIT_FLAGS]
    return "; ".join(said) or "as the data give them"


def _label_lines(dataset: Dataset) -> list[str]:
    names, counts = dataset.label_names[:MOST_LABELS], _counts(dataset)[:MOST_LABELS]
    width = max(len("label"), *(len(name) for name in names))
    rows = [f"{'label':<{width}}  present   absent  unknown"]
    for name, (present, absent, unknown) in zip(names, counts.tolist(), strict=True):
        rows.append(f"{name:<{width}} {present:>8,} {absent:>8,} {unknown:>8,}")
    more = len(dataset.label_names) - len(names)
    return [*rows, f"and {more:,} more; --json lists all"] if more else rows


def _image_lines(dataset: Dataset) -> Iterator[str]:
    for index in np.linspace(0, len(dataset.image_ids) - 1, N_IMAGES, dtype=int).tolist():
        targets = dataset.targets[index]
        words = [
            f"{dataset.image_ids[index]} ({dataset.splits[index]}): {_named(dataset, targets, 1)}"
        ]
        if (targets == -1).any():
            words.append(f"unknown: {_named(dataset, targets, -1)}")
        yield "; ".join(words)


def _named(dataset: Dataset, targets: np.ndarray, value: int) -> str:
    found = [dataset.label_names[column] for column in np.flatnonzero(targets == value)]
    more = [f"{len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    return ", ".join(found[:MOST_NAMED] + more) or "none of the labels"
