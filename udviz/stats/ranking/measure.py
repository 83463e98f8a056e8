"""Average precision of several models on the same images, with all variances and covariances.

One pass over the labels measures every run of every model; whatever is asked of them afterwards, a
mean over seeds, a gain, a share of a gap, is a weighted sum of what was measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from udviz.checks import check_matrix
from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.labels.label_columns import LabelColumn, label_columns
from udviz.stats.ranking.influence import RankedScores, rank_scores

Runs = Mapping[str, Mapping[int, np.ndarray]]  # model -> seed -> (N, L) scores


@dataclass(frozen=True, eq=False, kw_only=True)
class RankedColumn:
    """One label, ranked by each of M score sets.

    Attributes:
        column: The label's known images and scores.
        average_precision: (M,) NaN unless measurable.
        influence: (M, n) of every image, corrected for few positives; (M, 0) unless measurable.
        ranked: The M rankings; none unless measurable.
        n_clusters: Independent images that carry the label: groups where images come in groups.
        loss: (M, n) every image's share of 1 - AP; None unless asked for and measurable.
    """

    column: LabelColumn
    average_precision: np.ndarray
    influence: np.ndarray
    ranked: tuple[RankedScores, ...]
    n_clusters: int
    loss: np.ndarray | None

    @property
    def n_positives(self) -> int:
        """Images that carry the label."""
        return int(np.count_nonzero(self.column.positive))

    @property
    def measurable(self) -> bool:
        """Whether images with and without the label are known; else no ranking is a wrong one."""
        return 0 < self.n_positives < self.column.positive.size


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
class Measured:
    """Average precision of M score sets, and the covariances the images give them.

    Attributes:
        sets: Which of them belongs to which run.
        ap: (M, L) average precision; NaN without positives or negatives.
        covariance: (L, M, M) influence covariance of these.
        mean_covariance: (2, M, M) the same of the mean over all measurable labels, and over the
            supported ones.
        positives: (L,) images that carry the label.
        clusters: (L,) groups of images that carry it; the images where each is its own.
        known: (L,) images whose target is known.
        supported: (L,) bool, measurable with enough positives.
    """

    sets: ScoreSets
    ap: np.ndarray
    covariance: np.ndarray
    mean_covariance: np.ndarray
    positives: np.ndarray
    clusters: np.ndarray
    known: np.ndarray
    supported: np.ndarray

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
            values=matrix @ self.ap,
            image_variance=image_variance,
            interaction=interaction,
            image_df=self._df(),
        )

    def mean_contrast(self, weights: Mapping[str, float], *, supported: bool) -> Spread:
        """The same of the mean over labels, as a single column."""
        matrix, chosen = self._matrix(weights), self.in_mean(supported=supported)
        image_variance, interaction = _contrast(self.mean_covariance[int(supported)][None], matrix)
        values = matrix @ self.ap[:, chosen]  # (S, labels in the mean)
        of_label, _ = _contrast(self.covariance[chosen], matrix)
        n_labels = np.float64(chosen.sum())
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: no label, or no variance
            # Satterthwaite: the mean over many labels is known better than any one of them
            of_one = np.maximum(self._df()[chosen], 0.5)  # a single positive counts as two do
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

    def in_mean(self, *, supported: bool) -> np.ndarray:
        """(L,) bool: the labels that the mean is taken over."""
        return self.supported if supported else self.measurable

    @property
    def measurable(self) -> np.ndarray:
        """(L,) bool: labels with positives and negatives."""
        return _measurable(self.positives, self.known)

    def _matrix(self, weights: Mapping[str, float]) -> np.ndarray:
        """(S, M): a row of weights per seed."""
        places = self.sets.paired(*weights)
        matrix = np.zeros((len(places), self.sets.size))
        np.put_along_axis(matrix, places, np.array(list(weights.values()))[None], axis=1)
        return matrix

    def _df(self) -> np.ndarray:
        """(L,) degrees of freedom: positives weigh unequally, so about half as many as usual."""
        return np.maximum(self.clusters - 1.0, 0.0) / 2


class Measuring:
    """Collects ranked labels into what was measured; one label's influences are held at a time.

    Args:
        sets: The M score sets.
        n_images: Number N of images.
        n_labels: Number L of labels.
        min_positives: From how many positives on a label counts as supported.
        groups: (N,) group of every image, from `group_codes`; None if each is its own.
    """

    def __init__(
        self,
        sets: ScoreSets,
        *,
        n_images: int,
        n_labels: int,
        min_positives: int,
        groups: np.ndarray | None = None,
    ) -> None:
        self._sets, self._min_positives, self._groups = sets, max(1, min_positives), groups
        self._ap = np.full((sets.size, n_labels), np.nan)
        self._gram = np.full((n_labels, sets.size, sets.size), np.nan)
        self._positives, self._clusters, self._known = np.zeros((3, n_labels), dtype=np.int64)
        self._totals = np.zeros((2, sets.size, n_images))  # of unsupported, of supported labels

    def add(self, ranked: RankedColumn) -> None:
        """Take in a label."""
        column, label = ranked.column, ranked.column.label
        self._positives[label], self._known[label] = ranked.n_positives, column.positive.size
        self._ap[:, label], self._clusters[label] = ranked.average_precision, ranked.n_clusters
        if not ranked.measurable:
            return
        by_group = sums_by_group(ranked.influence, _of_known(self._groups, column))
        self._gram[label] = by_group @ by_group.T
        total = self._totals[int(ranked.n_positives >= self._min_positives)]
        total[:, slice(None) if column.known is None else column.known] += ranked.influence

    def influence_on_mean(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """(N,) influence of every image on the gain in mean AP between two models' runs.

        Args:
            before: Places of the runs of the model before.
            after: Places of the runs of the model after.
        """
        n_labels = max(1, int(_measurable(self._positives, self._known).sum()))
        sums = self._totals.sum(axis=0)
        influence: np.ndarray = (sums[after].mean(axis=0) - sums[before].mean(axis=0)) / n_labels
        return influence

    def result(self) -> Measured:
        """What was measured, once all labels are in."""
        measurable = _measurable(self._positives, self._known)
        supported = measurable & (self._positives >= self._min_positives)
        of_means = (
            (self._totals.sum(axis=0), int(measurable.sum())),
            (self._totals[1], int(supported.sum())),
        )
        return Measured(
            sets=self._sets,
            ap=self._ap,
            covariance=self._gram,
            mean_covariance=np.stack([self._gram_of_mean(*each) for each in of_means]),
            positives=self._positives,
            clusters=self._clusters,
            known=self._known,
            supported=supported,
        )

    def _gram_of_mean(self, totals: np.ndarray, n_labels: int) -> np.ndarray:
        by_group = sums_by_group(totals, self._groups)
        with np.errstate(invalid="ignore"):  # 0 / 0: no label in the mean
            gram: np.ndarray = by_group @ by_group.T / np.float64(n_labels) ** 2
        return gram


def ranked_columns(
    score_sets: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    images: np.ndarray | None = None,
    losses: bool = False,
    groups: np.ndarray | None = None,
) -> Iterator[RankedColumn]:
    """Rank every label by every score set, in column order.

    Args:
        score_sets: M (N, L) floats; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        images: Image indices to use; all if None.
        losses: Whether to keep every image's share of 1 - AP.
        groups: (N,) group of every image, from `group_codes`; None if each is its own.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.
    """
    for column in label_columns(score_sets, targets, images=images):
        yield _ranked(column, losses=losses, groups=groups)


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


def small_sample_factor(n_positives: int) -> float:
    """What the influence variance falls short by with few positives, as a sample variance does."""
    return max(2, n_positives) / (max(2, n_positives) - 1)


def _measurable(positives: np.ndarray, known: np.ndarray) -> np.ndarray:
    return (positives > 0) & (positives < known)


def group_codes(groups: np.ndarray, *, n_images: int) -> np.ndarray:
    """(N,) whole numbers from 0 on, equal where the names of ``groups`` are.

    Raises:
        ValueError: If there are not as many as images.
    """
    if np.shape(groups) != (n_images,):
        raise ValueError(
            f"`groups` must name the group of each of {n_images:,} images, got shape "
            f"{np.shape(groups)}."
        )
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def sums_by_group(influence: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """(M, groups) sums of (M, n) influences within each group; as they are without groups.

    Squared and summed they are the variance that is robust to whatever images of a group share.

    Source:
        Liang and Zeger (1986), "Longitudinal data analysis using generalized linear models".
    """
    if groups is None or groups.size == 0:
        return influence
    return np.stack([np.bincount(groups, row) for row in influence])


def _of_known(groups: np.ndarray | None, column: LabelColumn) -> np.ndarray | None:
    """Groups of the images of a label whose target is known."""
    return groups if groups is None or column.known is None else groups[column.known]


def _ranked(column: LabelColumn, *, losses: bool, groups: np.ndarray | None) -> RankedColumn:
    n_positives, size = int(np.count_nonzero(column.positive)), len(column.scores)
    if not 0 < n_positives < column.positive.size:
        nothing = np.full(size, np.nan), np.empty((size, 0))
        return RankedColumn(
            column=column,
            average_precision=nothing[0],
            influence=nothing[1],
            ranked=(),
            n_clusters=0,
            loss=None,
        )
    precision, influence = np.empty(size), np.empty((size, column.positive.size))
    loss = np.empty_like(influence) if losses else None
    rankings = tuple(rank_scores(scores, column.positive) for scores in column.scores)
    for place, ranked in enumerate(rankings):
        precision[place], influence[place] = ranked.average_precision, ranked.influence
        if loss is not None:
            loss[place] = ranked.loss
    own = _of_known(groups, column)
    n_clusters = n_positives if own is None else np.unique(own[column.positive]).size
    influence *= np.sqrt(small_sample_factor(n_clusters))
    return RankedColumn(
        column=column,
        average_precision=precision,
        influence=influence,
        ranked=rankings,
        n_clusters=n_clusters,
        loss=loss,
    )


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
