"""Average precision of several models on the same images, with all variances and covariances.

One pass over the labels measures every run of every model; whatever is asked of them afterwards, a
mean over seeds, a gain, a share of a gap, is a weighted sum of what was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from udviz.checks import check_matrix
from udviz.stats.inference.clusters import Images, group_codes, half_df, sums_by_group
from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.labels.label_columns import LabelColumn
from udviz.stats.ranking.ranked import RankedColumn, images_of, ranked_columns

Runs = Mapping[str, Mapping[int, np.ndarray]]  # model -> seed -> (N, L) scores
MeanOver = Literal["all", "supported", "hard", "rest"]  # labels: rest = supported and not hard


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreSets:
    """Which of M score sets belongs to which run.

    Attributes:
        runs: Model -> seed -> place in [0, M).
        fixed: Models with one run that stands for every seed.
    """

    runs: Mapping[str, Mapping[int, int]]
    fixed: frozenset[str]

    @classmethod
    def of(cls, models: Runs, *, fixed: frozenset[str] = frozenset()) -> "ScoreSets":
        """Number the runs of ``models`` in their order."""
        places = iter(range(sum(len(runs) for runs in models.values())))
        runs = {name: {seed: next(places) for seed in of} for name, of in models.items()}
        return cls(runs=runs, fixed=fixed)

    @property
    def size(self) -> int:
        """Number M of score sets."""
        return sum(len(runs) for runs in self.runs.values())

    def paired(self, *models: str) -> np.ndarray:
        """(S, models) places of the runs that all of ``models`` have with the same seed.

        Raises:
            ValueError: If they have no seed in common.
        """
        seeds = [set(self.runs[name]) for name in models if name not in self.fixed]
        shared = sorted(set.intersection(*seeds)) if seeds else [0]
        if not shared:
            had = " and ".join(f"{sorted(self.runs[name])} of {name}" for name in models)
            raise ValueError(f"Seeds must be paired, got {had}. Train them with the same seeds.")
        rows = [[self._place(name, seed) for name in models] for seed in shared]
        return np.array(rows, dtype=np.intp)

    def _place(self, model: str, seed: int) -> int:
        runs = self.runs[model]
        return next(iter(runs.values())) if model in self.fixed else runs[seed]


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """A measure (average precision unless said otherwise) of M score sets, with covariances.

    Attributes:
        sets: Which of them belongs to which run.
        values: (M, L) the measure in [0, 1]; NaN where a label has none: average precision without
            positives or negatives.
        covariance: (L, M, M) influence covariance of these.
        mean_covariance: Labels in the mean -> (M, M) the same of that mean.
        trials: (L,) images the measure rests on: the positives for average precision.
        df: (L,) degrees of freedom of the influence variance.
        positives: (L,) images that carry the label.
        known: (L,) images whose target is known.
        supported: (L,) bool, measurable with enough positives.
        hard: (L,) bool, labels that were called hard beforehand.
    """

    sets: ScoreSets
    values: np.ndarray
    covariance: np.ndarray
    mean_covariance: Mapping[MeanOver, np.ndarray]
    trials: np.ndarray
    df: np.ndarray
    positives: np.ndarray
    known: np.ndarray
    supported: np.ndarray
    hard: np.ndarray

    def n_seeds(self, *models: str) -> int:
        """Number S of seeds that ``models`` have in common."""
        return len(self.sets.paired(*models))

    def contrast(self, weights: Mapping[str, float]) -> Spread:
        """Weighted sum over models, label by label: {before: -1, after: 1} is the gain.

        Raises:
            ValueError: If the models have no seed in common.
        """
        matrix = self._matrix(weights)
        image_variance, interaction = _contrast(self.covariance, matrix)
        return Spread(
            values=matrix @ self.values,
            image_variance=image_variance,
            interaction=interaction,
            image_df=self.df,
        )

    def mean_contrast(self, weights: Mapping[str, float], *, over: MeanOver) -> Spread:
        """The same of the mean over labels, as a single column."""
        matrix, chosen = self._matrix(weights), self.in_mean(over=over)
        image_variance, interaction = _contrast(self.mean_covariance[over][None], matrix)
        values = matrix @ self.values[:, chosen]  # (S, labels in the mean)
        of_label, _ = _contrast(self.covariance[chosen], matrix)
        n_labels = np.float64(chosen.sum())
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: no label, or no variance
            # Satterthwaite: the mean over many labels is known better than any one of them
            of_one = np.maximum(self.df[chosen], 0.5)  # a single positive counts as two do
            df = of_label.sum() ** 2 / (of_label**2 / of_one).sum()
            mean = values.sum(axis=1, keepdims=True) / n_labels
        least = None
        if len(matrix) == 2:  # more tell enough by themselves
            apart = standard_error(self.contrast(weights)).seed_variance[chosen].sum()
            least = np.array([apart / n_labels**2])
        return Spread(
            values=mean,
            image_variance=image_variance,
            interaction=interaction,
            image_df=np.array([np.inf if np.isnan(df) else df]),
            least_seed_variance=least,
        )

    def in_mean(self, *, over: MeanOver) -> np.ndarray:
        """(L,) bool: the labels with a value that the mean is taken over."""
        part = {
            "all": self.measurable,
            "supported": self.supported,
            "hard": self.supported & self.hard,
            "rest": self.supported & ~self.hard,
        }
        chosen: np.ndarray = self.measurable & part[over]
        return chosen

    @property
    def measurable(self) -> np.ndarray:
        """(L,) bool: labels that have a value."""
        measurable: np.ndarray = ~np.isnan(self.values).any(axis=0)
        return measurable

    def _matrix(self, weights: Mapping[str, float]) -> np.ndarray:
        """(S, M): a row of weights per seed."""
        places = self.sets.paired(*weights)
        matrix = np.zeros((len(places), self.sets.size))
        np.put_along_axis(matrix, places, np.array(list(weights.values()))[None], axis=1)
        return matrix


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
        self._sets, self._min_positives, self._groups = sets, max(1, min_positives), groups
        self._hard = np.zeros(n_labels, dtype=bool) if hard is None else hard
        self._values = np.full((sets.size, n_labels), np.nan)
        self._gram = np.full((n_labels, sets.size, sets.size), np.nan)
        self._positives, self._known, self._trials = np.zeros((3, n_labels), dtype=np.int64)
        self._df = np.zeros(n_labels)
        # of labels that are neither, of the rest, and of the hard ones if there are any
        self._totals = np.zeros((2 + int(self._hard.any()), sets.size, n_images))

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
        self._positives[label], self._known[label] = positives, column.positive.size
        self._values[:, label] = effect.values
        self._trials[label], self._df[label] = effect.trials, effect.df
        if np.isnan(effect.values).any():
            return
        part = 0 if positives < self._min_positives else 2 if self._hard[label] else 1
        self._gram[label] = effect.least_variance * np.eye(len(effect.values))
        for images, influence in effect.influences:
            groups = None if self._groups is None else self._groups[images]
            by_group = sums_by_group(influence, groups)
            self._gram[label] += by_group @ by_group.T
            self._totals[part][:, images] += influence

    def influence_on_mean(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """(N,) influence of every image on the gain in mean AP between two models' runs.

        Args:
            before: Places of the runs of the model before.
            after: Places of the runs of the model after.
        """
        n_labels = max(1, int((~np.isnan(self._values).any(axis=0)).sum()))
        sums = self._totals.sum(axis=0)
        influence: np.ndarray = (sums[after].mean(axis=0) - sums[before].mean(axis=0)) / n_labels
        return influence

    def result(self) -> Measured:
        """What was measured, once all labels are in."""
        hard = self._totals[2:].sum(axis=0)
        totals: dict[MeanOver, np.ndarray] = {
            "all": self._totals.sum(axis=0),
            "supported": self._totals[1] + hard,
            "hard": hard,
            "rest": self._totals[1],
        }
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
            over: self._gram_of_mean(total, int(measured.in_mean(over=over).sum()))
            for over, total in totals.items()
        }
        return replace(measured, mean_covariance=grams)

    def _gram_of_mean(self, totals: np.ndarray, n_labels: int) -> np.ndarray:
        by_group = sums_by_group(totals, self._groups)
        with np.errstate(invalid="ignore"):  # 0 / 0: no label in the mean
            gram: np.ndarray = by_group @ by_group.T / np.float64(n_labels) ** 2
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


def _contrast(covariance: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Image variance of the mean over seeds and interaction of weighted sums, (S, M) weights."""
    by_seed = matrix @ covariance @ matrix.T  # (K, S, S)
    own_variance = np.diagonal(covariance, axis1=1, axis2=2)  # (K, M)
    size = (own_variance @ (matrix**2).T).sum(axis=1)
    n_seeds = len(matrix)
    shared = by_seed.mean(axis=(1, 2))
    own = np.trace(by_seed, axis1=1, axis2=2) / n_seeds
    rounding = 1e-12 * size  # differences of equal models are noise of this size
    shared = np.where(shared < rounding, 0.0, shared)
    if n_seeds == 1:
        return shared, np.zeros_like(shared)
    interaction = (own - shared) * n_seeds / (n_seeds - 1)
    return shared, np.where(interaction < rounding, 0.0, interaction)
