"""Co-occurrence of labels: a heat map of the labels in view, and its pairs as a table."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.co_occurrence import conditional_heatmap, lift_heatmap
from udviz.figures.style.text import number, one_line, plural, safe_markdown
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.labels.controls import pick_one, pick_page
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError

PAGE_SIZE = 30  # labels; more cells could not be told apart on a narrow window
N_AROUND = 20  # labels that the opened one is most often with
FREQUENT, AROUND = "most frequent", "around the opened label"
MEASURES = {"lift": "lift", "P(column | row)": "conditional"}
HOW_TO_READ = (
    "P(column | row): share of the images with the given label (row) that have the co-occurring "
    "label (column). Lift: P(column | row) / prevalence of the column; 1 = independent, below 1 = "
    "the labels exclude each other. Lifts of rare labels rest on few images, see the table. Click "
    "a cell to open the given label."
)
NO_PAIRS = "The analysis counted no pairs of labels in this split."
_COLUMNS = ["label", "other_label", "together", "conditional", "lift"]


def show(view: View, opened: str | None) -> None:
    """Draw how often the labels in view are together."""
    with st.container(horizontal=True):
        value = pick_one("Measure", list(MEASURES), key="measure")
        options = [FREQUENT] if opened is None else [FREQUENT, AROUND]
        which = pick_one("Labels", options, key="pairs")
    try:
        names = _around(view, opened) if opened and which == AROUND else _frequent(view)
        pairs = _pairs(view, names, names)
    except StudyError as error:
        explain_missing(view.study, f"The co-occurrence of labels is not known: {error}")
        return
    if pairs.empty:
        st.info(NO_PAIRS)
        return
    _draw(pairs, names, MEASURES[value])
    st.caption(HOW_TO_READ)
    if opened and which == AROUND:
        st.caption(
            f"The {plural(len(names) - 1, 'label')} that co-occur most often with "
            f"{safe_markdown(opened)}."
        )
    st.subheader("Table", anchor=False)
    csv = tables.Csv(rows=pairs, file_name=view.file_name("pairs.csv"))
    _draw_table(pairs, opened, csv)


def _frequent(view: View) -> list[str]:
    """A page of the labels, the most frequent first."""
    ordered = view.labels.sort_values("positives", ascending=False, kind="stable")
    return [str(name) for name in pick_page(ordered, size=PAGE_SIZE)["label"]]


def _around(view: View, label: str) -> list[str]:
    """``label``, then those that are most often there with it."""
    row = _pairs(view, [label], None).sort_values("together", ascending=False, kind="stable")
    return [label, *row["other_label"].head(N_AROUND)]


def _pairs(view: View, names: list[str], others: list[str] | None) -> pd.DataFrame:
    """Ordered pairs of this split, the largest lift first."""
    where = [("split", (view.split,)), ("label", tuple(names))]
    if others is not None:
        where.append(("other_label", tuple(others)))
    rows = analysis_rows(view.study, "co_occurrence", columns=_COLUMNS, where=tuple(where))
    return rows.sort_values(["lift", "together"], ascending=False, kind="stable")


def _draw(pairs: pd.DataFrame, names: list[str], value: str) -> None:
    wide = pairs.pivot(index="label", columns="other_label", values=value)
    matrix = wide.reindex(index=names, columns=names).to_numpy(float)
    if value == "lift":
        figure = lift_heatmap(matrix, names, title="Lift: co-occurrence relative to independence")
    else:
        figure = conditional_heatmap(matrix, names, title="P(co-occurring label | given label)")
    charts.draw(figure, key="co-occurrence", alt=_alt(pairs, names), on_click=open_label)


def _draw_table(pairs: pd.DataFrame, opened: str | None, csv: tables.Csv) -> None:
    named = {
        "label": "Given label",
        "other_label": "Co-occurring label",
        "together": "Images with both",
        "conditional": "P(co-occurring | given)",
        "lift": "Lift",
    }
    tables.draw_rows(
        pairs[list(named)].rename(columns=named),
        pairs["label"].tolist(),
        opened=opened,
        key="pairs-table",
        alt="Pairs of labels with the images that have both, the largest lift first",
        formats={
            head: st.column_config.NumberColumn(format=form, help=tables.meaning_of(head))
            for head, form in {"P(co-occurring | given)": "%.3f", "Lift": "%.2f"}.items()
        },
        csv=csv,
    )


def _alt(pairs: pd.DataFrame, names: list[str]) -> str:
    first = pairs.iloc[0]
    return (
        f"Co-occurrence of {plural(len(names), 'label')}. Largest lift: "
        f"{one_line(first['label'])} with {one_line(first['other_label'])}, "
        f"lift {number(first['lift'], digits=1)}."
    )
