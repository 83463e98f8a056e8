"""Do difficult or uncertain labels gain more?"""

import streamlit as st

from udviz.figures.labels.scatter import NUMBERS, gain_between
from udviz.ui.gains.comparison import Comparison
from udviz.ui.labels import scatters

AGAINST = ("difficulty", "disagreement")
BY_CONSTRUCTION = (
    "Difficulty and disagreement are measured on the teacher, which is one of the two models "
    "compared here: a link with this gain would be there by construction, so it is not drawn."
)


def show(comparison: Comparison) -> None:
    """Draw the gains against what the teacher says of the labels."""
    names = comparison.before.name, comparison.after.name
    if "teacher" in names:
        st.info(BY_CONSTRUCTION)
        return
    with st.grid(2, min_column_width=400) as grid:
        for thing in AGAINST:
            with grid.cell():
                scatters.draw_gain_against(
                    comparison.known,
                    NUMBERS[thing],
                    gain=gain_between(*names),
                    thing=thing,
                    pair=comparison.pair,
                )
    st.caption(scatters.HOW_TO_READ_GAINS)
