"""Reviews of possible annotation errors: one click each, undone by another; kept on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.figures.style.text import one_line, safe_markdown
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

COLUMNS = ["split", "image_id", "label", "target", "direction", "verdict", "reviewer", "time"]
ANSWERS: dict[str, str] = {WRONG: "change label", RIGHT: "keep label", UNSURE: "unsure"}
NONE_FITS = "No target matches these filters."
Refusal = Callable[[], str | None]
REVIEWER, LONGEST_NAME, UNNAMED = "reviewer", 40, "(no name)"
_KEPT_NAME, _TYPED = "_reviewer", "_reviewer_typed"
_DONE, _TROUBLE = "_reviews_made", "_review_trouble"


@dataclass(frozen=True)
class By:
    """Who reviews what.

    Attributes:
        study: Directory of the study.
        reviewer: Name; empty if none was given.
        may_change: Says why nothing may be changed here; None if it may.
    """

    study: Path
    reviewer: str
    may_change: Refusal


def pick_reviewer() -> str:
    """Ask who reviews; the name is in the URL and stays when the page is left."""
    if REVIEWER not in st.session_state and REVIEWER not in st.query_params:
        st.session_state[REVIEWER] = st.session_state.get(_KEPT_NAME, "")
    st.text_input(
        "Reviewer",
        key=REVIEWER,
        bind="query-params",
        max_chars=LONGEST_NAME,
        placeholder="Your name",
        help="Kept with each of your reviews. Nobody's reviews replace those of another name.",
        on_change=lambda: st.session_state.update({_TYPED: True}),
        width=270,
    )
    st.session_state[_KEPT_NAME] = _name()
    return _name()


def _name() -> str:
    """The reviewer's name as it is in the field now."""
    return one_line(st.session_state.get(REVIEWER) or "")[:LONGEST_NAME]


def say_who_reviews(by: By) -> None:
    """Say whose name a link has brought, as it may have been passed on."""
    if by.reviewer and not st.session_state.get(_TYPED):
        name = safe_markdown(by.reviewer)
        st.caption(f"By the link you are **{name}**. If you are not, change the reviewer's name.")


def reviews_table(study: Path) -> pd.DataFrame:
    """The reviews that stand, one row each: `COLUMNS`, ``time`` in UTC; nobody changes it."""
    file = study / REVIEWS_FILE
    stamp = file.stat() if file.is_file() else None
    return _read(str(study), (stamp.st_mtime_ns, stamp.st_size) if stamp else (0, 0))


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(study: str, version: tuple[int, int]) -> pd.DataFrame:
    rows = [
        {**vars(review.of), **{name: vars(review)[name] for name in COLUMNS[4:]}}
        for review in standing_reviews(Path(study)).values()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    when = pd.to_datetime(table["time"].astype(float), unit="s", utc=True)
    return table.assign(time=when.dt.floor("s"))


def show_progress(suspects: pd.DataFrame) -> None:
    """How many of these the reviewer has reviewed."""
    n_reviewed, n = int(suspects["verdict"].notna().sum()), len(suspects)
    st.progress(n_reviewed / max(n, 1), text=f"{n_reviewed:,} of {n:,} reviewed")


def target_of(suspect: pd.Series) -> ReviewedTarget:
    """The target that a suspect is about."""
    return ReviewedTarget(
        str(suspect["split"]),
        str(suspect["image_id"]),
        str(suspect["label"]),
        int(suspect["target"]),
    )


def ask(suspect: pd.Series, *, by: By, locked: bool) -> None:
    """Ask whether a target is an error; a second click on the answer takes it back.

    Args:
        suspect: ``split``, ``image_id``, ``label``, ``target``, ``direction``, ``verdict``.
        by: Who is asked.
        locked: Whether nothing may be changed here, as `By.may_change` says for all of a page.
    """
    of = target_of(suspect)
    key = f"review-{of.split}-{of.image_id}-{of.label}-{of.target}"
    verdict, direction = suspect["verdict"], str(suspect["direction"])

    def answered() -> None:
        save(of, direction, st.session_state[key], by=by)

    st.session_state[key] = verdict if verdict in REVIEW_VERDICTS else None
    st.pills(
        "Review",
        list(REVIEW_VERDICTS),
        key=key,
        format_func=lambda answer: ANSWERS[answer],
        wrap=True,  # three answers are wider than a tile may be
        on_change=answered,
        disabled=locked,
        label_visibility="collapsed",
    )


def save(of: ReviewedTarget, direction: str, verdict: ReviewVerdict | None, *, by: By) -> bool:
    """Keep a review, from a callback; whether it was kept. What went wrong is said by the page."""
    if reason_against := by.may_change():  # since the page was drawn
        say(f"The review was not saved: {reason_against}")
        return False
    if by.reviewer != _name():
        say("The review was not saved: the reviewer's name has changed since. Answer again.")
        return False
    before = standing_reviews(by.study).get((of, by.reviewer))
    made = Review(of=of, direction=direction, verdict=verdict, reviewer=by.reviewer)
    try:
        add_review(by.study, made)
    except OSError as error:
        say(f"The review was not saved. {reason(error)}")
        return False
    st.session_state.setdefault(_DONE, []).append((by.study, made, before))
    return True


def offer_undo(
    by: By,
    *,
    shortcut: str | None = None,
    then: Callable[[ReviewedTarget], None] = lambda of: None,
) -> None:
    """A button that takes back the last review made here, and what went wrong with one.

    Args:
        by: Who reviews.
        shortcut: Key that presses it.
        then: Called with the target whose review was taken back.
    """
    made = [step for step in st.session_state.get(_DONE, []) if step[0] == by.study]
    st.button(
        "Undo the last review",
        icon=":material/undo:",
        shortcut=shortcut,
        disabled=by.may_change() is not None or not made,
        on_click=_undo,
        args=(by, then),
    )
    if trouble := st.session_state.pop(_TROUBLE, None):
        st.error(trouble, icon=":material/error:")


def say(trouble: str) -> None:
    """Have the page say what went wrong when it is drawn next."""
    st.session_state[_TROUBLE] = trouble


def _undo(by: By, then: Callable[[ReviewedTarget], None]) -> None:
    if reason_against := by.may_change():
        say(f"The review was not undone: {reason_against}")
        return
    steps = st.session_state[_DONE]
    place = max(place for place, step in enumerate(steps) if step[0] == by.study)
    _, made, before = steps[place]
    try:
        undone = undo(by.study, made, before)
    except OSError as error:
        say(f"The review was not undone. {reason(error)}")
        return
    del steps[place]
    if undone:
        then(made.of)
    else:
        say("The review was not undone: somebody has reviewed the same target since.")
