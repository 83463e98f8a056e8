"""A table as text that is pasted into a paper: what is shown, as it is shown."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from udviz.export.typeset import latex_table, markdown_table
from udviz.figures.style.text import MISSING, number

_GLYPH = re.compile("^[\u25a0-\u27bf\u2b00-\u2bff] ")  # of a model or a verdict: not in every font
_MOST_ROWS = 500  # that are typeset
_PERCENT = "percent"  # a format of Streamlit's
_WRITERS: Mapping[str, Callable[[pd.DataFrame], str]] = {
    "Markdown": markdown_table,
    "LaTeX": latex_table,
}


def offer(
    table: pd.DataFrame,
    *,
    key: str,
    config: Mapping[str, Any] | None = None,
    columns: Sequence[str] | None = None,
) -> None:
    """A popover with the table as Markdown and as LaTeX, typeset only while it is open.

    Args:
        table: As it is drawn; an index with a name is its first column.
        key: Of the popover, unique on its page.
        config: Streamlit's column settings, by head; a number without a format has three digits.
        columns: Those to typeset, in this order; all if None.
    """
    opened = st.popover(
        "Copy", icon=":material/content_copy:", type="tertiary", key=key, on_change="rerun"
    )
    if not opened.open:
        return
    with opened:
        told = typeset_cells(table, _formats(config or {}), columns)
        kind = st.segmented_control(
            "As", list(_WRITERS), default="Markdown", key=f"{key}-as", required=True
        )
        st.code(_WRITERS[kind](told.head(_MOST_ROWS)), language=None)
        if len(told) > _MOST_ROWS:
            st.caption(f"The first {_MOST_ROWS:,} of {len(told):,} rows; the CSV has all.")
        if kind == "LaTeX":
            st.caption("It needs the package booktabs.")


def _formats(config: Mapping[str, Any]) -> dict[str, str]:
    """The format of each head that has one which says how many digits there are."""
    kinds = {head: column.get("type_config") or {} for head, column in config.items()}
    known = {head: kind.get("format") or "" for head, kind in kinds.items()}
    return {head: form for head, form in known.items() if "%" in form or form == _PERCENT}


def typeset_cells(
    table: pd.DataFrame, formats: Mapping[str, str], columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """``table`` with every cell as the text that is shown.

    Args:
        table: A table; an index with a name becomes its first column.
        formats: printf formats by head, or ``percent``.
        columns: Those to keep; all if None.
    """
    whole = table.reset_index() if table.index.name else table
    kept = whole if columns is None else whole[list(columns)]
    return pd.DataFrame(
        {str(head): [_cell(cell, formats.get(str(head))) for cell in kept[head]] for head in kept}
    )


def _cell(cell: object, form: str | None) -> str:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and not math.isfinite(cell)):
        return MISSING
    if form == _PERCENT and isinstance(cell, int | float):
        return f"{round(100 * cell, 2):g} %"
    if form and isinstance(cell, int | float):
        return (form % cell).replace("-", "−")
    return number(cell) if isinstance(cell, float) else _GLYPH.sub("", str(cell))
