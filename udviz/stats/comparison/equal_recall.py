"""False positives of several models at the same recall, each at a threshold of its own.

A run's threshold of a label is chosen on validation so that it calls a given share of the positives
there, and is then locked. Two runs that are equally good would still differ on the test split, as
each threshold rests on few positives; so the images of validation count as images too: each of them
moves its threshold, and by that the rate on the test split.

Source:
    The variance of a false-positive rate at an estimated threshold: Linnet (1987), "Comparison of
    quantitative diagnostic tests: type I error, power, and sample size"; Pepe (2003), "The
    Statistical Evaluation of Medical Tests for Classification and Prediction", section 5.2.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from udviz.checks import check_same_shape
from udviz.stats.comparison.operating import (
    Effects,
    Measures,
    Scope,
    nothing,
    share_called,
)
from udviz.stats.decisions.thresholds import threshold_at_recall
from udviz.stats.inference.clusters import group_codes, half_df, n_clusters, small_sample_factor
from udviz.stats.labels.label_columns import LabelColumn, label_columns
from udviz.stats.ranking.measuring import Effect
from udviz.stats.ranking.score_sets import Runs

MIN_VALIDATED = 5  # positives on validation; with fewer, no threshold reaches a recall of 0.8
_REACH = 1.5  # standard errors of the recall on either side, over which the slope is taken


@dataclass(frozen=True, eq=False, kw_only=True)
class Validation:
    """What thresholds are chosen on.

    Attributes:
        models: Model -> seed -> (N', L) scores; the models and seeds that are measured.
        targets: (N', L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        groups: (N',) names of groups of images that are alike, none of which has an image among
            those that are measured; None if each image is its own.
    """

    models: Runs
    targets: np.ndarray
    groups: np.ndarray | None = None


def measure_at_recall(
    models: Runs,
    targets: np.ndarray,
    validation: Validation,
    *,
    recall: float,
    scope: Scope,
    labels: range | None = None,
) -> Measures:
    """False-positive rate of every run at the thresholds that reach ``recall`` on validation.

    Args:
        models: Model -> seed -> (N, L) scores; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        validation: What the thresholds are chosen on.
        recall: Share of the positives in (0, 1).
        scope: Which labels are supported, hard, and which models fixed.
        labels: Columns to measure; all if None.

    Returns:
        ``false_positive_rate``, and ``recall``: what is reached on these images. Labels with fewer
        than ``MIN_VALIDATED`` positives on validation have neither.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If ``recall`` leaves (0, 1), models, seeds or shapes differ, a score is NaN or
            infinite, or a target is none of 1, 0, -1.
    """
    if not 0.0 < recall < 1.0:  # also refuses NaN
        raise ValueError(f"`recall` must lie in (0, 1), got {recall}. Pass e.g. 0.8.")
    runs, chosen_on = (
        [(name, seed) for name, of in each.items() for seed in of]
        for each in (models, validation.models)
    )
    if runs != chosen_on:
        raise ValueError(f"`validation` must have the runs {runs}, got {chosen_on}.")
    check_same_shape(targets[:1], validation.targets[:1], names=("targets", "validation targets"))
    here, there = (
        label_columns([models_[name][seed] for name, seed in runs], targets_, labels=labels)
        for models_, targets_ in ((models, targets), (validation.models, validation.targets))
    )
    n_images, n_all = len(targets), len(targets) + len(validation.targets)
    groups = _joint_groups(scope, validation, n_images=n_images)

    measures = Measures(models, n_images=n_all, scope=scope, groups=groups)
    for column, val in zip(here, there, strict=True):
        measures.add(column, _effects(column, val, groups, recall=recall, n_images=n_images))
    return measures


def _joint_groups(scope: Scope, validation: Validation, *, n_images: int) -> np.ndarray | None:
    """Groups of the images that are measured, then of those of validation; none in common."""
    n_validated = len(validation.targets)
    if scope.groups is None and validation.groups is None:
        return None
    here, there = (
        np.arange(n) if names is None else group_codes(names, n_images=n)
        for names, n in ((scope.groups, n_images), (validation.groups, n_validated))
    )
    return np.concatenate([here, there + here.max(initial=-1) + 1])


def _effects(
    column: LabelColumn,
    val: LabelColumn,
    groups: np.ndarray | None,
    *,
    recall: float,
    n_images: int,
) -> Effects:
    size = len(column.scores)
    present = np.flatnonzero(val.positive)
    if present.size < MIN_VALIDATED:
        return {"false_positive_rate": nothing(size), "recall": nothing(size)}
    own = [scores[present] for scores in val.scores]
    cuts = [threshold_at_recall(scores, recall) for scores in own]
    called = np.array([s >= cut for s, cut in zip(column.scores, cuts, strict=True)])
    moved = np.array([s >= cut for s, cut in zip(own, cuts, strict=True)]) - recall
    images = n_images + (present if val.known is None else val.known[present])
    independent = n_clusters(np.ones(present.size, dtype=bool), groups, images)
    moved *= np.sqrt(small_sample_factor(independent)) / present.size
    slopes = [
        roc_slope(scores, column.positive, recall=recall, n_validated=independent)
        for scores in column.scores
    ]

    def with_validation(effect: Effect, slopes: np.ndarray) -> Effect:
        # one more validation positive above the threshold raises it, so that fewer are called
        moves = -slopes[:, None] * moved
        df = min(effect.df, half_df(independent))
        return replace(effect, influences=[*effect.influences, (images, moves)], df=df)

    return {
        "false_positive_rate": with_validation(
            share_called(called, column, ~column.positive, groups), np.array(slopes)
        ),
        "recall": with_validation(
            share_called(called, column, column.positive, groups), np.ones(size)
        ),
    }


def roc_slope(
    scores: np.ndarray, positive: np.ndarray, *, recall: float, n_validated: int
) -> float:
    """Slope of the ROC curve around a recall: false-positive rate per recall.

    It is the secant over ``_REACH`` standard errors of a recall of ``n_validated`` positives.

    Args:
        scores: (n,) scores of one run.
        positive: (n,) bool, whether the label is present.
        recall: Share of the positives in (0, 1).
        n_validated: Positives that the threshold was chosen on.

    Returns:
        At least 0; 0 without positives or negatives.
    """
    present = np.sort(scores[positive])[::-1]
    n_absent = scores.size - present.size
    if present.size < 2 or n_absent == 0:
        return 0.0
    reach = _REACH * math.sqrt(recall * (1 - recall) / n_validated)
    ends = np.array([recall - reach, recall + reach]) * present.size
    low, high = np.clip(np.round(ends).astype(int), 1, present.size) - 1
    if low == high:
        low, high = max(0, low - 1), min(present.size - 1, high + 1)
    cuts = present[[low, high]]
    called = [np.count_nonzero(scores >= cut) - np.count_nonzero(present >= cut) for cut in cuts]
    return float((called[1] - called[0]) / n_absent * present.size / (high - low))
