"""The tables beside the pictures: the same numbers, drawn and downloaded."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from udviz.export.spreadsheet import safe_csv
from udviz.figures.style.text import MISSING
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import copying
from udviz.ui.labels.glossary import GLOSSARY
from udviz.ui.labels.text_tables import MORE, label_table

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
    )


def draw_models(
    table: pd.DataFrame, *, key: str, alt: str, height: int | Literal["content"] = "content"
) -> None:
    """Draw a table of text, mostly one row per model, its heads explained when pointed at."""
    st.dataframe(
        table, key=key, alt=alt, column_config=helped(table), height=height, placeholder=MISSING
    )
    copying.offer(table, key=f"copy-{key}")


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
) -> None:
    """Draw a table of labels; a click on a row opens its label, whose row is marked.

    Args:
        table: One row per label.
        names: Their labels, in the same order.
        opened: Label whose row is marked.
        key: Name of the table, unique on its page.
        alt: What it shows, for a person who cannot see it.
        formats: Streamlit's column settings by head, where `helped` does not do; the label stays
            in sight.
        order: Columns shown at first; all if None.
    """

    def clicked() -> None:
        if rows := st.session_state[key].selection.rows:
            open_label(names[rows[0]])

    marked = [names.index(opened)] if opened in names else []
    st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    config = {**helped(table), **formats, "Label": st.column_config.TextColumn(pinned=True)}
    st.dataframe(
        table,
        key=key,
        alt=alt,
        hide_index=True,
        column_order=order,
        column_config=config,
        on_select=clicked,
        selection_mode="single-row",
        placeholder=MISSING,
    )
    copying.offer(table, key=f"copy-{key}", config=config, columns=order)


def offer_csv(
    table: pd.DataFrame, *, label: str, file_name: str, lean: Sequence[str] | None = None
) -> None:
    """A button that downloads ``table``, which is written only when it is pressed.

    Args:
        table: The table.
        label: Of the button.
        file_name: Ends in ``.csv``.
        lean: Columns that most people want; a second button then downloads all. All if None.
    """
    chosen = table if lean is None else table[[name for name in lean if name in table]]
    with st.container(horizontal=True, vertical_alignment="center"):
        _offer_csv(chosen, label=label, file_name=file_name, type="secondary")
        if len(chosen.columns) < len(table.columns):
            name = f"{file_name.removesuffix('.csv')}-all.csv"
            _offer_csv(table, label="All columns (CSV)", file_name=name, type="tertiary")


def _offer_csv(
    table: pd.DataFrame, *, label: str, file_name: str, type: Literal["secondary", "tertiary"]
) -> None:
    st.download_button(
        label,
        data=lambda: safe_csv(table),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        type=type,
        on_click="ignore",
    )
