"""Reviewing at speed: one image large, its doubted labels one after the other, a key per answer.

An answer belongs to the target that was asked about when a key was pressed, and to no other: each
target has buttons of its own, of which a browser may keep those of the last for a moment, and only
the last one asked about takes an answer, once a person can have seen its image.
"""

import time
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, one_line, safe_markdown, shorten
from udviz.predictions.cache import Predictions
from udviz.studies.reviews import ReviewedTarget, standing_reviews
from udviz.ui.data import doubt, reviewing
from udviz.ui.data.annotated_images import carried
from udviz.ui.data.suspect_rows import judge_of
from udviz.ui.frame import links
from udviz.ui.frame.sidebar import IMAGE
from udviz.ui.labels import gallery
from udviz.ui.load.images import ImageSource, picture
from udviz.ui.load.study import StudyError
from udviz.vocabulary import RIGHT, UNSURE, WRONG, ReviewVerdict

KEYS: Mapping[ReviewVerdict, str] = {WRONG: "X", RIGHT: "K", UNSURE: "U"}
NEXT, EVIDENCE, UNDO = "N", "E", "Z"
LEAST_LOOK = 0.3  # seconds from a new image to the first answer that can be meant for it
ALL_DONE = "You have reviewed all of these. *Tiles* shows them with your answers."
HOW_TO_READ = (
    "Judge the **annotation** by the image; the model's evidence is shown when you ask for it. "
    "Each key does what its button says, unless you are typing in a field. Reviews are saved at "
    "once; what they amount to is told below the *tiles*."
)
_ASKED, _EVIDENCE = "_review_asked", "_review_evidence"


def show(
    suspects: pd.DataFrame,
    source: ImageSource,
    judges: list[Predictions],
    outliers: pd.DataFrame,
    *,
    by: reviewing.By,
) -> None:
    """Draw the image in the URL, else the first with something to review, and ask about it.

    Args:
        suspects: As `suspect_rows.with_reviews` gives them.
        source: Where the images are read.
        judges: Whose predictions contradict the targets.
        outliers: As `doubt.outliers_of` gives them.
        by: Who reviews.
    """
    image_id = _image(suspects)
    reviewing.show_progress(suspects)
    if image_id is None:
        reviewing.offer_undo(by, shortcut=UNDO, then=lambda of: _go(of.image_id))
        if suspects.empty:
            st.info(reviewing.NONE_FITS)
        else:
            st.success(ALL_DONE, icon=":material/done_all:")
        return
    doubts = suspects[suspects["image_id"] == image_id]
    left, right = st.columns([3, 2], gap="medium")
    with right:
        _ask(suspects, doubts, judges, outliers, by=by)
    with left:
        _draw(image_id, source, int(doubts["row"].iloc[0]))


def _image(suspects: pd.DataFrame) -> str | None:
    """The image to review; None if all are reviewed and none is asked for."""
    asked = st.query_params.get(IMAGE)
    if asked in set(suspects["image_id"]):
        return asked
    return next(iter(suspects.loc[suspects["verdict"].isna(), "image_id"]), None)


def _following(suspects: pd.DataFrame, image_id: str) -> str | None:
    """The next image with something to review, from the start again after the last."""
    images = suspects["image_id"].unique().tolist()
    waiting = set(suspects.loc[suspects["verdict"].isna(), "image_id"])
    place = images.index(image_id)
    return next((i for i in images[place + 1 :] + images[:place] if i in waiting), None)


def _ask(
    suspects: pd.DataFrame,
    doubts: pd.DataFrame,
    judges: list[Predictions],
    outliers: pd.DataFrame,
    *,
    by: reviewing.By,
) -> None:
    """Its doubted labels, and for the first without an answer the buttons that answer it."""
    image_id = str(doubts["image_id"].iloc[0])
    with_evidence = st.session_state.get(_EVIDENCE) == image_id
    waiting = doubts[doubts["verdict"].isna()]
    judge, place = judge_of(int(doubts["image"].iloc[0]), judges)
    lines = [
        _line(doubted, asked=index in waiting.index[:1], with_evidence=with_evidence)
        for index, doubted in doubts.iterrows()
    ]
    st.markdown("\n\n".join([f"Annotated: {carried(judge, place)}", *lines]))
    following = _following(suspects, image_id)
    _offer_answers(waiting, image_id if len(waiting) > 1 else following, by=by)
    with st.container(horizontal=True):
        st.button(
            "Next image",
            icon=":material/skip_next:",
            shortcut=NEXT,
            disabled=following is None,
            on_click=_go,
            args=(following,),
        )
        reviewing.offer_undo(by, shortcut=UNDO, then=lambda of: _go(of.image_id))
    _show_evidence(image_id, doubts, outliers, shown=with_evidence)
    st.caption(HOW_TO_READ)


def _line(doubted: pd.Series, *, asked: bool, with_evidence: bool) -> str:
    """A doubted label with what is known of it, as Markdown."""
    told = f"**{safe_markdown(shorten(doubted['label']))}**: {doubt.given(doubted)}"
    if with_evidence:
        told += f", predicted probability {number(doubted['prob'], digits=2)}"
    if asked:
        return f":material/arrow_right: {told}. Is that correct?"
    return f"{told} (*{reviewing.ANSWERS.get(doubted['verdict'], 'to review')}*)"


def _offer_answers(waiting: pd.DataFrame, then: str | None, *, by: reviewing.By) -> None:
    """A button and a key for each answer about the first of the labels that wait for one."""
    of = direction = None
    if not waiting.empty:
        of, direction = reviewing.target_of(waiting.iloc[0]), str(waiting["direction"].iloc[0])
        asked, since = st.session_state.get(_ASKED, (None, 0.0))
        if asked is None or asked.image_id != of.image_id:
            since = time.monotonic()
        st.session_state[_ASKED] = (of, since)
    with st.container(horizontal=True):
        for verdict, key in KEYS.items():
            st.button(
                reviewing.ANSWERS[verdict].capitalize(),
                key=f"{verdict}-{of}-{by.reviewer}",
                shortcut=key,
                disabled=of is None or by.may_change() is not None,
                on_click=_answer,
                args=(of, direction, verdict, then, by),
            )


def _show_evidence(
    image_id: str, doubts: pd.DataFrame, outliers: pd.DataFrame, *, shown: bool
) -> None:
    """Show or hide what the model says of the image; it stays for this image only."""
    st.button(
        "Hide the model's evidence" if shown else "Show the model's evidence",
        key="evidence",
        icon=":material/visibility:",
        shortcut=EVIDENCE,
        on_click=lambda: st.session_state.update({_EVIDENCE: None if shown else image_id}),
    )
    if shown:
        if told := doubt.about_image(image_id, outliers):
            st.markdown(told)
        links.to_image(image_id, text="Where the models look", label=str(doubts["label"].iloc[0]))


def _draw(image_id: str, source: ImageSource, row: int) -> None:
    pixels = gallery.own_picture(source, row)
    try:
        pixels = picture(source, row) if pixels is None else pixels
    except StudyError as error:
        st.info(str(error), icon=":material/broken_image:")
        return
    with st.container(key="reviewed-image"):
        st.image(pixels, alt=f"Image {one_line(image_id)}", width="stretch", output_format="JPEG")
    st.caption(safe_markdown(shorten(image_id, n_chars=80)))


def _answer(
    of: ReviewedTarget,
    direction: str,
    verdict: ReviewVerdict,
    then: str | None,
    by: reviewing.By,
) -> None:
    """Keep the answer and go on, unless it cannot be meant for what is asked."""
    asked, since = st.session_state[_ASKED]
    if of != asked or time.monotonic() - since < LEAST_LOOK:
        return
    if standing := standing_reviews(by.study).get((of, by.reviewer)):
        if standing.verdict not in (None, verdict):
            reviewing.say(
                f"{safe_markdown(of.label)} had an answer already since this was drawn; it stays: "
                f"*{reviewing.ANSWERS[standing.verdict]}*."
            )
        return
    if reviewing.save(of, direction, verdict, by=by):
        _go(then)


def _go(image_id: str | None) -> None:
    if image_id is None:
        st.query_params.pop(IMAGE, None)
    else:
        st.query_params[IMAGE] = image_id
