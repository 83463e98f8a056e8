"""What maps are drawn on: the image at its own aspect, the outline of objects, the opacity."""

import io
from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from udviz.analysis.object_masks import GRID
from udviz.figures.models.overlay import Scale, colour_bar, outline, overlay
from udviz.figures.style.text import number, one_line, safe_markdown, shorten
from udviz.ui.attention.selection import Selection, objects_of
from udviz.ui.labels import gallery
from udviz.ui.load import images
from udviz.ui.load.study import StudyError

FEW_IMAGES = 5_000  # of a split: a data set of which is read at once


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A map with what it is called and how its values become colours.

    Attributes:
        title: Its name.
        values: (h, w).
        scale: Its colours.
    """

    title: str
    values: np.ndarray
    scale: Scale


@dataclass(frozen=True, eq=False, kw_only=True)
class Canvas:
    """What maps are drawn on.

    Attributes:
        picture: (H, W, 3) uint8, the image.
        objects: (H, W) bool, True on the label's objects; None where none is known.
        mask: The same on a (GRID, GRID) grid, where maps and objects are compared.
        opacity: Of maps, in [0, 1].
    """

    picture: np.ndarray
    objects: np.ndarray | None
    mask: np.ndarray | None
    opacity: float

    def draw(self, layer: Layer | None = None) -> np.ndarray:
        """The image, under a map if there is one, with the outline of the objects."""
        drawn = self.picture
        if layer is not None:
            drawn = overlay(drawn, layer.values, layer.scale, opacity=self.opacity)
        return drawn if self.objects is None else outline(drawn, self.objects)


def pick_canvas(selection: Selection) -> Canvas:
    """Ask how to draw maps, kept in the URL; explain what of the image cannot be read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        opacity = st.slider(
            "Map opacity",
            *(0.0, 1.0, 0.6, 0.05),
            key="opacity",
            bind="query-params",
            width=270,
        )
        wants_objects = st.toggle(
            f"Outline {safe_markdown(shorten(selection.label))}",
            value=len(selection.run.images) <= FEW_IMAGES,
            key="objects",
            bind="query-params",
            help="The data set is read once, which takes a while if it is large.",
        )
    picture = gallery.own_picture(selection.source, selection.row) if wants_objects else None
    if picture is None:
        picture = _stored(selection)
    objects = mask = None
    if wants_objects:
        height, width = picture.shape[:2]
        try:
            objects = objects_of(selection, height=height, width=width)
            mask = objects_of(selection, height=GRID, width=GRID)
        except StudyError as error:
            st.warning(str(error), icon=":material/warning:")
        else:
            if objects is None:
                st.caption(f"This image has no box or mask of {safe_markdown(selection.label)}.")
    return Canvas(picture=picture, objects=objects, mask=mask, opacity=opacity)


def _stored(selection: Selection) -> np.ndarray:
    """The image as the models saw it, at its own aspect; grey where it cannot be read."""
    try:
        return images.picture(selection.source, selection.row)
    except StudyError as error:
        st.warning(str(error), icon=":material/broken_image:")
        return np.full((images.PICTURE_PX, images.PICTURE_PX, 3), 127, dtype=np.uint8)


def show_image(selection: Selection, canvas: Canvas) -> None:
    """Draw the image alone below its name."""
    _show(f"Image {selection.image_id}", canvas.draw(), alt=f"Image {one_line(selection.image_id)}")


def show_layer(layer: Layer, canvas: Canvas) -> None:
    """Draw a map on the canvas below its title, and what its colours mean."""
    _show(layer.title, canvas.draw(layer), alt=_alt(layer.title, layer.values))
    st.html(colour_bar(layer.scale))


def _show(title: str, picture: np.ndarray, *, alt: str) -> None:
    st.markdown(f"**{safe_markdown(shorten(title))}**")
    st.image(picture, alt=alt, width="stretch", output_format="JPEG")


def _alt(name: str, values: np.ndarray) -> str:
    """Where a map is highest, in words."""
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    thirds = ("top", "middle", "bottom"), ("left", "centre", "right")
    where = " ".join(
        words[3 * int(at) // size]
        for words, at, size in zip(thirds, (row, column), values.shape, strict=True)
    )
    return f"{one_line(name)}: highest, {number(float(values.max()), digits=2)}, at the {where}"


def offer_png(pictures: list[np.ndarray], *, file_name: str, key: str) -> None:
    """A button that downloads pictures of one size side by side."""

    def png() -> bytes:
        file = io.BytesIO()
        Image.fromarray(np.concatenate(pictures, axis=1)).save(file, "PNG")
        return file.getvalue()

    st.download_button(
        "Download these pictures (PNG)",
        data=png,
        file_name=file_name,
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
        key=f"png-{key}",
    )
