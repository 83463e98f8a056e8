"""Slices: which labels are more frequent on the images of a site, a camera or an annotator?"""

import pandas as pd
import streamlit as st

from udviz.figures.labels.slices import Marks, marks_beside
from udviz.figures.style.text import (
    count,
    interval,
    number,
    one_line,
    p_equals,
    plural,
    safe_html,
    safe_markdown,
    shorten,
)
from udviz.figures.style.theme import NEUTRAL, MarkerStyle
from udviz.ui.data import slice_summary
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.labels.controls import pick_page
from udviz.ui.load.analysis_rows import explain_missing
from udviz.ui.load.slice_rows import LEVEL, Q, others_of, percent, slice_rows, strongest_first
from udviz.ui.load.study import StudyError
from udviz.vocabulary import ALL_SPLITS

PAGE_SIZE = 30  # labels
N_NAMED = 3  # of them in the sentence
COLOUR = "#C44601"
NONE = (
    "No metadata column of these data is read. Columns of the labels table or of the table of "
    "splits, such as annotator, camera, site or date, are compared where they are named as "
    "`--data.slice_columns`; start the study again with it, and only its analysis is made anew."
)
HOW_TO_READ = (
    "Each row is a label, the strongest evidence for a difference first: its prevalence on the "
    "images of the slice (filled) and on all others (open), with 95 % intervals. **Bold** labels "
    f"differ beyond chance (q ≤ {LEVEL}, Fisher's exact test corrected for all labels and slices). "
    "Either the images differ, or those who annotated them: look at images of both. Click a row to "
    "open the label."
)
_HEADS = {
    "label": "Label",
    "value": "Slice",
    "value_low": "Slice, low",
    "value_high": "Slice, high",
    "rest": "Rest",
    "rest_low": "Rest, low",
    "rest_high": "Rest, high",
    "difference": "Difference",
    "difference_low": "Difference, low",
    "difference_high": "Difference, high",
    "q": "q",
    "positives": "Positives",
    "rest_positives": "Positives, rest",
}


def show(view: View, opened: str | None) -> None:
    """Draw prevalence in a slice beside the rest, and what the reference is worth on each."""
    try:
        rows = slice_rows(view, metric="prevalence")
    except StudyError as error:
        explain_missing(view.study, f"The slices are not known: {error}")
        return
    splits = [split for split in (ALL_SPLITS, view.split) if (rows["split"] == split).any()]
    if not splits:
        st.info(NONE)
        return
    rows = _pick(rows[rows["split"] == splits[0]])
    name = str(rows["slice"].iloc[0])
    rest = str(rows["others"].iloc[0])
    labels = strongest_first(rows[rows["scope"] == "label"])
    st.markdown(_finding(view, labels, rest))
    _draw(pick_page(labels, size=PAGE_SIZE), name, rest, opened)
    st.caption(HOW_TO_READ)
    st.subheader("Table", anchor=False)
    st.caption(f"Slice: {safe_markdown(name)}. Rest: {safe_markdown(rest)}.")
    file_name = f"{view.study.path.name}-{splits[0]}-slice.csv"
    _draw_table(labels, opened, tables.Csv(rows=labels.drop(columns="others"), file_name=file_name))
    slice_summary.show(view, str(rows["slice_column"].iloc[0]))


def _pick(rows: pd.DataFrame) -> pd.DataFrame:
    """Ask for a metadata column and a slice, where there are several; the rows of that slice.

    The first choice is what has the strongest evidence. What the rest is called is in ``others``.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = _pick_value(rows, "slice_column", "Metadata column", key="of", from_n=2)
        rows = rows[rows["slice_column"] == column]
        name = _pick_value(rows, "slice", "Slice", key="slice", from_n=3)  # two mirror each other
    chosen: pd.DataFrame = rows[rows["slice"] == name]
    return chosen.assign(others=others_of(rows, name))


def _pick_value(rows: pd.DataFrame, of: str, title: str, *, key: str, from_n: int) -> str:
    """Ask for a value of the column ``of`` where it has ``from_n``; else the first choice."""
    values = [str(value) for value in rows[of].unique()]
    first = str(strongest_first(rows[rows["scope"] == "label"])[of].iloc[0])
    if len(values) < from_n:
        return first
    place = values.index(first)
    return st.selectbox(title, values, place, key=key, bind="query-params", width=260)


def _finding(view: View, labels: pd.DataFrame, rest: str) -> str:
    """What differs most, as Markdown."""
    first, differ = labels.iloc[0], int((labels["q"] <= LEVEL).sum())
    tested = int(labels["q"].notna().sum())
    name, other = safe_markdown(str(first["slice"])), safe_markdown(rest)
    if not differ:
        return (
            f"No label is more or less frequent on {name} than on {other} beyond chance "
            f"({plural(tested, 'label')} tested)."
        )
    named = [
        f"**{safe_markdown(row['label'])}** ({percent(row['value'])} and {percent(row['rest'])}, "
        f"q {p_equals(row['q'])})"
        for _, row in labels.head(min(differ, N_NAMED)).iterrows()
    ]
    return (
        f"On the {count(first['known'])} images of {name} and on the {count(first['rest_known'])} "
        f"of {other}, {differ:,} of {plural(tested, 'tested label')} differ beyond chance, most "
        f"surely {'; '.join(named)}.{_seen(view, first)}"
    )


def _seen(view: View, row: pd.Series) -> str:
    """Whether the reference sees it too, by its mean probabilities; empty if unknown."""
    wanted = {name: str(row[name]) for name in ("slice_column", "slice", "label")}
    found = slice_rows(view, split=view.split, metric="mean_prob", **wanted)
    if found.empty:
        return ""
    own = found.iloc[0]
    return (
        f" The mean probability that {safe_markdown(view.reference)} gives "
        f"{safe_markdown(row['label'])} there is {number(own['value'])} and "
        f"{number(own['rest'])} ({view.split})."
    )


def _draw(labels: pd.DataFrame, name: str, rest: str, opened: str | None) -> None:
    names = labels["label"].tolist()
    words = [safe_html(shorten(label)) for label in names]
    bold = (labels["q"] <= LEVEL).tolist()
    styles = {
        "value": MarkerStyle(shorten(name), COLOUR, "circle", "●"),
        "rest": MarkerStyle(shorten(rest), NEUTRAL, "circle-open", "○"),
    }
    charts.draw(
        marks_beside(
            names,
            [
                Marks(
                    style=style,
                    value=labels[side].to_numpy(float),
                    low=labels[f"{side}_low"].to_numpy(float),
                    high=labels[f"{side}_high"].to_numpy(float),
                )
                for side, style in styles.items()
            ],
            ticks=[
                f"<b>{word}</b>" if yes else word for word, yes in zip(words, bold, strict=True)
            ],
            hover=[_told(row, name, rest) for _, row in labels.iterrows()],
            title="Prevalence of each label",
            axis="Prevalence, share of the images",
            opened=opened,
        ),
        key="slices",
        alt=_alt(labels, name, rest),
        on_click=open_label,
    )


def _told(row: pd.Series, name: str, rest: str) -> str:
    lines = [f"<b>{safe_html(shorten(row['label'], n_chars=60))}</b>"]
    for word, side, of in ((name, "value", ""), (rest, "rest", "rest_")):
        lines.append(
            f"{safe_html(shorten(word))}: {count(row[f'{of}positives'])} of "
            f"{count(row[f'{of}known'])} images, {number(row[side])} "
            f"({interval(row[f'{side}_low'], row[f'{side}_high'])})"
        )
    bounds = interval(row["difference_low"], row["difference_high"], sign=True)
    lines.append(
        f"Difference {number(row['difference'], sign=True)} ({bounds}), q {p_equals(row['q'])}"
    )
    return "<br>".join(lines)


def _draw_table(labels: pd.DataFrame, opened: str | None, csv: tables.Csv) -> None:
    whole = ("Positives", "Positives, rest")
    tables.draw_rows(
        labels[list(_HEADS)].rename(columns=_HEADS),
        labels["label"].tolist(),
        opened=opened,
        key="slices-table",
        alt="Prevalence of each label in the slice and in the rest, one row per label",
        formats={
            head: st.column_config.NumberColumn(
                format="%d" if head in whole else "%.2g" if head == "q" else "%.3f",
                help=Q if head == "q" else tables.meaning_of(head),
            )
            for head in list(_HEADS.values())[1:]
        },
        order=[head for head in _HEADS.values() if head in whole or ", " not in head],
        csv=csv,
    )


def _alt(labels: pd.DataFrame, name: str, rest: str) -> str:
    told = "; ".join(
        f"{one_line(row['label'])} {number(row['value'])} against {number(row['rest'])}"
        for _, row in labels.head(5).iterrows()
    )
    return (
        f"Prevalence of {plural(len(labels), 'label')} on {one_line(name)} and on "
        f"{one_line(rest)}, the strongest evidence first: {told}."
    )
