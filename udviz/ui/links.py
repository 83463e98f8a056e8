"""Ways from a label on one page to the same label on another."""

import streamlit as st

from udviz.ui.sidebar import open_label

DIFFICULTY = "pages/1_Difficulty.py"


def open_in_difficulty(label: str) -> None:
    """Open ``label`` on the Difficulty page, from a callback."""
    open_label(label)
    st.switch_page(DIFFICULTY)
