"""Labels by two of their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.figures.labels.panels import gain_title
from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import add_labels, name_mark
from udviz.figures.style.text import one_line, safe_html, shorten
from udviz.figures.style.theme import (
    NEUTRAL,
    VERDICTS,
    MarkerStyle,
    add_rule,
    put,
    set_frame,
    verdict_style,
)

_MARGIN = 0.05  # of an axis, beyond the outermost labels
_NO_VERDICT = MarkerStyle("label", NEUTRAL, "circle", "●")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that every label has.

    Attributes:
        column: Its column in the rows of the labels.
        axis: What an axis of it says, with its unit.
        log: Whether its axis counts in powers of ten.
        zero: Whether zero is always in view, and drawn.
    """

    column: str
    axis: str
    log: bool = False
    zero: bool = False


def gain_between(before: str, after: str) -> Number:
    """The gain of ``after`` over ``before``."""
    return Number(column="gain", axis=gain_title(before, after), zero=True)


def column_of(quantity: str, model: str) -> str:
    """Column of a model's score in rows of labels that hold all of them side by side."""
    return f"{quantity} of {model}"


def numbers_of(
    models: Sequence[str], *, reference: str, pair: tuple[str, str] | None
) -> dict[str, Number]:
    """What a label can be placed by; the first one is that of the x axis unless another is picked.

    Args:
        models: Names of the models whose scores the labels have.
        reference: Model whose difficulty and uncertainty they have.
        pair: Models before and after, which the gains are between.
    """
    owner = safe_html(shorten(reference))
    gain = {"gain": gain_between(*pair)} if pair else {}
    return {
        "prevalence": Number(column="prevalence", axis="Prevalence, share of images", log=True),
        "training positives": Number(
            column="train_positives", axis="Training images that carry it", log=True
        ),
        **{
            f"AP of {one_line(name)}": Number(
                column=column_of("average_precision", name),
                axis=f"AP of {safe_html(shorten(name))}, 0 to 1",
            )
            for name in models
        },
        "difficulty": Number(column="difficulty", axis=f"Difficulty for {owner}, higher is harder"),
        "disagreement": Number(column="disagreement", axis=f"Mean disagreement of {owner}, nats"),
        "entropy": Number(column="entropy", axis=f"Mean binary entropy of {owner}, nats"),
        **{
            f"ECE of {one_line(name)}": Number(
                column=column_of("ece", name), axis=f"ECE of {safe_html(shorten(name))}, 0 to 1"
            )
            for name in models
        },
        **gain,
    }


def label_scatter(
    labels: pd.DataFrame,
    hover: Mapping[str, str],
    *,
    x: Number,
    y: Number,
    title: str,
    opened: str | None = None,
) -> Figure:
    """One mark per label, a click on which names it.

    Args:
        labels: One row per label with both numbers, ``gain`` and ``verdict``; labels that lack
            one of the two, or have no logarithm where one is drawn, are left out.
        hover: Label -> what its mark says when the pointer rests on it, as HTML.
        x: Number on the x axis.
        y: Number on the y axis.
        title: What the chart shows.
        opened: Label that is named in the chart.
    """
    known = labels[_drawable(labels, x) & _drawable(labels, y)]
    figure = Figure()
    set_frame(figure, title=title, plot_px=300)
    shows_gain = "gain" in (x.column, y.column)
    figure.frame["showlegend"] = shows_gain
    if x.zero:
        add_rule(figure, x=0)
    if y.zero:
        add_rule(figure, y=0)
    for style, part in _by_verdict(known) if shows_gain else [(_NO_VERDICT, known)]:
        places = part[x.column].to_numpy(float), part[y.column].to_numpy(float)
        told = [hover[label] for label in part["label"]]
        add_labels(figure, part, told, places, style=style, n_labels=len(known))
    _name(figure, known[known["label"] == opened], x, y)
    for number, axis in ((x, figure.select_xaxes()), (y, figure.select_yaxes())):
        values = known[number.column].to_numpy(float)
        extent = _extent(values, number)
        put(axis, range=extent, title=number.axis)
        if number.log:
            ticks = _log_ticks(*extent)
            put(axis, type="log", tickvals=ticks, ticktext=[f"{tick:,.9g}" for tick in ticks])
    return figure


def _drawable(labels: pd.DataFrame, number: Number) -> pd.Series:
    values = labels[number.column]
    return values > 0 if number.log else values.notna()


def _by_verdict(labels: pd.DataFrame) -> list[tuple[MarkerStyle, pd.DataFrame]]:
    words = labels["verdict"].map(lambda verdict: verdict_style(verdict).word)
    return [(style, labels[words == style.word]) for style in VERDICTS.values()]


def _name(figure: Figure, label: pd.DataFrame, x: Number, y: Number) -> None:
    """Write the name beside the mark of the opened label."""
    for _, row in label.iterrows():
        name_mark(
            figure,
            row["label"],
            x=np.log10(row[x.column]) if x.log else row[x.column],
            y=np.log10(row[y.column]) if y.log else row[y.column],
        )


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two exponents; of more than three decades only 1."""
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    return [tick for tick in ticks if low <= np.log10(tick) <= high]


def _extent(values: np.ndarray, number: Number) -> list[float]:
    """Ends of an axis that holds all ``values`` (L,) with a margin; exponents of a log axis."""
    if number.zero:
        values = np.append(values, 0.0)
    if not len(values):
        return [0.0, 1.0]
    if number.log:
        values = np.log10(values)
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * ((high - low) or abs(high) or 1.0)
    return [low - margin, high + margin]
