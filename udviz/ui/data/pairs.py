"""Which labels go together: a heat map of the labels in view, and its pairs as a table."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.pairs import conditional_heatmap, lift_heatmap
from udviz.figures.style.text import number, one_line, plural, safe_markdown
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.labels.controls import pick_page
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError

PAGE_SIZE = 30  # labels; more cells could not be told apart on a narrow window
N_AROUND = 20  # labels that the opened one is most often with
FREQUENT, AROUND = "most frequent", "around the opened label"
NUMBERS = {"lift": "lift", "P(column | row)": "conditional"}
HOW_TO_READ = (
    "P(column | row): of the images that carry the row's label, the share that carry the column's "
    "too. Lift: how many times more often that is than among all images; 1 if the two are "
    "unrelated, less if they avoid each other. Lifts of rare labels rest on few images: the table "
    "says how many. Click a cell to open the label of its row."
)
_COLUMNS = ["label", "other_label", "together", "conditional", "lift"]


def show(view: View, opened: str | None) -> None:
    """Draw how often the labels in view are together."""
    with st.container(horizontal=True):
        value = _pick("Number", list(NUMBERS), key="number")
        options = [FREQUENT] if opened is None else [FREQUENT, AROUND]
        which = _pick("Labels", options, key="pairs")
    try:
        names = _around(view, opened) if opened and which == AROUND else _frequent(view)
        pairs = _pairs(view, names, names)
    except StudyError as error:
        explain_missing(view.study, f"Which labels go together is not known: {error}")
        return
    if pairs.empty:
        st.info("There is a single label here, so there are no pairs.")
        return
    _draw(pairs, names, NUMBERS[value])
    st.caption(HOW_TO_READ)
    if opened and which == AROUND:
        st.caption(
            f"The {plural(len(names) - 1, 'label')} that are there most often where "
            f"{safe_markdown(opened)} is."
        )
    st.subheader("The same pairs as a table", anchor=False)
    _draw_table(pairs, opened)
    tables.offer_csv(
        pairs,
        label="Download these pairs (CSV)",
        file_name=f"{view.study.path.name}-{view.split}-pairs.csv",
    )


def _pick(label: str, options: list[str], *, key: str) -> str:
    choice = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params"
    )
    return choice or options[0]


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
    rows = analysis_rows(view.study, "relations", columns=_COLUMNS, where=tuple(where))
    return rows.sort_values(["lift", "together"], ascending=False, kind="stable")


def _draw(pairs: pd.DataFrame, names: list[str], value: str) -> None:
    wide = pairs.pivot(index="label", columns="other_label", values=value)
    matrix = wide.reindex(index=names, columns=names).to_numpy(float)
    if value == "lift":
        figure = lift_heatmap(matrix, names, title="How much more often together than by chance")
    else:
        figure = conditional_heatmap(matrix, names, title="Where one label is, is the other?")
    charts.draw(figure, key="relations", alt=_alt(pairs, names), on_click=open_label)


def _draw_table(pairs: pd.DataFrame, opened: str | None) -> None:
    named = {
        "label": "Label",
        "other_label": "Other label",
        "together": "Images with both",
        "conditional": "P(other | label)",
        "lift": "Lift",
    }
    tables.draw_rows(
        pairs[list(named)].rename(columns=named),
        pairs["label"].tolist(),
        opened=opened,
        key="pairs-table",
        alt="Pairs of labels with the images that carry both, the largest lift first",
        formats={
            "P(other | label)": st.column_config.NumberColumn(format="%.3f"),
            "Lift": st.column_config.NumberColumn(format="%.2f"),
        },
    )


def _alt(pairs: pd.DataFrame, names: list[str]) -> str:
    first = pairs.iloc[0]
    return (
        f"How often each of {plural(len(names), 'label')} is there with each other. Most beyond "
        f"chance: {one_line(first['label'])} with {one_line(first['other_label'])}, lift "
        f"{number(first['lift'], digits=1)}."
    )
