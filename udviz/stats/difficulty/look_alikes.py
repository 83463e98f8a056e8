"""Which label's presence makes a model see another one that is not there?"""

import numpy as np
import pandas as pd

from udviz.checks import check_at_least
from udviz.stats.labels.probabilities import prob_columns
from udviz.stats.labels.relations import confusion_lift, top_partners

LEAST_LIFT = 3.0  # false alarms must be at least this many times as frequent beside the partner
LEAST_SHARE = 0.2  # and this share of the label's false alarms must stand beside it


def look_alikes(
    probs: np.ndarray, targets: np.ndarray, *, per_label: int = 3, error_rate: float = 0.05
) -> pd.DataFrame:
    """Find the pairs of labels where one sets off false alarms of the other.

    A label counts as predicted on as many images as carry it, those with its highest probabilities:
    a rare or badly calibrated label, too, then has false alarms to look at. Intervals hold for all
    L (L - 1) pairs at once (Bonferroni), so that the pairs named are real; they are named if, in
    addition, they matter (``LEAST_LIFT``, ``LEAST_SHARE``).

    Args:
        probs: (N, L) probabilities in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown (the pair is left out).
        per_label: Most partners to name for each label.
        error_rate: Chance in (0, 1) that any pair is named without cause.

    Returns:
        One row per pair, as ``relations.top_partners``: ``column`` (the label wrongly seen),
        ``partner`` (the label present), ``false_alarms``, ``chances``, ``rate``,
        ``rate_without``, ``lift``, ``low``, ``high``; and ``share``, of the label's false alarms,
        that stands beside the partner. By column, then falling ``low``.

    Raises:
        TypeError: If ``probs`` are no floating-point numpy array.
        ValueError: If shapes differ, a probability leaves [0, 1], a target is none of 1, 0, -1,
            or ``per_label`` < 1.

    Example:
        >>> targets = np.tile([[1, 0], [0, 1], [0, 0], [0, 0]], (40, 1))
        >>> probs = np.tile([[0.9, 0.1], [0.7, 0.9], [0.1, 0.2], [0.2, 0.1]], (40, 1))
        >>> probs[::8, 0] = 0.3  # half of the cats are missed, and dogs are taken for cats
        >>> look_alikes(probs, targets)[["column", "partner", "false_alarms", "share"]]
           column  partner  false_alarms  share
        0       0        1            40    1.0
    """
    check_at_least(per_label, 1, name="per_label")
    n_labels = targets.shape[1]
    thresholds, false_alarms = np.full(n_labels, np.inf), np.zeros(n_labels)
    for label, (prob, target) in enumerate(prob_columns(probs, targets)):
        if target.any():
            thresholds[label] = np.sort(prob)[-int(target.sum())]
            false_alarms[label] = ((prob >= thresholds[label]) & ~target).sum()
    n_pairs = max(1, n_labels * (n_labels - 1))
    confusion = confusion_lift(
        probs, targets, thresholds=thresholds, confidence=1 - error_rate / n_pairs
    )
    pairs = top_partners(confusion, per_label=n_labels)
    pairs["share"] = pairs["false_alarms"] / false_alarms[pairs["column"]]
    matter = (pairs["low"] >= LEAST_LIFT) & (pairs["share"] >= LEAST_SHARE)
    return pairs[matter].groupby("column").head(per_label).reset_index(drop=True)
