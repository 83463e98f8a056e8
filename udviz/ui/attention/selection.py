"""The image and the label that the Attention page speaks of, with what is known of them."""

from dataclasses import dataclass

import numpy as np

from udviz.analysis.object_masks import object_masks
from udviz.data.images.decoding import ImageError
from udviz.predictions.cache import Predictions
from udviz.ui.frame.view import View
from udviz.ui.load import images
from udviz.ui.load.caches import Version, predictions_of, version_of
from udviz.ui.load.images import ImageSource
from udviz.ui.load.study import Study, StudyError, quoted


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The image and the label that the page speaks of.

    Attributes:
        study: Directory and tables of the study.
        versions: Role -> its prediction cache, the teacher's first where it is there.
        source: Where images are read.
        place: Of the image in the predictions.
        label: Its opened label, or the one that the image carries and the model is surest of.
    """

    study: Study
    versions: dict[str, Version]
    source: ImageSource
    place: int
    label: str

    @property
    def run(self) -> Predictions:
        """Predictions of the first role."""
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
    def maps(self) -> dict[str, np.ndarray]:
        """Role -> its (h, w) uncertainty attention of the image, of the roles that have one."""
        runs = {role: predictions_of(version) for role, version in self.versions.items()}
        return {
            role: np.asarray(run.attention[self.place], dtype=float)
            for role, run in runs.items()
            if run.attention is not None
        }


def collect(view: View) -> tuple[dict[str, Version], list[str]]:
    """The prediction caches by role as far as they are there, and what is missing.

    All are of the same images and labels, those of the first one.
    """
    versions: dict[str, Version] = {}
    problems = []
    for role in view.models["role"]:
        try:
            version = version_of(view.study, role, view.split)
        except StudyError as error:
            problems.append(str(error))
            continue
        if _of(version) == _of(next(iter(versions.values()), version)):
            versions[role] = version
        else:
            problems.append(f"`{version[0]}` holds predictions of other images or labels.")
    return versions, problems


def _of(version: Version) -> tuple[str, int, list[str]]:
    """The images and labels that a cache is of."""
    manifest = predictions_of(version).manifest
    return manifest.dataset_fingerprint, manifest.n_images, manifest.label_names


def subject_of(view: View, versions: dict[str, Version], place: int, label: str | None) -> Subject:
    """The image at ``place`` with the opened label, or the label that a first look is about."""
    run = predictions_of(next(iter(versions.values())))
    carried = np.asarray(run.targets[place]) == 1
    surest = int(np.argmax(run.image_probs(place) + carried))  # carried ones first
    return Subject(
        study=view.study,
        versions=versions,
        source=images.source_of(view.study, run),
        place=place,
        label=label or run.label_names[surest],
    )


def objects_of(subject: Subject, height: int, width: int) -> np.ndarray | None:
    """Cells of a grid that the label's objects cover, (height, width) bool; None without any.

    Raises:
        StudyError: If the data set or the mask cannot be read.
    """
    dataset = images.dataset_of(subject.source)
    try:
        masks = object_masks(dataset, subject.row, height=height, width=width)
    except ImageError as error:
        raise StudyError(quoted(error)) from error
    return masks.get(subject.column)
