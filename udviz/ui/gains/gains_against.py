"""Do difficult or uncertain labels gain more?"""

import streamlit as st

from udviz.figures.labels.scatter import gain_between, numbers_of
from udviz.figures.style.text import safe_markdown
from udviz.ui.frame.view import View
from udviz.ui.gains.comparison import Compared
from udviz.ui.labels import scatters

AGAINST = ("difficulty", "disagreement")


def by_construction(reference: str) -> str:
    """Why a gain of the reference itself is not drawn, as Markdown."""
    return (
        f"Difficulty and disagreement are measured on {safe_markdown(reference)}, which is one of "
        "the two models compared here: a correlation with this gain would be there by "
        "construction, so it is not drawn."
    )


def show(view: View, compared: Compared) -> None:
    """Draw the gains against what the reference says of the labels."""
    if view.reference in compared.pair:
        st.info(by_construction(view.reference))
        return
    numbers = numbers_of([], reference=view.reference, pair=compared.pair)
    with st.grid(2, min_column_width=400) as grid:
        for thing in AGAINST:
            with grid.cell():
                scatters.draw_gain_against(
                    compared.known,
                    compared.view_of(view).hover(compared.known),
                    numbers[thing],
                    gain=gain_between(*compared.pair),
                    thing=thing,
                    pair=compared.pair,
                )
    st.caption(scatters.HOW_TO_READ_GAINS)
