"""What a label's row says when the pointer rests on it."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from udviz.figures.labels.causes import split_causes
from udviz.figures.style.text import count, interval, number, safe_html, shorten
from udviz.figures.style.theme import MarkerStyle, verdict_style
from udviz.vocabulary import AVERAGE_PRECISION, METRICS, Metric

Row = Mapping[Hashable, Any]


def label_summaries(
    labels: pd.DataFrame,
    scores: pd.DataFrame,
    styles: Mapping[str, MarkerStyle],
    *,
    gains: bool = True,
    metric: Metric = AVERAGE_PRECISION,
) -> list[str]:
    """The numbers of every label as plotly's HTML, a fact a line.

    Args:
        labels: One row per label: the table ``labels`` with the gain of a comparison.
        scores: Rows of the table ``scores`` of one split.
        styles: How each model is drawn; others are left out.
        gains: Whether the chart shows gains, so that a verdict has its place.
        metric: What the gains are in.
    """
    found = scores[scores["label"].isin(labels["label"]) & scores["model"].isin(list(styles))]
    told: dict[str, dict[str, str]] = {}
    for row in found[found["average_precision"].notna()].to_dict("records"):
        told.setdefault(row["label"], {})[row["model"]] = _score(row, styles[row["model"]])
    rows = labels.to_dict("records")  # dictionaries are read ten times faster than series
    change = METRICS[metric].change if gains else None
    return [_summary(row, told.get(row["label"], {}), styles, change) for row in rows]


def _summary(
    label: Row, told: Mapping[str, str], styles: Mapping[str, MarkerStyle], change: str | None
) -> str:
    lines = [f"<b>{safe_html(shorten(label['label'], n_chars=60))}</b>"]
    lines += [told[name] for name in styles if name in told]
    if change and pd.notna(label["gain"]):
        style = verdict_style(label["verdict"])
        bounds = interval(label["gain_low"], label["gain_high"], sign=True)
        gain = number(label["gain"], sign=True)
        lines.append(f"{change} {gain} ({bounds}) {style.glyph} {style.word}")
    if pd.notna(label["difficulty_rank"]):
        ranks = interval(label["rank_low"], label["rank_high"], digits=0)
        lines.append(f"Difficulty rank {count(label['difficulty_rank'])} ({ranks})")
    lines.append(f"{count(label['positives'])} positives")
    if causes := split_causes(label["causes"]):
        lines.append("Possible causes: " + safe_html(", ".join(causes)))
    return "<br>".join(lines)


def _score(row: Row, style: MarkerStyle) -> str:
    bounds = interval(row["average_precision_low"], row["average_precision_high"])
    return f"{style.glyph} {style.html} AP {number(row['average_precision'])} ({bounds})"
