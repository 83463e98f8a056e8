"""The table of the Gains page: every gain with its evidence, and the gap it closes."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import plural
from udviz.ui.frame.view import View
from udviz.ui.gains.comparison import Compared
from udviz.ui.labels import tables
from udviz.ui.labels.text_tables import verdict_word
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError
from udviz.vocabulary import AVERAGE_PRECISION, METRICS, Metric

_COLUMNS: dict[str, tuple[str, str | None]] = {  # column: its head, its number format
    "label": ("Label", None),
    "before_value": ("Before", "%.3f"),
    "after_value": ("After", "%.3f"),
    "gain": ("Gain", "%.3f"),
    "gain_low": ("Gain, low", "%.3f"),
    "gain_high": ("Gain, high", "%.3f"),
    "gain_without_few": ("Gain without 1 %", "%.3f"),
    "p": ("p", "%.2g"),
    "q": ("q", "%.2g"),
    "verdict": ("Verdict", None),
    "supported": ("Enough positives", None),
    "detectable_gain": ("Detectable gain", "%.3f"),
    "closed": ("Gap closed", "%.2f"),
    "closed_low": ("Gap closed, low", "%.2f"),
    "closed_high": ("Gap closed, high", "%.2f"),
}
LEAN = tuple(_COLUMNS)  # of a download, where not all columns are asked for
ON_FEW = "†"
_GAP = ["closed", "closed_low", "closed_high"]


def with_gap(labels: pd.DataFrame, view: View, compared: Compared) -> pd.DataFrame:
    """``labels`` with the gap closed and its interval, where the analysis knows it.

    A gap has a teacher and two other models that the analysis compares.
    """
    if not (compared.analysed and compared.in_precision):
        return labels
    before, after = compared.pair
    where = (("split", (view.split,)), ("before", (before,)), ("after", (after,)))
    try:
        gap = analysis_rows(view.study, "gap", columns=["label", *_GAP], where=where)
    except StudyError as error:
        explain_missing(view.study, f"The gap closed is not in the table: {error}")
        return labels
    return labels if gap.empty else labels.merge(gap, how="left", on="label")


def gains_table(labels: pd.DataFrame, metric: Metric = AVERAGE_PRECISION) -> pd.DataFrame:
    """One row per label, numbers as numbers so that the table sorts by them.

    Infinity (the gap may be zero) is left empty; columns that this study does not have are left
    out.
    """
    marks = labels["rests_on_few"].eq(True).map({True: f" {ON_FEW}", False: ""})
    table = labels.assign(verdict=labels["verdict"].map(verdict_word) + marks)
    if labels["gain_without_few"].isna().all():  # a pair that the analysis does not compare
        table = table.drop(columns="gain_without_few")
    table = table[[name for name in _COLUMNS if name in table]]
    finite = table.replace([float("inf"), float("-inf")], float("nan"))
    return finite.rename(columns={name: head for name, (head, _) in _columns(metric).items()})


def _columns(metric: Metric) -> dict[str, tuple[str, str | None]]:
    """The columns with heads that call a gain what it is."""
    change = METRICS[metric].change
    return {name: (head.replace("Gain", change), form) for name, (head, form) in _COLUMNS.items()}


def draw_table(
    labels: pd.DataFrame, metric: Metric, *, opened: str | None, key: str, csv: tables.Csv
) -> None:
    """Draw `gains_table`; a click on a row opens its label, whose row is marked."""
    tables.draw_rows(
        gains_table(labels, metric),
        labels["label"].tolist(),
        opened=opened,
        key=key,
        alt="The gain of every label in view with its evidence, one row per label",
        formats={
            head: st.column_config.NumberColumn(format=form, help=tables.meaning_of(head))
            for head, form in _columns(metric).values()
            if form
        },
        csv=csv,
    )


def how_to_read_table(table: pd.DataFrame, *, n_images: int) -> str:
    """What those columns of ``table`` mean that do not speak for themselves."""
    meanings = {
        "gain_without_few": "Gain without 1 %: without the most influential 1 % of the images that "
        f"carry the label, at least one; {ON_FEW} marks a verdict that turns on these.",
        "q": "q: p after correction for multiple testing; a label with very few positives is not "
        "tested.",
        "detectable_gain": "Detectable gain: the smallest that this split of "
        f"{plural(n_images, 'image')} would show with 80 % power, the label tested on its own.",
        "closed": "Gap closed: share of the way from the model before to the teacher, 1 reaches "
        "it; a dash where the two may be equally good, so that any share is possible.",
    }
    return " ".join(meaning for column, meaning in meanings.items() if column in table)
