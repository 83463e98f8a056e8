"""The part of the Difficulty page on what is most worth fixing: which labels, how, and why."""

import pandas as pd
import streamlit as st

from udviz.figures.labels.worth_fixing import worth_fixing as bars
from udviz.figures.style.text import number, one_line, plural
from udviz.stats.difficulty.actions import worth_fixing
from udviz.ui.advice import sentences
from udviz.ui.advice.collect import advise, cap_of_lists
from udviz.ui.advice.ways import to_act
from udviz.ui.frame import charts, links
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.load.analysis_rows import explain_incomplete
from udviz.vocabulary import Action

_MOST_DRAWN, _MOST_TOLD = 12, 5
_SAID_ONCE: tuple[Action, ...] = ("improve the teacher", "recalibrate")  # of all labels together


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
    actions, wrong = (
        table[table["label"].isin(labels["label"])] for table in (found.actions, found.wrong)
    )
    order = worth_fixing(actions)
    order = order[~order["action"].isin(_SAID_ONCE)]
    if order.empty:
        st.info("Nothing that was measured says how to save wrong decisions on these labels.")
        wrong = wrong.iloc[:0]  # which need not be named
    else:
        _show_order(order, opened)
    _tell_of_the_rest(actions, wrong, helped=order["label"])
    _tell_of_cut_lists(view)
    if not actions.empty:
        _offer(view, actions)


def _show_order(order: pd.DataFrame, opened: str | None) -> None:
    with st.grid(2, min_column_width=440) as grid:
        with grid.cell():
            _draw(order, opened)
        with grid.cell():
            _tell(order)
    st.caption(sentences.HOW_TO_READ)


def _draw(order: pd.DataFrame, opened: str | None) -> None:
    drawn = order[order["saved"] > 0].head(_MOST_DRAWN)
    if drawn.empty:
        return
    drawn = drawn.assign(what=[sentences.head(row, safe=one_line) for _, row in drawn.iterrows()])
    charts.draw(
        bars(drawn, title="Wrong decisions that could be saved", opened=opened),
        key="worth-fixing",
        alt=_alt(drawn),
        on_click=open_label,
    )


def _tell(order: pd.DataFrame) -> None:
    for _, action in order.head(_MOST_TOLD).iterrows():
        _say(sentences.advice(action, named=True), action)
    if len(order) > _MOST_TOLD:
        st.caption(f"{plural(len(order) - _MOST_TOLD, 'more action')} in the list to download.")


def _tell_of_the_rest(actions: pd.DataFrame, wrong: pd.DataFrame, *, helped: pd.Series) -> None:
    """What has no place in the order: no number, no decision saved, or no action at all."""
    weak, miscalibrated = (actions[actions["action"] == action] for action in _SAID_ONCE)
    if not weak.empty:
        _say(sentences.untaught(weak), weak.iloc[0])
    if told := sentences.unhelped(wrong[~wrong["label"].isin([*helped, *weak["label"]])]):
        st.markdown(told)
    if not miscalibrated.empty:
        change = (miscalibrated["brier_after"] - miscalibrated["brier_before"]).to_numpy(float)
        rows = miscalibrated.iloc[change.argsort(kind="stable")]
        _say(sentences.recalibrated(rows), rows.iloc[0])


def _say(sentence: str, action: pd.Series) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(sentence)
        to_act(action)


def _tell_of_cut_lists(view: View) -> None:
    if cap := cap_of_lists(view):
        st.markdown(sentences.cap_in_words(cap))
        links.to_data("label frequency", text="Labels per image")


def _offer(view: View, actions: pd.DataFrame) -> None:
    tables.offer_csv(
        actions.dropna(axis="columns", how="all"),
        label="Download this list (CSV)",
        file_name=view.file_name("actions.csv"),
    )


def _alt(drawn: pd.DataFrame) -> str:
    told = "; ".join(
        f"{one_line(row['label'])}, {row['what']}: {number(row['saved'], digits=0)} of "
        f"{number(row['errors'], digits=0)}"
        for _, row in drawn.iterrows()
    )
    return f"Wrong decisions that each action could save at most, of all on the label. {told}."
