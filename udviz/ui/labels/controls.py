"""The filters above a ranking; each is in the URL, so a copied link opens the same view."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.causes import CAUSES
from udviz.ui.labels.filters import filter_labels, order_labels, orders_of, page_of

PAGE_SIZE = 40


def pick_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Ask which labels and in what order; the labels that fit."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name contains",
            key="name",
            bind="query-params",
            icon=":material/search:",
            width=210,
        )
        min_positives = st.number_input(
            "At least this many positives",
            min_value=0,
            step=1,
            key="support",
            bind="query-params",
            width=210,
        )
        order = st.selectbox(
            "Order", orders_of(labels), key="order", bind="query-params", width=210
        )
    causes = []
    if labels["causes"].notna().any():
        causes = st.pills(
            "Difficult because",
            list(CAUSES),
            selection_mode="multi",
            key="cause",
            bind="query-params",
        )
    chosen = filter_labels(labels, name=name or "", causes=causes, min_positives=min_positives)
    return order_labels(chosen, order)


def pick_page(labels: pd.DataFrame, *, size: int = PAGE_SIZE) -> pd.DataFrame:
    """The page of ``labels`` that a chart shows; asks only where there is more than one."""
    n_pages = -(-len(labels) // size)  # rounded up
    if n_pages < 2:
        return labels
    page = st.pagination(n_pages, key="page", bind="query-params")
    return page_of(labels, page, size=size)
