"""The tables beside the pictures: the same numbers, drawn and downloaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from udviz.export.spreadsheet import safe_csv
from udviz.figures.style.text import MISSING
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import copying
from udviz.ui.labels.glossary import GLOSSARY
from udviz.ui.labels.text_tables import LEAN, MORE, label_table

_FORMATS = {
    **dict.fromkeys(("Rank", "Positives", "In training", "Rank, low", "Rank, high"), "%d"),
    "q": "%.2g",
}


def draw_labels(labels: pd.DataFrame, view: View, *, opened: str | None, key: str) -> None:
    """Draw `label_table`; a click on a row opens its label, whose row is marked."""
    table = label_table(labels, view)
    hidden = MORE.values()
    draw_rows(
        table,
        labels["label"].tolist(),
        opened=opened,
        key=key,
        alt="Every label in view with its numbers, one row per label",
        formats={
            name: st.column_config.NumberColumn(
                format=_FORMATS.get(name, "%.3f"), help=meaning_of(name)
            )
            for name in map(str, table.select_dtypes("number"))
        },
        order=[
            head for head in map(str, table) if head not in hidden and not head.startswith("ECE ")
        ],
        csv=Csv(
            rows=labels,
            label="Download these labels (CSV)",
            file_name=view.file_name("labels.csv"),
            lean=LEAN,
        ),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Csv:
    """What the download below a table holds.

    Attributes:
        file_name: Ends in ``.csv``.
        rows: The table; None for what is drawn.
        lean: Columns that most people want; a second button then downloads all. All if None.
        label: Of the button.
    """

    file_name: str
    rows: pd.DataFrame | None = None
    lean: Sequence[str] | None = None
    label: str = "Download this table (CSV)"


def draw(
    table: pd.DataFrame,
    *,
    key: str,
    alt: str,
    formats: Mapping[str, Any] | None = None,
    order: list[str] | None = None,
    csv: Csv | None = None,
    **settings: Any,
) -> None:
    """Draw a table, its heads explained when pointed at, and below it Copy and its download.

    Args:
        table: As it is drawn; an index with a name is its first column, another is left out.
        key: Name of the table, unique on its page.
        alt: What it shows, for a person who cannot see it.
        formats: Streamlit's column settings by head, where `helped` does not do.
        order: Columns shown at first; all if None.
        csv: Its download; none if None.
        settings: More of `streamlit.dataframe`.
    """
    config = {**helped(table), **(formats or {})}
    st.dataframe(
        table,
        key=key,
        alt=alt,
        hide_index=table.index.name is None,
        column_config=config,
        column_order=order,
        placeholder=MISSING,
        **settings,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        copying.offer(table, key=f"copy-{key}", config=config, columns=order)
        if csv is not None:
            _offer(csv, table.reset_index() if table.index.name else table)


def helped(table: pd.DataFrame) -> dict[str, Any]:
    """Column settings that explain the heads of ``table``, as far as they are explained."""
    return {
        head: st.column_config.Column(help=meaning)
        for head in map(str, table.columns)
        if (meaning := meaning_of(head))
    }


def meaning_of(head: str) -> str | None:
    """What a head means; of ``AP distilled`` that is the meaning of AP."""
    return GLOSSARY.get(head, GLOSSARY.get(head.split(",")[0], GLOSSARY.get(head.split()[0])))


def draw_rows(
    table: pd.DataFrame,
    names: list[str],
    *,
    opened: str | None,
    key: str,
    alt: str,
    formats: Mapping[str, Any],
    order: list[str] | None = None,
    csv: Csv | None = None,
) -> None:
    """Draw a table of labels; a click on a row opens its label, whose row is marked.

    Args:
        table: One row per label.
        names: Their labels, in the same order.
        opened: Label whose row is marked.
        key: As of `draw`, like what follows.
        alt: What the table shows.
        formats: Column settings; the label stays in sight.
        order: Columns shown at first.
        csv: Its download.
    """

    def clicked() -> None:
        if rows := st.session_state[key].selection.rows:
            open_label(names[rows[0]])

    marked = [names.index(opened)] if opened in names else []
    st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    draw(
        table,
        key=key,
        alt=alt,
        formats={**formats, "Label": st.column_config.TextColumn(pinned=True)},
        order=order,
        csv=csv,
        on_select=clicked,
        selection_mode="single-row",
    )


def offer_csv(table: pd.DataFrame, *, label: str, file_name: str) -> None:
    """A button that downloads a table that is not drawn, written only when it is pressed."""
    _offer(Csv(label=label, file_name=file_name), table)


def _offer(csv: Csv, drawn: pd.DataFrame) -> None:
    whole = drawn if csv.rows is None else csv.rows
    lean = whole if csv.lean is None else whole[[name for name in csv.lean if name in whole]]
    _button(lean, label=csv.label, file_name=csv.file_name)
    if len(lean.columns) < len(whole.columns):
        name = f"{csv.file_name.removesuffix('.csv')}-all.csv"
        _button(whole, label="All columns (CSV)", file_name=name)


def _button(table: pd.DataFrame, *, label: str, file_name: str) -> None:
    st.download_button(
        label,
        data=lambda: safe_csv(table),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
