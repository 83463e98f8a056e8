"""What the Gains page asks and says."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import count, interval, number, plural, safe_markdown
from udviz.figures.style.theme import VERDICTS, verdict_style
from udviz.ui.gains.comparison import Compared
from udviz.ui.labels.sentences import is_distillation
from udviz.ui.load.study import Study
from udviz.vocabulary import METRICS, Metric

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
_ONE_RUN_EACH = (
    "Each side is a single training run: how much training again would change it is **not** in "
    "these intervals."
)


def summary(study: Study, compared: Compared) -> str:
    """How many labels were helped and hurt, and the gain in the mean, as Markdown."""
    labels, mean = compared.known, compared.mean
    n = _verdicts(labels).value_counts()
    told = [
        f"**{verdict} {count(n.get(verdict, 0))}** {style.glyph}"
        for verdict, style in VERDICTS.items()
    ]
    before, after = map(safe_markdown, compared.pair)
    subject = f"{after} against {before}"
    if is_distillation(study, *compared.pair):
        subject = f"Distillation ({subject})"
    text = f"{subject}, of {plural(len(labels), 'label')}: {', '.join(told)}"
    if pd.isna(mean.gain):
        return f"{text}."
    facts = METRICS[compared.metric]
    metric = facts.name if facts.higher_is_better else f"{facts.name} (lower is better)"
    seeds = "includes" if mean.includes_seeds else "does **not** include"
    return (
        f"{text}. The mean {metric} changes by **{number(mean.gain, sign=True)}** "
        f"(95 % interval {interval(mean.low, mean.high, sign=True)}, "
        f"which {seeds} the variance between training seeds)."
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
            "validation. Intervals hold how far thresholds would move with other images there; "
            "images needed are counted as if validation grew with them."
        )
    return ""


def pick_labels(labels: pd.DataFrame, *, higher_is_better: bool = True) -> pd.DataFrame:
    """Ask which verdicts and in what order, kept in the URL; the labels that fit."""
    orders = [name for name, (column, _) in ORDERS.items() if labels[column].notna().any()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", orders, key="sort", bind="query-params", width=240)
        wanted = st.pills(
            "Verdict", list(VERDICTS), selection_mode="multi", key="verdict", bind="query-params"
        )
    column, ascending = ORDERS[order]
    if column == "gain" and not higher_is_better:
        ascending = not ascending
    chosen = labels[_verdicts(labels).isin(wanted or list(VERDICTS))]
    return chosen.sort_values(column, ascending=ascending, kind="stable", na_position="last")


def _verdicts(labels: pd.DataFrame) -> pd.Series:
    return labels["verdict"].map(lambda verdict: verdict_style(verdict).word)
