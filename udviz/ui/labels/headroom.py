"""What a student could learn from the teacher at all, told beside what it did learn."""

import streamlit as st

from udviz.ui.labels import sentences
from udviz.ui.labels.change import is_taught
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.study import Study, StudyError
from udviz.vocabulary import TEACHER

_COLUMNS = ("before", "teacher", "label", "gap", "bounded")


def show(study: Study, pair: tuple[str, str] | None) -> None:
    """Say on how many labels the teacher is clearly better, on validation, than the model before.

    A model that it taught itself has no such lead to tell of.

    Args:
        study: The study.
        pair: Models before and after of a comparison that is analysed; None for none.
    """
    if pair is None or TEACHER in pair or is_taught(study, pair[0]):
        return
    where = (("split", ("val",)), ("before", (pair[0],)), ("after", (pair[1],)))
    try:
        rows = analysis_rows(study, "gap", columns=_COLUMNS, where=where)
    except StudyError as error:
        explain_missing(study, f"What the teacher could teach (the table gap) is not told: {error}")
        return
    if told := sentences.lead_of_teacher(rows):
        st.caption(told)
