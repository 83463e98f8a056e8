"""Platt scaling per label, shrunk towards the fit to all labels by as much as the data ask for.

A label with hundreds of positives on validation earns its own slope and intercept; a label with
three takes nearly those of all labels. How far labels may differ is not chosen but estimated from
all of them (empirical Bayes). Fits walk through a few thousand points per label, see `logit_cells`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udviz.stats.calibration.logit_cells import LogitCells, all_logit_cells
from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.labels.probabilities import logit_probs

MIN_SLOPE = 0.01  # a slope of 0 or below would turn the ranking of a label upside down
WEAK = np.array([0.01, 0.01])  # precision that keeps the pooled fit finite on separable data
FIRST_GUESS = np.array([1.0, 1.0])  # precision of the first fits, before the spread is known
EM_STEPS = 500
MOST_STEPS, MOST_HALVED = 50, 20  # of Newton's method, and of one of its steps
LEAST_VARIANCE = 1e-8  # between labels; its inverse has to be finite


@dataclass(frozen=True, eq=False, kw_only=True)
class Platt(Recalibration):
    """Sigmoid of slope times logit plus intercept, per label.

    Attributes:
        slope: (L,) at least ``MIN_SLOPE``, so that the order of images stays.
        intercept: (L,) in logits.
        pooled: (2,) slope and intercept of all labels, which labels are shrunk towards.
        spread: (2,) standard deviation between labels of slope and intercept around ``pooled``, as
            estimated; the smaller, the stronger the shrinkage.
    """

    slope: np.ndarray
    intercept: np.ndarray
    pooled: np.ndarray
    spread: np.ndarray

    def apply_label(self, logits: np.ndarray, label: int) -> np.ndarray:
        """Probabilities of one label, (N,) in [0, 1], from its (N,) logits."""
        margin = np.multiply(logits, self.slope[label], dtype=np.float64)
        margin += self.intercept[label]
        return logit_probs(margin)


def fit_platt(logits: np.ndarray, targets: np.ndarray) -> Platt:
    """Fit slope and intercept of every label with a normal prior around the pooled fit.

    1. Pooled fit: the least log loss over all known cells.
    2. Each label's likelihood is replaced by its normal approximation, and the between-label
       variances of slope and intercept are estimated from these by expectation maximisation.
    3. Each label is fitted with its exact likelihood and that prior, that is, a ridge towards
       the pooled fit. A label without known targets gets the pooled fit itself.

    Args:
        logits: (N, L) floats of the validation images.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out).

    Returns:
        The fitted map.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ or a logit is not finite.

    Source:
        Platt (1999), "Probabilistic outputs for support vector machines"; shrinkage: Morris
        (1983), "Parametric empirical Bayes inference".
    """
    return _fit_labels(list(all_logit_cells(logits, targets)))


def _fit_labels(labels: Sequence[LogitCells]) -> Platt:
    identity = np.array([1.0, 0.0])
    pooled, _ = _fit(labels, identity, precision=WEAK, start=identity)
    first = [_fit([label], pooled, precision=FIRST_GUESS, start=pooled) for label in labels]
    modes = np.array([mode for mode, _ in first]).reshape(-1, 2)  # (L, 2)
    informations = np.array([information for _, information in first]).reshape(-1, 2, 2)
    variance = _between_label_variance(modes, informations, pooled)

    final = np.array(
        [
            _fit_rising(label, pooled, precision=1 / variance, start=mode)
            for label, mode in zip(labels, modes, strict=True)
        ]
    ).reshape(-1, 2)
    return Platt(slope=final[:, 0], intercept=final[:, 1], pooled=pooled, spread=np.sqrt(variance))


def _fit_rising(
    label: LogitCells, centre: np.ndarray, *, precision: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Slope and intercept of one label, (2,), with the slope held at ``MIN_SLOPE`` or above."""
    fitted, _ = _fit([label], centre, precision=precision, start=start)
    if fitted[0] >= MIN_SLOPE:
        return fitted
    floor = np.array([MIN_SLOPE, centre[1]])
    pinned = np.array([1e12, precision[1]])
    return _fit([label], floor, precision=pinned, start=floor)[0]


def _fit(
    labels: Sequence[LogitCells], centre: np.ndarray, *, precision: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method with halved steps for the log loss plus the ridge towards ``centre``.

    Returns:
        (2,) slope and intercept, and the (2, 2) second derivative of the log loss alone.
    """

    def ridged(point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        loss, gradient, curvature = _derivatives(labels, point)
        ridge = precision * (point - centre)
        return loss + ridge @ (point - centre) / 2, gradient + ridge, curvature

    point = start
    loss, gradient, curvature = ridged(point)
    for _ in range(MOST_STEPS):
        step = np.linalg.solve(curvature + np.diag(precision), gradient)
        if step @ gradient < 1e-10 * (1 + abs(loss)):  # twice what a quadratic would fall by
            break
        for nearer in (point - step / 2**halved for halved in range(MOST_HALVED)):
            found = ridged(nearer)
            if found[0] <= loss:
                break
        else:
            break  # nothing lower within rounding
        point, (loss, gradient, curvature) = nearer, found
    return point, curvature


def _derivatives(
    labels: Sequence[LogitCells], point: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Summed log loss with its (2,) first and (2, 2) second derivative."""
    loss, gradient, curvature = 0.0, np.zeros(2), np.zeros((2, 2))
    for cells in labels:
        margin = point[0] * cells.logit + point[1]
        odds = np.exp(-np.abs(margin))  # of the less likely outcome: one exponential serves all
        softplus = np.maximum(margin, 0.0) + np.log1p(odds)
        loss += float(cells.weight @ (softplus - cells.present * margin))
        less = odds / (1 + odds)
        residual = cells.weight * (np.where(margin < 0, less, 1 - less) - cells.present)
        gradient += [residual @ cells.logit, residual.sum()]
        spread = cells.weight * less * (1 - less)
        tilted = spread * cells.logit
        cross = tilted.sum()
        curvature += [[tilted @ cells.logit, cross], [cross, spread.sum()]]
    return loss, gradient, curvature


def _between_label_variance(
    modes: np.ndarray, informations: np.ndarray, pooled: np.ndarray
) -> np.ndarray:
    """Variance of slope and of intercept between labels, (2,), by expectation maximisation.

    A label's likelihood is taken as normal with the given information, around the point that its
    first fit implies; in information form, so that a label that says nothing needs no inverse.
    """
    # the first fits were pulled to `pooled`: information @ (mle - pooled) undoes the pull
    offset = modes - pooled
    evidence = np.einsum("lij,lj->li", informations, offset) + FIRST_GUESS * offset  # (L, 2)
    (own_slope, cross), (_, own_intercept) = informations.transpose(1, 2, 0)
    variance = 1 / FIRST_GUESS
    for _ in range(EM_STEPS):
        # mean and covariance of every label, written out: a symmetric 2 x 2 matrix is inverted
        slope, intercept = own_slope + 1 / variance[0], own_intercept + 1 / variance[1]
        determinant = slope * intercept - cross**2
        mean = np.stack(
            [
                intercept * evidence[:, 0] - cross * evidence[:, 1],
                slope * evidence[:, 1] - cross * evidence[:, 0],
            ]
        )
        spread = (mean / determinant) ** 2 + np.stack([intercept, slope]) / determinant  # (2, L)
        updated = np.maximum(spread.mean(axis=1), LEAST_VARIANCE) if len(modes) else variance
        if (np.abs(updated - variance) <= LEAST_VARIANCE + 1e-4 * variance).all():
            return updated
        variance = updated
    return variance
