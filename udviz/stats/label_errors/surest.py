"""Are annotations of a label missing? The images that a model is surest of tell.

Marks that are missing at random are missing on the surest images as often as elsewhere, and no
probability that keeps rising with the logit can follow that. Where a label is merely hard, or
something else looks like it, the surest images are marked: doubts alone are no evidence. Only a
thing without a label of its own that looks exactly the same cannot be told from missing marks.

An image on which a network saturates is among the surest of many labels at once and says nothing of
any of them, so such *outlier images* are set apart first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats

LEAST_MARKED = 10  # marked images among the surest; with fewer there is nothing to compare with
LEAST_LABELS = 5  # unmarked labels that a model must be sure of before an image is an outlier
USUAL_SHARE = 0.99  # of the images carry no more labels than is usual
COUNTS = (
    "surest_marked",
    "surest_unmarked",
    "surest_expected",
    "surest_expected_sd",
    "surest_excess_sd",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Surest:
    """The S images that a model is surest of, for one label.

    Attributes:
        images: (S,) their indices in [0, N).
        prob: (S,) their probabilities, put right.
        marked: (S,) bool, whether they carry the label.
    """

    images: np.ndarray
    prob: np.ndarray
    marked: np.ndarray

    def without(self, outlier: np.ndarray) -> "Surest":
        """Those that are not outliers; ``outlier`` is (N,) bool."""
        kept = ~outlier[self.images]
        return Surest(images=self.images[kept], prob=self.prob[kept], marked=self.marked[kept])


def surest_images(
    prob: np.ndarray, target: np.ndarray, images: np.ndarray, *, explained: np.ndarray
) -> Surest:
    """Those rather called present, at least as probable as the median marked one.

    Args:
        prob: (n,) probabilities of one label on its known images, at least one of them marked.
        target: (n,) bool, whether they are marked.
        images: (n,) their indices in [0, N).
        explained: (n,) bool, images left out as a label that it is confused with is present.
    """
    surest = (prob >= max(np.median(prob[target]), 0.5)) & ~explained
    return Surest(images=images[surest], prob=prob[surest], marked=target[surest])


def outlier_images(surest: Sequence[Surest | None], carried: np.ndarray) -> pd.DataFrame:
    """Images that are among the surest of implausibly many labels which they do not carry.

    Implausible are more labels than all but 1 % of the images carry, and at least five.

    Args:
        surest: Of every label, in column order; None of a label that is not judged.
        carried: (N,) labels that each image carries.

    Returns:
        One row per outlier, the most labels first: ``image``, ``unmarked`` (labels it is among
        the surest of and does not carry), ``carried``, and ``columns``, a list of those labels.
    """
    columns: list[np.ndarray] = [np.empty((2, 0), dtype=np.int64)]
    for column, found in enumerate(surest):
        if found is not None:
            images = found.images[~found.marked]
            columns.append(np.stack([images, np.full(images.size, column)]))
    image, label = np.concatenate(columns, axis=1)
    unmarked = np.bincount(image, minlength=carried.size)
    usual = np.quantile(carried, USUAL_SHARE) if carried.size else 0
    rows = np.flatnonzero((unmarked >= LEAST_LABELS) & (unmarked > usual))
    table = pd.DataFrame({"image": rows, "unmarked": unmarked[rows], "carried": carried[rows]})
    table["columns"] = [label[image == row].tolist() for row in rows]
    return table.sort_values(["unmarked", "image"], ascending=[False, True], ignore_index=True)


def surest_counts(surest: Surest | None, groups: np.ndarray | None = None) -> dict[str, float]:
    """``COUNTS`` of one label; NaN where it is not judged.

    Args:
        surest: Its surest images without outliers.
        groups: (N,) int, images of one group are not independent; each on its own if None.
    """
    if surest is None:
        return dict.fromkeys(COUNTS, np.nan)
    absence = 1 - surest.prob
    excess = ~surest.marked - absence
    if groups is not None:
        _, group = np.unique(groups[surest.images], return_inverse=True)
        excess = np.bincount(group, weights=excess)
    found = (
        np.count_nonzero(surest.marked),
        np.count_nonzero(~surest.marked),
        absence.sum(),
        np.sqrt((absence * surest.prob).sum()),
        np.sqrt(np.square(excess).sum()),
    )
    return {name: float(value) for name, value in zip(COUNTS, found, strict=True)}


def unmarked_p_value(counts: pd.DataFrame) -> np.ndarray:
    """Chance that as many of the surest images are unmarked if the probabilities are right.

    The larger of two one-sided p-values. In one, every image is a Bernoulli trial of its own
    probability (a binomial with the mean and variance of their sum stands for it). The other does
    not trust that variance: it takes the spread that the images, or groups of them, show
    themselves, so that a handful of images that go together is no evidence.

    Args:
        counts: One row per label with ``COUNTS``, from probabilities put right by a rising map.

    Returns:
        (L,) p in [0, 1]; NaN where fewer than ``LEAST_MARKED`` of the surest images are marked.

    Source:
        Liang and Zeger (1986), for the variance that does not rest on the model.
    """
    found, mean = counts["surest_unmarked"], counts["surest_expected"]
    with np.errstate(invalid="ignore", divide="ignore"):  # a mean of 0: no such image
        chance = 1 - counts["surest_expected_sd"] ** 2 / mean
        exact = special.betainc(found, np.maximum(mean / chance - found + 1, 1e-9), chance)
        robust = stats.norm.sf((found - mean) / counts["surest_excess_sd"])
    p = np.where(found > 0, np.fmax(exact, robust), 1.0)
    return np.where(counts["surest_marked"] >= LEAST_MARKED, p, np.nan)
