"""Which models a page speaks of, kept in the URL by their names."""

from collections.abc import Sequence

import streamlit as st

from udviz.figures.style.text import one_line
from udviz.ui.frame.view import View

MOST_AT_FIRST = 3  # models; more are crowded until a person asks for them


def pick_models(view: View, names: Sequence[str], *, key: str = "of-models") -> list[str]:
    """Ask for any of ``names``; those of `first_models` until some are picked.

    One model is not asked for.
    """
    if len(names) < 2:
        return list(names)
    first = first_models(view, names)
    picked = st.multiselect(
        "Models",
        list(names),
        key=key,
        bind="query-params",
        format_func=one_line,
        placeholder=", ".join(map(one_line, first)),
    )
    return [name for name in names if name in picked] or first


def pick_model(view: View, label: str, names: Sequence[str], *, key: str, default: str) -> str:
    """Ask for one of ``names``."""
    first = default if default in names else names[0]
    return st.selectbox(
        label,
        list(names),
        index=list(names).index(first),
        key=key,
        bind="query-params",
        format_func=one_line,
        width=230,
    )


def first_models(view: View, names: Sequence[str]) -> list[str]:
    """All of a few ``names``, else the reference and the models that are compared."""
    if len(names) <= MOST_AT_FIRST:
        return list(names)
    of_interest = {view.reference, *(view.pair or ())}
    return [name for name in names if name in of_interest] or list(names[:MOST_AT_FIRST])
