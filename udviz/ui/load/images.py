"""Images of a study: small pictures of what the models saw, and the data set behind them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from udviz.comparing.images import files_of_images
from udviz.data.dataset import Boxes, Dataset
from udviz.data.fingerprint import DataRecord, differences
from udviz.data.images.decoded import DecodedImages, decoded_folder, stored_aspect, stored_image
from udviz.data.images.decoding import ImageError, read_image
from udviz.data.kept_boxes import read_boxes
from udviz.data.source import load_dataset
from udviz.predictions.cache import Predictions
from udviz.recipe.brought import BROUGHT, BroughtError
from udviz.recipe.files import read_recipe
from udviz.studies.directory import STUDY_FILE, decoded_root
from udviz.ui.load.study import Study, StudyError, quoted

THUMBNAIL_PX, PICTURE_PX, ORIGINAL_PX = 224, 384, 768  # longer side


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """Where the images of a study are read; a short key of every picture made from them.

    Attributes:
        study: Directory of the study.
        fingerprint: Of the data set its predictions belong to.
        side_px: Side of the square that the models saw.
        images: Folder of the images of predictions that were brought; else empty.
    """

    study: str
    fingerprint: str
    side_px: int
    images: str = ""

    @property
    def folder(self) -> Path:
        """The decode-once cache."""
        return decoded_folder(
            decoded_root(Path(self.study)), fingerprint=self.fingerprint, side_px=self.side_px
        )


def source_of(study: Study, run: Predictions) -> ImageSource:
    """Where the images that ``run`` predicted are read.

    Raises:
        StudyError: If the recipe does not say at what size they were read.
    """
    own = str(THUMBNAIL_PX) if BROUGHT in study.recipe else "96"
    side_px = study.setting("data.side_px") or own
    if not (side_px.isdecimal() and len(side_px) < 5):
        raise StudyError(f"`{study.path / STUDY_FILE}` names no side of the images in pixels.")
    return ImageSource(
        study=str(study.path),
        fingerprint=run.manifest.dataset_fingerprint,
        side_px=int(side_px),
        images=study.setting("images") or "",
    )


def square(source: ImageSource, row: int) -> np.ndarray:
    """The image at index ``row`` of the data set as the models saw it.

    Returns:
        (side, side, 3) uint8.

    Raises:
        StudyError: If it is not stored and cannot be read again; the message says why.
    """
    image = stored_image(source.folder, row, side_px=source.side_px)
    return _decoded_again(source, row) if image is None else image


@st.cache_data(max_entries=4096, show_spinner=False)
def thumbnail(source: ImageSource, row: int) -> bytes:
    """The image at index ``row`` of the data set as a small JPEG with its own aspect.

    Raises:
        StudyError: If it is not stored and cannot be read again; the message says why.
    """
    file = io.BytesIO()
    small = _at_own_aspect(source, row, longer_px=min(THUMBNAIL_PX, source.side_px))
    small.save(file, "JPEG", quality=88)
    return file.getvalue()


def picture(source: ImageSource, row: int) -> np.ndarray:
    """The image at index ``row`` of the data set with its own aspect, large enough to draw on.

    Returns:
        (H, W, 3) uint8, the longer side of `PICTURE_PX`.

    Raises:
        StudyError: If it is not stored and cannot be read again; the message says why.
    """
    return np.asarray(_at_own_aspect(source, row, longer_px=PICTURE_PX))


@st.cache_data(max_entries=32, show_spinner=False)
def original(source: ImageSource, row: int) -> np.ndarray | None:
    """The image at index ``row`` as its own file holds it, the longer side at most `ORIGINAL_PX`.

    Returns:
        (H, W, 3) uint8; None where it has no file, as scenes that are drawn.

    Raises:
        StudyError: If the data set or the file cannot be read, or is no longer what it was.
    """
    if source.images:
        return np.asarray(_file_at(_brought_files(source), row, ORIGINAL_PX))
    dataset = dataset_of(source)
    if dataset.paths is None:
        return None
    try:
        image = Image.fromarray(read_image(dataset.paths[row], at_least_px=ORIGINAL_PX))
        if dataset.files:
            dataset.files[row].check()
    except (OSError, ImageError, IndexError) as error:
        raise StudyError(quoted(error)) from error
    image.thumbnail((ORIGINAL_PX, ORIGINAL_PX))
    return np.asarray(image)


def _at_own_aspect(source: ImageSource, row: int, *, longer_px: int) -> Image.Image:
    if source.images:
        return _file_at(_brought_files(source), row, longer_px)
    image = Image.fromarray(square(source, row))
    aspect = stored_aspect(source.folder, row)
    width, height = longer_px * min(aspect, 1), longer_px / max(aspect, 1)
    return image.resize((max(1, round(width)), max(1, round(height))), Image.Resampling.BILINEAR)


def dataset_of(source: ImageSource) -> Dataset:
    """The data set of a study: its images, masks, boxes, and what the reader reported.

    Raises:
        StudyError: If it cannot be read, or is no longer the one the study was made from.
    """
    recipe = Path(source.study) / STUDY_FILE
    dataset = _read_dataset(str(recipe), recipe.stat().st_mtime_ns)
    if differences(dataset, DataRecord(fingerprint=source.fingerprint)):
        raise StudyError(
            "The data set has changed since this study was made: its images or labels are others."
        )
    return dataset


@st.cache_resource(max_entries=2, show_spinner="Reading the data set …")
def _read_dataset(recipe: str, modified_ns: int) -> Dataset:
    try:
        memory = decoded_root(Path(recipe).parent)
        return load_dataset(read_recipe(Path(recipe)).data, memory=memory)
    except BroughtError as error:
        raise StudyError("Predictions of this study were brought without images.") from error
    except (OSError, ValueError) as error:
        raise StudyError(f"The data set cannot be read. {quoted(error)}") from error


def brought_boxes(source: ImageSource, *, n_labels: int) -> Boxes | None:
    """The objects that came with predictions; None if there are none.

    Raises:
        StudyError: If their table is damaged.
    """
    record = Path(source.study) / STUDY_FILE
    return _read_boxes(source.study, record.stat().st_mtime_ns, n_labels)


@st.cache_resource(max_entries=2, show_spinner="Reading the objects …")
def _read_boxes(study: str, modified_ns: int, n_labels: int) -> Boxes | None:
    try:
        return read_boxes(Path(study), n_labels=n_labels)
    except (OSError, ValueError) as error:
        raise StudyError(f"The objects cannot be read. {quoted(error)}") from error


def _file_at(files: Sequence[Path | None], row: int, longer_px: int) -> Image.Image:
    """The image of a row, from its own file."""
    file = files[row] if row < len(files) else None
    if file is None:
        raise StudyError("The folder of images holds no file of this one.")
    try:
        image = Image.fromarray(read_image(file, at_least_px=longer_px))
    except (OSError, ImageError) as error:
        raise StudyError(f"The image cannot be read. {quoted(error)}") from error
    scale = longer_px / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


@st.cache_resource(max_entries=2, show_spinner="Looking for the images …")
def _brought_files(source: ImageSource) -> Sequence[Path | None]:
    """The file of every image, by its row."""
    try:
        return files_of_images(Path(source.study), Path(source.images))
    except (OSError, ValueError) as error:
        raise StudyError(f"The images cannot be found. {quoted(error)}") from error


def _decoded_again(source: ImageSource, row: int) -> np.ndarray:
    try:
        return DecodedImages(
            dataset_of(source),
            side_px=source.side_px,
            directory=decoded_root(Path(source.study)),
        )[row]
    except (OSError, IndexError, ValueError) as error:
        raise StudyError(f"The image cannot be read. {quoted(error)}") from error
