"""What the Gains page asks and says."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import count, interval, number, plural, safe_markdown
from udviz.figures.style.theme import UNDECIDED, VERDICTS
from udviz.ui.gains.comparison import Comparison

NO_STUDENT = (
    "A gain is the average precision of a distilled student minus that of a baseline student. "
    "This study compares no such pair on this split, so no label has a gain, "
    "and there are no predictions of two models to compare instead."
)
HOW_TO_READ_FOREST = (
    "Each row is a label: its gain and the 95 % interval of that gain. Verdicts are corrected for "
    "looking at all labels at once (of those called helped or hurt, at most about 5 % are expected "
    "to be wrong), so a line that leaves out zero is not yet proof. Names in *italics* have too "
    "few positives to be trusted. Click a row to open the label."
)
ORDERS = {
    "largest gain first": ("gain", False),
    "largest loss first": ("gain", True),
    "clearest first (lowest q)": ("gain_q", True),
    "hardest first": ("difficulty_rank", True),
}
_ONE_RUN_EACH = (
    "Each side is a single training run: how much training again would change it is **not** in "
    "these intervals."
)


def summary(comparison: Comparison) -> str:
    """How many labels were helped and hurt, and the gain in mean AP, as Markdown."""
    labels, mean = comparison.known, comparison.mean
    n = _verdicts(labels).value_counts().reindex(list(VERDICTS), fill_value=0)
    text = (
        f"Of {plural(len(labels), 'label')}, {_subject(comparison)} "
        f"**helped {count(n['helped'])}** {VERDICTS['helped'].glyph} and "
        f"**hurt {count(n['hurt'])}** {VERDICTS['hurt'].glyph}; "
        f"for **{count(n[UNDECIDED])}** {VERDICTS[UNDECIDED].glyph} it cannot be told"
    )
    if mean is None or pd.isna(mean["gain"]):
        return f"{text}."
    seeds = "includes" if mean["includes_seed_variance"] else "does **not** include"
    return (
        f"{text}; the mean average precision changes by **{number(mean['gain'], sign=True)}** "
        f"(95 % interval {interval(mean['low'], mean['high'], sign=True)}, "
        f"which {seeds} the variance between training seeds)."
    )


def about_runs(comparison: Comparison) -> str:
    """How many runs the two sides are made of, as Markdown; empty for the analysed pair."""
    if comparison.analysed:
        return ""
    before, after = comparison.before, comparison.after
    text = (
        f"Computed here from the predictions of {safe_markdown(before.name)} ({before.in_words}) "
        f"and {safe_markdown(after.name)} ({after.in_words}). *Helped* means that "
        f"{safe_markdown(after.name)} ranks the images better. "
    )
    if comparison.mean is not None and not comparison.mean["includes_seed_variance"]:
        return text + _ONE_RUN_EACH
    if 1 in (len(before.caches), len(after.caches)):
        return text + "The single run stands for every seed and counts as fixed."
    return text


def _subject(comparison: Comparison) -> str:
    if comparison.analysed:
        return "distillation"
    return (
        f"{safe_markdown(comparison.after.name)} in place of "
        f"{safe_markdown(comparison.before.name)}"
    )


def pick_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Ask which verdicts and in what order, kept in the URL; the labels that fit."""
    orders = [name for name, (column, _) in ORDERS.items() if labels[column].notna().any()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", orders, key="sort", bind="query-params", width=240)
        wanted = st.pills(
            "Verdict", list(VERDICTS), selection_mode="multi", key="verdict", bind="query-params"
        )
    column, ascending = ORDERS[order]
    chosen = labels[_verdicts(labels).isin(wanted or list(VERDICTS))]
    return chosen.sort_values(column, ascending=ascending, kind="stable", na_position="last")


def _verdicts(labels: pd.DataFrame) -> pd.Series:
    return labels["verdict"].where(labels["verdict"].isin(VERDICTS), UNDECIDED)
