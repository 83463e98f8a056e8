"""What could be done about a label, on what evidence, and how many wrong decisions it could save.

An action is offered only where the tables of an analysis speak for it. The decisions are those of
the reference model at the thresholds chosen on validation; what an action could save is their
number times the share that its own evidence gives to it. That is an upper bound: it takes all the
evidence points at to be wrong, and all of it to be mended. Actions on one label may save the same
decisions, so their numbers do not add up.
"""

import numpy as np
import pandas as pd

from udviz.stats.comparison.headroom import headroom
from udviz.stats.difficulty.causes import FALSE_DISCOVERY_RATE
from udviz.stats.difficulty.measures import has_cause
from udviz.vocabulary import ACTIONS, Action, RecalibrationMethod

NONE: RecalibrationMethod = "none"
_DOUBTS = [
    *("doubted_missing", "doubted_extra", "doubted_missing_unexplained"),
    *("surest_marked", "surest_unmarked", "surest_expected", "suspect_q"),
]
PAIR = ["partner", "lift", "lift_low", "lift_high", "share", "rate", "rate_without"]
_PRECISION = ["average_precision", "average_precision_low", "average_precision_high"]
_ERRORS = ["brier", "nll", "ece"]  # of probabilities, that a recalibration should lower
_CALIBRATION = ["recalibration", "brier_before", "brier_after", "ece_before", "ece_after"]
COLUMNS = [
    *("label", "action", "errors", "saved"),
    *(*_DOUBTS, *PAIR),
    *("train_positives", "train_median", "expected_ap", *_PRECISION),
    *("before", "gap", *_CALIBRATION, "miscalibration_q"),
]


def wrong_decisions(labels: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """How often a model decides wrongly at its thresholds, label by label; means over seeds.

    Args:
        labels: Rows of the table ``labels`` of one split.
        scores: Rows of the table ``scores`` of that split and one model.

    Returns:
        One row per label, in the order of ``labels``: ``label``, ``false_positives``,
        ``false_negatives`` and ``errors``, their sum, in images.
    """
    rows = labels[["label", "positives", "known"]].merge(
        scores[["label", "false_positive_rate", "recall"]], how="left", on="label", validate="1:1"
    )
    absent = rows["known"] - rows["positives"]
    positives = (rows["false_positive_rate"] * absent).where(absent > 0, 0.0)
    negatives = ((1 - rows["recall"]) * rows["positives"]).where(rows["positives"] > 0, 0.0)
    return pd.DataFrame(
        {
            "label": rows["label"],
            "false_positives": positives,
            "false_negatives": negatives,
            "errors": positives + negatives,
        }
    )


def label_actions(
    labels: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    reference: str,
    confusions: pd.DataFrame,
    calibration: pd.DataFrame,
    gaps: pd.DataFrame,
    training_judged: bool = False,
) -> pd.DataFrame:
    """Every action that the tables speak for.

    Args:
        labels: Rows of the table ``labels`` of one split; unknown numbers NaN.
        scores: Rows of the table ``scores`` of that split, of all models.
        reference: Model whose decisions they are.
        confusions: Rows of the table ``confusions`` of the split.
        calibration: Rows of the table ``calibration`` of the split, of the reference's labels.
        gaps: Rows of the table ``gap`` of the validation split, of one model before, once per
            label.
        training_judged: Whether the doubts in ``labels`` are of training targets; they then save
            an unknown number of decisions on this split.

    Returns:
        One row per label and action, and per partner to tell it apart from, sorted by `ordered`:
        ``label``, ``action``, ``errors`` (false positives and negatives) and ``saved``, at most so
        many of them; NaN where the evidence gives no number. The evidence of each action, NaN in
        the rows of the others:

        - review annotations, where *missing annotations* is a cause: ``doubted_missing``,
          ``doubted_extra``, ``doubted_missing_unexplained`` and the ``surest_...`` numbers. Saves
          the unexplained doubts times the share of the surest unmarked images that the
          probabilities do not allow, at most all false positives.
        - tell apart: ``partner``, ``lift`` with its interval, ``share``, ``rate`` and
          ``rate_without``. Saves the share of false positives beside the partner, less what there
          would be at the rate elsewhere.
        - add images, where *rare* is a cause and the interval of AP lies below ``expected_ap``:
          ``train_positives`` and ``train_median``. Saves (expected - AP) / (1 - AP) of the errors,
          as if more images made it rank as well as the median label.
        - improve the teacher, where it is not clearly better than ``before`` on validation
          (``gap``), and the interval of its AP lies below ``expected_ap``. What that saves is
          not known.
        - recalibrate, where ``miscalibration_q`` is at most 0.05 and a recalibration lowers Brier
          score, negative log-likelihood and ECE alike: ``recalibration``, the one with the lowest
          Brier score, and ``brier_before``, ``brier_after``, ``ece_before``, ``ece_after``. Saves
          no decision: it keeps the order of images, so that a threshold chosen after it decides
          alike; what it changes at 0.5, where none was chosen, is not known.
    """
    own = scores[scores["model"] == reference]
    wrong = wrong_decisions(labels, own)
    found: dict[Action, pd.DataFrame] = {
        "review annotations": _review(labels, wrong, training_judged=training_judged),
        "tell apart": _tell_apart(confusions, wrong),
        "add images": _add_images(labels, own, wrong),
        "improve the teacher": _improve_teacher(labels, scores, gaps, wrong),
        "recalibrate": _recalibrate(labels, own, calibration, wrong),
    }
    parts = [rows.assign(action=action) for action, rows in found.items() if not rows.empty]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return ordered(pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS))


def ordered(actions: pd.DataFrame) -> pd.DataFrame:
    """``actions`` that could save most first; those of unknown effect by the label's errors."""
    place = actions["action"].map(list(ACTIONS).index)
    return (
        actions.assign(_place=place)
        .sort_values(
            ["saved", "errors", "_place"],
            ascending=[False, False, True],
            na_position="last",
            kind="stable",
            ignore_index=True,
        )
        .drop(columns="_place")
    )


def worth_fixing(actions: pd.DataFrame) -> pd.DataFrame:
    """Those that could save decisions, or nobody knows how many; most worth it first."""
    return actions[actions["saved"].isna() | (actions["saved"] > 0)].reset_index(drop=True)


def _review(labels: pd.DataFrame, wrong: pd.DataFrame, *, training_judged: bool) -> pd.DataFrame:
    rows = labels.loc[has_cause(labels, "missing annotations"), ["label", *_DOUBTS]]
    rows = rows.merge(wrong, on="label")
    surplus = 1 - rows["surest_expected"] / rows["surest_unmarked"]
    saved = np.minimum(rows["doubted_missing_unexplained"] * surplus, rows["false_positives"])
    return rows.assign(saved=np.nan if training_judged else saved)


def _tell_apart(confusions: pd.DataFrame, wrong: pd.DataFrame) -> pd.DataFrame:
    rows = confusions[["label", *PAIR]].merge(wrong, on="label")
    beyond = (1 - rows["rate_without"] / rows["rate"]).clip(lower=0)
    return rows.assign(saved=rows["false_positives"] * rows["share"] * beyond)


def _add_images(labels: pd.DataFrame, own: pd.DataFrame, wrong: pd.DataFrame) -> pd.DataFrame:
    counted = labels["train_positives"].where(labels["train_positives"] >= 0)
    chosen = has_cause(labels, "rare") & labels["supported"] & counted.notna()
    rows = labels.loc[chosen, ["label", "train_positives", "expected_ap"]]
    rows = rows.merge(own[["label", *_PRECISION]], on="label").merge(wrong, on="label")
    rows = rows[rows["average_precision_high"] < rows["expected_ap"]]
    precision = rows["average_precision"]
    share = (rows["expected_ap"] - precision) / (1 - precision)
    return rows.assign(train_median=counted.median(), saved=rows["errors"] * share)


def _improve_teacher(
    labels: pd.DataFrame, scores: pd.DataFrame, gaps: pd.DataFrame, wrong: pd.DataFrame
) -> pd.DataFrame:
    rows = gaps.loc[gaps["label"].isin(headroom(gaps).rest), ["label", "before", "gap"]]
    teacher = scores[scores["model"].isin(gaps["teacher"])]
    rows = rows.merge(teacher[["label", *_PRECISION]], on="label")
    rows = rows.merge(labels.loc[labels["supported"], ["label", "expected_ap"]], on="label")
    rows = rows[rows["average_precision_high"] < rows["expected_ap"]]
    return rows.merge(wrong, on="label").assign(saved=np.nan)


def _recalibrate(
    labels: pd.DataFrame, own: pd.DataFrame, calibration: pd.DataFrame, wrong: pd.DataFrame
) -> pd.DataFrame:
    is_none = calibration["recalibration"] == NONE
    rows = calibration.loc[is_none, ["label", *_ERRORS]].merge(
        calibration.loc[~is_none, ["label", "recalibration", *_ERRORS]],
        on="label",
        suffixes=("_before", "_after"),
    )
    rows = rows.merge(labels[["label", "miscalibration_q"]], on="label")
    chosen = rows["miscalibration_q"] <= FALSE_DISCOVERY_RATE
    for error in _ERRORS:
        chosen &= rows[f"{error}_after"] < rows[f"{error}_before"]
    rows = rows[chosen].sort_values("brier_after", kind="stable").drop_duplicates("label")
    rows = rows.merge(own[["label", "threshold_chosen"]], on="label").merge(wrong, on="label")
    return rows.assign(saved=np.where(rows["threshold_chosen"], 0.0, np.nan))
