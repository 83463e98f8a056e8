"""Possible annotation errors, most suspect first, for a person to review."""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, safe_markdown, shorten
from udviz.predictions.cache import Predictions
from udviz.stats.label_errors.suspects import EXTRA, MISSING
from udviz.studies.directory import RunDirectory
from udviz.ui.data import doubt, review_precision, reviewing
from udviz.ui.frame.view import View
from udviz.ui.labels import gallery, tables
from udviz.ui.labels.controls import pick_one
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.caches import predictions_of, version_at, version_of
from udviz.ui.load.images import source_of
from udviz.ui.load.study import Study, StudyError

DIRECTIONS = {"missing label": MISSING, "extra label": EXTRA}
ALL, TO_REVIEW, REVIEWED = "all", "to review", "reviewed"
HOW_TO_READ = (
    "Each tile is one image with its annotations that contradict a model which was not trained on "
    "it, most suspect first. Judge the **annotation**, not the model: *change label* if it is "
    "wrong, *keep label* if it is correct. Click an answer again to take it back. Reviews are "
    "saved with the study; the last one of a target counts."
)
NO_SUSPECTS = "No possible annotation errors in the {split} split."
_COLUMNS = ["split", "image", "image_id", "label", "direction", "prob", "quality"]
_KEY = ["split", "image_id", "label", "target"]


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
        judges = _judges(view, split)
        source = source_of(view.study, judges[0])
        suspects = with_reviews(view.study, split)
        suspects = suspects.assign(row=_rows(suspects, judges))
        outliers = doubt.outliers_of(view, split)
    except StudyError as error:
        explain_missing(view.study, f"Possible annotation errors are not known: {error}")
        return
    doubt.show(view, training_judged="train" in splits)
    if reason := may_change():
        st.info(f"Reviews cannot be changed here: {reason}", icon=":material/lock:")
    if told := doubt.outliers_in_words(outliers):
        st.caption(told)
    chosen = _pick_suspects(suspects, opened)
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_progress(chosen)
        reviewing.offer_undo(view.study.path, may_change=may_change)
    shown = _pick_reviewed(chosen)
    if shown.empty:
        st.info("No target matches these filters.")
    else:
        outlying = dict(zip(outliers["image_id"], outliers["unmarked"], strict=True))
        of_image = dict(list(shown.groupby("image_id", sort=False)))

        def ask_each(image: pd.Series) -> None:
            for _, suspect in of_image[image["image_id"]].iterrows():
                st.markdown(_caption(suspect))
                reviewing.ask(view.study.path, suspect, may_change=may_change)

        gallery.draw(
            shown.drop_duplicates("image_id"),
            source,
            caption=lambda image: _about_image(image["image_id"], outlying),
            key="suspects",
            below=ask_each,
        )
    st.caption(HOW_TO_READ)
    name = f"{view.study.path.name}-{split}"
    tables.offer_csv(
        shown.drop(columns=["image", "row"]),
        label="Download this list (CSV)",
        file_name=f"{name}-suspects.csv",
    )
    review_precision.show(suspects)
    tables.offer_csv(
        reviewing.reviews_table(view.study.path),
        label="Download all reviews (CSV)",
        file_name=f"{view.study.path.name}-reviews.csv",
    )


def with_reviews(study: Study, split: str) -> pd.DataFrame:
    """Suspects of a split, most suspect first, with ``target``, ``verdict`` and ``time``.

    Raises:
        StudyError: If the table of suspects is missing or damaged.
    """
    where = (("split", (split,)),)
    rows = analysis_rows(study, "suspects", columns=_COLUMNS, where=where)
    targets = (rows["direction"] == EXTRA).astype(int)
    reviews = reviewing.reviews_table(study.path)[[*_KEY, "verdict", "time"]]
    reviews = reviews[reviews["split"] == split].astype({"target": int})
    return rows.assign(target=targets).merge(reviews, how="left", on=_KEY, validate="one_to_one")


def _splits(view: View) -> list[str]:
    """The split in view and the training split, as far as they have suspects."""
    splits = analysis_rows(view.study, "suspects", columns=["split"])["split"].unique()
    return [split for split in (view.split, "train") if split in splits]


def _pick_split(offered: list[str]) -> str | None:
    """The one to show; asks where there are two; None without any."""
    if len(offered) < 2:
        return next(iter(offered), None)
    return pick_one("Split", offered, key="of")


def _judges(view: View, split: str) -> list[Predictions]:
    """Predictions that the targets of ``split`` were judged by, in the order of the analysis."""
    study = view.study
    if split != "train":
        return [predictions_of(version_of(study, view.reference, split))]
    folds = sorted(study.path.glob("crossfit-*"), key=lambda path: (len(path.name), path.name))
    if not folds:
        raise StudyError(f"`{study.path}` holds no judges of the training split.")
    return [predictions_of(version_at(RunDirectory(fold).predictions(split))) for fold in folds]


def _rows(suspects: pd.DataFrame, judges: list[Predictions]) -> np.ndarray:
    """Index in the data set of the image of every suspect."""
    images = pd.concat([judge.images for judge in judges], ignore_index=True)
    places = suspects["image"].to_numpy(int)
    if places.max(initial=-1) >= len(images):
        raise StudyError("The predictions hold fewer images than the analysis judged.")
    found = images.iloc[places]
    if not (found["image_id"].to_numpy() == suspects["image_id"].to_numpy()).all():
        raise StudyError("The predictions are of other images than the analysis judged.")
    return found["row"].to_numpy(int)


def _pick_suspects(suspects: pd.DataFrame, opened: str | None) -> pd.DataFrame:
    """Those of the opened label and of the chosen direction; the direction is in the URL."""
    wanted = st.pills(
        "Possible error",
        list(DIRECTIONS),
        selection_mode="multi",
        key="direction",
        bind="query-params",
    )
    fits = suspects["direction"].isin([DIRECTIONS[w] for w in wanted] or list(DIRECTIONS.values()))
    if opened is not None:
        fits &= suspects["label"] == opened
        name = safe_markdown(opened)
        st.caption(f"Only targets of {name}. Clear the label in the sidebar to see all.")
    return suspects[fits]


def _pick_reviewed(suspects: pd.DataFrame) -> pd.DataFrame:
    choice = pick_one("Review status", [ALL, TO_REVIEW, REVIEWED], key="show")
    known = suspects["verdict"].notna()
    return suspects[{ALL: known | ~known, TO_REVIEW: ~known, REVIEWED: known}[choice]]


def _show_progress(suspects: pd.DataFrame) -> None:
    n_reviewed, n = int(suspects["verdict"].notna().sum()), len(suspects)
    st.progress(n_reviewed / max(n, 1), text=f"{n_reviewed:,} of {n:,} reviewed")


def _about_image(image_id: str, outlying: dict[str, int]) -> str:
    """That an image is an outlier, as Markdown; else empty."""
    if image_id not in outlying:
        return ""
    return f"*Outlier image: most certain of {int(outlying[image_id])} unannotated labels.*"


def _caption(suspect: pd.Series) -> str:
    given = "annotated" if suspect["direction"] == EXTRA else "not annotated"
    return (
        f"**{safe_markdown(shorten(suspect['label']))}**: {given}, predicted probability "
        f"{number(suspect['prob'], digits=2)}"
    )
