"""What a page asks above its pictures; each is in the URL, so a copied link opens the same view."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from udviz.figures.labels.causes import CAUSES
from udviz.figures.style.text import one_line
from udviz.ui.frame.view import View
from udviz.ui.labels.filters import filter_labels, order_labels, orders_of, page_of

PAGE_SIZE = 30


def pick_one(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    first: str | None = None,
    named: Callable[[str], str] = str,
    help: str | None = None,
) -> str:
    """Ask for one of ``options``, side by side; it is in the URL unless it is the first choice.

    Args:
        label: What is asked.
        options: At least one.
        key: Name in the URL.
        first: Choice of a first visit; the first option if None.
        named: How an option reads.
        help: What is said when the label is pointed at.
    """
    default = options[0] if first is None else first
    choice: str | None = st.segmented_control(
        label,
        options,
        default=default,
        required=True,
        key=key,
        bind="query-params",
        format_func=named,
        help=help,
    )
    return choice or default


def pick_labels(view: View) -> pd.DataFrame:
    """Ask which labels and in what order; the labels that fit."""
    labels = view.labels
    after = view.comparison.after if view.comparison else None
    orders = orders_of(labels, reference=view.reference, after=after)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name contains",
            key="name",
            bind="query-params",
            icon=":material/search:",
            width=210,
        )
        min_positives = st.number_input(
            "Positives, at least",
            min_value=0,
            step=1,
            key="support",
            bind="query-params",
            width=210,
        )
        order = st.selectbox("Order", list(orders), key="order", bind="query-params", width=260)
        above = sorted({*labels["supercategory"]} - {""}) if "supercategory" in labels else []
        supercategories = above and st.multiselect(
            "Supercategory",
            above,
            key="supercategory",
            bind="query-params",
            width=260,
            format_func=one_line,
        )
    causes = st.pills(
        "Possible causes", list(CAUSES), selection_mode="multi", key="cause", bind="query-params"
    )
    chosen = filter_labels(
        labels,
        name=name or "",
        causes=causes,
        min_positives=min_positives,
        supercategories=supercategories,
    )
    return order_labels(chosen, orders[order])


def pick_page(labels: pd.DataFrame, *, size: int = PAGE_SIZE) -> pd.DataFrame:
    """The page of ``labels`` that a chart shows; asks only where there is more than one."""
    n_pages = -(-len(labels) // size)  # rounded up
    if n_pages < 2:
        return labels
    page = st.pagination(n_pages, key="page", bind="query-params")
    return page_of(labels, page, size=size)
