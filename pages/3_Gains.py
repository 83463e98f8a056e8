"""Gains: which labels does a change help, and how certain is that?"""

import streamlit as st

from udviz.figures.labels.ranking import ranking
from udviz.figures.style.text import plural
from udviz.ui.frame import alt, charts, links, sidebar
from udviz.ui.frame.page import open_page
from udviz.ui.gains import comparison, gains, gains_against, gains_table, photos
from udviz.ui.labels import headroom, panel, tables
from udviz.ui.labels.change import change_in_words
from udviz.ui.labels.controls import pick_page
from udviz.vocabulary import METRICS

view = open_page("Gains", question="Which labels does a change help, and how certain is that?")
opened = sidebar.pick_label(view.labels["label"].tolist())
compared = comparison.pick(view)
if compared is None:
    st.info(gains.NO_PAIR)
    st.page_link(links.DIFFICULTY, label="All labels, hardest first", icon=":material/sort:")
    st.stop()
facts = METRICS[compared.metric]
st.markdown(
    change_in_words(
        view.study, compared.pair, compared.mean, compared.known, metric=compared.metric
    )
)
if about := gains.about_runs(compared) + gains.about_metric(compared.metric):
    st.caption(about)
if on_few := gains.on_few(compared):
    st.caption(on_few)
headroom.show(view.study, compared.pair if compared.analysed else None)


def show() -> None:
    """Everything that moves with the filter."""
    labels = gains.pick_labels(compared.known, higher_is_better=facts.higher_is_better)
    st.caption(f"{len(labels):,} of {plural(len(compared.known), 'label')} with a gain")
    if labels.empty:
        st.info("No label has this verdict. Clear the filter to see labels again.")
        return

    on_page = pick_page(labels)
    charts.draw(
        ranking(
            compared.rows(view, on_page),
            panels=("gain",),
            title=f"{facts.change} in {facts.short} per label, with its 95 % interval",
            opened=opened,
        ),
        key="forest",
        alt=alt.gains(on_page, pair=compared.pair, metric=compared.metric),
        on_click=sidebar.open_label,
    )
    st.caption(gains.HOW_TO_READ_FOREST)

    if opened is not None:
        panel.show_label(compared.view_of(view), compared.label(opened))
        if compared.in_precision:
            photos.show(view, compared, opened)

    st.header("Table", anchor=False)
    table = gains_table.with_gap(labels, view, compared)
    csv = tables.Csv(
        rows=table,
        label="Download these gains (CSV)",
        file_name=view.file_name(f"gains-{compared.file_name}.csv"),
        lean=gains_table.LEAN,
    )
    gains_table.draw_table(table, compared.metric, opened=opened, key="table", csv=csv)
    st.caption(gains_table.how_to_read_table(table, n_images=int(view.models["n_images"].iloc[0])))


sidebar.draw_apart(show, opened=opened)

if compared.in_precision:
    st.header("Do difficult labels gain more?", anchor=False)
    gains_against.show(view, compared)
