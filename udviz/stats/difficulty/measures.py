"""What was measured of every cause in every label, and the level that makes it one.

`causes.judge_causes` decides by these levels, together with whether the evidence is beyond chance.
"""

import numpy as np
import pandas as pd

from udviz.stats.difficulty.causes import (
    MISCALIBRATED_SHARE,
    OCCLUDED_VISIBLE,
    RARE_COUNT,
    RARE_SHARE,
    SMALL_AREA,
    SUSPECT_SHARE,
    UNCERTAIN_SHARE,
)
from udviz.stats.difficulty.confusions import LEAST_LIFT
from udviz.vocabulary import CAUSES, Cause

COUNTED_BELOW: tuple[Cause, ...] = ("rare", "small", "occluded")  # small values are the cause


def cause_measures(labels: pd.DataFrame) -> pd.DataFrame:
    """The measured value of every cause in every label.

    Args:
        labels: Rows of the table ``labels`` of one split; unknown numbers NaN.

    Returns:
        One row per cause and label, in the order of ``CAUSES``: ``cause``, ``label``, ``value``,
        ``low`` and ``high`` (its interval; NaN where there is none), ``level`` from which on it
        counts, and ``found``, whether it was named. The values: training positives (of this split
        where those are unknown); how many times as often it is wrongly seen beside its first
        partner; surplus of unmarked images per marked one, of the surest; ECE above expected per
        prevalence of the rarer outcome; entropy left after recalibration, per that of the
        prevalence; median area and visible share.
    """
    counted = labels["train_positives"].where(labels["train_positives"] >= 0)
    counted = counted if counted.notna().any() else labels["positives"]
    rarer = np.minimum(labels["prevalence"], 1 - labels["prevalence"])
    surplus = labels["surest_unmarked"] - labels["surest_expected"]
    with np.errstate(divide="ignore", invalid="ignore"):
        values: dict[Cause, tuple[pd.Series, float]] = {
            "rare": (counted, max(RARE_COUNT, RARE_SHARE * float(counted.median()))),
            "confused": (labels["partner_lift"], LEAST_LIFT),
            "missing annotations": (surplus / labels["surest_marked"], SUSPECT_SHARE),
            "miscalibrated": (labels["ece_excess"] / rarer, MISCALIBRATED_SHARE),
            "uncertain": (labels["entropy_share"], UNCERTAIN_SHARE),
            "small": (labels["area"], SMALL_AREA),
            "occluded": (labels["visible"], OCCLUDED_VISIBLE),
        }
    parts = []
    for cause in CAUSES:
        value, level = values[cause]
        part = pd.DataFrame({"cause": cause, "label": labels["label"], "value": value})
        lift = cause == "confused"
        part["low"] = labels["partner_lift_low"] if lift else np.nan
        part["high"] = labels["partner_lift_high"] if lift else np.nan
        part["level"] = level
        part["found"] = has_cause(labels, cause)
        parts.append(part.replace([np.inf, -np.inf], np.nan))
    return pd.concat(parts, ignore_index=True)


def has_cause(labels: pd.DataFrame, cause: Cause) -> pd.Series:
    """Whether each row of the table ``labels`` names the cause."""
    named = [cause in str(cell or "").split(", ") for cell in labels["causes"]]
    return pd.Series(named, labels.index, dtype=bool)
