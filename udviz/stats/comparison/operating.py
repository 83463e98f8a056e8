"""Decisions and probabilities of several models on the same images, measured for comparisons.

Each measure of a label has a closed-form influence of every image, so a gain in it has the same
variance over images and seeds, the same interval, p and verdict as a gain in average precision
(`gain_table`, `mean_gain_row`). Of two models that err on the same few images, counts cannot tell a
difference from none; half an image is added to what each of them may err on.

Source:
    Infinitesimal jackknife: Efron (1982), "The Jackknife, the Bootstrap and Other Resampling
    Plans", chapter 6. The difference of two rates has the variance of McNemar's table, with a half
    added to its cells: Agresti & Min (2005), "Simple improved confidence intervals for comparing
    matched proportions".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from udviz.stats.decisions.confusion import calls
from udviz.stats.inference.clusters import Images, group_codes, n_clusters, small_sample_factor
from udviz.stats.labels.label_columns import LabelColumn, label_columns
from udviz.stats.labels.probabilities import logit_probs
from udviz.stats.ranking.measured import Measured
from udviz.stats.ranking.measuring import Effect, Measuring
from udviz.stats.ranking.ranked import images_of
from udviz.stats.ranking.score_sets import Runs, ScoreSets

Thresholds = Mapping[str, Mapping[int, np.ndarray]]  # model -> seed -> (L,)
Effects = Mapping[str, Effect]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scope:
    """What is measured of which labels.

    Attributes:
        min_positives: From how many positives on a label counts as supported.
        hard: (L,) bool, labels called hard beforehand; none if None.
        fixed: Models with one run that stands for every seed of the others.
        groups: (N,) names of groups of images that are alike: intervals then take groups for
            independent, not images. None if each image is its own.
    """

    min_positives: int
    hard: np.ndarray | None = None
    fixed: frozenset[str] = frozenset()
    groups: np.ndarray | None = None

    def codes(self, n_images: int) -> np.ndarray | None:
        """(N,) groups as whole numbers from 0 on."""
        return None if self.groups is None else group_codes(self.groups, n_images=n_images)


class Measures:
    """Collects several measures of the same labels, by name.

    Args:
        models: The runs, in the order of the score sets.
        n_images: Images that any effect speaks of.
        scope: Which labels are supported, hard, and which models fixed.
        groups: (n_images,) group of each of them; None if each is its own.
    """

    def __init__(
        self, models: Runs, *, n_images: int, scope: Scope, groups: np.ndarray | None
    ) -> None:
        self._new = partial(
            Measuring,
            ScoreSets.of(models, fixed=scope.fixed),
            n_images=n_images,
            n_labels=_score_sets(models)[0].shape[1],
            min_positives=scope.min_positives,
            hard=scope.hard,
            groups=groups,
        )
        self._measuring: dict[str, Measuring] = {}

    def add(self, column: LabelColumn, effects: Effects) -> None:
        """Take in a label with its effects, the same names for all."""
        for name, effect in effects.items():
            if name not in self._measuring:
                self._measuring[name] = self._new()
            self._measuring[name].add_effect(column, effect)

    def extend(self, other: "Measures") -> None:
        """Take in the labels of ``other``, which measures the same in other labels."""
        for name, measuring in self._measuring.items():
            measuring.extend(other._measuring[name])

    def result(self) -> dict[str, Measured]:
        """What was measured, by the name of the measure, once all labels are in."""
        return {name: each.result() for name, each in self._measuring.items()}


def measure_decisions(
    models: Runs,
    targets: np.ndarray,
    thresholds: Thresholds,
    *,
    scope: Scope,
    labels: range | None = None,
) -> Measures:
    """False-positive rate, recall and F1 of every run at its own thresholds.

    Thresholds are given: intervals of what follows speak of these decisions, and hold nothing of
    how thresholds would vary with another validation split.

    Args:
        models: Model -> seed -> (N, L) scores.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        thresholds: Model -> seed -> (L,) thresholds in the unit of the scores, chosen on other
            images.
        scope: Which labels are supported, hard, and which models fixed.
        labels: Columns to measure; all if None.

    Returns:
        ``false_positive_rate``, ``recall`` and ``f1``.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If shapes differ, a run has no thresholds, a score is NaN or infinite, or a
            target is none of 1, 0, -1.
    """
    limits = _in_order(models, thresholds, n_labels=targets.shape[1])
    groups = scope.codes(len(targets))

    def effects(column: LabelColumn) -> Effects:
        called = np.array(
            [
                calls(scores, float(limit))
                for scores, limit in zip(column.scores, limits[:, column.label], strict=True)
            ]
        )
        return {
            "false_positive_rate": share_called(called, column, ~column.positive, groups),
            "recall": share_called(called, column, column.positive, groups),
            "f1": f1(called, column, groups),
        }

    measures = Measures(models, n_images=len(targets), scope=scope, groups=groups)
    for column in label_columns(_score_sets(models), targets, labels=labels):
        measures.add(column, effects(column))
    return measures


def measure_brier(
    logits: Runs, targets: np.ndarray, *, scope: Scope, labels: range | None = None
) -> Measures:
    """``brier``: the mean squared error of every run's probabilities, from (N, L) logits.

    Raises:
        TypeError: If logits are no floating-point numpy arrays.
        ValueError: If shapes differ, a logit is NaN or infinite, or a target is none of 1, 0, -1.
    """
    groups = scope.codes(len(targets))

    def effects(column: LabelColumn) -> Effects:
        error = np.array([logit_probs(scores) for scores in column.scores])
        error -= column.positive
        np.square(error, out=error)
        every = np.ones_like(column.positive)
        return {"brier": mean_of(error, images_of(column), every, groups)}

    measures = Measures(logits, n_images=len(targets), scope=scope, groups=groups)
    for column in label_columns(_score_sets(logits), targets, labels=labels):
        measures.add(column, effects(column))
    return measures


def share_called(
    called: np.ndarray, column: LabelColumn, among: np.ndarray, groups: np.ndarray | None = None
) -> Effect:
    """Share that is called present: of the images without the label, or of those with it.

    Args:
        called: (M, n) bool, whether each score set calls the label present.
        column: The label.
        among: (n,) bool, the images that count.
        groups: (N,) group of every image, from `group_codes`; None if each is its own.
    """
    images = images_of(column)
    if 4 * np.count_nonzero(among) < among.size:  # few are quicker by themselves
        called, images, among = called[:, among], _among(column, among), among[among]
    effect = mean_of((called & among).astype(np.float64), images, among, groups)
    return replace(effect, least_variance=_half_an_image(effect.df + 1))


def f1(called: np.ndarray, column: LabelColumn, groups: np.ndarray | None = None) -> Effect:
    """Twice the correct calls per call and positive; NaN without a positive."""
    n_positives = int(np.count_nonzero(column.positive))
    if n_positives == 0:
        return nothing(len(called))
    independent = n_clusters(column.positive, groups, images_of(column))
    decided = called.sum(axis=1) + n_positives
    value = 2 * (called & column.positive).sum(axis=1) / decided
    scale = np.sqrt(small_sample_factor(independent)) / decided
    matters = called.any(axis=0) | column.positive  # no other image moves it
    called, present = called[:, matters], column.positive[matters]
    # 2 (called and present) - F1 (called + present), in units of scale
    influence = np.where(present, 2 - value[:, None], -value[:, None])
    influence *= called
    influence -= np.outer(value, present)
    influence *= scale[:, None]
    return Effect(
        values=value,
        influences=[(_among(column, matters), influence)],
        trials=n_positives,
        df=independent - 1,
        least_variance=_half_an_image(independent),
    )


def mean_of(
    values: np.ndarray, images: Images, among: np.ndarray, groups: np.ndarray | None = None
) -> Effect:
    """Mean of (M, n) values over the images ``among``, (n,) bool, which vary as the values do.

    The values are 0 elsewhere, and are overwritten.
    """
    trials = int(np.count_nonzero(among))
    if trials == 0:
        return nothing(len(values))
    independent = n_clusters(among, groups, images)
    mean = values.sum(axis=1) / trials
    values -= mean[:, None]
    values *= np.sqrt(small_sample_factor(independent)) / trials
    values[:, np.flatnonzero(~among)] = 0.0
    return Effect(values=mean, influences=[(images, values)], trials=trials, df=independent - 1)


def nothing(size: int) -> Effect:
    """Of a label that has no such measure under ``size`` score sets."""
    return Effect(values=np.full(size, np.nan), influences=[], trials=0, df=0)


def _among(column: LabelColumn, chosen: np.ndarray) -> np.ndarray:
    """Those of a label's images that are chosen, (n,) bool."""
    images = np.flatnonzero(chosen)
    return images if column.known is None else column.known[images]


def _half_an_image(independent: float) -> float:
    """Variance of a share of so many independent images, of half an image."""
    return 0.5 / max(1.0, independent) ** 2


def _score_sets(models: Runs) -> list[np.ndarray]:
    return [scores for runs in models.values() for scores in runs.values()]


def _in_order(models: Runs, thresholds: Thresholds, *, n_labels: int) -> np.ndarray:
    """(M, L) thresholds in the order of the score sets."""
    rows = []
    for name, runs in models.items():
        for seed in runs:
            own = thresholds.get(name, {}).get(seed)
            if own is None or own.shape != (n_labels,) or np.isnan(own).any():
                raise ValueError(
                    f"`thresholds` must hold ({n_labels},) numbers for seed {seed} of {name}, got "
                    f"{own}. Choose them on the validation split, run by run."
                )
            rows.append(own)
    return np.array(rows, dtype=np.float64)
