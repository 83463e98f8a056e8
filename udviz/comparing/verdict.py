"""What a comparison says, for a terminal: a table of verdicts, and one sentence."""

import numpy as np
import pandas as pd
from scipy import stats

from udviz.analysis.summary import p_in_words
from udviz.checks import shown
from udviz.vocabulary import AVERAGE_PRECISION, HELPED, HURT, INCONCLUSIVE, VERDICTS

MOST_ROWS = 40
POWER, CONFIDENCE = 0.8, 0.95


def verdict_table(comparison: pd.DataFrame, labels: pd.DataFrame) -> str:
    """Labels of one comparison, those with a verdict first; of many, the first ones.

    Args:
        comparison: Rows of the table ``comparisons`` of one pair of models and one split.
        labels: Rows of the table ``labels`` of that split.
    """
    comparison = comparison[comparison["metric"] == AVERAGE_PRECISION]
    rows = comparison[comparison["scope"] == "label"].merge(labels[["label", "positives"]])
    rows = rows.assign(place=[VERDICTS.index(v) for v in rows["verdict"]], size=-rows["gain"].abs())
    rows = rows.sort_values(["place", "size"], kind="stable")
    told = rows.head(MOST_ROWS)
    table = pd.DataFrame(
        {
            "label": [shown(label) for label in told["label"]],
            "positives": told["positives"].to_numpy(),
            "AP before": told["before_value"].map("{:.3f}".format).to_numpy(),
            "AP after": told["after_value"].map("{:.3f}".format).to_numpy(),
            "gain": told["gain"].map("{:+.3f}".format).to_numpy(),
            "95 % interval": [
                f"[{low:+.3f}, {high:+.3f}]"
                for low, high in zip(told["gain_low"], told["gain_high"], strict=True)
            ],
            "q": told["q"].map("{:.3f}".format).to_numpy(),
            "verdict": told["verdict"].to_numpy(),
        }
    )
    more = f"\n... and {len(rows) - MOST_ROWS} more labels" if len(rows) > MOST_ROWS else ""
    return table.to_string(index=False) + more


def sentence(comparison: pd.DataFrame) -> str:
    """How many labels a change helped and hurt, its mean gain, and what could have been seen.

    Args:
        comparison: As of `verdict_table`.
    """
    comparison = comparison[comparison["metric"] == AVERAGE_PRECISION]
    labels = comparison[comparison["scope"] == "label"]
    mean = comparison[comparison["scope"] == "mean"].iloc[0]
    n = {verdict: int((labels["verdict"] == verdict).sum()) for verdict in VERDICTS}
    tested = labels[labels["q"].notna()]
    told = (
        f"{shown(mean['after'])} against {shown(mean['before'])}: helped {n[HELPED]}, hurt "
        f"{n[HURT]}, inconclusive {n[INCONCLUSIVE]} of {len(labels)} labels; gain in mAP "
        f"{mean['gain']:+.4f} [{mean['gain_low']:+.4f}, {mean['gain_high']:+.4f}], "
        f"{p_in_words(mean['p'])}."
    )
    if not tested.empty:
        told += (
            f" The smallest gain these images would show in {POWER:.0%} of cases: "
            f"{float(smallest_gain(mean)):.3f} in mAP, and {_median(smallest_gain(tested)):.3f} of "
            "a typical label looked at alone."
        )
    return told + ("" if mean["includes_seeds"] else " One seed: seed noise is not in it.")


def smallest_gain(rows: pd.Series | pd.DataFrame) -> np.ndarray:
    """Gains that a test at 95 % confidence finds with 80 % power, from the widths of intervals.

    Half an interval is z(0.975) standard errors; a gain of z(0.975) + z(0.8) of them is found.
    """
    z = stats.norm.ppf((1 + CONFIDENCE) / 2)
    half = (np.asarray(rows["gain_high"]) - np.asarray(rows["gain_low"])) / 2
    found: np.ndarray = half * (z + stats.norm.ppf(POWER)) / z
    return found


def _median(values: np.ndarray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else np.nan
