"""A look at the data that a new study would read, before it starts."""

import streamlit as st

from udviz.data.source import load_dataset
from udviz.data.understood import short_lines
from udviz.figures.style.text import safe_markdown
from udviz.recipe.data import DataConfig
from udviz.studies.failure import reason


def offer(data: DataConfig) -> None:
    """A button that reads the data and shows images, labels, splits, guesses and problems."""
    if not st.button("Check the data", icon=":material/troubleshoot:", key="new.check"):
        return
    try:
        with st.spinner("Reading the data"):
            lines = short_lines(load_dataset(data))
    except (OSError, ValueError) as error:
        st.error(safe_markdown(" ".join(reason(error).split())), icon=":material/error:")
        return
    st.code("\n".join(lines), language=None, wrap_lines=True)
