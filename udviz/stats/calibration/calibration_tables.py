"""Every calibration error of a label in one row, from one sort of its probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from udviz.stats.calibration.brier import brier_decomposition
from udviz.stats.calibration.calibration_error import (
    excess_p_value,
    expected_calibration_error,
    expected_error_null,
    maximum_calibration_error,
    maximum_error_null,
    spiegelhalter_z,
)
from udviz.stats.calibration.reliability_bins import (
    ReliabilityBins,
    label_bins,
    pool,
    sampled_mass_edges,
    stack_bins,
)
from udviz.stats.calibration.sorted_probs import SortedProbs, sorted_probs
from udviz.stats.labels.probabilities import check_label_names, prob_columns

N_BINS = 15


@dataclass(frozen=True, eq=False)
class CalibrationRows:
    """Collects the labels of one table, and all of them pooled.

    Attributes:
        n_bins: Number Q of bins of both kinds.
        epsilon: How far from 0 and 1 probabilities are held in the log loss.
        pooled_edges: (Q + 1,) edges of equal mass over all labels, from `mass_edges`; None
            where no pooled row is asked for.
    """

    n_bins: int
    epsilon: float
    pooled_edges: np.ndarray | None = None
    _width: list[np.ndarray] = field(default_factory=list)
    _mass: list[np.ndarray] = field(default_factory=list)
    _pooled_mass: list[np.ndarray] = field(default_factory=list)
    _sums: list[np.ndarray] = field(default_factory=list)

    def add(self, probs: SortedProbs) -> None:
        """Take in the next label."""
        self._width.append(label_bins(probs, n_bins=self.n_bins, kind="width"))
        self._mass.append(label_bins(probs, n_bins=self.n_bins, kind="mass"))
        if (edges := self.pooled_edges) is not None:
            self._pooled_mass.append(np.concatenate([edges, probs.bin_sums(edges)]))
        self._sums.append(_sums(probs, self.epsilon))

    def extend(self, other: "CalibrationRows") -> None:
        """Take in the labels that come next."""
        for name in ("_width", "_mass", "_pooled_mass", "_sums"):
            getattr(self, name).extend(getattr(other, name))

    def table(self, label_names: Sequence[str]) -> pd.DataFrame:
        """One row per label, see ``calibration_table``."""
        width, mass = (stack_bins(rows, self.n_bins) for rows in (self._width, self._mass))
        names = pd.DataFrame({"label": list(label_names), "column": np.arange(len(label_names))})
        return pd.concat([names, _errors(width, mass, np.array(self._sums))], axis=1)

    def pooled(self) -> pd.DataFrame:
        """The row of ``pooled_calibration_table``."""
        width, mass = (
            pool(stack_bins(rows, self.n_bins)) for rows in (self._width, self._pooled_mass)
        )
        return _errors(width, mass, np.sum(self._sums, axis=0))


def calibration_table(
    probs: np.ndarray,
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    n_bins: int = N_BINS,
) -> pd.DataFrame:
    """Calibration of every label, one row per label in column order.

    Args:
        probs: (N, L) predicted probabilities in [0, 1], never a softmax of the calibration branch.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.
        n_bins: Bins of both kinds.

    Returns:
        Columns ``label``, ``column``, ``known`` and ``positives`` (images), ``prevalence``,
        ``mean_prob``; ``ece`` (equal width), ``adaptive_ece`` (equal mass) and ``mce`` (equal
        width), each followed by ``_null`` and ``_null_sd`` (its null mean and SD), ``_null_upper``
        (exceeded once in twenty times under perfect calibration), ``_excess`` (error minus null
        mean) and ``_p``;
        ``brier`` and its parts ``reliability``, ``resolution``, ``uncertainty``,
        ``within_bin_variance``, ``within_bin_covariance`` (``brier_decomposition``); ``nll`` in
        nats; ``spiegelhalter_z``, standard normal if calibrated, above 0 where too sure. Except for
        resolution and Z, lower is better. NaN for a label with no known image.

    Raises:
        ValueError: As ``reliability_bins``, or if names and labels differ in number.
    """
    check_label_names(label_names, probs.shape[1])
    rows = CalibrationRows(n_bins, least_distance(probs))
    for column in prob_columns(probs, targets):
        rows.add(sorted_probs(*column))
    return rows.table(label_names)


def pooled_calibration_table(
    probs: np.ndarray, targets: np.ndarray, *, n_bins: int = N_BINS
) -> pd.DataFrame:
    """Calibration of all labels taken as one binary problem: one row.

    Args:
        probs: As in ``calibration_table``.
        targets: As in ``calibration_table``.
        n_bins: As in ``calibration_table``.

    Returns:
        The columns of ``calibration_table`` from ``known`` on; ``known`` counts cells.

    Raises:
        ValueError: As ``reliability_bins``.
    """
    edges = sampled_mass_edges(probs, targets, n_bins)
    rows = CalibrationRows(n_bins, least_distance(probs), edges)
    for column in prob_columns(probs, targets):
        rows.add(sorted_probs(*column))
    return rows.pooled()


def least_distance(probs: np.ndarray) -> float:
    """How far from 0 and 1 the log loss holds probabilities of this dtype."""
    floating = np.issubdtype(probs.dtype, np.floating)
    return float(np.finfo(probs.dtype if floating else np.float64).eps)


def _sums(probs: SortedProbs, epsilon: float) -> np.ndarray:
    """Log loss, and numerator and variance of Spiegelhalter's Z, (3,)."""
    return np.array([probs.log_loss(epsilon), *probs.spiegelhalter()])


def _errors(width: ReliabilityBins, mass: ReliabilityBins, sums: np.ndarray) -> pd.DataFrame:
    """All columns from ``known`` on; ``sums`` are the rows of `_sums`, (L, 3)."""
    loss, surplus, variance = sums.reshape(-1, 3).T
    known, positives = width.count.sum(axis=1), width.positives.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of no known image
        prevalence, mean_prob, nll = (
            total / known for total in (positives, width.sum_prob.sum(axis=1), loss)
        )
    columns = {
        "known": known,
        "positives": positives,
        "prevalence": prevalence,
        "mean_prob": mean_prob,
    }
    for name, error, null in (
        ("ece", expected_calibration_error(width), expected_error_null(width)),
        ("adaptive_ece", expected_calibration_error(mass), expected_error_null(mass)),
        ("mce", maximum_calibration_error(width), maximum_error_null(width)),
    ):
        columns |= {
            name: error,
            f"{name}_null": null.mean,
            f"{name}_null_sd": null.sd,
            f"{name}_null_upper": null.upper,
            f"{name}_excess": error - null.mean,
            f"{name}_p": excess_p_value(error, null),
        }
    columns |= vars(brier_decomposition(width))
    z = spiegelhalter_z(surplus, variance)
    return pd.DataFrame(columns | {"nll": nll, "spiegelhalter_z": z})
