"""Rows of the analysis' tables that speak of one label."""

import pandas as pd
import streamlit as st

from udviz.ui.study import Study, StudyError


def label_rows(
    study: Study, name: str, label: str, *, split: str | None = None, column: str = "label"
) -> pd.DataFrame:
    """Rows of ``analysis/<name>.parquet`` about one label, in their order.

    Args:
        study: Whose analysis.
        name: Of the table.
        label: Label wanted.
        split: Rows of this split only; None where the table has no splits.
        column: Where the label stands.

    Raises:
        StudyError: If the table is missing, damaged or of another shape; the message names it.
    """
    file = study.path / "analysis" / f"{name}.parquet"
    if not file.is_file():
        raise StudyError(f"`{file}` is missing.")
    wanted = {column: label} | ({} if split is None else {"split": split})
    return _read(str(file), file.stat().st_mtime_ns, tuple(wanted.items()))


@st.cache_resource(max_entries=256, show_spinner=False)
def _read(file: str, modified_ns: int, wanted: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise StudyError(f"`{file}` cannot be read ({error}).") from error
    for column, value in wanted:
        if column not in table:
            raise StudyError(f"`{file}` lacks the column {column}.")
        table = table[table[column] == value]
    return table.reset_index(drop=True)
