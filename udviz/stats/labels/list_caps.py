"""Do the label lists of a data set stop at a number of labels, as if somebody had cut them?"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAST_LABELS = 3  # a limit below says nothing: there is no shape of the counts before it
LEAST_IMAGES = 20  # with one and with two labels fewer than the limit
LEAST_EXCESS = 1.5  # times as many images as the shape before allows
LEAST_Z = 3.29  # beyond chance: one-sided p = 0.0005
LEAST_LIFT = 0.5  # from which on two labels go together; a limit of three lowers it to about 0.67


@dataclass(frozen=True, kw_only=True)
class ListCap:
    """A number of labels at which the lists stop.

    Attributes:
        labels: The largest number of labels that an image carries.
        images: Images that carry so many.
        share: Their share of all images.
        allowed: Share that the numbers of images with one and two labels fewer allow.
    """

    labels: int
    images: int
    share: float
    allowed: float


def list_cap(images: np.ndarray) -> ListCap | None:
    """The number at which label lists seem to be cut, if the counts tell of one.

    If an image had up to K labels because K things are there or not, each for itself, then at most
    ``n[K-1]**2 / n[K-2] * (K - 1) / (2 K)`` images would have all K, whatever the probabilities
    (Newton's inequalities). A cut adds all longer lists to the last count. It is told of where that
    count is the largest, and larger than allowed, both beyond chance. So a cut that few lists reach
    stays unseen. Images without labels are left out: data sets drop or add them.

    Things that exclude each other end at a number, too (one colour, one shape, one size), and may
    be missing together: see `may_go_together` for what tells them apart.

    Args:
        images: (K + 1,) images that carry 0, 1, ..., K labels.

    Source:
        Newton's inequalities for sums of independent indicators: Pitman (1997), "Probabilistic
        bounds on the coefficients of polynomials with only real zeros".
    """
    counts = np.trim_zeros(np.asarray(images, dtype=np.float64), "b")
    most = counts.size - 1
    if most < LEAST_LABELS or counts[-3:-1].min() < LEAST_IMAGES:
        return None
    last, before, earlier = counts[-1], counts[-2], counts[-3]
    allowed = before**2 / earlier * (most - 1) / (2 * most)
    excess = np.log(last / allowed) / np.sqrt(1 / last + 4 / before + 1 / earlier)
    rival = counts[1:-1].max()
    lead = (last - rival) / np.sqrt(last + rival)
    if last < LEAST_EXCESS * allowed or min(excess, lead) < LEAST_Z:
        return None
    total = counts.sum()
    return ListCap(
        labels=most, images=int(last), share=float(last / total), allowed=float(allowed / total)
    )


def may_go_together(pairs: pd.DataFrame, n_labels: int) -> bool:
    """Whether there are ``n_labels`` labels of which any two go together.

    Where no image carries so many although they do, something else than the labels forbids it.
    Labels that exclude each other, and paths through a hierarchy, have no such set.

    Args:
        pairs: Rows of the table ``co_occurrence`` of one split.
        n_labels: How many.

    Returns:
        Whether a greedy search finds such a set; it may overlook one.
    """
    together = pairs[pairs["lift"] >= LEAST_LIFT]
    friends: defaultdict[str, set[str]] = defaultdict(set)
    for label, others in together.groupby("label")["other_label"]:
        friends[str(label)] = set(others)
    return any(_grows(friends, label, n_labels) for label in list(friends))


def _grows(friends: defaultdict[str, set[str]], label: str, n_labels: int) -> bool:
    """Whether taking the candidate with most friends among the others reaches the size."""
    chosen, candidates = 1, friends[label]
    while candidates and chosen < n_labels:
        shared = {other: len(friends[other] & candidates) for other in sorted(candidates)}
        candidates = candidates & friends[max(shared, key=lambda other: shared[other])]
        chosen += 1
    return chosen >= n_labels
