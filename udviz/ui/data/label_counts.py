"""Label frequency: positives of each label in every split."""

import pandas as pd
import streamlit as st

from udviz.figures.labels import label_counts as figures
from udviz.figures.style.text import count, one_line, plural
from udviz.figures.style.theme import SPLITS
from udviz.ui.advice.collect import cap_of_lists
from udviz.ui.advice.sentences import cap_in_words
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.labels.controls import pick_page
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError

ORDERS = {"most frequent first": False, "rarest first": True}
HOW_TO_READ = (
    "Each row is a label, each marker its number of positives in a split. The axis is logarithmic. "
    "Click a row to open the label."
)
_UNKNOWN = {split: f"unknown_{split}" for split in SPLITS}
_IMAGES = {split: f"images_{split}" for split in SPLITS}


def show(view: View, opened: str | None) -> None:
    """Draw positives per label and split, the table of the same, and the labels of an image."""
    try:
        counts = counts_of(view)
    except StudyError as error:
        explain_missing(view.study, f"The label frequencies are not known: {error}")
        return
    st.markdown(_size(counts))
    chosen = _pick_labels(counts)
    if chosen.empty:
        st.info("No label contains this text. Clear the filter to see all labels.")
        return
    on_page = pick_page(chosen)
    charts.draw(
        figures.positives_per_label(
            on_page, all_counts=counts, title="Positives of each label", opened=opened
        ),
        key="counts",
        alt=_alt(on_page),
        on_click=open_label,
    )
    st.caption(HOW_TO_READ)
    st.subheader("Table", anchor=False)
    _draw_table(chosen, opened, file_name=f"{view.study.path.name}-label-counts.csv")
    _show_labels_per_image(view)


def counts_of(view: View) -> pd.DataFrame:
    """One row per label: ``label`` and per split its positives (``train``), unknown and images.

    Raises:
        StudyError: If the analysis holds no counts.
    """
    columns = ["split", "label", "positives", "absent", "unknown"]
    rows = analysis_rows(view.study, "label_counts", columns=columns)
    if rows.empty:
        raise StudyError("the analysis counted none.")
    parts = []
    for split in SPLITS:
        part = rows[rows["split"] == split].set_index("label")
        if not part.empty:
            images = part[["positives", "absent", "unknown"]].sum(axis=1)
            parts += [part["positives"].rename(split), part["unknown"].rename(_UNKNOWN[split])]
            parts += [images.rename(_IMAGES[split])]
    return pd.concat(parts, axis=1).rename_axis("label").reset_index()


def _size(counts: pd.DataFrame) -> str:
    """How many labels and images there are, as Markdown."""
    n_images = {split: counts[_IMAGES[split]].iloc[0] for split in SPLITS if split in counts}
    known = [f"{count(n)} {SPLITS[split].word.lower()}" for split, n in n_images.items() if n > 0]
    return f"**{plural(len(counts), 'label')}**. Images: {', '.join(known)}."


def _pick_labels(counts: pd.DataFrame) -> pd.DataFrame:
    """Ask which labels and in what order; both are in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name contains", key="name", bind="query-params", icon=":material/search:", width=210
        )
        order = st.selectbox("Order", list(ORDERS), key="by", bind="query-params", width=210)
    fits = counts["label"].str.casefold().str.contains((name or "").casefold(), regex=False)
    first = next(split for split in SPLITS if split in counts)
    return counts[fits].sort_values(first, ascending=ORDERS[order], kind="stable")


def _draw_table(counts: pd.DataFrame, opened: str | None, *, file_name: str) -> None:
    named = {"label": "Label"}
    named |= {split: style.word for split, style in SPLITS.items() if split in counts}
    named |= {
        _UNKNOWN[split]: f"Unknown, {style.word.lower()}"
        for split, style in SPLITS.items()
        if _UNKNOWN[split] in counts and counts[_UNKNOWN[split]].any()
    }
    tables.draw_rows(
        counts[list(named)].rename(columns=named),
        counts["label"].tolist(),
        opened=opened,
        key="counts-table",
        alt="Positives and unknown targets of each label, one row per label",
        formats={
            head: st.column_config.NumberColumn(format="localized", help=tables.meaning_of(head))
            for head in list(named.values())[1:]
        },
        csv=tables.Csv(rows=counts, file_name=file_name),
    )


def _alt(counts: pd.DataFrame) -> str:
    ends = (counts.iloc[0], counts.iloc[-1])
    splits = [split for split in SPLITS if split in counts]
    told = " to ".join(
        f"{one_line(end['label'])} ("
        + ", ".join(f"{SPLITS[split].word.lower()} {count(end[split])}" for split in splits)
        + ")"
        for end in ends
    )
    return f"Positives of {plural(len(counts), 'label')}: from {told}."


def _show_labels_per_image(view: View) -> None:
    st.subheader("Labels per image", anchor=False)
    columns = ["split", "labels", "images", "share"]
    try:
        rows = analysis_rows(view.study, "labels_per_image", columns=columns)
    except StudyError as error:
        explain_missing(view.study, f"The labels per image are not known: {error}")
        return
    here = rows[rows["split"] == view.split]
    if here.empty:
        st.caption("The analysis did not count the labels per image of this split.")
        return
    usual = here.iloc[int(here["images"].to_numpy().argmax())]
    word = next(style.word.lower() for split, style in SPLITS.items() if split == view.split)
    said = (
        f"Images of the {word} split have up to "
        f"{plural(int(here['labels'].max()), 'label')}, most often {count(usual['labels'])} "
        f"({usual['share']:.0%} of the images)."
    )
    with st.grid(2, min_column_width=400) as grid:
        with grid.cell():
            figure = figures.labels_per_image(here, title="Labels per image")
            charts.draw(figure, key="labels-per-image", alt=said)
            st.caption(f"{said} Unknown targets count as absent.")
            if cap := cap_of_lists(view):
                st.markdown(cap_in_words(cap))
        with grid.cell():
            named = {"labels": "Labels", "images": "Images", "share": "Share"}
            tables.draw(
                here[list(named)].rename(columns=named),
                key="labels-per-image-table",
                alt=said,
                formats={"Share": st.column_config.NumberColumn(format="percent")},
                csv=tables.Csv(file_name=view.file_name("labels-per-image.csv")),
            )
