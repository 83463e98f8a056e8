"""Possible annotation errors, most suspect first, for a person to review."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, safe_markdown, shorten
from udviz.stats.label_errors.suspects import EXTRA, MISSING
from udviz.ui.data import agreement, doubt, one_by_one, review_precision, reviewing, suspect_rows
from udviz.ui.frame.view import View
from udviz.ui.labels import gallery, tables
from udviz.ui.labels.controls import pick_one
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.images import ImageSource, source_of
from udviz.ui.load.study import StudyError

DIRECTIONS = {"missing label": MISSING, "extra label": EXTRA}
ALL, TO_REVIEW, REVIEWED, DIFFER = "all", "to review", "reviewed", "reviewers differ"
TILES, ONE = "tiles", "one image at a time"
HOW_TO_READ = (
    "Each tile is one image with its annotations that contradict a model which was not trained on "
    "it, most suspect first. Judge the **annotation**, not the model: *change label* if it is "
    "wrong, *keep label* if it is correct. Click an answer again to take it back. Reviews are "
    "saved with the study; your last one of a target counts, beside those of other reviewers."
)
NO_SUSPECTS = "No possible annotation errors in the {split} split."


def show(view: View, opened: str | None, *, may_change: reviewing.Refusal) -> None:
    """Draw the suspects with a way to review each, and what the reviews say so far.

    Args:
        view: What the page speaks of.
        opened: Label whose suspects are shown; of all labels if None.
        may_change: Asked when the page is drawn and again at every click: why nothing may be
            changed here; None if it may.
    """
    try:
        splits = _splits(view)
        split = _pick_split(splits)
        if split is None:
            st.info(NO_SUSPECTS.format(split=view.split), icon=":material/check:")
            return
        judges = suspect_rows.judges_of(view, split)
        source = source_of(view.study, judges[0])
        suspects = suspect_rows.read(view, split, judges)
        outliers = doubt.outliers_of(view, split)
        n_sliced = doubt.n_differing_in_slices(view)
    except StudyError as error:
        explain_missing(view.study, f"Possible annotation errors are not known: {error}")
        return
    doubt.show(view, training_judged="train" in splits, n_sliced=n_sliced)
    if reason := may_change():
        st.info(f"Reviews cannot be changed here: {reason}", icon=":material/lock:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layout = pick_one("View", [TILES, ONE], key="view")
        fits = _pick_direction(suspects)
        by = reviewing.By(view.study.path, reviewing.pick_reviewer(), may_change)
    reviewing.say_who_reviews(by)
    reviews = reviewing.reviews_table(view.study.path)
    suspects = suspect_rows.with_reviews(suspects, reviews, reviewer=by.reviewer)
    chosen = suspects[fits & _are_of(suspects, opened)]
    if layout == ONE:
        one_by_one.show(chosen, source, judges, outliers, by=by)
        return
    _show_tiles(chosen, source, outliers, by=by, name=f"{view.study.path.name}-{split}")
    review_precision.show(suspects)
    agreement.show(view, split)


def _splits(view: View) -> list[str]:
    """The split in view and the training split, as far as they have suspects."""
    splits = analysis_rows(view.study, "suspects", columns=["split"])["split"].unique()
    return [split for split in (view.split, "train") if split in splits]


def _pick_split(offered: list[str]) -> str | None:
    """The one to show; asks where there are two; None without any."""
    if len(offered) < 2:
        return next(iter(offered), None)
    return pick_one("Split", offered, key="of")


def _pick_direction(suspects: pd.DataFrame) -> pd.Series:
    """Which suspects are of the chosen direction; the choice is in the URL."""
    wanted = st.pills(
        "Possible error",
        list(DIRECTIONS),
        selection_mode="multi",
        key="direction",
        bind="query-params",
    )
    return suspects["direction"].isin([DIRECTIONS[w] for w in wanted or DIRECTIONS])


def _are_of(suspects: pd.DataFrame, opened: str | None) -> pd.Series:
    """Which suspects are of the opened label, which is said; all without one."""
    if opened is None:
        return suspects["label"].notna()
    name = safe_markdown(opened)
    st.caption(f"Only targets of {name}. Clear the label in the sidebar to see all.")
    return suspects["label"] == opened


def _show_tiles(
    chosen: pd.DataFrame,
    source: ImageSource,
    outliers: pd.DataFrame,
    *,
    by: reviewing.By,
    name: str,
) -> None:
    """Draw a tile per image, its doubted labels asked below, and offer what is shown."""
    if told := doubt.outliers_in_words(outliers):
        st.caption(told)
    with st.container(horizontal=True, vertical_alignment="center"):
        reviewing.show_progress(chosen)
        reviewing.offer_undo(by)
    status, shown = _pick_reviewed(chosen)
    if shown.empty:
        st.info(reviewing.NONE_FITS)
    else:
        locked = by.may_change() is not None

        def ask_each(image: pd.Series) -> None:
            for _, suspect in shown[shown["image"] == image["image"]].iterrows():
                st.markdown(_caption(suspect, with_answers=status == DIFFER))
                reviewing.ask(suspect, by=by, locked=locked)

        gallery.draw(
            shown.drop_duplicates("image"),
            source,
            caption=lambda image: doubt.about_image(image["image_id"], outliers),
            key="suspects",
            below=ask_each,
        )
    st.caption(HOW_TO_READ)
    tables.offer_csv(
        shown.drop(columns=["image", "row", "differs", "told"]),
        label="Download this list (CSV)",
        file_name=f"{name}-suspects.csv",
    )


def _pick_reviewed(suspects: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The chosen review status and the suspects that have it."""
    known, differs = suspects["verdict"].notna(), suspects["differs"]
    fits = {ALL: known | ~known, TO_REVIEW: ~known, REVIEWED: known}
    if differs.any():
        fits[DIFFER] = differs
    status = pick_one("Review status", list(fits), key="show")
    return status, suspects[fits[status]]


def _caption(suspect: pd.Series, *, with_answers: bool) -> str:
    """What is doubted, as Markdown; what others said of it only where that is asked for."""
    name = safe_markdown(shorten(suspect["label"]))
    prob = number(suspect["prob"], digits=2)
    told = f"**{name}**: {doubt.given(suspect)}, predicted probability {prob}"
    return f"{told}. {safe_markdown(suspect['told'])}" if with_answers else told
