"""The image, label and models that the Attention page speaks of, with what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from udviz.analysis.object_masks import boxed_masks, object_masks
from udviz.data.images.decoding import ImageError
from udviz.figures.style.theme import MarkerStyle
from udviz.predictions.cache import Predictions
from udviz.recipe.brought import BROUGHT
from udviz.ui.frame.view import View
from udviz.ui.labels.model_picker import pick_model
from udviz.ui.load import images
from udviz.ui.load.caches import Version, predictions_of, version_of
from udviz.ui.load.images import ImageSource
from udviz.ui.load.study import Study, StudyError, quoted

Pair = tuple[str, ...]  # names of the models whose maps are compared: two, one or none


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The image, label and models that the page speaks of.

    Attributes:
        study: Directory and tables of the study.
        styles: How each model is drawn.
        versions: Model -> its prediction cache, the first of the pair before all others.
        pair: The models whose uncertainty attention is compared.
        source: Where images are read.
        place: Of the image in the predictions.
        label: The opened label, or the one that the image carries and the model is surest of.
    """

    study: Study
    styles: Mapping[str, MarkerStyle]
    versions: dict[str, Version]
    pair: Pair
    source: ImageSource
    place: int
    label: str

    @property
    def run(self) -> Predictions:
        """Predictions of the first model."""
        return predictions_of(next(iter(self.versions.values())))

    @property
    def image_id(self) -> str:
        """Name of the image."""
        return str(self.run.images["image_id"].iloc[self.place])

    @property
    def row(self) -> int:
        """Index of the image in the data set."""
        return int(self.run.images["row"].iloc[self.place])

    @property
    def column(self) -> int:
        """Column of the label."""
        return self.run.label_names.index(self.label)

    @property
    def is_brought(self) -> bool:
        """Whether predictions and maps were made elsewhere."""
        return BROUGHT in self.study.recipe

    @property
    def maps(self) -> dict[str, np.ndarray]:
        """Model of the pair -> its (h, w) attention map of the image."""
        return {
            name: np.asarray(attention[self.place], dtype=float)
            for name in self.pair
            if (attention := predictions_of(self.versions[name]).attention) is not None
        }


def collect(view: View) -> tuple[dict[str, Version], list[str]]:
    """The prediction caches by model as far as they are there, and what is missing.

    All are of the same images and labels, those of the first one.
    """
    versions: dict[str, Version] = {}
    problems = []
    for name in view.models["model"]:
        try:
            version = version_of(view.study, name, view.split)
        except StudyError as error:
            problems.append(str(error))
            continue
        if _of(version) == _of(next(iter(versions.values()), version)):
            versions[name] = version
        else:
            problems.append(f"`{version[0]}` holds predictions of other images or labels.")
    return versions, problems


def _of(version: Version) -> tuple[str, int, list[str]]:
    """The images and labels that a cache is of."""
    manifest = predictions_of(version).manifest
    return manifest.dataset_fingerprint, manifest.n_images, manifest.label_names


def pick_pair(view: View, versions: Mapping[str, Version]) -> Pair:
    """Ask which two models' maps are compared; the reference and the compared one at first."""
    names = [name for name, v in versions.items() if predictions_of(v).attention is not None]
    if len(names) < 2:
        return tuple(names)
    with st.container(horizontal=True):
        first = pick_model(view, "Model", names, key="map", default=view.reference)
        others = [name for name in names if name != first]
        second = pick_model(
            view, "Compared with", others, key="other", default=_compared(view, others)
        )
    return first, second


def _compared(view: View, names: list[str]) -> str:
    """The model whose gain is shown, or else the first student."""
    if view.pair and view.pair[1] in names:
        return view.pair[1]
    kinds = view.models.set_index("model")["kind"]
    return next((name for name in names if kinds[name] == "student"), names[0])


def caches_of(versions: Mapping[str, Version], pair: Pair) -> tuple[Version, Version | None]:
    """The caches that images are ordered by: of the pair, or the first one where there is none."""
    first, second, *_ = [versions[name] for name in pair] + [None, None]
    return first or next(iter(versions.values())), second


def select(
    view: View, versions: dict[str, Version], pair: Pair, place: int, label: str | None
) -> Selection:
    """The image at ``place`` with the opened label, or the label that a first look is about."""
    ordered = {name: versions[name] for name in dict.fromkeys([*pair, *versions])}
    run = predictions_of(next(iter(ordered.values())))
    carried = np.asarray(run.targets[place]) == 1
    surest = int(np.argmax(run.image_probs(place) + carried))  # carried ones first
    return Selection(
        study=view.study,
        styles=view.styles,
        versions=ordered,
        pair=pair,
        source=images.source_of(view.study, run),
        place=place,
        label=label or run.label_names[surest],
    )


def objects_of(selection: Selection, height: int, width: int) -> np.ndarray | None:
    """Cells of a grid that the label's objects cover, (height, width) bool; None without any.

    Raises:
        StudyError: If the data set or the mask cannot be read.
    """
    size = {"height": height, "width": width}
    if selection.is_brought:
        boxes = images.brought_boxes(selection.source, n_labels=len(selection.run.label_names))
        masks = {} if boxes is None else boxed_masks(boxes, selection.row, **size)
        return masks.get(selection.column)
    dataset = images.dataset_of(selection.source)
    try:
        masks = object_masks(dataset, selection.row, **size)
    except ImageError as error:
        raise StudyError(quoted(error)) from error
    return masks.get(selection.column)
