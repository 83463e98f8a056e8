"""The part of the Label page on slices: is it marked, and found, alike everywhere?"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.labels.slices import Marks, marks_beside
from udviz.figures.style.text import (
    interval,
    number,
    one_line,
    p_equals,
    p_value,
    safe_html,
    safe_markdown,
    shorten,
)
from udviz.figures.style.theme import NEUTRAL, MarkerStyle
from udviz.ui.frame import charts
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.load.analysis_rows import explain_missing
from udviz.ui.load.slice_rows import LEVEL, Q, slice_rows, unmirrored
from udviz.ui.load.study import StudyError
from udviz.vocabulary import SLICE_METRICS, SliceMetric

HOW_TO_READ = (
    "Each row is a slice of the images of this split, with 95 % intervals. Left: how often it is "
    "annotated, and how often the reference expects it; where the first changes and the second "
    "does not, it may be annotated differently. Right: what the reference is worth there. AP is "
    "left out: it changes with prevalence alone, AUROC does not."
)
_SHAPES: dict[SliceMetric, tuple[str, str]] = {
    "auroc": ("diamond", "◆"),
    "recall": ("triangle-up", "▲"),
    "false_positive_rate": ("triangle-down", "▼"),
}


def show(view: View, label: str) -> None:
    """Draw the measures of a label on every slice; nothing without slices."""
    try:
        rows = slice_rows(view, split=view.split, label=label, scope="label")
    except StudyError as error:
        explain_missing(view.study, f"The slices are not known: {error}")
        return
    if rows.empty:
        return
    st.header("Is it alike on every slice?", anchor=False)
    st.markdown(findings(rows))
    own = view.styles[view.reference]
    frequency = {
        "prevalence": MarkerStyle("prevalence", NEUTRAL, "circle-open", "○"),
        "mean_prob": replace(own, word=f"mean probability, {view.reference}"),
    }
    worth: dict[str, MarkerStyle] = {
        metric: MarkerStyle(SLICE_METRICS[metric], own.colour, symbol, glyph)
        for metric, (symbol, glyph) in _SHAPES.items()
    }
    with st.grid(2, min_column_width=400) as grid:
        for key, title, axis, styles in (
            ("slice-frequency", "How often", "Share of the images, and probability", frequency),
            ("slice-worth", f"{view.reference}: ranking and decisions", "0 to 1", worth),
        ):
            with grid.cell():
                own_rows = rows[rows["metric"].isin(styles)]
                _draw(own_rows, styles, key=key, title=f"{title}: {shorten(label)}", axis=axis)
    st.caption(HOW_TO_READ)
    tables.draw(
        slice_table(rows),
        key="slice-table",
        alt=f"Measures of {one_line(label)} on every slice and on the rest",
        formats={"q": st.column_config.Column(help=Q)},
        csv=tables.Csv(rows=rows, file_name=view.file_name("label-slices.csv")),
    )


def slice_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The measures of a label as text, one row per slice and measure."""
    rows = pd.concat([unmirrored(own) for _, own in rows.groupby("slice_column", sort=False)])
    return pd.DataFrame(
        {
            "Slice of images": _names(rows),
            "Measure": rows["metric"].map(SLICE_METRICS),
            "Slice": rows["value"].map(number),
            "95 % interval": _intervals(rows, "value"),
            "Rest": rows["rest"].map(number),
            "Rest, 95 % interval": _intervals(rows, "rest"),
            "Difference": [number(value, sign=True) for value in rows["difference"]],
            "Difference, 95 % interval": _intervals(rows, "difference"),
            "q": rows["q"].map(p_value),
        }
    )


def _names(rows: pd.DataFrame) -> list[str]:
    """What each row's slice is called; by its column too where there are several."""
    several = rows["slice_column"].nunique() > 1
    pairs = zip(rows["slice_column"], rows["slice"], strict=True)
    return [f"{column}: {name}" if several else str(name) for column, name in pairs]


def _intervals(rows: pd.DataFrame, name: str) -> list[str]:
    ends = zip(rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
    return [interval(low, high, sign=name == "difference") for low, high in ends]


def findings(rows: pd.DataFrame) -> str:
    """What differs beyond chance, the strongest evidence first, as Markdown."""
    found = rows[rows["q"] <= LEVEL].sort_values("p", kind="stable")
    pairs = found.drop_duplicates(["slice_column", "metric"])  # of two slices, both say the same
    if pairs.empty:
        return "No slice differs from the rest beyond chance, in prevalence or in what is measured."
    return "\n".join(
        f"- {SLICE_METRICS[row['metric']]}: **{number(row['value'])}** on "
        f"{safe_markdown(row['slice'])}, {number(row['rest'])} on the rest (difference "
        f"{number(row['difference'], sign=True)}, "
        f"{interval(row['difference_low'], row['difference_high'], sign=True)}, "
        f"q {p_equals(row['q'])})."
        for _, row in pairs.iterrows()
    )


def _draw(
    rows: pd.DataFrame, styles: Mapping[str, MarkerStyle], *, key: str, title: str, axis: str
) -> None:
    places = rows[["slice_column", "slice"]].drop_duplicates().reset_index(drop=True)
    if places.empty:
        return
    by_metric = {
        str(metric): places.merge(own, how="left", on=["slice_column", "slice"])
        for metric, own in rows.groupby("metric")
    }
    names = _names(places)
    shown = {metric: style for metric, style in styles.items() if metric in by_metric}
    charts.draw(
        marks_beside(
            names,
            [Marks(style=style, **_numbers(by_metric[metric])) for metric, style in shown.items()],
            ticks=[safe_html(shorten(name)) for name in names],
            hover=[_told(by_metric, shown, place, name) for place, name in enumerate(names)],
            title=safe_html(title),
            axis=axis,
        ),
        key=key,
        alt=_alt(by_metric, shown, names, title),
    )


def _numbers(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    names = {"value": "value", "low": "value_low", "high": "value_high"}
    return {name: rows[column].to_numpy(float) for name, column in names.items()}


def _told(
    by_metric: Mapping[str, pd.DataFrame], styles: Mapping[str, MarkerStyle], place: int, name: str
) -> str:
    lines = [f"<b>{safe_html(shorten(name, n_chars=60))}</b>"]
    for metric, style in styles.items():
        row = by_metric[metric].iloc[place]
        bounds = interval(row["value_low"], row["value_high"])
        lines.append(
            f"{style.glyph} {style.html} {number(row['value'])} ({bounds}), rest "
            f"{number(row['rest'])}"
        )
    return "<br>".join(lines)


def _alt(
    by_metric: Mapping[str, pd.DataFrame],
    styles: Mapping[str, MarkerStyle],
    names: list[str],
    title: str,
) -> str:
    told = "; ".join(
        f"{one_line(name)}: "
        + ", ".join(
            f"{one_line(style.word)} {number(by_metric[metric]['value'].iloc[place])}"
            for metric, style in styles.items()
        )
        for place, name in enumerate(names)
    )
    return f"{one_line(title)}, on every slice of images: {told}."
