"""The marks that the charts share: a dot with its interval, the labels of a verdict."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure
from udviz.figures.style.text import safe_html, shorten
from udviz.figures.style.theme import CLEAR, NEUTRAL, OPENED, STRIPE, MarkerStyle

CLICKABLE: dict[str, Any] = {  # marks with a `hovertext`, which a click does not fade
    "hovertemplate": "%{hovertext}<extra></extra>",
    "selected": {"marker": {"opacity": 1}},
    "unselected": {"marker": {"opacity": 1}},
}


def interval_path(
    ends: tuple[np.ndarray, np.ndarray], across: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One broken line through all intervals, so that a thousand of them stay one SVG path.

    Args:
        ends: Low and high ends, (L,) each.
        across: (L,) positions on the other axis.

    Returns:
        (3 L,) positions along and across the intervals, with NaN between two intervals.
    """
    gap = np.full(len(across), np.nan)
    along = np.column_stack([*ends, gap]).ravel()  # (L, 3) -> (3 L,)
    return along, np.repeat(across, 3)


def add_dots_with_intervals(
    figure: Figure,
    values: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    rows: np.ndarray,
    *,
    style: MarkerStyle,
    column: int,
    size_px: int = 9,
    line_px: int = 2,
) -> None:
    """Draw (L,) values with their intervals at heights ``rows`` in one panel of ``figure``."""
    x, y = interval_path(ends, rows)
    shared = {"legendgroup": style.word, "name": style.html, "hoverinfo": "skip"}
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": style.colour, "width": line_px},
        opacity=0.55,
        showlegend=False,
        row=1,
        col=column,
        **shared,
    )
    figure.add_scatter(
        x=values,
        y=rows,
        mode="markers",
        marker={
            "color": style.colour,
            "symbol": style.symbol,
            "size": size_px,
            "line": {"color": style.colour, "width": 2 if "open" in style.symbol else 0},
        },
        row=1,
        col=column,
        **shared,
    )


def stripes_of(names: Sequence[str], opened: str | None = None) -> list[str]:
    """Colour behind each row of a chart: every other one is shaded, that of ``opened`` lifted."""
    return [OPENED if n == opened else (CLEAR, STRIPE)[i % 2] for i, n in enumerate(names)]


def add_rows(
    figure: Figure,
    names: Sequence[str],
    hover: Sequence[str],
    colours: Sequence[str],
    *,
    extent: Sequence[float],
    column: int,
) -> None:
    """Draw one bar across the panel per row: the stripe, the hover and what a click hits.

    The bars carry the full label name as ``customdata``.
    """
    figure.add_bar(
        orientation="h",
        base=extent[0],
        x=[extent[1] - extent[0]] * len(names),
        y=list(range(len(names))),
        width=1,
        marker={"color": list(colours), "line": {"width": 0}},
        customdata=list(names),
        hovertext=list(hover),
        **CLICKABLE,
        showlegend=False,
        row=1,
        col=column,
    )


def add_labels(
    figure: Figure,
    labels: pd.DataFrame,
    hover: Sequence[str],
    places: tuple[np.ndarray, np.ndarray],
    *,
    style: MarkerStyle,
    n_labels: int,
) -> None:
    """Mark the labels of one verdict; a click on a mark names its label.

    Args:
        figure: Figure to draw on.
        labels: One row per label, with its name in ``label``.
        hover: What each says when the pointer rests on it, as HTML.
        places: Their places on the x and on the y axis, (L,) each.
        style: How the verdict is drawn.
        n_labels: Labels in the whole figure; many are drawn small.
    """
    figure.add_scatter(
        x=places[0],
        y=places[1],
        mode="markers",
        marker={"color": style.colour, "symbol": style.symbol}
        | {"size": 9 if n_labels <= 200 else 5},
        name=f"{style.word} ({len(labels):,})",
        customdata=labels["label"],
        hovertext=list(hover),
        **CLICKABLE,
    )


def name_mark(figure: Figure, label: str, *, x: float, y: float) -> None:
    """Write a label's name beside its mark; places are exponents on log axes."""
    figure.add_annotation(
        x=x,
        y=y,
        text=f"<b>{safe_html(shorten(label))}</b>",
        ax=0,
        ay=-26,
        arrowcolor=NEUTRAL,
        arrowhead=0,
        standoff=6,
    )
