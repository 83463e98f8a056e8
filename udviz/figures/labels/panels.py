"""The panels of the ranking: what each draws, on which axis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from udviz.figures.labels.causes import CAUSES, shared_causes, split_causes
from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import add_dots_with_intervals
from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import (
    CHANCE,
    NEUTRAL,
    RANK,
    VERDICTS,
    MarkerStyle,
    add_rule,
    verdict_style,
    whole_ticks,
)
from udviz.vocabulary import AVERAGE_PRECISION, METRICS, Metric

Axis = dict[str, Any]  # plotly settings of one x axis

_DODGE = 0.25  # rows that the models of one label lie apart, where they are few
_SPREAD = 0.75  # rows that all models of one label take together
_MANY = 100  # labels, from which on an axis over all ranks is too coarse
_GAIN_STEP = 0.05  # the gain axis ends on a multiple of this


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """What a ranking draws.

    Attributes:
        labels: One row per label in view: the table ``labels`` with the gain of a comparison.
        all_labels: The same of every label of the split; it fixes the axes whatever is filtered.
        scores: Rows of the table ``scores`` of the split.
        styles: How each model is drawn, in order.
        pair: Names of the models before and after, which the gains are between.
        metric: What the gains are in.
    """

    labels: pd.DataFrame
    all_labels: pd.DataFrame
    scores: pd.DataFrame
    styles: Mapping[str, MarkerStyle]
    pair: tuple[str, str] | None
    metric: Metric = AVERAGE_PRECISION


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel of the ranking.

    Attributes:
        draw: Adds the marks of the labels, one row each, to panel number ``column``.
        axis: Range, title and ticks of the x axis.
        needs: Column of the labels without which there is nothing to draw; empty if none.
        width: Share of the chart's width, relative to the other panels.
    """

    draw: Callable[[Figure, Rows, int], None]
    axis: Callable[[Rows], Axis]
    needs: str
    width: float


def gain_limit(all_labels: pd.DataFrame) -> float:
    """End of the gain axis, in (0, 1]: it holds every label's interval, the same on both sides."""
    ends = all_labels[["gain", "gain_low", "gain_high"]].to_numpy(float)
    widest = np.nanmax(np.abs(ends)) if np.isfinite(ends).any() else 0.0
    return float(min(1.0, _GAIN_STEP * (1 + widest // _GAIN_STEP)))


def gain_title(before: str, after: str, metric: Metric = AVERAGE_PRECISION) -> str:
    """Title of an axis of gains: in what, and which two models they are between."""
    facts = METRICS[metric]
    better = "" if facts.higher_is_better else " (lower is better)"
    pair = f"{safe_html(shorten(after))} − {safe_html(shorten(before))}"
    return f"{facts.change} in {facts.short}, {pair}{better}"


def _draw_average_precision(figure: Figure, rows: Rows, column: int) -> None:
    _draw_chance(figure, rows.labels, column)
    by_model = dict(iter(rows.scores.groupby("model", sort=False)))
    drawn = [name for name in rows.styles if name in by_model]
    apart = min(_DODGE, _SPREAD / max(1, len(drawn) - 1))
    for place, name in enumerate(drawn):
        found = by_model[name].set_index("label").reindex(rows.labels["label"])
        add_dots_with_intervals(
            figure,
            _column(found, "average_precision"),
            (_column(found, "average_precision_low"), _column(found, "average_precision_high")),
            np.arange(len(found)) + apart * (place - (len(drawn) - 1) / 2),
            style=rows.styles[name],
            column=column,
            size_px=7,
        )


def _draw_chance(figure: Figure, labels: pd.DataFrame, column: int) -> None:
    """The AP of a random ranking, which is the prevalence: difficulty is counted from there."""
    figure.add_scatter(
        x=_column(labels, "prevalence"),
        y=np.arange(len(labels)),
        mode="markers",
        marker={"symbol": CHANCE.symbol, "color": CHANCE.colour, "size": 13, "line": {"width": 2}},
        name=CHANCE.html,
        hoverinfo="skip",
        row=1,
        col=column,
    )


def _draw_gain(figure: Figure, rows: Rows, column: int) -> None:
    add_rule(figure, x=0, place=column)
    words = rows.labels["verdict"].map(lambda verdict: verdict_style(verdict).word)
    for style in VERDICTS.values():
        chosen = (words == style.word).to_numpy(bool)
        part = rows.labels[chosen]
        add_dots_with_intervals(
            figure,
            _column(part, "gain"),
            (_column(part, "gain_low"), _column(part, "gain_high")),
            np.flatnonzero(chosen),
            style=style,
            column=column,
        )


def _draw_rank(figure: Figure, rows: Rows, column: int) -> None:
    labels = rows.labels
    add_dots_with_intervals(
        figure,
        _column(labels, "difficulty_rank"),
        (_column(labels, "rank_low"), _column(labels, "rank_high")),
        np.arange(len(labels)),
        style=RANK,
        column=column,
    )


def _draw_causes(figure: Figure, rows: Rows, column: int) -> None:
    order = _causes_drawn(rows)
    marks = [
        (order.index(cause), row)
        for row, cell in enumerate(rows.labels["causes"])
        for cause in split_causes(cell)
        if cause in order
    ]
    figure.add_scatter(
        x=[place for place, _ in marks],
        y=[row for _, row in marks],
        mode="markers",
        marker={"symbol": "square", "size": 10, "color": NEUTRAL},
        hoverinfo="skip",
        showlegend=False,
        row=1,
        col=column,
    )


def _column(labels: pd.DataFrame, name: str) -> np.ndarray:
    return labels[name].to_numpy(float)


def _probability_axis(_: Rows) -> Axis:
    return {"range": [0.0, 1.0], "title": "AP, 0 to 1"}


def _gain_axis(rows: Rows) -> Axis:
    limit = gain_limit(rows.all_labels)
    title = gain_title(*rows.pair, rows.metric) if rows.pair else "Gain in AP"
    return {"range": [-limit, limit], "title": title}


def _rank_axis(rows: Rows) -> Axis:
    """All ranks; of a large study those in view, or forty ranks would share one pixel."""
    labels = rows.labels
    first, last = 1.0, float(len(rows.all_labels))
    if len(rows.all_labels) > _MANY and labels["rank_low"].notna().any():
        first, last = float(labels["rank_low"].min()), float(labels["rank_high"].max())
    ticks = whole_ticks(int(last - first) + 1)
    return {"range": [first - 0.5, last + 0.5], "title": "Rank, 1 = hardest"} | ticks


def _causes_drawn(rows: Rows) -> list[str]:
    """Causes that tell labels apart; what nearly all labels share is said in words."""
    shared = shared_causes(rows.all_labels["causes"].tolist())
    return [cause for cause in CAUSES if cause not in shared]


def _cause_axis(rows: Rows) -> Axis:
    names = _causes_drawn(rows)
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "tickangle": -50}
    return {
        "range": [-0.6, len(names) - 0.4],
        "title": "Possible causes",
        "showgrid": False,
    } | ticks


PANELS = {
    "average precision": Panel(
        draw=_draw_average_precision, axis=_probability_axis, needs="", width=4
    ),
    "gain": Panel(draw=_draw_gain, axis=_gain_axis, needs="gain", width=2.6),
    "rank": Panel(draw=_draw_rank, axis=_rank_axis, needs="difficulty_rank", width=2.6),
    "causes": Panel(draw=_draw_causes, axis=_cause_axis, needs="causes", width=2.1),
}
