"""Evidence for a label by trained models beside random controls, computed when asked for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.models.overlay import Scale
from udviz.figures.style.text import MISSING, number, one_line, safe_markdown
from udviz.figures.style.theme import EVIDENCE_SCALE, MAP_SCALE, MarkerStyle
from udviz.stats.maps.agreement import map_agreement
from udviz.ui.attention.attention import objects_table
from udviz.ui.attention.canvas import Canvas, Layer, offer_png, show_layer
from udviz.ui.attention.explaining import ModelError, asked, evidence_of, kinds_of
from udviz.ui.attention.selection import Selection
from udviz.ui.frame.view import View
from udviz.ui.labels.controls import pick_one
from udviz.ui.labels.model_picker import pick_models
from udviz.ui.load.study import StudyError, remake_command

if TYPE_CHECKING:
    from udviz.explain import Attribution

METHODS = {  # name: what its values are
    "class map": "evidence at this location (logits)",
    "Grad-CAM": "positive part of the class map (logits per cell)",
    "integrated gradients": "contribution to the logit, against an image of the mean colour",
    "occlusion": "drop in the logit when this region is covered",
}
UNIFORM = "uniform"
_TOP = 0.99  # of the sizes of values, where colours end: one pixel would make the others pale
HOW_TO_READ = (
    "Orange is evidence for the label, purple against it; each picture has its own scale, up to "
    "the 99th percentile of absolute values. The control is the same method on the same "
    "architecture with **random weights**: where both pictures are alike (correlation near 1), "
    "the picture reflects the image and the architecture, not what the model has learned."
)
HOW_TO_READ_KINDS = (
    "The same image and model with every channel weighting; each picture has its own scale. The "
    "number is the correlation with uniform weights, the control without uncertainty: near 1, a "
    "map shows little more than where features are active."
)
NOT_TRAINED_HERE = "These models were trained elsewhere, so there is no network to ask."
SLOW = "Loads the models, which takes a few seconds."


def pick_method() -> str:
    """Ask for the method, kept in the URL."""
    return pick_one("Method", list(METHODS), key="method", first="class map")


def ask(text: str, *, key: str, about: object) -> bool:
    """A button; whether it was pressed while the page spoke of the same thing."""
    kept = f"_{key}"
    # Not a callback: that would speak of what the page showed before a choice made just now.
    if st.button(text, key=key, icon=":material/search_insights:"):
        st.session_state[kept] = about
    return bool(st.session_state.get(kept) == about)


def show_evidence(view: View, selection: Selection, canvas: Canvas) -> None:
    """Ask for a method and models; once a person asks for it, draw the evidence for the label."""
    trained = [name for name in selection.versions if name not in brought(view)]
    if not trained:
        st.info(NOT_TRAINED_HERE)
        return
    method, models = pick_method(), pick_models(view, trained)
    about = (selection.study.path, selection.image_id, selection.label, method, tuple(models))
    if not ask("Compute evidence", key="explain", about=about):
        st.caption(SLOW)
        return
    try:
        found = {
            name: evidence_of(asked(selection, name), selection.column, method) for name in models
        }
    except StudyError as error:
        explain_failure(selection, error)
        return
    styles = selection.styles
    pairs = [_layers(styles[name], evidence, method) for name, evidence in found.items()]
    with st.grid(max(3, len(pairs)), min_column_width=230) as grid:
        for pair in pairs:
            with grid.cell():
                for layer in pair:
                    show_layer(layer, canvas)
    offer_png(
        [canvas.draw(layer) for pair in pairs for layer in pair],
        file_name=f"{selection.study.path.name}-{selection.row}-evidence.png",
        key="evidence",
    )
    st.table(evidence_table(found, canvas.mask, styles=styles), border="horizontal")
    seconds = sum(evidence.seconds for evidence in found.values())
    st.caption(f"{HOW_TO_READ} Computed in {seconds:.1f} s, including loading.")


def show_kinds(view: View, selection: Selection, canvas: Canvas) -> None:
    """Once a person asks for it, draw the uncertainty attention with every channel weighting."""
    models = [name for name in selection.maps if name not in brought(view)]
    if not models:
        return
    about = (selection.study.path, selection.image_id, tuple(models))
    if not ask("Compare channel weightings", key="kinds", about=about):
        return
    try:
        found = {name: kinds_of(asked(selection, name)) for name in models}
    except StudyError as error:
        explain_failure(selection, error)
        return
    for name, kinds in found.items():
        st.markdown(f"**{safe_markdown(selection.styles[name].text)}**")
        with st.grid("auto", min_column_width=170) as grid:
            for kind, values in kinds.items():
                with grid.cell():
                    low, high = float(values.min()), float(values.max())
                    scale = Scale(colours=MAP_SCALE, low=low, high=high, unit=f"{kind} weights")
                    title = f"{kind}: {likeness(values, kinds[UNIFORM])}"
                    show_layer(Layer(title=title, values=values, scale=scale), canvas)
    st.caption(HOW_TO_READ_KINDS)


def explain_failure(selection: Selection, error: StudyError) -> None:
    """Say why a model cannot be asked, and how to train it again if that is what is wrong."""
    st.error(str(error), icon=":material/error:")
    if not isinstance(error, ModelError):
        return
    st.markdown("To train it again, delete its folder and start the study again:")
    st.code(remake_command(selection.study.path), language="bash", wrap_lines=True)


def brought(view: View) -> set[str]:
    """Models that were trained elsewhere: there is no network to ask."""
    return set(view.models.loc[view.models["kind"] == "brought", "model"])


def _layers(style: MarkerStyle, evidence: "Attribution", method: str) -> list[Layer]:
    """What the model finds, and what its control does."""
    logit = number(evidence.logit, digits=2, sign=True)
    named = {
        f"{style.text}, logit {logit}": evidence.trained,
        f"{style.text}, random weights": evidence.control,
    }
    layers = []
    for title, values in named.items():
        most = float(np.quantile(np.abs(values), _TOP))
        scale = Scale(colours=EVIDENCE_SCALE, low=-most, high=most, unit=METHODS[method])
        layers.append(Layer(title=title, values=values, scale=scale))
    return layers


def evidence_table(
    found: "Mapping[str, Attribution]",
    mask: np.ndarray | None,
    *,
    styles: Mapping[str, MarkerStyle],
) -> pd.DataFrame:
    """One row per model: correlation with its control and with the first model, and pointing."""
    first = next(iter(found))
    rows = [
        {
            "Map": styles[name].text,
            "Correlation with random weights": likeness(evidence.trained, evidence.control),
            f"Correlation with {one_line(styles[first].word)}": likeness(
                evidence.trained, found[first].trained
            ),
        }
        for name, evidence in found.items()
    ]
    table = pd.DataFrame(rows).set_index("Map")
    if mask is None:
        return table
    maps = {styles[name].text: evidence.trained for name, evidence in found.items()}
    pointing = objects_table(maps, mask)
    return pointing.join(table).fillna(MISSING)[[*table.columns, *pointing.columns]]


def likeness(first: np.ndarray, second: np.ndarray) -> str:
    """Correlation of two maps as text."""
    return number(map_agreement(first[None], second[None]).correlation[0], digits=2)
