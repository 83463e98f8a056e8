"""Runs: which studies are there, how far are their runs, and what can be done with them?"""

import streamlit as st

from udviz.studies.directory import runs_root
from udviz.studies.listing import list_entries
from udviz.ui.frame import sidebar, start
from udviz.ui.frame.page import open_frame
from udviz.ui.runs import study_actions, study_panel, study_table

open_frame("Runs", question="Which studies are running or finished, and how far are their runs?")
root = runs_root()
entries = {entry.name: entry for entry in list_entries(root)}
if not entries:
    start.welcome(root)
    study_actions.offer_trash(root)
    st.stop()

newest = next((name for name, entry in entries.items() if entry.is_alive), next(iter(entries)))
opened = sidebar.pick("Study", list(entries), key=sidebar.OPENED, default=newest) or newest
study_table.draw_studies(root, opened=opened, poll=any(e.is_alive for e in entries.values()))
study_actions.offer_trash(root)

study_panel.show_title(entries[opened])
study_actions.offer_actions(root, entries[opened])
study_panel.show_study(entries[opened])
