"""Tables of an analysis, read once for all pages.

Every caller gets a frame of its own over shared memory: pandas copies what is changed (copy on
write), so that nobody changes what another reads.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.analysis.store import FOLDER, MANIFEST, AnalysisError, read_table
from udviz.studies.directory import STUDY_FILE
from udviz.ui.load.study import TABLES, Study, StudyError, quoted, read_study, remake_command

Where = tuple[tuple[str, tuple[object, ...]], ...]  # column, the values that are wanted


def load_study(path: Path) -> Study:
    """The study at ``path``, read again only after one of its files changed.

    Raises:
        StudyError: If a file is missing or damaged.
    """
    study = _study(str(path), _modified(path / STUDY_FILE, *_files(path, *TABLES)))
    return replace(study, **{name: getattr(study, name).copy(deep=False) for name in TABLES})


def analysis_rows(
    study: Study, name: str, *, columns: Sequence[str], where: Where = ()
) -> pd.DataFrame:
    """Rows of one table of the analysis; none if it had nothing to tell.

    Args:
        study: The study.
        name: Of the table.
        columns: To read; an optional one that the table does not have is left out.
        where: Columns and the values they may have; all rows if empty.

    Raises:
        StudyError: If the analysis is missing or damaged; the message names the file.
    """
    return _rows(str(study.path), written(study, name), name, tuple(columns), where).copy(
        deep=False
    )


def written(study: Study, *names: str) -> tuple[int, ...]:
    """When the analysis and these tables of it were written, in ns; 0 where one is missing."""
    return _modified(*_files(study.path, *names))


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


def _files(study: Path, *names: str) -> list[Path]:
    folder = study / FOLDER
    return [folder / MANIFEST, *(folder / f"{name}.parquet" for name in names)]


def _modified(*files: Path) -> tuple[int, ...]:
    """When each file was written, in ns; 0 of one that is missing."""
    return tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)


@st.cache_resource(max_entries=4, show_spinner=False)
def _study(path: str, modified_ns: tuple[int, ...]) -> Study:
    return read_study(Path(path))


@st.cache_resource(max_entries=32, show_spinner=False)
def _rows(
    path: str, modified_ns: tuple[int, ...], name: str, columns: tuple[str, ...], where: Where
) -> pd.DataFrame:
    try:
        return read_table(Path(path), name, columns=columns, where=where)
    except AnalysisError as error:
        raise StudyError(quoted(error)) from error
