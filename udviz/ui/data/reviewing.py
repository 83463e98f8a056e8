"""Reviews of possible annotation errors: one click each, undone by another; kept on disk."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.studies.failure import reason
from udviz.studies.reviews import (
    REVIEWS_FILE,
    Review,
    ReviewedTarget,
    add_review,
    standing_reviews,
    undo,
)
from udviz.vocabulary import REVIEW_VERDICTS, RIGHT, UNSURE, WRONG, ReviewVerdict

COLUMNS = ["split", "image_id", "label", "target", "direction", "verdict", "time"]
ANSWERS: dict[str, str] = {WRONG: "change label", RIGHT: "keep label", UNSURE: "unsure"}
Refusal = Callable[[], str | None]
_DONE, _TROUBLE = "_reviews_made", "_review_trouble"


def reviews_table(study: Path) -> pd.DataFrame:
    """The reviews that stand, one row each: `COLUMNS`, ``time`` in UTC; nobody changes it."""
    file = study / REVIEWS_FILE
    stamp = file.stat() if file.is_file() else None
    return _read(str(study), (stamp.st_mtime_ns, stamp.st_size) if stamp else (0, 0))


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(study: str, version: tuple[int, int]) -> pd.DataFrame:
    rows = [
        {**vars(review.of), "direction": review.direction, "verdict": review.verdict}
        | {"time": review.time}
        for review in standing_reviews(Path(study)).values()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    when = pd.to_datetime(table["time"].astype(float), unit="s", utc=True)
    return table.assign(time=when.dt.floor("s"))


def ask(study: Path, suspect: pd.Series, *, may_change: Refusal) -> None:
    """Ask whether a target is an error; a second click on the answer takes it back.

    Args:
        study: Directory of the study.
        suspect: ``split``, ``image_id``, ``label``, ``target``, ``direction``, ``verdict``.
        may_change: Says why nothing may be changed here; None if it may.
    """
    of = ReviewedTarget(
        str(suspect["split"]),
        str(suspect["image_id"]),
        str(suspect["label"]),
        int(suspect["target"]),
    )
    key = f"review-{of.split}-{of.image_id}-{of.label}-{of.target}"
    verdict = suspect["verdict"]
    st.session_state[key] = verdict if verdict in REVIEW_VERDICTS else None
    st.pills(
        "Review",
        list(REVIEW_VERDICTS),
        key=key,
        format_func=lambda answer: ANSWERS[answer],
        wrap=True,  # three answers are wider than a tile may be
        on_change=_review,
        args=(study, of, str(suspect["direction"]), key, may_change),
        disabled=may_change() is not None,
        label_visibility="collapsed",
    )


def offer_undo(study: Path, *, may_change: Refusal) -> None:
    """A button that takes back the last review made here, and what went wrong with one."""
    made = [step for step in st.session_state.get(_DONE, []) if step[0] == study]
    st.button(
        "Undo the last review",
        icon=":material/undo:",
        disabled=may_change() is not None or not made,
        on_click=_undo,
        args=(study, may_change),
    )
    if trouble := st.session_state.pop(_TROUBLE, None):
        st.error(trouble, icon=":material/error:")


def _review(study: Path, of: ReviewedTarget, direction: str, key: str, may_change: Refusal) -> None:
    if reason_against := may_change():  # since the page was drawn
        st.session_state[_TROUBLE] = f"The review was not saved: {reason_against}"
        return
    verdict: ReviewVerdict | None = st.session_state[key]
    before = standing_reviews(study).get(of)
    made = Review(of=of, direction=direction, verdict=verdict)
    try:
        add_review(study, made)
    except OSError as error:
        st.session_state[_TROUBLE] = f"The review was not saved. {reason(error)}"
        return
    st.session_state.setdefault(_DONE, []).append((study, made, before))


def _undo(study: Path, may_change: Refusal) -> None:
    if reason_against := may_change():
        st.session_state[_TROUBLE] = f"The review was not undone: {reason_against}"
        return
    steps = st.session_state[_DONE]
    place = max(place for place, step in enumerate(steps) if step[0] == study)
    _, made, before = steps[place]
    try:
        undone = undo(study, made, before)
    except OSError as error:
        st.session_state[_TROUBLE] = f"The review was not undone. {reason(error)}"
        return
    del steps[place]
    if not undone:
        st.session_state[_TROUBLE] = (
            "The review was not undone: somebody has reviewed the same target since."
        )
