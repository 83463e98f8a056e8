"""Measures of uncertainty: how sure is the model about one label of one image?

Each is (N, L), at least 0, and higher where the model is less sure. Which of them finds the errors
is the question of ``udviz.stats.uncertainty.error_detection``.
"""

from collections.abc import Iterator

import numpy as np

from udviz.checks import check_finite, check_matrix, check_probs, check_same_shape
from udviz.stats.labels.probabilities import label_thresholds

_LEAST = float(np.finfo(np.float64).tiny)


def binary_entropy(probs: np.ndarray) -> np.ndarray:
    """Entropy of present against absent, in nats: 0 when sure, ln 2 = 0.693 at 0.5.

    Args:
        probs: (N, L) probabilities in [0, 1].

    Returns:
        (N, L) float64 entropies in [0, ln 2].

    Raises:
        TypeError: If ``probs`` is no numpy array.
        ValueError: If ``probs`` is not (N, L) or leaves [0, 1].
    """
    check_probs(probs)
    present = probs.astype(np.float64)
    absent = 1 - present
    # numpy's logarithm is many times as fast as xlogy; the least number stands in for 0 log 0
    entropy: np.ndarray = present * np.log(np.maximum(present, _LEAST))
    entropy += absent * np.log(np.maximum(absent, _LEAST))
    np.abs(entropy, out=entropy)  # 0, not -0
    return entropy


def margin_uncertainty(probs: np.ndarray, thresholds: float | np.ndarray = 0.5) -> np.ndarray:
    """Closeness to the decision threshold: 1 at the threshold, 0 at the far end of its side.

    At a threshold of 0.5 it depends on the distance of the probability to 0.5 alone, as the binary
    entropy does: both then rank cells alike, and only other thresholds tell them apart.

    Args:
        probs: (N, L) probabilities in [0, 1].
        thresholds: Decision thresholds in [0, 1], one or (L,); present from the threshold on.

    Returns:
        (N, L) float64 in [0, 1]: 1 - (distance to the threshold) / (distance of 0 or 1, whichever
        lies on the same side, to the threshold).

    Raises:
        TypeError: If ``probs`` is no numpy array.
        ValueError: If ``probs`` is not (N, L) or leaves [0, 1], or thresholds have another shape.
    """
    check_probs(probs)
    threshold = label_thresholds(thresholds, probs.shape[1])
    probs = probs.astype(np.float64)
    room = np.where(probs >= threshold, 1 - threshold, threshold)
    margin: np.ndarray = 1 - np.abs(probs - threshold) / np.where(room > 0, room, 1.0)
    return margin


def disagreement(calibration_logits: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Disagreement of the two branches about each label, in nats; 0 where they agree.

    With r the softmax over labels of the calibration branch and q that of the classification
    branch, u = r log(r / q) - r + q. Every u is >= 0 and a row of them sums to KL(r || q), the
    image's uncertainty. Two passes over the columns, so that a memory map is read one by one.

    Args:
        calibration_logits: (N, L) logits of the calibration branch.
        logits: (N, L) logits of the classification branch.

    Returns:
        (N, L) float64 disagreement, in Fortran order.

    Raises:
        TypeError: If an input is no numpy array.
        ValueError: If shapes differ or a logit is not finite.
    """
    result = np.empty(logits.shape, order="F")
    for label, column in enumerate(disagreement_columns(calibration_logits, logits)):
        result[:, label] = column
    return result


def disagreement_columns(
    calibration_logits: np.ndarray, logits: np.ndarray
) -> Iterator[np.ndarray]:
    """The columns of `disagreement`, (N,) each, one after the other."""
    _check_logits(calibration_logits, logits)
    log_r_total, log_q_total = _log_sum_exp(calibration_logits), _log_sum_exp(logits)  # (N,)
    for label in range(logits.shape[1]):
        log_r = calibration_logits[:, label].astype(np.float64) - log_r_total
        log_q = logits[:, label].astype(np.float64) - log_q_total
        yield _generalised_kl(log_r, log_q)


def _check_logits(calibration_logits: np.ndarray, logits: np.ndarray) -> None:
    named = {"calibration_logits": calibration_logits, "logits": logits}
    for name, array in named.items():
        check_matrix(array, name=name)
    check_same_shape(calibration_logits, logits, names=("calibration_logits", "logits"))
    for name, array in named.items():
        for label in range(array.shape[1]):
            check_finite(array[:, label], name=name)


def _log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Log of the sum over labels of exp(logits), (N,), one column at a time."""
    total = np.full(logits.shape[0], -np.inf)
    for label in range(logits.shape[1]):
        total = np.logaddexp(total, logits[:, label].astype(np.float64))
    return total


def _generalised_kl(log_r: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """Return r log(r / q) - r + q, accurate also where r and q are almost equal."""
    ratio = log_r - log_q
    near = np.abs(ratio) < 1.0
    r = np.exp(log_r)
    # for a small d = log(r / q), d + expm1(-d) keeps the digits that -r + q would cancel
    small = r * (ratio + np.expm1(-np.where(near, ratio, 0.0)))
    divergence = np.where(near, small, r * ratio - r + np.exp(log_q))
    positive: np.ndarray = np.maximum(divergence, 0.0)  # rounding can fall below 0
    return positive
