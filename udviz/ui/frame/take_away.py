"""The menu of what can be taken away from a study without a command."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from udviz.export.card import card_of
from udviz.export.report import study_report
from udviz.export.spreadsheet import safe_csv
from udviz.export.typeset import latex, markdown
from udviz.installation import called
from udviz.ui.frame.view import View
from udviz.ui.labels.text_tables import label_table

OFFERS: tuple[tuple[str, str, str, Callable[[View], str]], ...] = (
    ("Report (HTML)", "report.html", "text/html", study_report),
    ("Card for papers (Markdown)", "card.md", "text/markdown", lambda v: markdown(card_of(v))),
    ("Card for papers (LaTeX)", "card.tex", "application/x-tex", lambda v: latex(card_of(v))),
    ("Labels (CSV)", "labels.csv", "text/csv", lambda v: safe_csv(label_table(v.labels, v))),
)


def offer(view: View) -> None:
    """A menu of downloads, each of which is written when it is pressed."""
    with st.popover("Take away", icon=":material/download:"):
        for label, name, mime, write in OFFERS:
            st.download_button(
                label,
                data=partial(write, view),
                file_name=view.file_name(name),
                mime=mime,
                on_click="ignore",
                width="stretch",
            )
        st.caption(
            f"`{called('export')} --help` lists more: all charts as files, the models, and so on."
        )
