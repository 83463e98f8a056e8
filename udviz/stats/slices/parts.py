"""What is measured of one label on a part of its images, and how much each image moves it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from udviz.stats.inference.clusters import half_df, n_clusters, small_sample_factor
from udviz.stats.ranking.auroc import auroc_influence
from udviz.stats.ranking.influence import average_precision_influence
from udviz.vocabulary import SliceMetric

_EVERY = slice(None)


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelImages:
    """One label on its n known images, as all runs of a model see it.

    Attributes:
        positive: (n,) bool, whether the label is present.
        scores: (n,) logits of each run; none where only targets are at hand.
        prob: (n,) mean probability of the runs.
        called: (n,) share of the runs that predict the label.
        groups: (n,) group of every image, from `group_codes`; None if each is its own.
    """

    positive: np.ndarray
    scores: Sequence[np.ndarray]
    prob: np.ndarray
    called: np.ndarray
    groups: np.ndarray | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """One measure of one label on a part of its images.

    Attributes:
        value: Mean over runs; NaN where there is nothing to measure it on.
        influence: (n,) of every image on it, 0 outside of the part; squared and summed over
            independent images the variance of the value.
        trials: Images that it rests on: of the rarer outcome, where it ranks.
        independent: How many of these are independent.
        df: Degrees of freedom; infinite for a share of independent images.
    """

    value: float
    influence: np.ndarray
    trials: int
    independent: int
    df: float


def _share(label: LabelImages, values: np.ndarray, among: np.ndarray) -> Part:
    """Share of the images ``among`` that are marked: as a binomial, unless they come in groups."""
    if label.groups is not None:
        return _mean(label, values, among)
    trials = int(np.count_nonzero(among))
    if not trials:
        return _nothing(label)
    value = float(values @ among) / trials
    influence = (values - value) * among / trials
    return Part(
        value=value, influence=influence, trials=trials, independent=trials, df=float("inf")
    )


def _mean(label: LabelImages, values: np.ndarray, among: np.ndarray) -> Part:
    trials = int(np.count_nonzero(among))
    if not trials:
        return _nothing(label)
    value = float(values @ among) / trials
    independent = n_clusters(among, label.groups, _EVERY)
    influence = (values - value) * among / trials * np.sqrt(small_sample_factor(independent))
    return Part(
        value=value,
        influence=influence,
        trials=trials,
        independent=independent,
        df=independent - 1.0,
    )


def _average_precision(label: LabelImages, among: np.ndarray) -> Part:
    positives = n_clusters(among & label.positive, label.groups, _EVERY)
    factor = np.sqrt(small_sample_factor(positives))
    found = _ranked(label, among, average_precision_influence)
    return replace(
        found, influence=factor * found.influence, independent=positives, df=half_df(positives)
    )


def _auroc(label: LabelImages, among: np.ndarray) -> Part:
    rarer = min(
        n_clusters(among & outcome, label.groups, _EVERY)
        for outcome in (label.positive, ~label.positive)
    )
    return replace(_ranked(label, among, auroc_influence), independent=rarer, df=half_df(rarer))


def _ranked(
    label: LabelImages,
    among: np.ndarray,
    measure: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]],
) -> Part:
    """A measure of a ranking of the images ``among``, mean over runs."""
    positive = label.positive[among]
    n_positives = int(np.count_nonzero(positive))
    rarer = min(n_positives, positive.size - n_positives)
    if not rarer:
        return _nothing(label)
    found = [measure(scores[among], positive) for scores in label.scores]
    influence = np.zeros(label.positive.size)
    influence[among] = np.mean([moved for _, moved in found], axis=0)
    value = float(np.mean([value for value, _ in found]))
    return Part(value=value, influence=influence, trials=rarer, independent=rarer, df=0.0)


def _nothing(label: LabelImages) -> Part:
    influence = np.zeros(label.positive.size)
    return Part(value=float("nan"), influence=influence, trials=0, independent=0, df=0.0)


SHARES: tuple[SliceMetric, ...] = ("prevalence", "false_positive_rate", "recall")
PARTS: dict[SliceMetric, Callable[[LabelImages, np.ndarray], Part]] = {
    "prevalence": lambda label, among: _share(label, label.positive.astype(float), among),
    "mean_prob": lambda label, among: _mean(label, label.prob, among),
    "average_precision": _average_precision,
    "auroc": _auroc,
    "false_positive_rate": lambda label, among: _share(
        label, label.called, among & ~label.positive
    ),
    "recall": lambda label, among: _share(label, label.called, among & label.positive),
}
