"""The part of the Difficulty page on what is most worth fixing: which labels, how, and why."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.worth_fixing import worth_fixing as bars
from udviz.figures.style.text import number, one_line, plural, safe_markdown, shorten
from udviz.stats.difficulty.actions import worth_fixing
from udviz.ui.advice import sentences
from udviz.ui.advice.collect import Advice, advise, cap_of_lists
from udviz.ui.advice.ways import to_act
from udviz.ui.frame import charts, links
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.load.analysis_rows import explain_incomplete

_MOST_DRAWN, _MOST_TOLD = 12, 5


def show(view: View, labels: pd.DataFrame, *, opened: str | None) -> None:
    """Draw the actions that could save most wrong decisions, told with a way to each.

    Args:
        view: What the page speaks of.
        labels: Rows of the labels in view.
        opened: Label whose rows are lifted out.
    """
    st.header("What is most worth fixing?", anchor=False)
    found = advise(view)
    explain_incomplete(view.study, found.problems)
    actions = found.actions[found.actions["label"].isin(labels["label"])]
    order = worth_fixing(actions)
    if order.empty:
        st.info("Nothing that was measured says how to save wrong decisions on these labels.")
    else:
        with st.grid(2, min_column_width=440) as grid:
            with grid.cell():
                _draw(order, opened)
            with grid.cell():
                _tell(order)
        st.caption(sentences.HOW_TO_READ)
        _offer(view, actions)
    _tell_of_the_rest(view, found, labels, order)


def _draw(order: pd.DataFrame, opened: str | None) -> None:
    drawn = order[order["saved"] > 0].head(_MOST_DRAWN)
    if drawn.empty:
        return
    heads = [sentences.head(action, safe=one_line) for _, action in drawn.iterrows()]
    charts.draw(
        bars(drawn.assign(what=heads), title="Wrong decisions that could be saved", opened=opened),
        key="worth-fixing",
        alt=_alt(drawn.assign(what=heads)),
        on_click=open_label,
    )


def _tell(order: pd.DataFrame) -> None:
    for _, action in order.head(_MOST_TOLD).iterrows():
        name = safe_markdown(shorten(action["label"]))
        with st.container(gap="xxsmall"):
            st.markdown(f"{name}. {sentences.advice(action)}")
            to_act(action)
    if len(order) > _MOST_TOLD:
        st.caption(f"{plural(len(order) - _MOST_TOLD, 'more action')} in the list.")


def _tell_of_the_rest(view: View, found: Advice, labels: pd.DataFrame, order: pd.DataFrame) -> None:
    """What has no place in the order: no decisions saved, no action known, the data set itself."""
    helped = set(order["label"])
    wrong = found.wrong[found.wrong["label"].isin(labels["label"])]
    told = [
        sentences.unhelped(wrong[~wrong["label"].isin(helped)]),
        sentences.recalibrated(found.actions[found.actions["label"].isin(labels["label"])]),
    ]
    for sentence in filter(None, told):
        st.caption(sentence)
    if cap := cap_of_lists(view):
        st.markdown(sentences.cap_in_words(cap))
        links.to_data("label frequency", text="Labels per image")


def _offer(view: View, actions: pd.DataFrame) -> None:
    tables.offer_csv(
        actions.dropna(axis="columns", how="all"),
        label="Download this list (CSV)",
        file_name=f"{view.study.path.name}-{view.split}-actions.csv",
    )


def _alt(drawn: pd.DataFrame) -> str:
    told = "; ".join(
        f"{one_line(row['label'])}, {row['what']}: {number(row['saved'], digits=0)} of "
        f"{number(row['errors'], digits=0)}"
        for _, row in drawn.iterrows()
    )
    return f"Wrong decisions that each action could save at most, of all on the label. {told}."
