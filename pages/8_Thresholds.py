"""Thresholds: from which probability on should each label be predicted?"""

import streamlit as st

from udviz.ui.frame import sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.load import analysis_rows as analysis
from udviz.ui.load.study import StudyError
from udviz.ui.thresholds import thresholds, thresholds_table

view = open_page("Thresholds", question="From which probability on should each label be predicted?")
opened = sidebar.pick_label(view.labels["label"].tolist())
rule = thresholds.pick(view)
try:
    rows = thresholds.collect(view, rule)
except StudyError as error:
    analysis.explain_incomplete(view.study, [str(error)])
    st.stop()

st.markdown(thresholds.about(rows, rule))
thresholds.draw(view, rows, rule, opened=opened)
st.header("Table", anchor=False)
thresholds_table.draw(rows, opened=opened)
thresholds_table.offer(view, rows, rule)
