"""A label's logits as a few thousand weighted points, for fits that read them many times."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from udviz.stats.labels.label_columns import label_columns

EXACT_UP_TO = 8_192  # images of a label; up to here every one is its own point
N_CELLS = 4096  # 1/128 of an interquartile range wide: moves a log loss by about 1e-6 of itself
REACH = 16  # interquartile ranges to either side of the middle


@dataclass(frozen=True, eq=False, kw_only=True)
class LogitCells:
    """K points that stand for the n known images of one label.

    Attributes:
        logit: (K,) float64, the mean of the images it stands for.
        weight: (K,) number of them.
        present: (K,) bool, whether the label is present on them.
    """

    logit: np.ndarray
    weight: np.ndarray
    present: np.ndarray


def logit_cells(logits: np.ndarray, present: np.ndarray) -> LogitCells:
    """Join images of equal target and nearly equal logit; exact up to ``EXACT_UP_TO`` images.

    Args:
        logits: (n,) finite floats.
        present: (n,) bool.
    """
    logits = logits.astype(np.float64)
    if logits.size <= EXACT_UP_TO:
        return LogitCells(logit=logits, weight=np.ones(logits.size), present=present)
    # a few thousand images tell well enough how wide cells should be
    low, high = np.quantile(logits[:: logits.size // EXACT_UP_TO + 1], [0.25, 0.75])
    spread = high - low or logits.std() or 1.0  # no range where most images have the same logit
    width = 2 * REACH * spread / N_CELLS
    place = np.clip((logits - (low + high) / 2) / width + N_CELLS / 2, 0, N_CELLS)
    cell = 2 * place.astype(np.int64) + present
    weight = np.bincount(cell, minlength=2 * N_CELLS + 2)
    held = np.flatnonzero(weight)
    total = np.bincount(cell, logits, minlength=weight.size)
    return LogitCells(
        logit=total[held] / weight[held], weight=weight[held].astype(float), present=held % 2 == 1
    )


def all_logit_cells(logits: np.ndarray, targets: np.ndarray) -> Iterator[LogitCells]:
    """Yield the cells of every label.

    Args:
        logits: (N, L) floats.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ or a logit is not finite.
    """
    for column in label_columns([logits], targets, name="logits"):
        yield logit_cells(column.scores[0], column.positive)
