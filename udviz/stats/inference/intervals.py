"""Intervals of a fraction and of a ratio of two fractions."""

import numpy as np
from scipy import stats

from udviz.checks import check_same_shape


def normal_quantile(confidence: float) -> float:
    """Half-width, in standard deviations, of a two-sided normal interval.

    Args:
        confidence: Coverage in (0, 1), e.g. 0.95.

    Raises:
        ValueError: If ``confidence`` leaves (0, 1).
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"`confidence` must lie in (0, 1), got {confidence}. Pass e.g. 0.95.")
    return float(stats.norm.ppf(0.5 + confidence / 2))


def wilson_interval(
    successes: np.ndarray, trials: np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a fraction that stays in [0, 1] and keeps its coverage near 0 and 1.

    Args:
        successes: Counts, any shape; may be fractional (weighted counts).
        trials: Counts of the same shape, at least ``successes``.
        confidence: Coverage in (0, 1).

    Returns:
        Lower and upper ends, of the same shape; NaN where ``trials`` is 0.

    Raises:
        ValueError: If shapes differ, a count is negative, ``successes`` exceeds ``trials`` or
            ``confidence`` leaves (0, 1).

    Source:
        Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    successes = np.asarray(successes, dtype=float)
    trials = np.asarray(trials, dtype=float)
    check_same_shape(successes, trials, names=("successes", "trials"))
    if not ((successes >= 0) & (successes <= trials)).all():
        raise ValueError("`successes` must lie in [0, trials], got a count outside it.")
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is the NaN of no trials
        fraction = successes / trials
    return wilson_ends(fraction, trials, normal_quantile(confidence))


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part`` / ``whole`` of (L,) counts; NaN where ``whole`` is 0."""
    found: np.ndarray = np.divide(part, whole, out=np.full(whole.size, np.nan), where=whole > 0)
    return found


def share_columns(name: str, successes: np.ndarray, trials: np.ndarray) -> dict[str, np.ndarray]:
    """``name``, ``name_low`` and ``name_high``: (L,) shares with their 95 % Wilson intervals."""
    low, high = wilson_interval(successes, trials)
    return {name: share(successes, trials), f"{name}_low": low, f"{name}_high": high}


def wilson_ends(
    fraction: np.ndarray, trials: np.ndarray, quantile: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of fractions of as many trials, whole or effective.

    Args:
        fraction: Any shape, in [0, 1]; NaN stays NaN.
        trials: The same shape; infinitely many give the fraction itself.
        quantile: Half-width in standard errors; broadcasts.

    Returns:
        Lower and upper ends in [0, 1].
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        pull = quantile**2 / trials
        centre = (fraction + pull / 2) / (1 + pull)
        half = np.sqrt(pull * fraction * (1 - fraction) + pull**2 / 4) / (1 + pull)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def t_quantile(confidence: float, df: np.ndarray) -> np.ndarray:
    """Half-width, in standard errors, of two-sided t intervals; NaN where ``df`` is not positive.

    Args:
        confidence: Coverage in (0, 1).
        df: Degrees of freedom, any shape; infinity gives the normal quantile.
    """
    normal_quantile(confidence)  # refuses a confidence outside (0, 1)
    df = np.asarray(df, dtype=float)
    with np.errstate(invalid="ignore"):
        usable = df > 0
    return np.where(usable, stats.t.ppf(0.5 + confidence / 2, np.where(usable, df, 1.0)), np.nan)


def risk_ratio_interval(
    events: np.ndarray,
    trials: np.ndarray,
    other_events: np.ndarray,
    other_trials: np.ndarray,
    *,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratio of two independent rates with its interval; half an event is added to both counts.

    Args:
        events: Counts in the first group, any shape.
        trials: Size of the first group, same shape.
        other_events: Counts in the group to compare with.
        other_trials: Size of that group.
        confidence: Coverage in (0, 1).

    Returns:
        Ratio, lower and upper end; NaN where a group is empty.

    Source:
        Katz et al. (1978), interval on the log scale; Walter (1975) for the halves.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        log_ratio = np.log((events + 0.5) / (trials + 0.5)) - np.log(
            (other_events + 0.5) / (other_trials + 0.5)
        )
        variance = (
            1 / (events + 0.5) - 1 / (trials + 0.5)
            + 1 / (other_events + 0.5) - 1 / (other_trials + 0.5)
        )  # fmt: skip
    log_ratio = np.where((trials > 0) & (other_trials > 0), log_ratio, np.nan)
    half = normal_quantile(confidence) * np.sqrt(np.maximum(variance, 0.0))
    return np.exp(log_ratio), np.exp(log_ratio - half), np.exp(log_ratio + half)
