"""Attributions of trained models beside random controls, computed when a person asks."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.models.overlay import Scale
from udviz.figures.style.text import MISSING, number
from udviz.figures.style.theme import EVIDENCE_SCALE, MAP_SCALE, ROLES
from udviz.stats.maps.agreement import map_agreement
from udviz.ui.attention.attention import name_of, objects_table
from udviz.ui.attention.canvas import Canvas, Layer, offer_png, show_layer
from udviz.ui.attention.explaining import ModelError, asked, evidence_of, kinds_of
from udviz.ui.attention.selection import Subject
from udviz.ui.load.study import StudyError, remake_command

if TYPE_CHECKING:
    from udviz.explain import Attribution

METHODS = {  # name: what its values are
    "class map": "evidence at this place, in logits",
    "Grad-CAM": "positive part of the class map, in logits per cell",
    "integrated gradients": "part of the change of the logit from the mean colour",
    "occlusion": "fall of the logit when this place is covered",
}
UNIFORM = "uniform"
_TOP = 0.99  # of the sizes of values, where colours end: one pixel would make the others pale
HOW_TO_READ = (
    "Orange speaks for the label, purple against it; each picture has its own scale, up to the "
    "99th percentile of its sizes. The control has the same architecture with **random weights** "
    "and the same method: where both pictures are alike (correlation near 1), the picture comes "
    "from the image and the architecture, and says nothing of what the model has learnt."
)
HOW_TO_READ_KINDS = (
    "The same image and model with every way to weigh channels; each picture has its own scale. "
    "The number is the correlation with uniform weights, the control that knows nothing of "
    "uncertainty: near 1, a map shows no more than where features fire."
)


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
    # Not a callback: that would speak of what the page showed before a choice made just now.
    if st.button(text, key=key, icon=":material/search_insights:"):
        st.session_state[kept] = about
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
        found = {role: evidence_of(asked(subject, role), subject.column, method) for role in roles}
    except StudyError as error:
        explain_failure(subject, error)
        return
    pairs = [_layers(role, evidence, method) for role, evidence in found.items()]
    with st.grid(max(3, len(pairs)), min_column_width=230) as grid:
        for pair in pairs:
            with grid.cell():
                for layer in pair:
                    show_layer(layer, canvas)
    offer_png(
        [canvas.draw(layer) for pair in pairs for layer in pair],
        file_name=f"{subject.study.path.name}-{subject.row}-evidence.png",
        key="evidence",
    )
    st.table(evidence_table(found, canvas.mask), border="horizontal")
    seconds = sum(evidence.seconds for evidence in found.values())
    st.caption(f"{HOW_TO_READ} Computed in {seconds:.1f} s, with loading.")


def show_kinds(subject: Subject, canvas: Canvas) -> None:
    """Once a person asks for it, draw the uncertainty attention with every channel weighting."""
    if not subject.maps:
        return
    about = (subject.study.path, subject.image_id)
    if not ask("Compare with the uniform control", key="kinds", about=about):
        return
    try:
        found = {role: kinds_of(asked(subject, role)) for role in subject.maps}
    except StudyError as error:
        explain_failure(subject, error)
        return
    for role, kinds in found.items():
        st.markdown(f"**{name_of(role)}**")
        with st.grid("auto", min_column_width=170) as grid:
            for kind, values in kinds.items():
                with grid.cell():
                    low, high = float(values.min()), float(values.max())
                    scale = Scale(colours=MAP_SCALE, low=low, high=high, unit=f"{kind} weights")
                    title = f"{kind}: {likeness(values, kinds[UNIFORM])}"
                    show_layer(Layer(title=title, values=values, scale=scale), canvas)
    st.caption(HOW_TO_READ_KINDS)


def explain_failure(subject: Subject, error: StudyError) -> None:
    """Say why a model cannot be asked, and how to train it again if that is what is wrong."""
    st.error(str(error), icon=":material/error:")
    if not isinstance(error, ModelError):
        return
    st.markdown("To train it again, delete its folder and start the study once more:")
    st.code(remake_command(subject.study.path), language="bash", wrap_lines=True)


def _layers(role: str, evidence: "Attribution", method: str) -> list[Layer]:
    """What the model finds, and what its control does."""
    logit = number(evidence.logit, digits=2, sign=True)
    named = {
        f"{name_of(role)}, logit {logit}": evidence.trained,
        f"{name_of(role)}, random weights": evidence.control,
    }
    layers = []
    for title, values in named.items():
        most = float(np.quantile(np.abs(values), _TOP))
        scale = Scale(colours=EVIDENCE_SCALE, low=-most, high=most, unit=METHODS[method])
        layers.append(Layer(title=title, values=values, scale=scale))
    return layers


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
