"""Average precision of several models on the same images, with all variances and covariances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udviz.checks import check_matrix
from udviz.stats.inference.seeds import Spread, standard_error
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.ranking.influence import average_precision_influence


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """Average precision of R roles x S seeds, and the covariances the images give them.

    Attributes:
        ap: (R, S, L) average precision; NaN without positives.
        covariance: (L, R, S, R, S) influence covariance of these.
        mean_covariance: (2, R, S, R, S) the same of the mean over all labels that have a
            positive, and over the supported ones.
        positives: (L,) images that carry the label.
        known: (L,) images whose target is known.
        supported: (L,) bool, enough positives.
    """

    ap: np.ndarray
    covariance: np.ndarray
    mean_covariance: np.ndarray
    positives: np.ndarray
    known: np.ndarray
    supported: np.ndarray

    @property
    def n_seeds(self) -> int:
        """Number S of seeds."""
        return int(self.ap.shape[1])

    def contrast(self, *weights: float) -> Spread:
        """Weighted sum over roles, label by label: (-1, 1) is the second minus the first."""
        image_variance, interaction = _contrast(self.covariance, weights)
        return Spread(
            values=np.tensordot(weights, self.ap, axes=1),
            image_variance=image_variance,
            interaction=interaction,
            image_df=self._df(),
        )

    def mean_contrast(self, *weights: float, supported: bool) -> Spread:
        """The same of the mean over labels, as a single column."""
        chosen = self.in_mean(supported=supported)
        image_variance, interaction = _contrast(self.mean_covariance[int(supported)][None], weights)
        values = np.tensordot(weights, self.ap[:, :, chosen], axes=1)  # (S, labels in the mean)
        of_label, _ = _contrast(self.covariance[chosen], weights)
        n_labels = np.float64(chosen.sum())
        # if labels had nothing in common but the images, this much would be the seeds' part
        apart = standard_error(self.contrast(*weights)).seed_variance[chosen].sum()
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: no label, or no variance
            # Satterthwaite: the mean over many labels is known better than any one of them
            of_one = np.maximum(self._df()[chosen], 0.5)  # a single positive counts as two do
            df = of_label.sum() ** 2 / (of_label**2 / of_one).sum()
            mean = values.sum(axis=1, keepdims=True) / n_labels
            least_seed_variance = np.array([apart / n_labels**2])
        return Spread(
            values=mean,
            image_variance=image_variance,
            interaction=interaction,
            image_df=np.array([np.inf if np.isnan(df) else df]),
            least_seed_variance=least_seed_variance,
        )

    def in_mean(self, *, supported: bool) -> np.ndarray:
        """(L,) bool: the labels that the mean is taken over."""
        return self.supported if supported else self.positives > 0

    def _df(self) -> np.ndarray:
        """(L,) degrees of freedom: positives weigh unequally, so about half as many as usual."""
        return np.maximum(self.positives - 1.0, 0.0) / 2


def measure(
    roles: Sequence[Sequence[np.ndarray]],
    targets: np.ndarray,
    *,
    min_positives: int,
    images: np.ndarray | None = None,
) -> Measured:
    """Average precision of every role and seed, label by label in one pass.

    The influence of one label's images is held at a time, and its sum over labels.

    Args:
        roles: R lists of (N, L) scores, one per seed. Lists have S arrays, or a single one that
            stands for every seed.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown (left out).
        min_positives: From how many positives on a label counts as supported.
        images: Image indices to use; all if None.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If seeds do not match, shapes differ, a score is NaN or infinite, or a target is
            none of 1, 0, -1.
    """
    check_matrix(targets, name="targets")
    n_seeds = max(len(seeds) for seeds in roles)
    rows = _rows(roles, n_seeds)  # (R, S) which of the score sets
    score_sets = [scores for seeds in roles for scores in seeds]
    n_images, n_labels = targets.shape
    ap = np.full((len(score_sets), n_labels), np.nan)
    gram = np.full((n_labels, len(score_sets), len(score_sets)), np.nan)
    positives, known = np.zeros((2, n_labels), dtype=np.int64)
    totals = np.zeros((2, len(score_sets), n_images))  # of unsupported, of supported labels
    for column in label_columns(score_sets, targets, images=images):
        label, n_positives = column.label, int(np.count_nonzero(column.positive))
        positives[label], known[label] = n_positives, column.positive.size
        if n_positives == 0:
            continue
        influences = np.empty((len(score_sets), column.positive.size))
        for row, scores in enumerate(column.scores):
            ap[row, label], influences[row] = average_precision_influence(scores, column.positive)
        influences *= np.sqrt(small_sample_factor(n_positives))
        gram[label] = influences @ influences.T
        total = totals[int(n_positives >= min_positives)]
        total[:, slice(None) if column.known is None else column.known] += influences
    supported = positives >= max(1, min_positives)
    of_means = (totals.sum(axis=0), int((positives > 0).sum())), (totals[1], int(supported.sum()))
    mean_gram = np.stack([_gram_of_mean(total, n_labels) for total, n_labels in of_means])
    return Measured(
        ap=ap[rows],
        covariance=_by_role_and_seed(gram, rows),
        mean_covariance=_by_role_and_seed(mean_gram, rows),
        positives=positives,
        known=known,
        supported=supported,
    )


def small_sample_factor(n_positives: int) -> float:
    """What the influence variance falls short by with few positives, as a sample variance does."""
    return max(2, n_positives) / (max(2, n_positives) - 1)


def _rows(roles: Sequence[Sequence[np.ndarray]], n_seeds: int) -> np.ndarray:
    lengths = [len(seeds) for seeds in roles]
    if not set(lengths) <= {1, n_seeds}:
        raise ValueError(f"Seeds must be paired, got {lengths} seeds. Pass as many of each.")
    start = np.cumsum([0, *lengths[:-1]])
    return start[:, None] + np.where(np.array(lengths)[:, None] == 1, 0, np.arange(n_seeds))


def _gram_of_mean(totals: np.ndarray, n_labels: int) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # 0 / 0: no label in the mean
        gram: np.ndarray = totals @ totals.T / np.float64(n_labels) ** 2
    return gram


def _by_role_and_seed(gram: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(K, M, M) to (K, R, S, R, S)."""
    return gram[:, rows[:, :, None, None], rows[None, None]]


def _contrast(covariance: np.ndarray, weights: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Image variance of the mean over seeds and interaction of a weighted sum over roles."""
    by_seed = np.einsum("r,krsqt,q->kst", weights, covariance, weights)  # (K, S, S)
    size = np.einsum("r,krsrs,r->k", np.abs(weights), covariance, np.abs(weights))
    n_seeds = by_seed.shape[1]
    shared = by_seed.mean(axis=(1, 2))
    own = np.trace(by_seed, axis1=1, axis2=2) / n_seeds
    rounding = 1e-12 * size  # differences of equal models are noise of this size
    shared = np.where(shared < rounding, 0.0, shared)
    if n_seeds == 1:
        return shared, np.zeros_like(shared)
    interaction = (own - shared) * n_seeds / (n_seeds - 1)
    return shared, np.where(interaction < rounding, 0.0, interaction)
