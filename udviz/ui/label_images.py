"""The part of the Label page on images: a gallery per question."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.risk_coverage import MEASURES
from udviz.figures.text import count, number, plural
from udviz.stats import telling_images
from udviz.stats.probabilities import threshold_logit
from udviz.stats.suspects import MISSING
from udviz.ui import gallery, tables
from udviz.ui.analysis import analysis_rows, explain_missing
from udviz.ui.images import source_of
from udviz.ui.label_models import LabelModel
from udviz.ui.page import View
from udviz.ui.study import StudyError
from udviz.ui.words import model_noun

MOST_UNCERTAIN = 120  # images shown, ten pages
NO_STUDENT = "This study has no predictions of a student beside its teacher's on this split."
NO_GAIN = "A gain needs a baseline and a distilled student; this study does not compare the two."
_COLUMNS = ["image_id", "row", "prob", "present"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What the gallery is asked about.

    Attributes:
        view: Study and split.
        label: Name of the label.
        models: Role -> model.
        thresholds: Role -> threshold, a probability.
        role: Model picked.
        measure: Measure of uncertainty picked.
    """

    view: View
    label: str
    models: Mapping[str, LabelModel]
    thresholds: Mapping[str, float]
    role: str
    measure: str

    @property
    def model(self) -> LabelModel:
        """The model picked."""
        return self.models[self.role]

    @property
    def word(self) -> str:
        """Its name within a sentence."""
        return model_noun(self.role)


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """Images that answer a question.

    Attributes:
        images: One row per image, the most telling first: ``image_id``, ``row`` and what
            ``caption`` reads.
        said: What they are, as Markdown that follows their number.
        caption: Why an image is there, given its row, as Markdown.
    """

    images: pd.DataFrame
    said: str
    caption: Callable[[pd.Series], str]


def pick_role(models: Mapping[str, LabelModel]) -> str:
    """Ask which model the images and errors are of; the teacher at first."""
    role = st.segmented_control(
        "Model, here and in the next section",
        list(models),
        default=next(iter(models)),
        required=True,
        key="model",
        bind="query-params",
    )
    return role or next(iter(models))


def show(
    view: View, label: str, models: Mapping[str, LabelModel], thresholds: Mapping[str, float]
) -> str:
    """Draw the images that answer the question picked; the role picked beside it."""
    st.header("The images that show it", anchor=False)
    question = st.segmented_control(
        "Which images?",
        list(QUESTIONS),
        default=next(iter(QUESTIONS)),
        required=True,
        key="images",
        bind="query-params",
    )
    with st.container(horizontal=True):
        role = pick_role(models)
        measure = "entropy"
        if question == "most uncertain":
            measure = _pick_measure(models[role])
    asked = Asked(
        view=view, label=label, models=models, thresholds=thresholds, role=role, measure=measure
    )
    try:
        answer = QUESTIONS[question or next(iter(QUESTIONS))](asked)
    except StudyError as error:
        explain_missing(view.study, str(error))
    else:
        _draw(asked, answer, question)
    return role


def _pick_measure(model: LabelModel) -> str:
    measures = [name for name in MEASURES if name != "disagreement" or model.has_disagreement]
    measure = st.segmented_control(
        "Measured by",
        measures,
        default=measures[0],
        required=True,
        key="measure",
        bind="query-params",
    )
    return measure or measures[0]


def _draw(asked: Asked, answer: Answer, question: str) -> None:
    if answer.images.empty:
        st.info(f"No image {answer.said}")
        return
    st.markdown(f"**{plural(len(answer.images), 'image')}** {answer.said}")
    of = (asked.view.study.path.name, asked.view.split, asked.label, question, asked.role)
    st.fragment(gallery.draw)(
        answer.images,
        source_of(asked.view.study, asked.model.run),
        caption=answer.caption,
        key="shown",
        label=asked.label,
        of=(*of, asked.measure, asked.thresholds[asked.role]),
    )
    tables.offer_csv(
        answer.images,
        label="Download this list (CSV)",
        file_name=f"{asked.view.study.path.name}-{asked.view.split}-images.csv",
    )


def _false_positives(asked: Asked) -> Answer:
    model, level = asked.model, asked.thresholds[asked.role]
    at = threshold_logit(level)
    chosen = telling_images.false_alarms(model.logits, model.targets, threshold=at)
    return Answer(
        images=_table(model, chosen),
        said=f"that the {asked.word} calls present at {number(level)} and that {_are(chosen)} "
        "marked absent, the most confident first.",
        caption=_decision,
    )


def _missed(asked: Asked) -> Answer:
    model, level = asked.model, asked.thresholds[asked.role]
    at = threshold_logit(level)
    chosen = telling_images.missed(model.logits, model.targets, threshold=at)
    return Answer(
        images=_table(model, chosen),
        said=f"marked present that the {asked.word} calls absent at {number(level)}, the most "
        "confident first.",
        caption=_decision,
    )


def _most_uncertain(asked: Asked) -> Answer:
    model = asked.model
    value = model.uncertainties(asked.thresholds[asked.role])[asked.measure]
    chosen = telling_images.most_uncertain(value, model.targets, most=MOST_UNCERTAIN)
    n_known = int((model.targets >= 0).sum())
    return Answer(
        images=_table(model, chosen).assign(**{asked.measure: value[chosen]}),
        said=f"of {count(n_known)} about which the {asked.word} is least sure, by "
        f"{asked.measure}, whether it is right or wrong.",
        caption=lambda image: f"{asked.measure} {number(image[asked.measure])}; {_decision(image)}",
    )


def _doubted(asked: Asked) -> Answer:
    images = _rows(asked, "suspects", ["direction", "prob", "quality"])
    images = images.assign(present=images["direction"] != MISSING)
    return Answer(
        images=images[[*_COLUMNS, "direction", "quality"]],
        said="whose mark the teacher's probabilities contradict most, by confident learning, the "
        "most suspect first. Whether a mark is wrong, a person must judge.",
        caption=lambda image: f"{_decision(image)}: {_doubt(image['direction'])}",
    )


def _teacher_right(asked: Asked) -> Answer:
    students = [role for role in asked.models if role != "teacher"]
    if "teacher" not in asked.models or not students:
        raise StudyError(NO_STUDENT)
    role = asked.role if asked.role in students else students[-1]
    teacher, student = asked.models["teacher"], asked.models[role]
    chosen = telling_images.right_where_other_is_wrong(
        teacher.probs,
        student.probs,
        teacher.targets,
        threshold=asked.thresholds["teacher"],
        other_threshold=asked.thresholds[role],
    )
    return Answer(
        images=_table(teacher, chosen).assign(student_prob=student.probs[chosen]),
        said=f"that the teacher decides rightly and the {model_noun(role)} wrongly, each at its "
        "threshold, the largest difference first.",
        caption=lambda image: (
            f"teacher p = {number(image['prob'])}, {role} p = {number(image['student_prob'])}, "
            f"{_mark(image)}"
        ),
    )


def _helped(asked: Asked) -> Answer:
    return _contributed(asked, sign=1)


def _hurt(asked: Asked) -> Answer:
    return _contributed(asked, sign=-1)


def _contributed(asked: Asked, *, sign: int) -> Answer:
    if not asked.view.has_gains:
        raise StudyError(NO_GAIN)
    columns = ["present", "contribution", "rank_baseline", "rank_distilled"]
    rows = _rows(asked, "contributions", columns)
    rows = rows[sign * rows["contribution"] > 0]
    images = rows.sort_values("contribution", ascending=sign < 0, kind="stable")
    way = "raised" if sign > 0 else "lowered"
    return Answer(
        images=images[["image_id", "row", *columns]],
        said=f"that {way} the average precision most on the way from the baseline to the distilled "
        "student; ranks are among all images, the most likely first.",
        caption=_contribution,
    )


QUESTIONS: dict[str, Callable[[Asked], Answer]] = {
    "false positives": _false_positives,
    "missed": _missed,
    "most uncertain": _most_uncertain,
    "doubted labels": _doubted,
    "teacher right, student wrong": _teacher_right,
    "helped the gain": _helped,
    "hurt the gain": _hurt,
}


def _rows(asked: Asked, name: str, columns: list[str]) -> pd.DataFrame:
    """Rows of the analysis about images of this split and label, with their ``row``."""
    rows = analysis_rows(
        asked.view.study,
        name,
        columns=["image_id", *columns],
        where=(("split", (asked.view.split,)), ("label", (asked.label,))),
    )
    return rows.merge(asked.model.run.images, on="image_id", validate="many_to_one")


def _table(model: LabelModel, chosen: np.ndarray) -> pd.DataFrame:
    images = model.run.images.iloc[chosen]
    table = images.assign(prob=model.probs[chosen], present=model.targets[chosen] == 1)
    return table[_COLUMNS]


def _decision(image: pd.Series) -> str:
    return f"p = {number(image['prob'])}, {_mark(image)}"


def _contribution(image: pd.Series) -> str:
    ranks = f"rank {count(image['rank_baseline'])} → {count(image['rank_distilled'])}"
    share = number(image["contribution"], digits=4, sign=True)
    return f"{_mark(image)}, {ranks}, {share} AP"


def _mark(image: pd.Series) -> str:
    return f"marked {'present' if image['present'] else 'absent'}"


def _doubt(direction: str) -> str:
    return "is the mark missing?" if direction == MISSING else "is the mark wrong?"


def _are(chosen: np.ndarray) -> str:
    return "is" if chosen.size == 1 else "are"
