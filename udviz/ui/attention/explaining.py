"""Answers of `udviz.explain`, kept; torch is imported when the first one is asked for."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from udviz.installation import install_command
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.ui.attention.selection import Subject
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
        role: Whose evidence.
        modified_ns: When its checkpoint and the recipe were written.
        n_labels: Labels of the network.
    """

    source: ImageSource
    row: int
    role: str
    modified_ns: tuple[int, ...]
    n_labels: int


@st.cache_resource(
    max_entries=32, show_spinner="Loading the model and explaining …", show_time=True
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
            what.role,
            image,
            label=column,
            n_labels=what.n_labels,
            method=method,
        )
    except (OSError, ValueError) as error:
        raise ModelError(quoted(error)) from error
    return found


@st.cache_resource(
    max_entries=32, show_spinner="Loading the model and explaining …", show_time=True
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
            Path(what.source.study), what.role, image, n_labels=what.n_labels
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
            f"Explaining needs the package {error.name}, which is not installed here: "
            f"`{install_command('train')}`."
        ) from error
    return explain


def asked(subject: Subject, role: str) -> Asked:
    """The image of ``subject`` and the model of a role."""
    run = subject.study.path / first_run(subject.study, role)
    files = subject.study.path / STUDY_FILE, RunDirectory(run).checkpoints / "best"
    return Asked(
        source=subject.source,
        row=subject.row,
        role=role,
        modified_ns=tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files),
        n_labels=len(subject.run.label_names),
    )
