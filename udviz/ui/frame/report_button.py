"""The button that downloads a study as one HTML file."""

import streamlit as st

from udviz.export.report import study_report
from udviz.ui.frame.view import View


def offer(view: View) -> None:
    """A button that downloads the report of the study, which is written when it is pressed."""
    st.download_button(
        "Download as a report (HTML)",
        data=lambda: study_report(view),
        file_name=f"{view.study.path.name}-{view.split}-report.html",
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
    )
