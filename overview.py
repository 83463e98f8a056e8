"""Overview: which labels are difficult, and which of them does a change help?"""

import streamlit as st

from udviz.export.figures import charts as study_charts
from udviz.figures.labels.ranking import ranking
from udviz.ui.frame import alt, charts, links, take_away
from udviz.ui.frame.page import open_page
from udviz.ui.labels import headroom, sentences, tables, text_tables
from udviz.ui.labels.filters import movers
from udviz.ui.overview import drawing

view = open_page(
    "Overview",
    question="Which labels are difficult, and which of them does a change help?",
    compares=True,
)
st.caption(sentences.what_was_trained(view))

st.header("Models", anchor=False)
st.markdown(sentences.headline(view.study, view.comparison))
headroom.show(view.study, view.pair)
chart = study_charts.models(view)
charts.draw(chart.figure, key=chart.name, alt=chart.alt)
tables.draw(
    text_tables.model_table(view), key="model-table", alt="Scores of every model, one row each"
)
st.caption(sentences.how_to_read_models(view))

st.header("Labels", anchor=False)
if view.pair and (gains := study_charts.gains(view)):
    charts.draw(gains.figure, key=gains.name, alt=gains.alt, on_click=links.open_in_difficulty)
    st.caption(sentences.how_to_read_gains(view.pair))
drawing.show_gain_grid(view)
drawing.show_false_positives(view)

hardest, moved = view.labels.head(8), movers(view.labels)
has_moved = view.pair is not None and not moved.empty
with st.grid(2 if has_moved else 1, min_column_width=440) as grid:
    with grid.cell():
        charts.draw(
            ranking(
                view.rows(hardest),
                panels=("average precision", "causes"),
                title="Hardest labels",
            ),
            key="hardest",
            alt=alt.ranking(hardest),
            on_click=links.open_in_difficulty,
        )
    if view.pair and has_moved:
        with grid.cell():
            charts.draw(
                ranking(view.rows(moved), panels=("gain",), title="Largest gains and losses"),
                key="movers",
                alt=alt.gains(moved, pair=view.pair),
                on_click=links.open_in_difficulty,
            )
st.caption(sentences.DIFFICULTY)
if shared := sentences.shared_in_words(view.labels):
    st.caption(shared)
st.page_link(links.DIFFICULTY, label="All labels, hardest first", icon=":material/sort:")

st.header("How certain are these results?", anchor=False)
st.markdown(sentences.how_certain(view.comparison, view.labels, taught=view.study.has_teacher))
take_away.offer(view)
