"""What the Gains page asks and says."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import safe_markdown, shorten
from udviz.figures.style.theme import VERDICTS
from udviz.ui.gains.comparison import Compared
from udviz.ui.gains.gains_table import ON_FEW
from udviz.ui.labels.change import verdict_words
from udviz.ui.labels.filters import order_labels
from udviz.vocabulary import Metric

NO_PAIR = (
    "A gain is the average precision of one model minus that of another. This study has a single "
    "model on this split, and there are no predictions of another one to compare it with."
)
HOW_TO_READ_FOREST = (
    "Each row is a label: its gain and the 95 % interval of that gain. With many labels some "
    "intervals exclude zero by chance; the verdicts correct for that: of the labels called helped "
    "or hurt, at most about 5 % are expected to be wrong. Names in *italics* have too few "
    "positives to be evaluated. Click a row to open the label."
)
ORDERS = {
    "largest gain first": ("gain", False),
    "largest loss first": ("gain", True),
    "lowest q first": ("q", True),
    "hardest first": ("difficulty_rank", True),
}
_MOST_NAMED = 5
_ONE_RUN_EACH = (
    "Each side is a single training run: how much training again would change it is **not** in "
    "these intervals."
)


def on_few(compared: Compared) -> str:
    """Which verdicts turn on a few images, as Markdown; empty for none."""
    labels = compared.known
    names = labels.loc[labels["rests_on_few"].eq(True), "label"]
    if names.empty:
        return ""
    some = ", ".join(safe_markdown(shorten(name)) for name in names.head(_MOST_NAMED))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (
        f"{ON_FEW} A few images decide the verdict on {some}{more}: without the most influential "
        "1 % of the images that carry the label (at least one), its interval would hold 0."
    )


def about_runs(compared: Compared) -> str:
    """How many runs the two sides are made of, as Markdown; empty for an analysed pair."""
    if compared.analysed:
        return ""
    before, after = compared.before, compared.after
    text = (
        f"Computed here from the predictions of {safe_markdown(before.name)} ({before.in_words}) "
        f"and {safe_markdown(after.name)} ({after.in_words}), q over these labels alone. "
    )
    if not compared.mean.includes_seeds:
        return text + _ONE_RUN_EACH
    if not set(before.caches) & set(after.caches):
        return text + "The single run stands for every seed and counts as fixed."
    return text


def about_metric(metric: Metric) -> str:
    """What an interval of a metric rests on besides the images, as Markdown; empty for AP."""
    if metric.endswith("_at_f1"):
        return (
            "Each run decides at its own thresholds, those with the best F1 on validation. They "
            "are taken as given: intervals speak of these decisions, and a model that is called "
            "hurt in false positives may have moved its threshold and gained in recall."
        )
    if "_at_recall_" in metric:
        return (
            "Each run decides at thresholds of its own, which find this share of the positives on "
            "validation. Intervals hold how far thresholds would move with other images there."
        )
    return ""


def pick_labels(labels: pd.DataFrame, *, higher_is_better: bool = True) -> pd.DataFrame:
    """Ask which verdicts and in what order, kept in the URL; the labels that fit."""
    known = [name for name, (column, _) in ORDERS.items() if labels[column].notna().any()]
    orders = known or list(ORDERS)[:1]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", orders, key="sort", bind="query-params", width=240)
        wanted = st.pills(
            "Verdict", list(VERDICTS), selection_mode="multi", key="verdict", bind="query-params"
        )
    column, ascending = ORDERS[order]
    if column == "gain" and not higher_is_better:
        ascending = not ascending
    chosen = labels[verdict_words(labels).isin(wanted or list(VERDICTS))]
    return order_labels(chosen, (column, ascending))
