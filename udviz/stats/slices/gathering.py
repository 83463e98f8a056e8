"""One measure of a slice and of the rest, gathered label by label, and its rows of a table."""

import numpy as np
import pandas as pd

from udviz.stats.comparison.gain import MIN_TESTED
from udviz.stats.inference.clusters import Images, sums_by_group
from udviz.stats.inference.scores import BoundedScore
from udviz.stats.slices.parts import PARTS, SHARES, LabelImages, Part
from udviz.stats.slices.sides import Beside, Side
from udviz.vocabulary import SliceMetric

UNTESTED: SliceMetric = "average_precision"  # it differs wherever prevalence does


class Gathering:
    """One measure of a slice and of the rest.

    Args:
        metric: Which.
        inside: (N,) bool, the images of the slice.
        groups: (N,) group of every image; None if each is its own.
    """

    def __init__(self, metric: SliceMetric, inside: np.ndarray, groups: np.ndarray | None) -> None:
        self._metric, self._inside, self._groups = metric, inside, groups
        self._parts: list[tuple[Part, Part]] = []
        self._errors: list[np.ndarray] = []  # (3,) of the slice, the rest and the difference
        self._in_mean: list[bool] = []
        self._moved = np.zeros(inside.size)  # influence on the difference, summed over labels

    def add(self, images: Images, label: LabelImages, here: np.ndarray, *, in_mean: bool) -> None:
        """Measure a label on both sides.

        Args:
            images: Its n known images.
            label: What is known of them.
            here: (n,) bool, those of the slice.
            in_mean: Whether it counts in the mean over labels, where it can be measured.
        """
        measure = PARTS[self._metric]
        own, rest = measure(label, here), measure(label, ~here)
        moved = own.influence - rest.influence
        self._parts.append((own, rest))
        self._errors.append(_errors(moved, here, label.groups))
        self._in_mean.append(in_mean and own.trials > 0 and rest.trials > 0)
        if self._in_mean[-1]:
            self._moved[images] += moved

    def rows(self, counts: pd.DataFrame) -> pd.DataFrame:
        """A row per label, and one of the mean of those that count in it, if there are any.

        Args:
            counts: (L,) ``label``, ``known``, ``positives``, ``rest_known``, ``rest_positives``.
        """
        errors = np.array(self._errors)
        beside = Beside(
            slice_=Side.of([own for own, _ in self._parts], errors[:, 0]),
            rest=Side.of([rest for _, rest in self._parts], errors[:, 1]),
            se=errors[:, 2],
            clustered=self._groups is not None,
        )
        rows = counts.assign(scope="label", column=np.arange(len(counts)), n_labels=1)
        rows = rows.assign(**beside.columns(), p=self._p(beside, counts))
        if any(self._in_mean):
            mean = self._mean(beside, counts[self._in_mean])
            rows = pd.concat([rows, mean], ignore_index=True)
        return rows.assign(metric=self._metric)

    def _p(self, beside: Beside, counts: pd.DataFrame) -> np.ndarray:
        if self._metric == UNTESTED:
            return np.full(len(counts), np.nan)
        tested = np.minimum(beside.slice_.trials, beside.rest.trials) >= MIN_TESTED
        if self._metric == "prevalence":
            tested &= (counts["positives"] + counts["rest_positives"]).to_numpy() >= MIN_TESTED
        exact = self._metric in SHARES and not beside.clustered
        return np.where(tested, beside.exact_p() if exact else beside.p(), np.nan)

    def _mean(self, beside: Beside, counts: pd.DataFrame) -> pd.DataFrame:
        """The row of the mean over the labels of ``counts``."""
        errors = _errors(self._moved, self._inside, self._groups) / len(counts)
        mean = Beside(
            slice_=self._mean_side(beside.slice_, errors[0], self._inside),
            rest=self._mean_side(beside.rest, errors[1], ~self._inside),
            se=errors[2:],
            clustered=beside.clustered,
        )
        about = {
            "label": "",
            "known": np.count_nonzero(self._inside),
            "positives": counts["positives"].sum(),
            "rest_known": np.count_nonzero(~self._inside),
            "rest_positives": counts["rest_positives"].sum(),
            "scope": "mean",
            "column": -1,
            "n_labels": len(counts),
        }
        p = np.full(1, np.nan) if self._metric == UNTESTED else mean.p()
        return pd.DataFrame({**about, **mean.columns(), "p": p})

    def _mean_side(self, side: Side, se: float, among: np.ndarray) -> Side:
        """Mean of a side over the labels that count in it, whose images are ``among``."""
        n_images = int(np.count_nonzero(among))
        n = n_images if self._groups is None else np.unique(self._groups[among]).size
        value = side.score.value[self._in_mean].mean()
        score = BoundedScore(value=np.array([value]), se=np.array([se]), n=np.array([float(n)]))
        return Side(score=score, df=np.array([n - 1.0]), trials=np.array([n_images]))


def _errors(moved: np.ndarray, inside: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """(3,) standard errors of slice, rest and difference, from influences on the difference."""
    parts = (moved * inside, moved * ~inside, moved)
    return np.array([np.sqrt((sums_by_group(part[None], groups) ** 2).sum()) for part in parts])
