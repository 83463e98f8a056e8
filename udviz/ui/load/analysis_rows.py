"""Detailed tables of an analysis: the rows that a page needs, read once."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st
from pyarrow.parquet import read_metadata

from udviz.bounded import check_parquet
from udviz.predictions.cache import NO_PARQUET
from udviz.ui.load.study import Study, StudyError, quoted, remake_command

Where = tuple[tuple[str, tuple[str, ...]], ...]  # column, the values that are wanted


class EmptyTableError(StudyError):
    """A table was written without a column: there was nothing to tell."""


def analysis_rows(
    study: Study, name: str, *, columns: Sequence[str], where: Where = ()
) -> pd.DataFrame:
    """Rows of ``analysis/<name>.parquet``; shared, so nobody changes them.

    Args:
        study: The study.
        name: Of the table.
        columns: To read.
        where: Columns and the values they may have; all rows if empty.

    Raises:
        EmptyTableError: If there was nothing to tell.
        StudyError: If the table is missing, damaged or lacks a column; the message names it.
    """
    file = study.path / "analysis" / f"{name}.parquet"
    if not file.is_file():
        raise StudyError(f"`{file}` is missing.")
    return _read(str(file), file.stat().st_mtime_ns, tuple(columns), where)


def explain_missing(study: Study, problem: str) -> None:
    """Say what is missing and which command makes it."""
    _explain(study, f"{problem} This command makes it; what is done already is skipped:")


def explain_incomplete(study: Study, problems: Sequence[str]) -> None:
    """Say what a page that can be shown in part lacks, if anything, and which command adds it."""
    if problems:
        _explain(
            study, " ".join([*problems, "This command completes it; what is done is skipped:"])
        )


def _explain(study: Study, sentences: str) -> None:
    st.info(sentences)
    st.code(remake_command(study.path), language="bash", wrap_lines=True)


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(path: str, modified_ns: int, columns: tuple[str, ...], where: Where) -> pd.DataFrame:
    filters = [(column, "in", list(values)) for column, values in where]
    try:
        check_parquet(Path(path))
        about = read_metadata(path)
        if not about.num_columns:
            raise EmptyTableError(f"`{path}` is empty.")
        if lacking := set(columns) - set(about.schema.names):
            raise StudyError(f"`{path}` lacks the column {min(lacking)}.")
        if not about.num_rows:  # its columns have no type to compare with
            filters = []
        return pd.read_parquet(path, columns=list(columns), filters=filters or None)
    except StudyError:
        raise
    except NO_PARQUET as error:
        raise StudyError(f"`{path}` cannot be read ({quoted(error)}).") from error
