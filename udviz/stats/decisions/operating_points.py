"""Thresholds that a person asks for: the best F1, at least this precision, or at least this recall.

Chosen on validation, one per label, judged on another split. With a ``confidence`` they hold on new
images of the same kind with that probability, label by label, whatever the scores look like.
"""

from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from udviz.checks import check_share
from udviz.stats.calibration.sorted_probs import SortedProbs, sorted_probs
from udviz.stats.decisions.confusion import calls
from udviz.stats.decisions.thresholds import best_threshold, threshold_at_recall
from udviz.stats.inference.intervals import share, share_columns
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import check_label_names
from udviz.vocabulary import MIN_POSITIVES

Goal = Literal["f1", "precision", "recall"]
N_CANDIDATES = 30  # thresholds that are tried for a precision with a guarantee


def operating_thresholds(
    scores: np.ndarray,
    targets: np.ndarray,
    *,
    goal: Goal,
    level: float = 0.5,
    confidence: float | None = None,
    min_positives: int = MIN_POSITIVES,
) -> np.ndarray:
    """Choose one threshold per label that reaches a goal on these images.

    ``recall`` takes the highest threshold with at least ``level``, so the fewest false positives;
    ``precision`` the lowest one, so the most images found; ``f1`` the best F1, at any level.

    With a ``confidence``, *recall* takes the order statistic of the present images' scores below
    which at most 1 - ``level`` of new ones fall (a one-sided tolerance limit). *Precision* tests
    `N_CANDIDATES` numbers of predicted images, fixed before the scores are seen, each with a
    binomial test at (1 - confidence) / `N_CANDIDATES`, and takes the most of those that pass.

    Args:
        scores: (N, L) floats of the validation split; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        goal: What is to be reached.
        level: The least precision or recall, in (0, 1).
        confidence: Probability in (0, 1) with which it holds on new images; None asks only that it
            holds on these. Has no meaning for ``f1``.
        min_positives: Labels with fewer positives have no threshold.

    Returns:
        (L,) thresholds in the unit of the scores, present from the threshold on; NaN where no
        threshold reaches the goal.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes differ, a score is not finite, a target is none of 1, 0, -1, a level
            or a confidence is not in (0, 1), or the best F1 is asked for with a confidence.

    Source:
        Wilks, "Determination of sample sizes for setting tolerance limits", 1941. Angelopoulos et
        al., "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control", 2021:
        section 2 with Bonferroni's correction.
    """
    check_share(level, name="level")
    if confidence is not None:
        check_share(confidence, name="confidence")
        if goal == "f1":
            raise ValueError("`confidence` needs the goal precision or recall, got f1.")
    values = np.full(targets.shape[1], np.nan)
    for column in label_columns([scores], targets):
        if np.count_nonzero(column.positive) >= max(1, min_positives):
            ordered = sorted_probs(column.scores[0], column.positive)
            values[column.label] = _threshold(ordered, goal, level, confidence)
    return values


def operating_table(
    scores: np.ndarray, targets: np.ndarray, *, thresholds: np.ndarray, label_names: list[str]
) -> pd.DataFrame:
    """What given thresholds do on these images.

    Args:
        scores: (N, L) floats; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        thresholds: (L,) in the unit of the scores; NaN where a label has none.
        label_names: L names.

    Returns:
        One row per label: ``label``, ``column``, ``threshold``, ``positives`` and ``predicted``
        (images), ``prevalence``, ``predicted_rate``, ``precision``, ``recall`` and ``f1``, the
        first two with 95 % Wilson intervals (``_low``, ``_high``); NaN without a threshold.

    Raises:
        TypeError: If scores are no floating-point numpy array.
        ValueError: If shapes or numbers of names differ, or a target is none of 1, 0, -1.
    """
    check_label_names(label_names, targets.shape[1])
    if thresholds.shape != (targets.shape[1],):
        raise ValueError(f"`thresholds` must be ({targets.shape[1]},), got {thresholds.shape}.")
    correct, predicted, present, known = np.zeros((4, targets.shape[1]), dtype=np.int64)
    for column in label_columns([scores], targets):
        label, score = column.label, column.scores[0]
        known[label], present[label] = score.size, np.count_nonzero(column.positive)
        if np.isfinite(thresholds[label]):
            called = calls(score, float(thresholds[label]))
            predicted[label] = np.count_nonzero(called)
            correct[label] = np.count_nonzero(called & column.positive)
    decided = np.isfinite(thresholds)
    columns: dict[str, object] = {
        "label": label_names,
        "column": np.arange(present.size),
        "threshold": thresholds,
        "positives": present,
        "predicted": predicted,
        "prevalence": share(present, known),
        "predicted_rate": np.where(decided, share(predicted, known), np.nan),
    }
    for name, trials in (("precision", predicted), ("recall", present)):
        found = share_columns(name, correct, trials)
        columns |= {column: np.where(decided, of, np.nan) for column, of in found.items()}
    f1 = np.where(present > 0, share(2 * correct, predicted + present), np.nan)
    return pd.DataFrame(columns | {"f1": np.where(decided, f1, np.nan)})


def _threshold(ordered: SortedProbs, goal: Goal, level: float, confidence: float | None) -> float:
    if goal == "f1":
        return best_threshold(ordered)[0]
    if goal == "recall":
        return _at_recall(ordered.present, level, confidence)
    if confidence is None:
        return _at_precision(ordered, level)
    return _at_sure_precision(ordered, level, confidence)


def _at_recall(present: np.ndarray, level: float, confidence: float | None) -> float:
    """The highest of the (P,) ascending ``present`` scores below which few enough lie."""
    if confidence is None:
        return float(threshold_at_recall(present, level))
    # of P scores, the j lowest miss a share 1 - level of new ones at most, with probability
    # P(Binomial(P, 1 - level) >= j)
    j = np.arange(1, present.size + 1)
    sure = stats.binom.sf(j - 1, present.size, 1 - level) >= confidence
    return float(present[np.flatnonzero(sure)[-1]]) if sure.any() else np.nan


def _at_precision(ordered: SortedProbs, level: float) -> float:
    """The lowest score of a present image from which on enough images are present."""
    present = ordered.present
    first = np.searchsorted(present, present)  # ties are predicted together
    correct = present.size - first
    called = correct + ordered.absent.size - np.searchsorted(ordered.absent, present)
    reached = np.flatnonzero(correct >= level * called - 1e-9)
    return float(present[reached[0]]) if reached.size else np.nan


def _at_sure_precision(ordered: SortedProbs, level: float, confidence: float) -> float:
    """The lowest of a few thresholds that a binomial test passes.

    Given the (m + 1)-th highest score, the images above it are a random draw of such images: how
    many of them are present is binomial, with the precision of that threshold.
    """
    allowed = (1 - confidence) / N_CANDIDATES
    least = int(np.ceil(np.log(allowed) / np.log(level)))  # fewer cannot pass, all present or not
    if least >= ordered.size:
        return np.nan
    ranks = np.unique(np.geomspace(least, ordered.size - 1, N_CANDIDATES).astype(int))
    for value in ordered.at(ordered.size - 1 - ranks)[::-1]:  # the lowest first
        threshold = np.nextafter(ordered.present.dtype.type(value), np.inf)
        correct, called = ordered.at_or_above(float(threshold))
        if called and stats.binom.sf(correct - 1, called, level) <= allowed:
            return float(threshold)
    return np.nan
