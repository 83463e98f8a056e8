"""How far could each label move? Average precisions redrawn with all their label correlations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from udviz.stats.labels.label_columns import label_columns
from udviz.stats.ranking.influence import average_precision_influence
from udviz.stats.ranking.measure import small_sample_factor

N_GROUPS = 4096  # sums over this many groups of images: the label correlations to 2 %
N_DRAWS = 2000


@dataclass(frozen=True, eq=False, kw_only=True)
class RedrawnPrecision:
    """Average precision of every label, and what other images would have given.

    Attributes:
        positives: (L,) images that carry the label.
        known: (L,) images whose target is known.
        average_precision: (L,) mean over the models; NaN without positives.
        standard_error: (L,) of that mean, from the images; NaN below 2 positives.
        draws: (D, L) redrawn averages in [0, 1]; labels of one draw belong together.
    """

    positives: np.ndarray
    known: np.ndarray
    average_precision: np.ndarray
    standard_error: np.ndarray
    draws: np.ndarray


def redraw_precision(
    models: Sequence[np.ndarray], targets: np.ndarray, *, n_draws: int = N_DRAWS, seed: int = 0
) -> RedrawnPrecision:
    """Redraw the average precision of all labels together, by a multiplier bootstrap.

    Each draw gives every image a standard normal weight and adds the weighted sum of its influence,
    on the logit scale, so that a draw stays inside [0, 1]. An image has one weight for all its
    labels, so labels that share images move together. Beyond ``N_GROUPS`` images, random groups
    of images share a weight; each label's variance is kept exact.

    A label whose influence has no variance (a single positive, or an AP of exactly 0 or 1) is drawn
    from the Jeffreys posterior of a fraction of AP out of as many trials as positives.

    Args:
        models: (N, L) floats of each model; the AP is averaged over them.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).
        n_draws: Number D of draws.
        seed: Seed of groups and weights.

    Returns:
        The averages and their draws; images vary, the trained models do not.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If shapes differ, a score is not finite or a target is none of 1, 0, -1.

    Source:
        Multiplier bootstrap: van der Vaart and Wellner (1996), "Weak convergence and empirical
        processes", section 2.9.
    """
    rng = np.random.default_rng(seed)
    n_images, n_labels = targets.shape
    group = rng.permutation(n_images) % N_GROUPS
    precision, error = np.full((2, n_labels), np.nan)
    positives, known = np.zeros((2, n_labels), dtype=np.int64)
    totals = np.zeros((min(n_images, N_GROUPS), n_labels))  # (G, L)
    for column in label_columns(models, targets):
        label = column.label
        positives[label], known[label] = column.positive.sum(), column.positive.size
        if positives[label] == 0:
            continue
        precision[label], influence = _mean_influence(column.scores, column.positive)
        length = float(np.linalg.norm(influence))
        error[label] = length if positives[label] > 1 else np.nan
        groups = group if column.known is None else group[column.known]
        totals[:, label] = _at_length(np.bincount(groups, influence, len(totals)), length)
    return RedrawnPrecision(
        positives=positives,
        known=known,
        average_precision=precision,
        standard_error=error,
        draws=_draw(precision, positives, totals, n_draws=n_draws, rng=rng),
    )


def _mean_influence(scores: Sequence[np.ndarray], positive: np.ndarray) -> tuple[float, np.ndarray]:
    """AP averaged over models and the (n,) influence on it, corrected for few positives."""
    results = [average_precision_influence(score, positive) for score in scores]
    influence = np.mean([influence for _, influence in results], axis=0)
    factor = np.sqrt(small_sample_factor(int(positive.sum())))
    return float(np.mean([value for value, _ in results])), influence * factor


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
    """(D, L) redrawn averages; NaN for a label without positives."""
    moves = rng.standard_normal((n_draws, len(totals))) @ totals  # (D, L)
    stiff = (positives == 1) | (np.linalg.norm(totals, axis=0) < 1e-9)
    slope = np.where(stiff, 1.0, precision * (1 - precision))
    start = np.log(np.where(stiff, 1.0, precision) / np.where(stiff, 1.0, 1 - precision))
    draws: np.ndarray = expit(start + moves / slope)
    for label in np.flatnonzero(stiff & (positives > 0)):
        found = positives[label] * precision[label]
        draws[:, label] = rng.beta(found + 0.5, positives[label] - found + 0.5, size=n_draws)
    draws[:, positives == 0] = np.nan
    return draws
