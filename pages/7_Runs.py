"""Runs: which runs are there, how far are they, and what can I do with them?"""

import streamlit as st

from udviz.studies.directory import runs_root
from udviz.studies.listing import list_entries
from udviz.ui.frame import sidebar, start
from udviz.ui.frame.page import open_frame
from udviz.ui.runs import run_actions, run_panel, run_table

open_frame("Runs", question="Which runs are there, how far are they, and what can I do with them?")
root = runs_root()
entries = {entry.name: entry for entry in list_entries(root)}
if not entries:
    start.welcome(root)
    run_actions.offer_trash(root)
    st.stop()

newest = next((name for name, entry in entries.items() if entry.is_alive), next(iter(entries)))
opened = sidebar.pick("Run", list(entries), key=run_table.RUN, default=newest) or newest
run_table.draw_runs(root, opened=opened, poll=any(e.is_alive for e in entries.values()))
run_actions.offer_trash(root)

run_panel.show_title(entries[opened])
run_actions.offer_actions(root, entries[opened])
run_panel.show_run(entries[opened])
