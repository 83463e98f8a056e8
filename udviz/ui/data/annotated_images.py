"""Images of a split with the labels they carry."""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.style.text import plural, safe_markdown, shorten
from udviz.predictions.cache import Predictions
from udviz.ui.frame.view import View
from udviz.ui.labels import gallery
from udviz.ui.labels.controls import pick_one
from udviz.ui.load.analysis_rows import explain_missing
from udviz.ui.load.caches import predictions_of, version_of
from udviz.ui.load.images import source_of
from udviz.ui.load.study import StudyError

TARGETS = {"all": None, "present": 1, "absent": 0, "unknown": -1}
_MOST = 12  # labels that a caption names


def show(view: View, opened: str | None) -> None:
    """Draw the images of the split, or those where the opened label has the chosen target."""
    try:
        run = predictions_of(version_of(view.study, view.reference, view.split))
        source = source_of(view.study, run)
    except StudyError as error:
        explain_missing(view.study, f"The images of this split are not known: {error}")
        return
    images = _pick_images(run, opened)
    if images.empty:
        st.info("No image of this split has this target.")
        return
    gallery.draw(
        images,
        source,
        caption=lambda image: carried(run, int(image["place"])),
        key="images",
        label=opened,
    )
    st.caption(
        "Below each image are its annotated labels. Choose a label in the sidebar to filter by it; "
        "click an image's name to see its attention maps."
    )


def _pick_images(run: Predictions, opened: str | None) -> pd.DataFrame:
    """Images with their ``place`` in [0, N); of those with a chosen target if a label is open."""
    places = np.arange(len(run.images))
    if opened is not None:
        choice = pick_one(
            f"Target of {safe_markdown(opened)}", list(TARGETS), key="target", first="all"
        )
        wanted = TARGETS[choice]
        if wanted is not None:
            places = np.flatnonzero(run.targets[:, run.label_names.index(opened)] == wanted)
    st.caption(f"{len(places):,} of {plural(len(run.images), 'image')}")
    return run.images.iloc[places].assign(place=places)


def carried(run: Predictions, place: int) -> str:
    """The labels that an image carries, as Markdown; how many are unknown."""
    targets = np.asarray(run.targets[place])
    names = [run.label_names[label] for label in np.flatnonzero(targets == 1)]
    told = ", ".join(safe_markdown(shorten(name)) for name in names[:_MOST]) or "*no label*"
    if len(names) > _MOST:
        told += f" and {len(names) - _MOST} more"
    if unknown := int((targets == -1).sum()):
        told += f" ({unknown} unknown)"
    return told
