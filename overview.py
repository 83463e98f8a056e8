"""Overview: which labels are difficult, and does uncertainty distillation help them?"""

import streamlit as st

from udviz.export import report
from udviz.figures.labels.ranking import ranking
from udviz.figures.models.gains import gain_curve
from udviz.figures.models.models import model_scores
from udviz.ui.frame import alt, charts, links
from udviz.ui.frame.page import open_page
from udviz.ui.labels import sentences as words
from udviz.ui.labels import tables
from udviz.ui.labels.filters import movers

view = open_page(
    "Overview",
    question="Which labels are difficult, and does uncertainty distillation help them?",
)
st.caption(words.what_was_trained(view.study, view.models))

st.header("The models", anchor=False)
st.markdown(words.headline(view.gain))
scores = tables.model_scores(view.models)
charts.draw(
    model_scores(
        scores,
        axis_title="Mean average precision over labels (0 to 1, higher is better)",
        guess=view.models["mean_prevalence"].iloc[0],
        title="Mean average precision of each model, with its 95 % interval",
    ),
    key="models",
    alt=alt.models(scores, quantity="Mean average precision"),
)
st.table(tables.model_table(view.models), border="horizontal")
st.caption(words.HOW_TO_READ_MODELS)

st.header("The labels", anchor=False)
if view.has_gains:
    charts.draw(
        gain_curve(view.labels, title="Gain of every label, with its 95 % interval"),
        key="gains",
        alt=alt.gains(view.labels),
        on_click=links.open_in_difficulty,
    )
    st.caption(words.HOW_TO_READ_GAINS)

hardest, moved = view.labels.head(8), movers(view.labels)
with st.grid(2, min_column_width=440) as grid:
    with grid.cell():
        charts.draw(
            ranking(
                hardest,
                all_labels=view.labels,
                panels=("average precision", "causes"),
                title="Hardest labels",
            ),
            key="hardest",
            alt=alt.ranking(hardest),
            on_click=links.open_in_difficulty,
        )
    if not moved.empty:
        with grid.cell():
            charts.draw(
                ranking(
                    moved,
                    all_labels=view.labels,
                    panels=("gain",),
                    title="Largest gains and losses",
                ),
                key="movers",
                alt=alt.gains(moved),
                on_click=links.open_in_difficulty,
            )
st.page_link(links.DIFFICULTY, label="All labels, hardest first", icon=":material/sort:")

st.header("How sure we are", anchor=False)
st.markdown(words.how_sure(view.gain, view.labels))
report.offer(view)
