"""How closely two numbers of the labels go together, in words."""

import pandas as pd

from udviz.figures.labels.scatter import Number
from udviz.figures.style.text import interval, number, plural
from udviz.stats.inference.correlation import RankCorrelation, rank_correlation


def correlation_of(labels: pd.DataFrame, first: Number, second: Number) -> RankCorrelation:
    """Rank correlation of two numbers of the labels."""
    return rank_correlation(
        labels[first.column].to_numpy(float), labels[second.column].to_numpy(float)
    )


def about(correlation: RankCorrelation) -> str:
    """Size, interval and meaning of a rank correlation, as Markdown."""
    return _told(
        correlation,
        rising="they **rise together**",
        falling="one **falls** as the other rises",
        open_="**no clear correlation**",
    )


def about_gain(correlation: RankCorrelation, thing: str) -> str:
    """Size, interval and meaning of the rank correlation of gain with ``thing``, as Markdown."""
    return _told(
        correlation,
        rising=f"labels with more {thing} gain **more**",
        falling=f"labels with more {thing} gain **less**",
        open_="**no clear correlation**",
    )


def _told(correlation: RankCorrelation, *, rising: str, falling: str, open_: str) -> str:
    labels = plural(correlation.n, "label")
    if pd.isna(correlation.rho):
        return f"{labels} with too few different values: no rank correlation."
    meaning = rising if correlation.low > 0 else falling if correlation.high < 0 else open_
    return (
        f"Spearman's rank correlation **{number(correlation.rho, digits=2, sign=True)}** "
        f"(95 % interval {interval(correlation.low, correlation.high, digits=2, sign=True)}, "
        f"{labels}): {meaning}."
    )
