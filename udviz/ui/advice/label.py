"""The part of the Label page on what to do: each piece of advice, and a way to follow it."""

import pandas as pd
import streamlit as st

from udviz.ui.advice import sentences
from udviz.ui.advice.collect import advise
from udviz.ui.advice.ways import to_act
from udviz.ui.frame.view import View


def show(view: View, label: pd.Series) -> None:
    """Draw what the tables advise for a label, or say that nothing is known."""
    st.header("What to do about it", anchor=False)
    found = advise(view)
    for problem in found.problems:
        st.caption(f"What a table would tell is left out: {problem}")
    wrong = found.wrong[found.wrong["label"] == label["label"]].iloc[0]
    st.markdown(sentences.about_errors(label, wrong, view.reference))
    actions = found.about(label["label"])
    if actions.empty:
        st.caption(sentences.NOTHING_KNOWN)
        return
    for _, action in actions.iterrows():
        with st.container(gap="xxsmall"):
            st.markdown(sentences.advice(action))
            to_act(action, on_label_page=True)
    st.caption(sentences.HOW_TO_READ)
