"""How far could each label move? Average precisions redrawn with all their label correlations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from udviz.stats.inference.clusters import sums_by_group
from udviz.stats.ranking.ranked import RankedColumn, ranked_columns

N_GROUPS = 4096  # sums over this many groups of images: the label correlations to 2 %
N_DRAWS = 2000


@dataclass(frozen=True, eq=False, kw_only=True)
class RedrawnPrecision:
    """Average precision of every label, and what other images would have given.

    Attributes:
        positives: (L,) images that carry the label.
        known: (L,) images whose target is known.
        average_precision: (L,) mean over the models; NaN without positives or negatives.
        standard_error: (L,) of that mean, from the images; NaN below 2 positives.
        draws: (D, L) redrawn averages in [0, 1]; labels of one draw belong together.
    """

    positives: np.ndarray
    known: np.ndarray
    average_precision: np.ndarray
    standard_error: np.ndarray
    draws: np.ndarray


class Redrawing:
    """Collects ranked labels for the draws; one label's influences are held at a time.

    Each draw gives every image a standard normal weight and adds the weighted sum of its influence,
    on the logit scale, so that a draw stays inside [0, 1]. An image has one weight for all its
    labels, so labels that share images move together. Beyond ``N_GROUPS`` images, random groups
    of images share a weight; each label's variance is kept exact.

    A label whose influence has no variance (a single positive, or an AP of exactly 0 or 1) is drawn
    from the Jeffreys posterior of a fraction of AP out of as many trials as positives.

    Args:
        n_images: Number N of images.
        n_labels: Number L of labels.
        runs: Places of the runs whose AP is averaged, among the score sets of the ranked labels.
        seed: Seed of groups and weights.
        groups: (N,) group of every image, from `group_codes`; images of one share a weight.

    Source:
        Multiplier bootstrap: van der Vaart and Wellner (1996), "Weak convergence and empirical
        processes", section 2.9.
    """

    def __init__(
        self,
        n_images: int,
        n_labels: int,
        *,
        runs: np.ndarray,
        seed: int = 0,
        groups: np.ndarray | None = None,
    ) -> None:
        self._runs, self._rng = runs, np.random.default_rng(seed)
        self._given = np.arange(n_images) if groups is None else groups
        n_given = int(self._given.max(initial=-1)) + 1
        self._group = (self._rng.permutation(n_given) % N_GROUPS)[self._given]
        self._clustered = groups is not None
        self._precision, self._error = np.full((2, n_labels), np.nan)
        self._positives, self._known = np.zeros((2, n_labels), dtype=np.int64)
        self._n_sums = min(n_images, N_GROUPS)
        self._sums: dict[int, np.ndarray] = {}  # label -> (G,) influence of each group
        self._added: list[int] = []

    def add(self, ranked: RankedColumn) -> None:
        """Take in a label."""
        column, label = ranked.column, ranked.column.label
        self._added.append(label)
        self._positives[label], self._known[label] = ranked.n_positives, column.positive.size
        if not ranked.measurable:
            return
        self._precision[label] = ranked.average_precision[self._runs].mean()
        influence = ranked.influence[self._runs].mean(axis=0)
        known = slice(None) if column.known is None else column.known
        own = sums_by_group(influence[None], self._given[known] if self._clustered else None)
        length = float(np.linalg.norm(own))
        self._error[label] = length if ranked.n_positives > 1 else np.nan
        groups = self._group[known]
        self._sums[label] = _at_length(np.bincount(groups, influence, self._n_sums), length)

    def extend(self, other: "Redrawing") -> None:
        """Take in the labels of ``other``, made alike for other labels."""
        own = other._added
        self._added += own
        for name in ("_precision", "_error", "_positives", "_known"):
            getattr(self, name)[own] = getattr(other, name)[own]
        self._sums |= other._sums

    def result(self, *, n_draws: int = N_DRAWS) -> RedrawnPrecision:
        """The averages and their draws, once all labels are in."""
        totals = np.zeros((self._n_sums, self._precision.size))  # (G, L)
        for label, sums in self._sums.items():
            totals[:, label] = sums
        return RedrawnPrecision(
            positives=self._positives,
            known=self._known,
            average_precision=self._precision,
            standard_error=self._error,
            draws=_draw(self._precision, self._positives, totals, n_draws=n_draws, rng=self._rng),
        )


def redraw_precision(
    models: Sequence[np.ndarray], targets: np.ndarray, *, n_draws: int = N_DRAWS, seed: int = 0
) -> RedrawnPrecision:
    """Redraw the average precision of all labels together, by a multiplier bootstrap.

    Args:
        models: (N, L) floats of each model; the AP is averaged over them.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).
        n_draws: Number D of draws.
        seed: Seed of groups and weights.

    Returns:
        The averages and their draws; images vary, the trained models do not. See `Redrawing`.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If shapes differ, a score is not finite or a target is none of 1, 0, -1.
    """
    redrawing = Redrawing(*targets.shape, runs=np.arange(len(models)), seed=seed)
    for ranked in ranked_columns(models, targets):
        redrawing.add(ranked)
    return redrawing.result(n_draws=n_draws)


def _at_length(totals: np.ndarray, length: float) -> np.ndarray:
    norm = np.linalg.norm(totals)
    return totals * (length / norm) if norm > 0 else totals


def _draw(
    precision: np.ndarray,
    positives: np.ndarray,
    totals: np.ndarray,
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(D, L) redrawn averages; NaN where the precision is."""
    factor = np.linalg.qr(totals, mode="r")  # the same covariance from fewer normal numbers
    moves = rng.standard_normal((n_draws, len(factor))) @ factor  # (D, L)
    stiff = (positives == 1) | (np.linalg.norm(totals, axis=0) < 1e-9)
    slope = np.where(stiff, 1.0, precision * (1 - precision))
    start = np.log(np.where(stiff, 1.0, precision) / np.where(stiff, 1.0, 1 - precision))
    draws: np.ndarray = expit(start + moves / slope)
    for label in np.flatnonzero(stiff & np.isfinite(precision)):
        found = positives[label] * precision[label]
        draws[:, label] = rng.beta(found + 0.5, positives[label] - found + 0.5, size=n_draws)
    draws[:, np.isnan(precision)] = np.nan
    return draws
