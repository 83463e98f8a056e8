"""Attributions of live models, computed when a person asks: the only part that needs torch."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.overlay import Scale, colour_bar, overlay
from udviz.figures.text import MISSING, number, safe_markdown
from udviz.figures.theme import EVIDENCE_SCALE, MAP_SCALE, ROLES
from udviz.runs.directory import STUDY_FILE, RunDirectory
from udviz.stats.agreement import map_agreement
from udviz.ui import images
from udviz.ui.attention import Canvas, alt_map, name_of, objects_table, show_picture
from udviz.ui.caches import first_run
from udviz.ui.images import ImageSource
from udviz.ui.study import StudyError, remake_command
from udviz.ui.subject import Subject

if TYPE_CHECKING:
    from udviz.explain import Attribution

METHODS = {  # name: what its values are
    "class map": "evidence at each place, in logits",
    "Grad-CAM": "Grad-CAM: the positive part of the class map over its number of cells",
    "integrated gradients": "share of the logit's distance to an image of the mean colour",
    "occlusion": "fall of the logit when a square here is covered",
}
UNIFORM = "uniform"
WEIGHTS = "model.safetensors"
HOW_TO_READ = (
    "Orange speaks for the label, purple against it; each picture has its own scale, from its own "
    "largest value. The control has the same architecture with **random weights** and the same "
    "method: where both pictures are alike (correlation near 1), the picture comes from the image "
    "and the architecture, and says nothing of what the model has learnt."
)
HOW_TO_READ_KINDS = (
    "The same image and model with every way to weigh channels; each picture has its own scale. "
    "The number is the correlation with uniform weights, the control that knows nothing of "
    "uncertainty: near 1, a map shows no more than where features fire."
)


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


def pick_method() -> str:
    """Ask for the method, kept in the URL."""
    choice = st.segmented_control(
        "Method",
        list(METHODS),
        default="class map",
        required=True,
        key="method",
        bind="query-params",
    )
    return choice or "class map"


def pick_roles(subject: Subject) -> list[str]:
    """Ask for the models, kept in the URL; all if none is picked."""
    words = {ROLES[role].word: role for role in subject.versions}
    picked = st.pills(
        "Models", list(words), selection_mode="multi", key="models", bind="query-params"
    )
    return [words[word] for word in picked or words]


def ask(text: str, *, key: str, about: object) -> bool:
    """A button; whether it was pressed while the page spoke of the same thing."""
    kept = f"_{key}"

    def pressed() -> None:
        st.session_state[kept] = about

    st.button(text, key=key, icon=":material/search_insights:", on_click=pressed)
    return bool(st.session_state.get(kept) == about)


def show_evidence(subject: Subject, canvas: Canvas) -> None:
    """Ask for a method and models; once a person asks for it, draw what speaks for the label."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method, roles = pick_method(), pick_roles(subject)
    about = (subject.study.path, subject.image_id, subject.label, method, tuple(roles))
    if not ask("Explain this label", key="explain", about=about):
        st.caption("It loads the models, which takes seconds, so it is done when you ask for it.")
        return
    try:
        found = {role: evidence_of(_asked(subject, role), subject.column, method) for role in roles}
    except StudyError as error:
        explain_failure(subject, error)
        return
    for role, evidence in found.items():
        _draw_model(role, evidence, canvas, method=method)
    st.table(evidence_table(found, canvas.mask), border="horizontal")
    seconds = sum(evidence.seconds for evidence in found.values())
    st.caption(f"{HOW_TO_READ} Computed in {seconds:.1f} s, with loading.")


def show_kinds(subject: Subject, canvas: Canvas) -> None:
    """Once a person asks for it, draw the uncertainty attention with every channel weighting."""
    about = (subject.study.path, subject.image_id)
    if not ask("Compare with the uniform control", key="kinds", about=about):
        return
    try:
        found = {role: kinds_of(_asked(subject, role)) for role in subject.maps}
    except StudyError as error:
        explain_failure(subject, error)
        return
    for role, kinds in found.items():
        st.markdown(f"**{name_of(role)}**")
        with st.grid("auto", min_column_width=170) as grid:
            for kind, values in kinds.items():
                with grid.cell():
                    _draw_kind(kind, values, kinds[UNIFORM], canvas)
    st.caption(HOW_TO_READ_KINDS)


def explain_failure(subject: Subject, error: StudyError) -> None:
    """Say why a model cannot be asked, and how to train it again if that is what is wrong."""
    st.error(safe_markdown(str(error)), icon=":material/error:")
    if not isinstance(error, ModelError):
        return
    st.markdown("To train it again, delete its folder and start the study once more:")
    st.code(remake_command(subject.study.path), language="bash", wrap_lines=True)


def _draw_model(role: str, evidence: "Attribution", canvas: Canvas, *, method: str) -> None:
    name = f"{name_of(role)}, logit {number(evidence.logit, digits=2, sign=True)}"
    with st.grid(2, min_column_width=230, width=800) as grid:
        for title, values in ((name, evidence.trained), ("Random weights", evidence.control)):
            with grid.cell():
                most = float(np.abs(values).max())
                scale = Scale(colours=EVIDENCE_SCALE, low=-most, high=most, unit=METHODS[method])
                drawn = overlay(canvas.picture, values, scale, opacity=canvas.opacity)
                show_picture(title, drawn, alt=alt_map(f"{title}, {method}", values))
                st.html(colour_bar(scale))


def _draw_kind(kind: str, values: np.ndarray, uniform: np.ndarray, canvas: Canvas) -> None:
    low, high = float(values.min()), float(values.max())
    scale = Scale(colours=MAP_SCALE, low=low, high=high, unit=f"{kind} weights")
    show_picture(
        f"{kind}: {likeness(values, uniform)}",
        overlay(canvas.picture, values, scale, opacity=canvas.opacity),
        alt=alt_map(kind, values),
    )
    st.html(colour_bar(scale))


def evidence_table(found: "dict[str, Attribution]", mask: np.ndarray | None) -> pd.DataFrame:
    """One row per model: likeness to its control and to the first model, and pointing."""
    first = next(iter(found))
    rows = [
        {
            "Map": name_of(role),
            "Like its random control": likeness(evidence.trained, evidence.control),
            f"Like the {ROLES[first].word.lower()}'s": likeness(
                evidence.trained, found[first].trained
            ),
        }
        for role, evidence in found.items()
    ]
    table = pd.DataFrame(rows).set_index("Map")
    if mask is None:
        return table
    maps = {name_of(role): evidence.trained for role, evidence in found.items()}
    pointing = objects_table(maps, mask)
    return pointing.join(table).fillna(MISSING)[[*table.columns, *pointing.columns]]


def likeness(first: np.ndarray, second: np.ndarray) -> str:
    """Correlation of two maps as text."""
    return number(map_agreement(first[None], second[None]).correlation[0], digits=2)


@st.cache_resource(
    max_entries=32, show_spinner="Loading the model and explaining …", show_time=True
)
def evidence_of(asked: Asked, column: int, method: str) -> "Attribution":
    """Evidence for a label, computed once.

    Raises:
        StudyError: If the model cannot be loaded or the image cannot be read.
    """
    image = images.square(asked.source, asked.row)
    explain = _explainer()
    try:
        found: Attribution = explain.explain(
            Path(asked.source.study),
            asked.role,
            image,
            label=column,
            n_labels=asked.n_labels,
            method=method,
        )
    except (OSError, ValueError) as error:
        raise ModelError(str(error)) from error
    return found


@st.cache_resource(
    max_entries=32, show_spinner="Loading the model and explaining …", show_time=True
)
def kinds_of(asked: Asked) -> dict[str, np.ndarray]:
    """Uncertainty attention with every channel weighting, computed once.

    Raises:
        StudyError: If the model cannot be loaded or the image cannot be read.
    """
    image = images.square(asked.source, asked.row)
    explain = _explainer()
    try:
        found: dict[str, np.ndarray] = explain.uncertainty_maps(
            Path(asked.source.study), asked.role, image, n_labels=asked.n_labels
        )
    except (OSError, ValueError) as error:
        raise ModelError(str(error)) from error
    return found


def _explainer() -> ModuleType:
    """The door to torch, opened here and nowhere else."""
    try:
        from udviz import explain
    except ModuleNotFoundError as error:
        raise StudyError(
            f"Explaining needs the package {error.name}, which is not installed here."
        ) from error
    return explain


def _asked(subject: Subject, role: str) -> Asked:
    run = subject.study.path / first_run(subject.study, role)
    files = subject.study.path / STUDY_FILE, RunDirectory(run).checkpoints / "best" / WEIGHTS
    return Asked(
        source=subject.source,
        row=subject.row,
        role=role,
        modified_ns=tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files),
        n_labels=len(subject.run.label_names),
    )
