"""A measure of several models on the same images, with all its variances and covariances.

Whatever is asked of it, a mean over seeds, a gain, a share of a gap, is a weighted sum of what was
measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.ranking.score_sets import ScoreSets

MeanOver = Literal["all", "supported", "hard", "rest"]  # labels: rest = supported and not hard


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
