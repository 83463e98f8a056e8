"""Probabilities of presence, one label at a time, and the thresholds that turn them into calls."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import logit

from udviz.checks import check_probs
from udviz.stats.labels.label_columns import label_columns

_EPSILON = float(np.finfo(np.float32).eps)


def prob_columns(probs: np.ndarray, targets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each label's probabilities and targets on the images where its target is known.

    Args:
        probs: (N, L) floats in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown.

    Yields:
        (n,) float64 probabilities and (n,) bool targets, in image order.

    Raises:
        TypeError: If an input is no numpy array or ``probs`` are no floating-point numbers.
        ValueError: If shapes differ, a known image's probability leaves [0, 1] or is NaN, or a
            target is none of 1, 0, -1.
    """
    for column in label_columns([probs], targets, name="probs"):
        prob = column.scores[0].astype(np.float64)
        check_probs(prob[:, None])
        yield prob, column.positive


def prob_logits(prob: np.ndarray) -> np.ndarray:
    """Logits of probabilities, finite: 0 and 1 count as one float32 epsilon away from them."""
    prob = np.clip(prob.astype(np.float64), _EPSILON, 1 - _EPSILON)
    logits: np.ndarray = np.log(prob) - np.log1p(-prob)
    return logits


def logit_probs(logits: np.ndarray) -> np.ndarray:
    """Float64 probabilities of logits of any shape: no two float32 logits below 15 fall together.

    Small probabilities keep their digits however small they are.
    """
    probs = np.empty(np.shape(logits))
    np.negative(logits, out=probs)
    with np.errstate(over="ignore"):  # exp(infinity) is the probability 0
        np.exp(probs, out=probs)  # many times as fast as scipy's expit, which calls libm
    probs += 1.0
    result: np.ndarray = np.reciprocal(probs, out=probs)[()]  # of a single logit, a number
    return result


def threshold_logit(prob: float) -> float:
    """Logit at which a probability in [0, 1] is reached: minus infinity at 0, infinity at 1.

    Raises:
        ValueError: If ``prob`` leaves [0, 1].
    """
    if not 0.0 <= prob <= 1.0:  # also refuses NaN
        raise ValueError(f"`prob` must lie in [0, 1], got {prob}.")
    return float(logit(prob))


def check_label_names(label_names: Sequence[str], n_labels: int) -> None:
    """Raise unless there is one name per label."""
    if len(label_names) != n_labels:
        raise ValueError(
            f"`label_names` must hold one name per label, got {len(label_names)} names "
            f"for {n_labels} labels."
        )


def label_thresholds(thresholds: float | np.ndarray, n_labels: int) -> np.ndarray:
    """One decision threshold in [0, 1] per label, (L,), from a number or an (L,) array.

    Raises:
        ValueError: If the shape is neither () nor (L,), or a threshold leaves [0, 1].
    """
    array = np.asarray(thresholds, dtype=np.float64)
    if array.shape not in ((), (n_labels,)):
        raise ValueError(
            f"`thresholds` must be one number or have shape ({n_labels},), got shape {array.shape}."
        )
    if not ((array >= 0.0) & (array <= 1.0)).all():  # also refuses NaN
        raise ValueError("`thresholds` must lie in [0, 1], got a value outside it.")
    return np.broadcast_to(array, (n_labels,))
