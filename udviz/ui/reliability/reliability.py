"""What the Reliability page asks, looks up and says; it judges a model by its first run."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from udviz.figures.calibration.reliability import reliability_diagram
from udviz.figures.style.text import safe_html, safe_markdown, shorten
from udviz.figures.style.theme import ROLES
from udviz.stats.calibration.reliability_bins import ReliabilityBins
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import just_opened, open_label
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.caches import Version, label_bins, pooled_bins, thinning, version_of
from udviz.ui.load.study import StudyError
from udviz.ui.reliability import reliability_tables

KINDS = {"equal width": "width", "equal mass": "mass"}
METHODS = {"before": "none", "temperature": "temperature", "Platt": "platt", "isotonic": "isotonic"}
_TOP = "reliability-of"
# A person who clicked far below would not see that the diagram on top is now of that label.
_SCROLL = (
    f"<script>document.querySelector('.st-key-{_TOP}')"
    ".scrollIntoView({behavior: 'smooth', block: 'start'});</script>"
)
HOW_TO_READ = (
    "Each mark is a bin of images with about the same probability. Below the diagonal the label "
    "is there less often than the model says, above it more often. Lines are 95 % Wilson "
    "intervals; a bin that holds nothing is not drawn. Each model is judged by its first run."
)
_POOLED = (
    " Pooled over all labels, errors of opposite sign hide each other, and the labels of one image "
    "are not independent, so the intervals are too short. Pick a label to see its own diagram."
)
HOW_TO_READ_TABLE = (
    "ECE: mean gap between probability and frequency over the chosen bins. By chance: the ECE "
    "that perfect probabilities would show on these images; at most: what they would exceed once "
    "in twenty times. Excess: ECE minus chance. MCE: largest gap of a bin of equal width, which "
    "one image alone can set. Brier and NLL (nats): lower is better."
)
_NOT_JUDGED = (
    "The numbers in the tables, and the choice of the worst labels, are **before** recalibration: "
    "the analysis judges a recalibration only on images that its fit did not see."
)
_ENDS = ("", "_excess", "_null", "_null_upper", "_p")  # of the error of either kind of bins
_COLUMNS = [
    *("split", "role", "method", "label", "column", "known", "positives", "mce", "brier", "nll"),
    *(f"{kind}{end}" for kind in ("ece", "adaptive_ece") for end in _ENDS),
]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How probabilities are binned and recalibrated: values of `KINDS` and of `METHODS`."""

    kind: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """Probabilities of one run: the cache they are of, and the one of their recalibration."""

    judged: Version
    fitted_on: Version
    choice: Choice

    def bins(self, label: str | None) -> ReliabilityBins:
        """Bins of one label, or of all labels as one binary problem; L = 1."""
        caches, choice = (self.judged, self.fitted_on), vars(self.choice)
        return (
            pooled_bins(*caches, **choice)
            if label is None
            else label_bins(*caches, label, **choice)
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What the page speaks of.

    Attributes:
        models: Role -> its probabilities, where there is a prediction cache.
        rows: Rows of the analysis' table of this split and recalibration: per role those of the
            labels and one, without ``column``, of all labels pooled; ``ece``, ``excess``, ``null``,
            ``null_upper`` and ``p`` are those of the chosen bins. Empty without an analysis.
        problems: What is missing, as Markdown.
        judged: Whether ``rows`` are after the chosen recalibration, and not before any.
    """

    models: dict[str, Model]
    rows: pd.DataFrame
    problems: list[str]
    judged: bool = True


def pick() -> Choice:
    """Ask for bins and recalibration; both are in the URL."""
    with st.container(horizontal=True):
        kind = _pick("Bins", list(KINDS), key="bins")
        method = _pick("Recalibration", list(METHODS), key="recalibration")
    return Choice(kind=KINDS[kind], method=METHODS[method])


def _pick(label: str, options: list[str], *, key: str) -> str:
    choice = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params"
    )
    return choice or options[0]


def collect(view: View, choice: Choice) -> Evidence:
    """Open the caches and the analysis' table, as far as they are there."""
    models, problems = {}, []
    for role in view.models["role"]:
        try:
            models[role] = _open_model(view, role, choice)
        except StudyError as error:
            problems.append(str(error))
    try:
        here = _rows(view)
    except StudyError as error:
        empty = pd.DataFrame()
        return Evidence(models=models, rows=empty, problems=[*problems, str(error)])
    judged = bool((here["method"] == choice.method).any())
    rows = here[here["method"] == (choice.method if judged else "none")]
    kind = "ece" if choice.kind == "width" else "adaptive_ece"
    rows = rows.assign(**{end.lstrip("_") or "ece": rows[f"{kind}{end}"] for end in _ENDS})
    return Evidence(models=models, rows=rows, problems=problems, judged=judged)


def _open_model(view: View, role: str, choice: Choice) -> Model:
    judged = version_of(view.study, role, view.split)
    fitted_on = judged if choice.method == "none" else version_of(view.study, role, "val")
    return Model(judged=judged, fitted_on=fitted_on, choice=choice)


def _rows(view: View) -> pd.DataFrame:
    """Rows of the analysis' table of this split, in the order of the roles."""
    where = (("split", (view.split,)), ("role", tuple(view.models["role"])))
    rows = analysis_rows(view.study, "calibration", columns=_COLUMNS, where=where)
    here = rows[rows["column"].isna() | rows["label"].isin(view.labels["label"])]
    if here["column"].isna().all():
        raise StudyError("`calibration.parquet` holds no label of this split.")
    order = {role: place for place, role in enumerate(ROLES)}
    return here.sort_values("role", key=lambda roles: roles.map(order), kind="stable")


def show_label(view: View, evidence: Evidence, label: str | None) -> None:
    """Draw the diagram of one label, or of all labels pooled, beside its table."""
    with st.container(key=_TOP):
        st.header("All labels" if label is None else safe_markdown(label), anchor=False)
        with st.grid(2, min_column_width=440) as grid:
            if evidence.models:
                with grid.cell():
                    _draw_models(evidence, label)
            with grid.cell():
                if evidence.models:
                    st.caption(how_to_read(view, evidence, label))
                if not evidence.rows.empty:
                    st.table(
                        reliability_tables.model_table(evidence.rows, label), border="horizontal"
                    )
                    st.caption(HOW_TO_READ_TABLE)
        if label is not None:
            st.button("All labels", icon=":material/close:", on_click=open_label, args=(None,))
    if just_opened():
        st.html(_SCROLL, unsafe_allow_javascript=True)


def _draw_models(evidence: Evidence, label: str | None) -> None:
    bins = {role: model.bins(label) for role, model in evidence.models.items()}
    if not any(found.count.any() for found in bins.values()):
        st.info("No image of this split says whether it carries this label.")
        return
    name = "all labels, pooled" if label is None else safe_html(shorten(label))
    thing = "image-label pairs" if label is None else "images"
    figure = reliability_diagram(bins, thing=thing, title=f"Reliability of {name}")
    charts.draw(figure, key="reliability", alt=reliability_tables.alt(bins, label))


def how_to_read(view: View, evidence: Evidence, label: str | None) -> str:
    """How to read the diagram, and which images it rests on, as Markdown."""
    model = next(iter(evidence.models.values()))
    text = HOW_TO_READ + (_POOLED if label is None else "")
    if label is None and (step := thinning(model.judged)) > 1:
        text += f" Drawn from one image in {step:,}; the table is of all."
    if model.choice.method == "none":
        return text
    text += " The recalibration is fitted on the validation split"
    if (step := thinning(model.fitted_on)) > 1:
        text += f" (one image in {step:,})"
    if view.split == "val":
        text += ": **the fit saw these very images, so the diagram flatters it**"
    return text + ". " + ("" if evidence.judged else _NOT_JUDGED)
