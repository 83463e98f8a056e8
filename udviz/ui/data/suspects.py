"""Targets that look wrong, most suspect first, for a person to review."""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, safe_markdown, shorten
from udviz.predictions.cache import Predictions
from udviz.stats.label_errors.suspects import EXTRA, MISSING
from udviz.studies.directory import RunDirectory
from udviz.ui.data import doubts, marking
from udviz.ui.frame.view import View
from udviz.ui.labels import gallery, tables
from udviz.ui.load.analysis_rows import analysis_rows, explain_missing
from udviz.ui.load.caches import predictions_of, version_at, version_of
from udviz.ui.load.images import source_of
from udviz.ui.load.study import Study, StudyError

DIRECTIONS = {"a mark seems missing": MISSING, "a mark seems extra": EXTRA}
ALL, TO_REVIEW, REVIEWED = "all", "to review", "reviewed"
HOW_TO_READ = (
    "Each tile is one target (an image and a label) that a model which did not train on it doubts, "
    "most suspect first. Say whether the **target** is wrong, not whether the model is: *wrong* if "
    "the mark should change, *right* if it should stay. A second click on an answer takes it back. "
    "Marks are kept beside the study; the last one on a target stands, whoever made it."
)
_COLUMNS = ["split", "image", "image_id", "label", "direction", "prob", "quality"]
_KEY = ["split", "image_id", "label", "target"]


def show(view: View, opened: str | None, *, may_change: marking.Refusal) -> None:
    """Draw the doubted targets with a way to mark each, and what the marks say so far.

    Args:
        view: What the page speaks of.
        opened: Label whose doubts are shown; of all labels if None.
        may_change: Asked when the page is drawn and again at every click: why nothing may be
            changed here; None if it may.
    """
    try:
        split = _pick_split(view)
        if split is None:
            st.info(f"No target of the {view.split} split is doubted.", icon=":material/check:")
            return
        judges = _judges(view.study, split)
        source = source_of(view.study, judges[0])
        suspects = with_marks(view.study, split)
        suspects = suspects.assign(row=_rows(suspects, judges))
    except StudyError as error:
        explain_missing(view.study, f"There are no suspects to show: {error}")
        return
    if reason := may_change():
        st.info(f"Marks cannot be changed here: {reason}", icon=":material/lock:")
    chosen = _pick_suspects(suspects, opened)
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_progress(chosen)
        marking.offer_undo(view.study.path, may_change=may_change)
    shown = _pick_reviewed(chosen)
    if shown.empty:
        st.info("No doubted target fits these filters.")
    else:
        gallery.draw(
            shown,
            source,
            caption=_caption,
            key="suspects",
            below=lambda suspect: marking.ask(view.study.path, suspect, may_change=may_change),
        )
    st.caption(HOW_TO_READ)
    name = f"{view.study.path.name}-{split}"
    tables.offer_csv(
        shown.drop(columns=["image", "row"]),
        label="Download these suspects (CSV)",
        file_name=f"{name}-suspects.csv",
    )
    doubts.show(suspects)
    tables.offer_csv(
        marking.marks_table(view.study.path),
        label="Download all marks (CSV)",
        file_name=f"{view.study.path.name}-reviews.csv",
    )


def with_marks(study: Study, split: str) -> pd.DataFrame:
    """Doubted targets of a split, most suspect first, with ``target``, ``verdict`` and ``time``.

    Raises:
        StudyError: If the table of suspects is missing or damaged.
    """
    where = (("split", (split,)),)
    rows = analysis_rows(study, "suspects", columns=_COLUMNS, where=where)
    targets = (rows["direction"] == EXTRA).astype(int)
    marks = marking.marks_table(study.path)[[*_KEY, "verdict", "time"]]
    marks = marks[marks["split"] == split].astype({"target": int})
    return rows.assign(target=targets).merge(marks, how="left", on=_KEY, validate="one_to_one")


def _pick_split(view: View) -> str | None:
    """The split in view; asks where targets of training are doubted too; None without doubts."""
    splits = analysis_rows(view.study, "suspects", columns=["split"])["split"].unique()
    offered = [split for split in (view.split, "train") if split in splits]
    if len(offered) < 2:
        return next(iter(offered), None)
    choice = st.segmented_control(
        "Targets of",
        offered,
        default=offered[0],
        required=True,
        key="of",
        bind="query-params",
    )
    return choice or offered[0]


def _judges(study: Study, split: str) -> list[Predictions]:
    """Predictions that the targets of ``split`` were judged by, in the order of the analysis."""
    if split != "train":
        return [predictions_of(version_of(study, "teacher", split))]
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
        "Doubted because",
        list(DIRECTIONS),
        selection_mode="multi",
        key="direction",
        bind="query-params",
    )
    fits = suspects["direction"].isin([DIRECTIONS[w] for w in wanted] or list(DIRECTIONS.values()))
    if opened is not None:
        fits &= suspects["label"] == opened
        st.caption(f"Only targets of {safe_markdown(opened)}; clear the label to see all.")
    return suspects[fits]


def _pick_reviewed(suspects: pd.DataFrame) -> pd.DataFrame:
    choice = st.segmented_control(
        "Reviewed or not",
        [ALL, TO_REVIEW, REVIEWED],
        default=ALL,
        required=True,
        key="show",
        bind="query-params",
    )
    known = suspects["verdict"].notna()
    return suspects[{ALL: known | ~known, TO_REVIEW: ~known, REVIEWED: known}[choice or ALL]]


def _show_progress(suspects: pd.DataFrame) -> None:
    n_reviewed, n = int(suspects["verdict"].notna().sum()), len(suspects)
    st.progress(n_reviewed / max(n, 1), text=f"{n_reviewed:,} of {n:,} reviewed")


def _caption(suspect: pd.Series) -> str:
    given = "marked" if suspect["direction"] == EXTRA else "not marked"
    return (
        f"**{safe_markdown(shorten(suspect['label']))}** is **{given}**; the model says "
        f"{number(suspect['prob'], digits=2)}"
    )
