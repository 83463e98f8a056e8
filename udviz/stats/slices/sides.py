"""Numbers of a slice beside those of all other images, with intervals and p-values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from udviz.stats.inference.intervals import t_quantile
from udviz.stats.inference.proportions import exact_p
from udviz.stats.inference.scores import (
    BoundedScore,
    difference_interval,
    difference_p,
    score_interval,
)
from udviz.stats.slices.parts import Part

CONFIDENCE = 0.95
_ROUNDING = 1e-9  # of counts that are means over runs


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """A measure on one side, for each of some labels or for their mean.

    Attributes:
        score: Values with their standard errors.
        df: Degrees of freedom.
        trials: Images that the value rests on.
    """

    score: BoundedScore
    df: np.ndarray
    trials: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Part], se: np.ndarray) -> "Side":
        """(L,) labels measured one by one."""
        score = BoundedScore(
            value=np.array([part.value for part in parts]),
            se=se,
            n=np.array([float(part.independent) for part in parts]),
        )
        df = np.array([part.df for part in parts])
        return cls(score=score, df=df, trials=np.array([part.trials for part in parts]))

    def columns(self, name: str) -> dict[str, np.ndarray]:
        """The value and the ends of its interval."""
        low, high = score_interval(self.score, t_quantile(CONFIDENCE, self.df))
        return {name: self.score.value, f"{name}_low": low, f"{name}_high": high}


@dataclass(frozen=True, eq=False, kw_only=True)
class Beside:
    """A measure on the images of a slice and on the rest.

    Attributes:
        slice_: Of the slice.
        rest: Of all other images.
        se: Standard error of the difference.
        clustered: Whether images come in groups, which may lie on both sides.
    """

    slice_: Side
    rest: Side
    se: np.ndarray
    clustered: bool

    @property
    def df(self) -> np.ndarray:
        """Degrees of freedom of the difference.

        Source:
            Welch (1947), "The generalization of Student's problem"; of groups the smaller.
        """
        smaller: np.ndarray = np.minimum(self.slice_.df, self.rest.df)
        if self.clustered:
            return smaller
        own, other = self.slice_.score.se**2, self.rest.score.se**2
        with np.errstate(invalid="ignore", divide="ignore"):
            welch = (own + other) ** 2 / (own**2 / self.slice_.df + other**2 / self.rest.df)
        return np.where(np.isfinite(welch), np.maximum(welch, smaller), smaller)

    def columns(self) -> dict[str, np.ndarray]:
        """``value``, ``rest`` and ``difference`` with their intervals."""
        first, second = self.rest.score, self.slice_.score
        quantile = t_quantile(CONFIDENCE, self.df)
        low, high = difference_interval(first, second, se=self.se, quantile=quantile)
        return {
            **self.slice_.columns("value"),
            **self.rest.columns("rest"),
            "difference": second.value - first.value,
            "difference_low": low,
            "difference_high": high,
        }

    def p(self) -> np.ndarray:
        """The level at which the interval of the difference reaches 0."""
        return difference_p(self.rest.score, self.slice_.score, se=self.se, df=self.df)

    def exact_p(self) -> np.ndarray:
        """Fisher's, of shares of independent images.

        A count between two whole numbers, as means over runs are, moves towards no difference.
        """
        rises = self.slice_.score.value > self.rest.score.value
        events = [
            np.where(above, np.floor(count + _ROUNDING), np.ceil(count - _ROUNDING))
            for side, above in ((self.slice_, rises), (self.rest, ~rises))
            for count in (np.nan_to_num(side.score.value * side.trials),)
        ]
        return exact_p(events[0], self.slice_.trials, events[1], self.rest.trials)
