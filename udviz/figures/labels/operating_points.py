"""Every label at its threshold: precision against recall."""

from collections.abc import Mapping

import pandas as pd

from udviz.figures.style.figure import Figure
from udviz.figures.style.markers import add_labels, name_mark
from udviz.figures.style.text import interval, number, safe_html
from udviz.figures.style.theme import NEUTRAL, MarkerStyle, add_rule, put, set_frame

_PLAIN = MarkerStyle("label", NEUTRAL, "circle", "●")
_NOTED = MarkerStyle("look before use", "#C44601", "diamond", "◆")


def operating_points(
    rows: pd.DataFrame, asked: Mapping[str, float], *, title: str, opened: str | None = None
) -> Figure:
    """One mark per label, a click on which names it.

    Args:
        rows: One row per label: `operating_table` and ``note``, which marks those to look at.
        asked: ``precision`` or ``recall`` -> the least that was asked for.
        title: What the chart shows.
        opened: Label that is named and has its intervals drawn.
    """
    figure = Figure()
    set_frame(figure, title=title, plot_px=360)
    figure.frame["showlegend"] = bool((rows["note"] != "").any())
    if "precision" in asked:
        add_rule(figure, y=asked["precision"], dash="dash")
    if "recall" in asked:
        add_rule(figure, x=asked["recall"], dash="dash")
    _draw_intervals(figure, rows[rows["label"] == opened])
    for style, part in ((_PLAIN, rows[rows["note"] == ""]), (_NOTED, rows[rows["note"] != ""])):
        places = part["recall"].to_numpy(float), part["precision"].to_numpy(float)
        told = [_told(row) for _, row in part.iterrows()]
        add_labels(figure, part, told, places, style=style, n_labels=len(rows))
    put(figure.select_xaxes(), range=[-0.03, 1.03], title="Recall")
    put(figure.select_yaxes(), range=[-0.03, 1.03], title="Precision")
    return figure


def _draw_intervals(figure: Figure, rows: pd.DataFrame) -> None:
    for _, row in rows.iterrows():
        for x, y in (
            ([row["recall_low"], row["recall_high"]], [row["precision"]] * 2),
            ([row["recall"]] * 2, [row["precision_low"], row["precision_high"]]),
        ):
            figure.add_scatter(
                x=x, y=y, mode="lines", line={"color": NEUTRAL}, hoverinfo="skip", showlegend=False
            )
        name_mark(figure, row["label"], x=row["recall"], y=row["precision"])


def _told(row: pd.Series) -> str:
    ends = {
        name: f"{number(row[name])} ({interval(row[f'{name}_low'], row[f'{name}_high'])})"
        for name in ("precision", "recall")
    }
    note = f"<br>{safe_html(row['note'])}" if row["note"] else ""
    return (
        f"<b>{safe_html(row['label'])}</b><br>threshold {number(row['threshold'], digits=4)}"
        f"<br>precision {ends['precision']}<br>recall {ends['recall']}{note}"
    )
