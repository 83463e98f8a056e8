"""What the reader of the data set reported."""

import streamlit as st

from udviz.figures.style.text import count, plural, safe_markdown
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import StudyError


def show(view: View) -> None:
    """What the reader reported when the study was made."""
    try:
        problems = analysis_rows(
            view.study, "problems", columns=["kind", "count", "fatal", "examples"]
        )
    except StudyError as error:
        explain_missing(view.study, f"What the reader reported is not known: {error}")
        return
    source = safe_markdown(view.study.setting("data.root", "data.kind") or "the data set")
    if problems.empty:
        st.success(f"The reader of {source} reported nothing.", icon=":material/check:")
        return
    st.markdown(
        f"The reader of {source} reported **{plural(int(problems['count'].sum()), 'problem')}**. "
        "Images that cannot be used were set aside; the rest is only reported."
    )
    for _, problem in problems.iterrows():
        with st.container(border=True):
            weight = "cannot be used" if problem["fatal"] else "only reported"
            kind = safe_markdown(problem["kind"])
            st.markdown(f"**{kind}**: {count(problem['count'])} ({weight}), for example")
            st.code(problem["examples"], language=None, wrap_lines=True)
    tables.offer_csv(
        problems,
        label="Download these problems (CSV)",
        file_name=f"{view.study.path.name}-problems.csv",
    )
