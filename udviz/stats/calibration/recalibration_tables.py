"""Calibration before and after recalibration, of every label and of all pooled.

One sort of a label's logits serves every map, as none changes their order.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from udviz.stats.calibration.calibration_tables import N_BINS, CalibrationRows
from udviz.stats.calibration.recalibration import Recalibration, Temperature
from udviz.stats.calibration.reliability_bins import mass_edges, sampled_images
from udviz.stats.calibration.sorted_probs import SortedProbs, sorted_probs
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import check_label_names

_EPSILON = float(np.finfo(np.float64).eps)  # a recalibrated probability is a float64


def recalibration_table(
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    recalibrations: Mapping[str, Recalibration],
    label_names: Sequence[str],
) -> pd.DataFrame:
    """Calibration of every label before and after each recalibration.

    Args:
        logits: (N, L) floats of the images to judge on, not those of the fit.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).
        recalibrations: Name -> fitted map; the plain sigmoid is added as ``none``.
        label_names: L names.

    Returns:
        One row per method (``none`` first) and label: ``method`` and the columns of
        ``calibration_table``. A label is sorted once, since no recalibration changes its order.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite or a name is missing.
    """
    check_label_names(label_names, targets.shape[1])
    return _walked(CalibrationWalk(recalibrations), logits, targets).rows(label_names)


def pooled_recalibration_table(
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    recalibrations: Mapping[str, Recalibration],
) -> pd.DataFrame:
    """Calibration of all labels taken together before and after each recalibration.

    Args:
        logits: As in ``recalibration_table``.
        targets: As in ``recalibration_table``.
        recalibrations: As in ``recalibration_table``.

    Returns:
        One row per method (``none`` first): ``method`` and the columns of
        ``pooled_calibration_table``.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ or a logit is not finite.
    """
    edges = pooled_edges(logits, targets, recalibrations=recalibrations)
    walk = CalibrationWalk(recalibrations, pooled_edges=edges)
    return _walked(walk, logits, targets).pooled()


def pooled_edges(
    logits: np.ndarray, targets: np.ndarray, *, recalibrations: Mapping[str, Recalibration]
) -> dict[str, np.ndarray]:
    """Edges of bins of equal mass over all labels, before and after each recalibration.

    Args:
        logits: As in ``recalibration_table``.
        targets: As in ``recalibration_table``.
        recalibrations: As in ``recalibration_table``.

    Returns:
        Name of a map, ``none`` first, -> (Q + 1,) edges, from a sample of the images.
    """
    rows = sampled_images(*targets.shape)
    known: dict[str, list[np.ndarray]] = {"none": [], **{name: [] for name in recalibrations}}
    for column in label_columns([logits], targets, images=rows, name="logits"):
        for name, found in known.items():
            fitted = recalibrations.get(name, Temperature())
            found.append(fitted.apply_label(column.scores[0], column.label))
    return {name: mass_edges(np.concatenate(found), N_BINS) for name, found in known.items()}


class CalibrationWalk:
    """Calibration of every label, and of all pooled, under several maps.

    Args:
        recalibrations: Name -> fitted map; the plain sigmoid is added as ``none``.
        pooled_edges: Name of a map -> edges from `pooled_edges`; None where pooled rows are not
            asked for.
    """

    def __init__(
        self,
        recalibrations: Mapping[str, Recalibration],
        *,
        pooled_edges: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._maps = {"none": Temperature(), **recalibrations}
        self._rows = {
            name: CalibrationRows(N_BINS, _EPSILON, (pooled_edges or {}).get(name))
            for name in self._maps
        }

    def add(self, logit: SortedProbs, label: int) -> None:
        """Take in the sorted logits of the next label."""
        for method, fitted in self._maps.items():
            rising = partial(fitted.apply_label, label=label)
            self._rows[method].add(logit.mapped(rising))

    def extend(self, other: "CalibrationWalk") -> None:
        """Take in the labels that come next."""
        for method, rows in self._rows.items():
            rows.extend(other._rows[method])

    def rows(self, label_names: Sequence[str]) -> pd.DataFrame:
        """The table of `recalibration_table`."""
        every = CalibrationRows(N_BINS, _EPSILON)  # of all maps, as many small tables take longer
        for rows in self._rows.values():
            every.extend(rows)
        table = every.table([*label_names] * len(self._rows))
        table["column"] %= max(1, len(label_names))
        table.insert(0, "method", np.repeat([*self._rows], len(label_names)))
        return table

    def pooled(self) -> pd.DataFrame:
        """The table of `pooled_recalibration_table`."""
        table = pd.concat([rows.pooled() for rows in self._rows.values()], ignore_index=True)
        table.insert(0, "method", [*self._rows])
        return table


def _walked(walk: CalibrationWalk, logits: np.ndarray, targets: np.ndarray) -> CalibrationWalk:
    """The walk through the sorted logits of every label."""
    for column in label_columns([logits], targets, name="logits"):
        walk.add(sorted_probs(column.scores[0], column.positive), column.label)
    return walk
