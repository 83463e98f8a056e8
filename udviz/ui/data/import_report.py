"""Import report: what was found when the data set was read."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from udviz.figures.style.text import count, plural, safe_markdown
from udviz.recipe.brought import BROUGHT
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError


def show(view: View) -> None:
    """Problems that were found when the study was made; of files that were brought, the notes."""
    if BROUGHT in view.study.recipe:
        _show_notes(view.study.recipe)
        return
    try:
        problems = analysis_rows(
            view.study, "problems", columns=["kind", "count", "fatal", "examples"]
        )
    except StudyError as error:
        explain_missing(view.study, f"The import report is missing: {error}")
        return
    source = safe_markdown(view.study.setting("data.root", "data.kind") or "the data set")
    if problems.empty:
        st.success(f"No problems were found in {source}.", icon=":material/check:")
        return
    st.markdown(
        f"**{plural(int(problems['count'].sum()), 'problem')}** in {source}. Unusable images were "
        "set aside; everything else was kept."
    )
    for _, problem in problems.iterrows():
        with st.container(border=True):
            weight = "unusable" if problem["fatal"] else "kept"
            kind = safe_markdown(problem["kind"])
            st.markdown(f"**{kind}**: {count(problem['count'])} ({weight}); examples:")
            st.code(problem["examples"], language=None, wrap_lines=True)
    tables.offer_csv(
        problems,
        label="Download this report (CSV)",
        file_name=f"{view.study.path.name}-import-report.csv",
    )


def _show_notes(record: Mapping[str, Any]) -> None:
    given = record.get("notes")
    notes = [str(note) for note in given] if isinstance(given, list) else []
    if not notes:
        st.success("Every image and label of the files was used.", icon=":material/check:")
    for note in notes:
        st.info(safe_markdown(note), icon=":material/info:")
    st.caption("The predictions were brought with:")
    st.code(str(record.get("description", "")), language="bash", wrap_lines=True)
