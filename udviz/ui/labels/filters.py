"""Which labels are in view, and in what order."""

from collections.abc import Collection

import pandas as pd

from udviz.figures.labels.causes import split_causes

HARDEST_FIRST = "hardest first"
ORDERS = {
    HARDEST_FIRST: ("difficulty_rank", True),
    "lowest teacher AP first": ("ap_teacher", True),
    "lowest distilled AP first": ("ap_distilled", True),
    "largest gain first": ("gain", False),
    "largest loss first": ("gain", True),
    "rarest first": ("positives", True),
    "most uncertain first": ("disagreement", False),
}


def orders_of(labels: pd.DataFrame) -> list[str]:
    """The orders whose number this study has."""
    known = [name for name, (column, _) in ORDERS.items() if labels[column].notna().any()]
    return list(dict.fromkeys([HARDEST_FIRST, *known]))


def order_labels(labels: pd.DataFrame, order: str) -> pd.DataFrame:
    """``labels`` sorted as `ORDERS` says; labels without the number come last.

    Ties, and studies without difficulty ranks, go by the teacher's average precision.
    """
    column, ascending = ORDERS[order]
    by_teacher = labels.sort_values("ap_teacher", kind="stable")
    return by_teacher.sort_values(column, ascending=ascending, kind="stable", na_position="last")


def filter_labels(
    labels: pd.DataFrame, *, name: str, causes: Collection[str], min_positives: int
) -> pd.DataFrame:
    """Labels that fit all three filters.

    Args:
        labels: One row per label.
        name: Text the name holds, upper or lower case alike; empty for any.
        causes: At least one of these; empty for any.
        min_positives: Least number of positives in this split.
    """
    fits = labels["positives"].fillna(0) >= min_positives
    if name:
        fits &= labels["label"].str.casefold().str.contains(name.casefold(), regex=False)
    if causes:
        wanted = set(causes)
        fits &= labels["causes"].map(lambda cell: not wanted.isdisjoint(split_causes(cell)))
    return labels[fits]


def movers(labels: pd.DataFrame, *, n_each: int = 5) -> pd.DataFrame:
    """The largest gains, then the largest losses, of labels with enough positives."""
    known = labels[labels["gain"].notna() & labels["supported"].fillna(value=True).astype(bool)]
    ranked = known.sort_values("gain", ascending=False, kind="stable")
    gains = ranked[ranked["gain"] > 0].head(n_each)
    losses = ranked[ranked["gain"] < 0].tail(n_each)
    return pd.concat([gains, losses])


def page_of(labels: pd.DataFrame, page: int, *, size: int) -> pd.DataFrame:
    """Rows of one page, counted from 1."""
    return labels.iloc[(page - 1) * size : page * size]
