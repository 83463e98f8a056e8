"""Images side by side, a page of them at a time, each a way to look closer."""

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.style.text import one_line, safe_markdown, shorten
from udviz.ui.frame import links
from udviz.ui.labels.filters import page_of
from udviz.ui.load.images import ImageSource, original, thumbnail
from udviz.ui.load.study import StudyError

PAGE_SIZE = 12
_NAME_CHARS = 24


def draw(
    images: pd.DataFrame,
    source: ImageSource,
    *,
    caption: Callable[[pd.Series], str],
    key: str,
    label: str | None = None,
    of: Hashable = None,
    below: Callable[[pd.Series], None] | None = None,
) -> None:
    """Draw ``images`` in their order; the page is kept in the URL.

    Args:
        images: One row per image with ``image_id`` and ``row``, its index in the data set.
        source: Where the images are read.
        caption: Markdown below an image, given its row of ``images``; asked of the images in
            view only.
        key: Name of the gallery, unique on its page; also of its page number in the URL.
        of: What the images answer; when it changes, the first page is shown again.
        label: Label that a closer look is about; if None, the one in column ``label``, where
            ``images`` has it.
        below: Draws more below a caption, given the same row.
    """
    page = 1
    if st.session_state.get(f"_{key}-of", of) != of and key in st.session_state:
        st.session_state[key] = 1
    st.session_state[f"_{key}-of"] = of
    if len(images) > PAGE_SIZE:
        n_pages = -(-len(images) // PAGE_SIZE)  # rounded up
        page = st.pagination(n_pages, key=key, bind="query-params")
    with st.grid("auto", min_column_width=170, key=f"{key}-images") as grid:
        for _, image in page_of(images, page, size=PAGE_SIZE).iterrows():
            with grid.cell():
                _draw_tile(image, source, caption(image), label or image.get("label"))
                if below:
                    below(image)


def own_picture(source: ImageSource, row: int) -> np.ndarray | None:
    """An image from its own file; None where it has none that can be read, which is said."""
    try:
        return original(source, row)
    except StudyError as error:
        st.caption(
            f"Drawn from the copy that the models saw, since its own file is not read: {error}"
        )
        return None


def _draw_tile(image: pd.Series, source: ImageSource, caption: str, label: str | None) -> None:
    image_id = str(image["image_id"])
    try:
        picture = thumbnail(source, int(image["row"]))
    except StudyError as error:
        st.info(str(error), icon=":material/broken_image:")
    else:
        st.image(picture, alt=f"Image {one_line(image_id)}", width="stretch")
    links.to_image(
        image_id, text=safe_markdown(shorten(image_id, n_chars=_NAME_CHARS)), label=label
    )
    if caption:
        st.markdown(caption)
