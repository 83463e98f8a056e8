"""What the Reliability page asks, looks up and says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.calibration.reliability import reliability_diagram
from udviz.figures.style.text import safe_html, safe_markdown, shorten
from udviz.stats.calibration.reliability_bins import ReliabilityBins
from udviz.ui.frame import alt, charts
from udviz.ui.frame.sidebar import just_opened, open_label
from udviz.ui.frame.view import View
from udviz.ui.labels.controls import pick_one
from udviz.ui.labels.model_picker import pick_models
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.caches import (
    Version,
    label_bins,
    pooled_bins,
    predictions_of,
    recalibration_of,
    thinning,
    version_of,
)
from udviz.ui.load.study import StudyError
from udviz.ui.reliability import outlying, reliability_tables
from udviz.vocabulary import RecalibrationMethod

KINDS = {"equal width": "width", "equal mass": "mass"}
RECALIBRATIONS: dict[str, RecalibrationMethod] = {
    "none": "none",
    "temperature": "temperature",
    "Platt": "platt",
    "isotonic": "isotonic",
}
_TOP = "reliability-of"
# A person who clicked far below would not see that the diagram on top is now of that label.
_SCROLL = (
    f"<script>document.querySelector('.st-key-{_TOP}')"
    ".scrollIntoView({behavior: 'smooth', block: 'start'});</script>"
)
HOW_TO_READ = (
    "Each marker is a bin of images with similar probabilities. Below the diagonal the model is "
    "overconfident: the label is present less often than predicted; above it, underconfident. "
    "Vertical lines are 95 % Wilson intervals. Empty bins are not drawn."
)
_FIRST_SEED = " The diagram shows each model's first seed; the table, the mean over seeds."
_POOLED = (
    " Pooled over all labels, errors of opposite sign cancel, and the labels of an image are not "
    "independent, so the intervals are too narrow. Choose a label in the sidebar for its own "
    "diagram."
)
_NOT_JUDGED = (
    "The tables are **before** recalibration: a recalibration is only evaluated on images that "
    "it was not fitted on."
)
_ENDS = ("", "_excess", "_null", "_null_upper", "_p")  # of the error of either kind of bins
_COLUMNS = [
    *("model", "recalibration", "scope", "label", "known", "positives"),
    *("mce", "brier", "nll"),
    *(f"{kind}{end}" for kind in ("ece", "adaptive_ece") for end in _ENDS),
]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which models, and how probabilities are binned and recalibrated.

    Attributes:
        models: Names of the models, the first of them decides which labels are worst.
        kind: A value of `KINDS`.
        method: A value of `RECALIBRATIONS`.
    """

    models: tuple[str, ...]
    kind: str
    method: RecalibrationMethod


@dataclass(frozen=True, kw_only=True)
class Model:
    """Probabilities of one run: the cache they are of, and the one of their recalibration."""

    judged: Version
    fitted_on: Version
    choice: Choice

    def bins(self, label: str | None) -> ReliabilityBins:
        """Bins of one label, or of all labels as one binary problem; L = 1."""
        caches, choice = (self.judged, self.fitted_on), self.choice
        if label is None:
            return pooled_bins(*caches, method=choice.method, kind=choice.kind)
        return label_bins(*caches, label, method=choice.method, kind=choice.kind)

    def of_images(self, label: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and targets of one label on some images, (n, 1) each."""
        run = predictions_of(self.judged)
        column = run.label_names.index(label)
        recalibration = recalibration_of(self.fitted_on, self.choice.method)
        probs = recalibration.apply_label(run.logits[:, column][images], column)
        return probs[:, None], run.targets[images, column][:, None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What the page speaks of.

    Attributes:
        models: Name -> its probabilities, where there is a prediction cache.
        rows: Rows of the table `calibration` of this split and recalibration, in the order of the
            chosen models; ``ece``, ``excess``, ``null``, ``null_upper`` and ``p`` are those of
            the chosen bins. Empty without an analysis.
        problems: What is missing, as Markdown.
        judged: Whether ``rows`` are after the chosen recalibration, and not before any.
    """

    models: dict[str, Model]
    rows: pd.DataFrame
    problems: list[str]
    judged: bool = True


def pick(view: View) -> Choice:
    """Ask for models, bins and recalibration; all are in the URL."""
    models = pick_models(view, view.names)
    with st.container(horizontal=True):
        kind = pick_one(
            "Bins",
            list(KINDS),
            key="bins",
            help="15 bins of the same width, or with the same number of images each.",
        )
        method = pick_one(
            "Recalibration",
            list(RECALIBRATIONS),
            key="recalibration",
            help="Maps probabilities to better calibrated ones, fitted on the validation split.",
        )
    return Choice(models=tuple(models), kind=KINDS[kind], method=RECALIBRATIONS[method])


def collect(view: View, choice: Choice) -> Evidence:
    """Open the caches and the analysis' table, as far as they are there."""
    models, problems = {}, []
    for name in choice.models:
        try:
            models[name] = _open_model(view, name, choice)
        except StudyError as error:
            problems.append(str(error))
    try:
        here = _rows(view, choice.models)
    except StudyError as error:
        empty = pd.DataFrame()
        return Evidence(models=models, rows=empty, problems=[*problems, str(error)])
    judged = bool((here["recalibration"] == choice.method).any())
    rows = here[here["recalibration"] == (choice.method if judged else "none")]
    kind = "ece" if choice.kind == "width" else "adaptive_ece"
    rows = rows.assign(**{end.lstrip("_") or "ece": rows[f"{kind}{end}"] for end in _ENDS})
    return Evidence(models=models, rows=rows, problems=problems, judged=judged)


def _open_model(view: View, name: str, choice: Choice) -> Model:
    judged = version_of(view.study, name, view.split)
    fitted_on = judged if choice.method == "none" else version_of(view.study, name, "val")
    return Model(judged=judged, fitted_on=fitted_on, choice=choice)


def _rows(view: View, models: Sequence[str]) -> pd.DataFrame:
    """Rows of the analysis' table of this split, in the order of ``models``."""
    where = (("split", (view.split,)), ("model", tuple(models)))
    rows = analysis_rows(view.study, "calibration", columns=_COLUMNS, where=where)
    here = rows[(rows["scope"] == "pooled") | rows["label"].isin(view.labels["label"])]
    if (here["scope"] == "pooled").all():
        raise StudyError("`calibration.parquet` holds no label of this split.")
    order = {name: place for place, name in enumerate(models)}
    return here.sort_values("model", key=lambda names: names.map(order), kind="stable")


def show_label(view: View, evidence: Evidence, label: str | None) -> None:
    """Draw the diagram of one label, or of all labels pooled, beside its table."""
    with st.container(key=_TOP):
        st.header("All labels, pooled" if label is None else safe_markdown(label), anchor=False)
        with st.grid(2, min_column_width=440) as grid:
            if evidence.models:
                with grid.cell():
                    _draw_models(view, evidence, label)
                with grid.cell():
                    st.caption(how_to_read(view, evidence, label))
                    if label is not None and view.reference in evidence.models:
                        outlying.show(view, evidence.models[view.reference], label)
        if not evidence.rows.empty:
            reliability_tables.draw_models(evidence.rows, label, styles=view.styles)
        if label is not None:
            st.button("All labels", icon=":material/close:", on_click=open_label, args=(None,))
    if just_opened():
        st.html(_SCROLL, unsafe_allow_javascript=True)


def _draw_models(view: View, evidence: Evidence, label: str | None) -> None:
    bins = {name: model.bins(label) for name, model in evidence.models.items()}
    if not any(found.count.any() for found in bins.values()):
        st.info("This label is not annotated in any image of this split.")
        return
    name = "all labels, pooled" if label is None else safe_html(shorten(label))
    thing = "image-label pairs" if label is None else "images"
    figure = reliability_diagram(
        bins, view.styles, thing=thing, title=f"Reliability diagram: {name}"
    )
    said = alt.reliability(bins, label, styles=view.styles)
    charts.draw(figure, key="reliability", alt=said)


def how_to_read(view: View, evidence: Evidence, label: str | None) -> str:
    """How to read the diagram, and which images it rests on, as Markdown."""
    model = next(iter(evidence.models.values()))
    text = HOW_TO_READ + (_POOLED if label is None else "")
    seeds = view.models.set_index("model")["seeds"]
    if (seeds.reindex(list(evidence.models)) > 1).any():
        text += _FIRST_SEED
    if label is None and (step := thinning(model.judged)) > 1:
        text += f" The diagram uses one image in {step:,}; the table, all."
    if model.choice.method == "none":
        return text
    text += " The recalibration is fitted on the validation split"
    if (step := thinning(model.fitted_on)) > 1:
        text += f" (one image in {step:,})"
    if view.split == "val":
        text += ": **it was fitted on the images shown, so this diagram is too optimistic**"
    return text + ". " + ("" if evidence.judged else _NOT_JUDGED)
