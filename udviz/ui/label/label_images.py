"""The part of the Label page on images: a gallery per question."""

from collections.abc import Mapping

import streamlit as st

from udviz.figures.calibration.risk_coverage import MEASURES
from udviz.figures.style.text import one_line, plural
from udviz.ui.frame.view import View
from udviz.ui.label.label_models import LabelModel
from udviz.ui.label.label_questions import QUESTIONS, Answer, Asked
from udviz.ui.labels import gallery, tables
from udviz.ui.labels.controls import pick_one
from udviz.ui.load.analysis_rows import explain_missing
from udviz.ui.load.images import ImageSource, source_of
from udviz.ui.load.study import StudyError


def pick_model(models: Mapping[str, LabelModel], *, first: str) -> str:
    """Ask which model the images and errors are of; the reference at first."""
    names = list(models)
    return pick_one(
        "Model, here and in the next section",
        names,
        key="model",
        first=first if first in models else names[0],
        named=one_line,
    )


def show(
    view: View, label: str, models: Mapping[str, LabelModel], thresholds: Mapping[str, float]
) -> str:
    """Draw the images that answer the question picked; the model picked beside it."""
    st.header("Example images", anchor=False)
    question = pick_one("Which images?", list(QUESTIONS), key="images")
    with st.container(horizontal=True):
        name = pick_model(models, first=view.reference)
        measure = "entropy"
        if question == "most uncertain":
            measure = _pick_measure(models[name])
    asked = Asked(
        view=view, label=label, models=models, thresholds=thresholds, name=name, measure=measure
    )
    try:
        answer = QUESTIONS[question or next(iter(QUESTIONS))](asked)
        source = source_of(view.study, asked.model.run)
    except StudyError as error:
        explain_missing(view.study, str(error))
    else:
        _draw(asked, answer, source, of=question)
    return name


def _pick_measure(model: LabelModel) -> str:
    measures = [name for name in MEASURES if name != "disagreement" or model.has_disagreement]
    return pick_one("Measured by", measures, key="measure")


def _draw(asked: Asked, answer: Answer, source: ImageSource, *, of: str | None) -> None:
    if answer.images.empty:
        st.info(answer.none)
        return
    st.markdown(f"**{plural(len(answer.images), 'image')}** {answer.said}")
    about = (asked.view.study.path.name, asked.view.split, asked.label, asked.name)
    st.fragment(gallery.draw)(
        answer.images,
        source,
        caption=answer.caption,
        key="shown",
        label=asked.label,
        of=(*about, of, asked.measure, asked.thresholds[asked.name]),
    )
    tables.offer_csv(
        answer.images,
        label="Download this list (CSV)",
        file_name=asked.view.file_name("images.csv"),
    )
