"""Variance of a score that depends on the images scored and on the training seed.

The model, for one label: score of seed s = truth + image noise shared by all seeds
+ seed noise + noise of this seed on these images. The mean over S seeds then has variance

    C + tau^2 / S,    tau^2 = max(0, s^2 - I)

with C the influence variance of the mean over seeds (the images' part, given these seeds), s^2 the
variance between seeds seen on these images, and I the influence variance of one seed's deviation
from the mean: the part of s^2 that is image noise and is in C already, so that nothing is counted
twice. With one seed tau is unknown and left out. A mean over labels has a tau of its own with S - 1
degrees of freedom: what a seed does to all labels alike is in it. Of two seeds, whose difference
may be small by chance, it is at least what labels would give that a seed moves independently.

Source:
    The same crossed design as many readers x many cases: Obuchowski & Rockette (1995). Degrees of
    freedom: Satterthwaite (1946), in that design Hillis (2007). Pooling of s^2 over labels: Smyth
    (2004), "Linear models and empirical Bayes methods", section 6.2.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True, eq=False, kw_only=True)
class Spread:
    """One score per seed and label, and what its variance is made of.

    Attributes:
        values: (S, L) score of every seed.
        image_variance: (L,) influence variance C of the mean over seeds.
        interaction: (L,) influence variance I of one seed's deviation from the mean; 0 if S = 1.
        image_df: (L,) degrees of freedom of the image variance.
        least_seed_variance: (L,) what tau^2 / S is taken to be at least; 0 if None.
    """

    values: np.ndarray
    image_variance: np.ndarray
    interaction: np.ndarray
    image_df: np.ndarray
    least_seed_variance: np.ndarray | None = None

    @property
    def n_seeds(self) -> int:
        """Number S of seeds."""
        return len(self.values)

    @property
    def mean(self) -> np.ndarray:
        """(L,) mean over seeds."""
        mean: np.ndarray = self.values.mean(axis=0)
        return mean

    @property
    def seed_variance(self) -> np.ndarray:
        """(L,) variance s^2 between seeds; NaN with one seed."""
        if self.n_seeds == 1:
            return np.full(self.values.shape[1], np.nan)
        variance: np.ndarray = self.values.var(axis=0, ddof=1)
        return variance


@dataclass(frozen=True, eq=False, kw_only=True)
class StandardError:
    """Standard error of a mean over seeds.

    Attributes:
        se: (L,) standard error.
        image_variance: (L,) part of the variance that more images would shrink.
        seed_variance: (L,) part tau^2 / S that only more seeds would shrink; 0 if S = 1.
        df: (L,) degrees of freedom of a t interval.
    """

    se: np.ndarray
    image_variance: np.ndarray
    seed_variance: np.ndarray
    df: np.ndarray


def standard_error(spread: Spread) -> StandardError:
    """Join image and seed variance; the seeds' is pooled over labels as far as they agree."""
    image = spread.image_variance
    if spread.n_seeds == 1:
        return StandardError(
            se=np.sqrt(image),
            image_variance=image,
            seed_variance=np.zeros_like(image),
            df=spread.image_df,
        )
    squeezed, seed_df = squeeze_variance(
        spread.seed_variance,
        scale=spread.interaction,
        df=spread.n_seeds - 1,
        dependence=label_dependence(spread.values, scale=spread.interaction),
    )
    seeds = np.maximum(0.0, squeezed - spread.interaction) / spread.n_seeds
    noise = (squeezed / spread.n_seeds) ** 2 / seed_df
    if spread.least_seed_variance is not None:
        seeds = np.maximum(seeds, spread.least_seed_variance)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: no variance at all
        weight = image**2 / spread.image_df + noise
        df = np.where(weight > 0, (image + seeds) ** 2 / weight, spread.image_df)
    return StandardError(
        se=np.sqrt(image + seeds), image_variance=image, seed_variance=seeds, df=df
    )


def label_dependence(values: np.ndarray, *, scale: np.ndarray) -> float:
    """How far a seed moves labels together: the mean squared correlation of two labels' moves.

    It is estimated without bias from three seeds on. Two seeds have a single difference, so they
    tell only whether labels moved the same way: the mean correlation, which is at least the mean
    square where none is negative. The larger of the two is taken: an interval that is too wide
    after a few seeds is the smaller fault.

    Args:
        values: (S, L) score of every seed.
        scale: (L,) what variances between seeds are proportional to; labels with 0 or NaN take no
            part.

    Returns:
        In [0, 1]: 0 independent (or fewer than 3 labels), 1 all labels move as one.

    Source:
        Trace of a squared covariance matrix: Bai and Saranadasa (1996), "Effect of high dimension:
        by an example of a two sample problem", section 3.
    """
    with np.errstate(invalid="ignore"):
        usable = (scale > 0) & np.isfinite(values).all(axis=0)
    n_labels, df = int(usable.sum()), len(values) - 1
    moves = (values - values.mean(axis=0))[:, usable] / np.sqrt(scale[usable])
    total = (moves**2).sum() / df
    if n_labels < 3 or total == 0:
        return 0.0
    same_way = ((moves.sum(axis=1) ** 2).sum() / df / total - 1) / (n_labels - 1)
    if df == 1:
        return float(np.clip(same_way, 0.0, 1.0))
    square_of_sample = ((moves @ moves.T / df) ** 2).sum()
    squared = df**2 / ((df - 1) * (df + 2)) * (square_of_sample - total**2 / df)
    share = squared / (total**2 - 2 / df * squared)  # 1 / L if independent, 1 if all are one
    return float(np.clip(max(same_way, (n_labels * share - 1) / (n_labels - 1)), 0.0, 1.0))


def squeeze_variance(
    variance: np.ndarray, *, scale: np.ndarray, df: int, dependence: float = 0.0
) -> tuple[np.ndarray, float]:
    """Pull each label's variance between seeds toward what is common to all labels.

    Two or three seeds say little about one label's variance; many labels together do, unless a seed
    moves them together. The ratios of ``variance`` to ``scale`` are taken to follow a scaled F
    distribution, whose two parameters are estimated from all labels: the more alike the labels are
    beyond chance, the more each is pulled toward the common ratio.

    Args:
        variance: (L,) variance between seeds.
        scale: (L,) what the variance is proportional to; labels with 0 or NaN take no part.
        df: Degrees of freedom of each variance: seeds - 1.
        dependence: Of the labels, from `label_dependence`: they count as L / (1 + (L - 1)
            dependence), and that much of their likeness is chance that they share.

    Returns:
        The (L,) squeezed variances and their degrees of freedom, from ``df`` (fewer than 3 labels:
        nothing to learn from; or all labels are one) to ``df`` times the labels (all alike).

    Source:
        Smyth (2004), section 6.2; that labels depend on each other is our own addition.
    """
    with np.errstate(invalid="ignore"):
        usable = (variance > 0) & (scale > 0)
    n_labels = int(usable.sum())
    if n_labels < 3:
        return variance, float(df)
    ratio = variance[usable] / scale[usable]
    log_ratio = np.log(ratio) - special.digamma(df / 2) + np.log(df / 2)
    excess = log_ratio.var(ddof=1) - special.polygamma(1, df / 2) * (1 - dependence)
    prior_df, common = float(df * (n_labels - 1)), ratio.mean()
    if excess > 0:
        prior_df = min(prior_df, 2 * _inverse_trigamma(excess))
        common = np.exp(log_ratio.mean() + special.digamma(prior_df / 2) - np.log(prior_df / 2))
    squeezed = (prior_df * common * scale + df * variance) / (prior_df + df)
    known_df = min(prior_df + df, df * n_labels / (1 + (n_labels - 1) * dependence))
    return np.where(scale > 0, squeezed, variance), known_df


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(y) = ``value`` > 0 by Newton's method (Smyth 2004, appendix)."""
    y = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = special.polygamma(1, y)
        step = trigamma * (1 - trigamma / value) / special.polygamma(2, y)
        y += step
        if abs(step) < 1e-10 * y:
            break
    return float(y)
