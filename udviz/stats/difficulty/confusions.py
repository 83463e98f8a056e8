"""Which label's presence makes a model see another one that is not there?"""

import numpy as np
import pandas as pd

from udviz.checks import check_at_least
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.relations import confusion_lift, top_partners

LEAST_LIFT = 3.0  # false positives must be at least this many times as frequent beside the partner
LEAST_SHARE = 0.2  # and this share of the label's false positives must stand beside it


def confused_pairs(
    scores: np.ndarray, targets: np.ndarray, *, per_label: int = 3, error_rate: float = 0.05
) -> pd.DataFrame:
    """Find the pairs of labels where one sets off false positives of the other.

    A label counts as predicted on as many images as carry it, those with its highest scores: a
    rare or badly calibrated label, too, then has false positives to look at. Intervals hold for
    all L (L - 1) pairs at once (Bonferroni), so that the pairs named are real; they are named if,
    in addition, they matter (``LEAST_LIFT``, ``LEAST_SHARE``).

    Args:
        scores: (N, L) floats; higher means more likely present.
        targets: (N, L) 1 present, 0 absent, -1 unknown (the pair is left out).
        per_label: Most partners to name for each label.
        error_rate: Chance in (0, 1) that any pair is named without cause.

    Returns:
        One row per pair, as ``relations.top_partners``: ``column`` (the label wrongly seen),
        ``partner`` (the label present), ``false_positives``, ``chances``, ``rate``,
        ``rate_without``, ``lift``, ``low``, ``high``; and ``share``, of the label's false
        positives, that stands beside the partner. By column, then falling ``low``.

    Raises:
        TypeError: If ``scores`` are no floating-point numpy array.
        ValueError: If shapes differ, a score is not finite, a target is none of 1, 0, -1,
            or ``per_label`` < 1.

    Example:
        >>> targets = np.tile([[1, 0], [0, 1], [0, 0], [0, 0]], (40, 1))
        >>> scores = np.tile([[0.9, 0.1], [0.7, 0.9], [0.1, 0.2], [0.2, 0.1]], (40, 1))
        >>> scores[::8, 0] = 0.3  # half of the cats are missed, and dogs are taken for cats
        >>> confused_pairs(scores, targets)[["column", "partner", "false_positives", "share"]]
           column  partner  false_positives  share
        0       0        1               40    1.0
    """
    check_at_least(per_label, 1, name="per_label")
    n_labels = targets.shape[1]
    thresholds, false_positives = np.full(n_labels, np.inf), np.zeros(n_labels)
    for column in label_columns([scores], targets):
        score, label = column.scores[0], column.label
        if n_positives := int(np.count_nonzero(column.positive)):
            thresholds[label] = np.partition(score, -n_positives)[-n_positives]
            predicted = score >= thresholds[label]
            false_positives[label] = np.count_nonzero(predicted & ~column.positive)
    n_pairs = max(1, n_labels * (n_labels - 1))
    confusion = confusion_lift(
        scores, targets, thresholds=thresholds, confidence=1 - error_rate / n_pairs
    )
    pairs = top_partners(confusion, per_label=n_labels)
    pairs["share"] = pairs["false_positives"] / false_positives[pairs["column"]]
    matter = (pairs["low"] >= LEAST_LIFT) & (pairs["share"] >= LEAST_SHARE)
    return pairs[matter].groupby("column").head(per_label).reset_index(drop=True)
