"""Which image the Attention page shows: one of a list, the most informative first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, one_line, plural, safe_markdown, shorten
from udviz.predictions.cache import Predictions
from udviz.stats.maps.agreement import map_agreement
from udviz.ui.frame.sidebar import IMAGE, keep_in_link
from udviz.ui.load.caches import Version, maps_of, predictions_of

MOST_MAPS = 20_000  # that are compared for one list: a second
DISAGREEMENT = "highest disagreement on the label"
AGREEMENT = "lowest agreement of the maps"
AS_STORED = "order of the data set"
_SAID = {DISAGREEMENT: "Disagreement (nats):", AGREEMENT: "Correlation:"}
_ORDER, _LAST = "by", "_image"


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice:
    """An image that was picked from a list.

    Attributes:
        listed: The list, see `list_images`.
        order: Its order.
        place: Of the image in the predictions.
    """

    listed: pd.DataFrame
    order: str
    place: int

    def caption(self, image: pd.Series) -> str:
        """What the order goes by, of one image of the list."""
        return f"{_SAID[self.order]} {number(image['score'])}" if self.order in _SAID else ""


def choose(first: Version, second: Version | None, label: str | None) -> Choice:
    """Ask which image to look at.

    Args:
        first: Cache whose disagreement and maps put the images in order.
        second: Cache whose maps are compared with them; None without maps of two models.
        label: Label that listed images carry; all images if None.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        order = pick_order(first, second, label)
    listed = list_images(first, second, label, order)
    if listed.empty:
        st.info(f"No image of this split carries {safe_markdown(label or '')}; all are listed.")
        label, order = None, AS_STORED
        listed = list_images(first, second, label, order)
    run = predictions_of(first)
    place = _pick_place(run, listed)
    with row:
        _draw_controls(run, listed, place, label=label)
    return Choice(listed=listed, order=order, place=place)


def pick_order(first: Version, second: Version | None, label: str | None) -> str:
    """Ask in what order images come, kept in the URL; only orders that can be told."""
    options = [AS_STORED]
    if second is not None:
        options.insert(0, AGREEMENT)
    if label is not None and predictions_of(first).disagreement is not None:
        options.insert(0, DISAGREEMENT)
    return st.selectbox("Order of images", options, key=_ORDER, bind="query-params", width=270)


def list_images(
    first: Version, second: Version | None, label: str | None, order: str
) -> pd.DataFrame:
    """The images that carry ``label``, or all, in the chosen order.

    Returns:
        One row per image: ``place`` in the predictions, ``image_id``, ``row`` in the data set and
        ``score``, what the order goes by. Of more than `MOST_MAPS` images, maps are compared for
        evenly spread ones only.
    """
    return _list(first, second if order == AGREEMENT else None, label, order)


def _pick_place(run: Predictions, listed: pd.DataFrame) -> int:
    """Place of the chosen image; the first of the list until one is chosen.

    A followed link wins over the text field when it changed; the choice stays in the URL.
    """
    asked, last = st.query_params.get(IMAGE), st.session_state.get(_LAST)
    followed = asked is not None and asked != last
    wanted = asked if followed else st.session_state.get(IMAGE, last)
    place = _place_of(run, wanted) if wanted else None
    if wanted and place is None:
        st.warning(
            f"No image of this split is called {safe_markdown(wanted)}.", icon=":material/link_off:"
        )
    chosen = wanted if place is not None else ""
    shown = int(listed["place"].iloc[0]) if place is None else place
    st.session_state[IMAGE] = st.session_state[_LAST] = chosen
    keep_in_link(IMAGE, chosen, last=last)
    return shown


def _draw_controls(
    run: Predictions, listed: pd.DataFrame, shown: int, *, label: str | None
) -> None:
    """The text field, and buttons that go through the list."""
    found = np.flatnonzero(listed["place"].to_numpy() == shown)
    at = int(found[0]) if len(found) else -1  # an image that is not in the list comes before it
    st.button(
        "Previous image",
        icon=":material/chevron_left:",
        disabled=at <= 0,
        on_click=_open,
        args=(_id_at(listed, max(at - 1, 0)),),
    )
    st.button(
        "Next image",
        icon=":material/chevron_right:",
        disabled=at + 1 >= len(listed),
        on_click=_open,
        args=(_id_at(listed, min(at + 1, len(listed) - 1)),),
    )
    st.text_input(
        "Image name",
        key=IMAGE,
        placeholder=one_line(str(run.images["image_id"].iloc[shown])),
        width=270,
    )
    place = f"{at + 1:,} of " if at >= 0 else "Not one of the "
    carry = "" if label is None else f" that carry {safe_markdown(shorten(label))}"
    st.caption(f"{place}{plural(len(listed), 'image')}{carry}")


def _id_at(listed: pd.DataFrame, at: int) -> str:
    return str(listed["image_id"].iloc[at])


def _open(image_id: str) -> None:
    st.session_state[IMAGE] = image_id


def _place_of(run: Predictions, image_id: str) -> int | None:
    found = np.flatnonzero(run.images["image_id"].to_numpy() == image_id)
    return int(found[0]) if len(found) else None


@st.cache_resource(max_entries=4, show_spinner="Ordering the images …")
def _list(first: Version, second: Version | None, label: str | None, order: str) -> pd.DataFrame:
    run = predictions_of(first)
    places = np.arange(len(run.images))
    if label is not None:
        column = run.label_names.index(label)
        places = np.flatnonzero(np.asarray(run.targets[:, column]) == 1)
    score = np.full(len(places), np.nan)
    if order == DISAGREEMENT and label is not None and run.disagreement is not None:
        score = np.asarray(run.disagreement[:, column])[places]
    elif second is not None:
        places = places[:: max(1, -(-len(places) // MOST_MAPS))]  # rounded up
        score = map_agreement(maps_of(first)[places], maps_of(second)[places]).correlation
    listed = run.images.iloc[places][["image_id", "row"]].assign(place=places, score=score)
    return listed.sort_values("score", ascending=order != DISAGREEMENT, kind="stable")
