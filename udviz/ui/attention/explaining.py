"""Answers of `udviz.explain`, kept; torch is imported when the first one is asked for."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from udviz.installation import install_command
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.ui.attention.selection import Selection
from udviz.ui.load import images
from udviz.ui.load.caches import first_run
from udviz.ui.load.images import ImageSource
from udviz.ui.load.study import StudyError, quoted

if TYPE_CHECKING:
    from udviz.explain import Attribution


class ModelError(StudyError):
    """A trained model is missing or damaged; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person asked to be explained; a short key of the answer.

    Attributes:
        source: Where the image is read.
        row: Its index in the data set.
        model: Whose evidence.
        modified_ns: When its checkpoint and the recipe were written.
        n_labels: Labels of the network.
    """

    source: ImageSource
    row: int
    model: str
    modified_ns: tuple[int, ...]
    n_labels: int


@st.cache_resource(
    max_entries=32, show_spinner="Loading the model and computing the evidence …", show_time=True
)
def evidence_of(what: Asked, column: int, method: str) -> "Attribution":
    """Evidence for a label, computed once.

    Raises:
        StudyError: If the model cannot be loaded or the image cannot be read.
    """
    image = images.square(what.source, what.row)
    explain = _explainer()
    try:
        found: Attribution = explain.explain(
            Path(what.source.study),
            what.model,
            image,
            label=column,
            n_labels=what.n_labels,
            method=method,
        )
    except (OSError, ValueError) as error:
        raise ModelError(quoted(error)) from error
    return found


@st.cache_resource(
    max_entries=32, show_spinner="Loading the model and computing the evidence …", show_time=True
)
def kinds_of(what: Asked) -> dict[str, np.ndarray]:
    """Uncertainty attention with every channel weighting, computed once.

    Raises:
        StudyError: If the model cannot be loaded or the image cannot be read.
    """
    image = images.square(what.source, what.row)
    explain = _explainer()
    try:
        found: dict[str, np.ndarray] = explain.uncertainty_maps(
            Path(what.source.study), what.model, image, n_labels=what.n_labels
        )
    except (OSError, ValueError) as error:
        raise ModelError(quoted(error)) from error
    return found


def _explainer() -> ModuleType:
    """The door to torch, opened here and nowhere else."""
    try:
        from udviz import explain
    except ModuleNotFoundError as error:
        raise StudyError(
            f"Evidence needs the package {error.name}, which is not installed here. "
            f"Install it: `{install_command('train')}`."
        ) from error
    return explain


def asked(selection: Selection, model: str) -> Asked:
    """The image of ``selection`` and a model."""
    run = selection.study.path / first_run(selection.study, model)
    files = selection.study.path / STUDY_FILE, RunDirectory(run).checkpoints / "best"
    return Asked(
        source=selection.source,
        row=selection.row,
        model=model,
        modified_ns=tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files),
        n_labels=len(selection.run.label_names),
    )
