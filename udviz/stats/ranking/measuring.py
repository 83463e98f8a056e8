"""Measure every run of every model in one pass over the labels.

Labels can be measured in blocks, anywhere: what was collected of one block extends another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from udviz.checks import check_matrix
from udviz.stats.inference.clusters import Images, group_codes, half_df, sums_by_group
from udviz.stats.labels.label_columns import LabelColumn
from udviz.stats.ranking.measured import MeanOver, Measured
from udviz.stats.ranking.ranked import RankedColumn, images_of, ranked_columns
from udviz.stats.ranking.score_sets import Runs, ScoreSets

_Part = Literal["few", "rest", "hard"]  # labels with few positives, and the others
_PARTS: dict[MeanOver, tuple[_Part, ...]] = {
    "all": ("few", "rest", "hard"),
    "supported": ("rest", "hard"),
    "hard": ("hard",),
    "rest": ("rest",),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Effect:
    """A measure of one label under M score sets, and how much each image moves it.

    Attributes:
        values: (M,) in [0, 1]; NaN if there is none.
        influences: Images, and their (M, n) derivatives with respect to each image's weight,
            corrected for few trials; in parts that share no image and no group.
        trials: Images the measure rests on.
        df: Degrees of freedom of its variance.
        least_variance: Added to each score set's own variance: what small counts hide.
    """

    values: np.ndarray
    influences: Sequence[tuple[Images, np.ndarray]]
    trials: int
    df: float
    least_variance: float = 0.0


class Measuring:
    """Collects labels into what was measured; one label's influences are held at a time.

    Args:
        sets: The M score sets.
        n_images: Number N of images; of all that a measure depends on.
        n_labels: Number L of labels.
        min_positives: From how many positives on a label counts as supported.
        hard: (L,) bool, labels called hard beforehand, for means of their own; none if None.
        groups: (N,) group of every image, from `group_codes`; None if each is its own.
    """

    def __init__(
        self,
        sets: ScoreSets,
        *,
        n_images: int,
        n_labels: int,
        min_positives: int,
        hard: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> None:
        self._sets, self._min_positives, self.groups = sets, max(1, min_positives), groups
        self._hard = np.zeros(n_labels, dtype=bool) if hard is None else hard
        self._values = np.full((sets.size, n_labels), np.nan)
        self._gram = np.full((n_labels, sets.size, sets.size), np.nan)
        self._positives, self._known, self._trials = np.zeros((3, n_labels), dtype=np.int64)
        self._df = np.zeros(n_labels)
        self._added: list[int] = []
        self._n_images = n_images
        self._totals: dict[_Part, np.ndarray] = {}  # (M, N) influences, summed over labels

    def add(self, ranked: RankedColumn) -> None:
        """Take in the average precision of a label."""
        effect = Effect(
            values=ranked.average_precision,
            influences=[(images_of(ranked.column), ranked.influence)],
            trials=ranked.n_positives,
            df=half_df(ranked.n_clusters),
        )
        self.add_effect(ranked.column, effect)

    def add_effect(self, column: LabelColumn, effect: Effect) -> None:
        """Take in any measure of a label."""
        label, positives = column.label, int(np.count_nonzero(column.positive))
        self._added.append(label)
        self._positives[label], self._known[label] = positives, column.positive.size
        self._values[:, label] = effect.values
        self._trials[label], self._df[label] = effect.trials, effect.df
        if np.isnan(effect.values).any():
            return
        enough = positives >= self._min_positives
        part: _Part = "few" if not enough else "hard" if self._hard[label] else "rest"
        if part not in self._totals:
            self._totals[part] = np.zeros((self._sets.size, self._n_images))
        self._gram[label] = effect.least_variance * np.eye(len(effect.values))
        for images, influence in effect.influences:
            groups = None if self.groups is None else self.groups[images]
            by_group = sums_by_group(influence, groups)
            self._gram[label] += _gram(by_group)
            self._totals[part][:, images] += influence

    def extend(self, other: "Measuring") -> None:
        """Take in the labels of ``other``, which measures the same in other labels."""
        own = other._added
        self._added += own
        self._values[:, own], self._gram[own] = other._values[:, own], other._gram[own]
        for name in ("_positives", "_known", "_trials", "_df"):
            getattr(self, name)[own] = getattr(other, name)[own]
        for part, total in other._totals.items():
            if part in self._totals:
                self._totals[part] += total
            else:
                self._totals[part] = total

    def influence_on_mean(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """(N,) influence of every image on the gain in mean AP between two models' runs.

        Args:
            before: Places of the runs of the model before.
            after: Places of the runs of the model after.
        """
        n_labels = max(1, int((~np.isnan(self._values).any(axis=0)).sum()))
        sums = self._total("few", "rest", "hard")
        influence: np.ndarray = (sums[after].mean(axis=0) - sums[before].mean(axis=0)) / n_labels
        return influence

    def result(self) -> Measured:
        """What was measured, once all labels are in."""
        enough = self._positives >= self._min_positives
        measured = Measured(
            sets=self._sets,
            values=self._values,
            covariance=self._gram,
            mean_covariance={},
            trials=self._trials,
            df=self._df,
            positives=self._positives,
            known=self._known,
            supported=enough & (self._positives < self._known),
            hard=self._hard,
        )
        grams = {
            over: self._gram_of_mean(self._total(*parts), int(measured.in_mean(over=over).sum()))
            for over, parts in _PARTS.items()
        }
        return replace(measured, mean_covariance=grams)

    def _total(self, *parts: _Part) -> np.ndarray:
        """(M, N) influences, summed over the labels of some parts."""
        found = [self._totals[part] for part in parts if part in self._totals]
        return sum(found[1:], found[0]) if found else np.zeros((self._sets.size, self._n_images))

    def _gram_of_mean(self, totals: np.ndarray, n_labels: int) -> np.ndarray:
        by_group = sums_by_group(totals, self.groups)
        with np.errstate(invalid="ignore"):  # 0 / 0: no label in the mean
            gram: np.ndarray = _gram(by_group) / np.float64(n_labels) ** 2
        return gram


def _gram(rows: np.ndarray) -> np.ndarray:
    """``rows @ rows.T`` of a few long rows, several times as fast as a BLAS multiplies them."""
    gram = np.empty((len(rows), len(rows)))
    for place, row in enumerate(rows):
        for other in range(place + 1):
            gram[place, other] = gram[other, place] = row @ rows[other]
    return gram


def measure(
    models: Runs,
    targets: np.ndarray,
    *,
    min_positives: int,
    images: np.ndarray | None = None,
    fixed: frozenset[str] = frozenset(),
    groups: np.ndarray | None = None,
) -> Measured:
    """Average precision of every run, label by label in one pass.

    Args:
        models: Model -> seed -> (N, L) scores.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        min_positives: From how many positives on a label counts as supported.
        images: Image indices to use; all if None.
        fixed: Models with one run that stands for every seed of the others.
        groups: (N,) names of groups of images that are alike (frames of a film, crops of a photo):
            intervals then take groups for independent, not images. None if each image is its own.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.
    """
    check_matrix(targets, name="targets")
    sets = ScoreSets.of(models, fixed=fixed)
    n_images, n_labels = targets.shape
    codes = None if groups is None else group_codes(groups, n_images=n_images)
    measuring = Measuring(
        sets,
        n_images=n_images,
        n_labels=n_labels,
        min_positives=min_positives,
        groups=codes,
    )
    score_sets = [scores for runs in models.values() for scores in runs.values()]
    for ranked in ranked_columns(score_sets, targets, images=images, groups=codes):
        measuring.add(ranked)
    return measuring.result()
