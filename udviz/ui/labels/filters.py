"""Which labels are in view, and in what order."""

from collections.abc import Collection

import pandas as pd

from udviz.figures.labels.causes import split_causes
from udviz.figures.style.text import one_line

HARDEST_FIRST = "hardest first"
_HARDEST = ("difficulty_rank", True)
Orders = dict[str, tuple[str, bool]]  # name: column of the labels, whether it ascends


def orders_of(labels: pd.DataFrame, *, reference: str, after: str | None) -> Orders:
    """The orders whose number this study has.

    Args:
        labels: One row per label.
        reference: Name of the model whose scores the labels have.
        after: Name of the model after in the comparison, if there is one.
    """
    orders = {
        HARDEST_FIRST: _HARDEST,
        f"lowest AP first ({one_line(reference)})": ("average_precision", True),
        f"lowest AP first ({one_line(after or '')})": ("after_value", True),
        "largest gain first": ("gain", False),
        "largest loss first": ("gain", True),
        "rarest first": ("positives", True),
        "most uncertain first": ("disagreement", False),
    }
    return {
        name: order
        for name, order in orders.items()
        if order == _HARDEST or labels[order[0]].notna().any()
    }


def hardest_first(labels: pd.DataFrame) -> pd.DataFrame:
    """``labels`` by their difficulty."""
    return order_labels(labels, _HARDEST)


def order_labels(labels: pd.DataFrame, order: tuple[str, bool]) -> pd.DataFrame:
    """``labels`` sorted by one of `Orders`; labels without the number come last.

    Ties, and studies without difficulty ranks, go by the reference's average precision. Labels with
    too few positives to be evaluated follow all others.
    """
    column, ascending = order
    by_reference = labels.sort_values("average_precision", kind="stable")
    ordered = by_reference.sort_values(
        column, ascending=ascending, kind="stable", na_position="last"
    )
    return ordered.sort_values("supported", ascending=False, kind="stable")


def filter_labels(
    labels: pd.DataFrame,
    *,
    name: str,
    causes: Collection[str],
    min_positives: int,
    supercategories: Collection[str] = (),
) -> pd.DataFrame:
    """Labels that fit all filters.

    Args:
        labels: One row per label.
        name: Text the name holds, upper or lower case alike; empty for any.
        causes: At least one of these; empty for any.
        min_positives: Least number of positives in this split.
        supercategories: One of these; empty for any.
    """
    fits = labels["positives"] >= min_positives
    if name:
        fits &= labels["label"].str.casefold().str.contains(name.casefold(), regex=False)
    if causes:
        wanted = set(causes)
        fits &= labels["causes"].map(lambda cell: not wanted.isdisjoint(split_causes(cell)))
    if supercategories:
        fits &= labels["supercategory"].isin(supercategories)
    return labels[fits]


def movers(labels: pd.DataFrame, *, n_each: int = 5) -> pd.DataFrame:
    """The largest gains, then the largest losses, of labels with enough positives."""
    known = labels[labels["gain"].notna() & labels["supported"]]
    ranked = known.sort_values("gain", ascending=False, kind="stable")
    gains = ranked[ranked["gain"] > 0].head(n_each)
    losses = ranked[ranked["gain"] < 0].tail(n_each)
    return pd.concat([gains, losses])


def page_of(labels: pd.DataFrame, page: int, *, size: int) -> pd.DataFrame:
    """Rows of one page, counted from 1."""
    return labels.iloc[(page - 1) * size : page * size]
