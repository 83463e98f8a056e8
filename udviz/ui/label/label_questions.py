"""Questions to the images of one label, and the images that answer them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.figures.style.text import count, number
from udviz.stats.label_errors.suspects import MISSING
from udviz.stats.labels import error_examples
from udviz.stats.labels.probabilities import threshold_logit
from udviz.ui.frame.view import View
from udviz.ui.label.label_models import LabelModel
from udviz.ui.labels.sentences import model_noun
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.study import StudyError

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
        none: What to say if there are none.
        caption: Why an image is there, given its row, as Markdown.
    """

    images: pd.DataFrame
    said: str
    none: str
    caption: Callable[[pd.Series], str]


def _false_positives(asked: Asked) -> Answer:
    model, level = asked.model, asked.thresholds[asked.role]
    at = threshold_logit(level)
    chosen = error_examples.false_positives(model.logits, model.targets, threshold=at)
    return Answer(
        images=_table(model, chosen),
        said=f"marked absent that the {asked.word} calls present at {number(level)}, the most "
        "confident first.",
        none=f"The {asked.word} calls no image present at {number(level)} that is marked absent.",
        caption=_decision,
    )


def _missed(asked: Asked) -> Answer:
    model, level = asked.model, asked.thresholds[asked.role]
    at = threshold_logit(level)
    chosen = error_examples.false_negatives(model.logits, model.targets, threshold=at)
    return Answer(
        images=_table(model, chosen),
        said=f"marked present that the {asked.word} calls absent at {number(level)}, the most "
        "confident first.",
        none=f"The {asked.word} calls no image absent at {number(level)} that is marked present.",
        caption=_decision,
    )


def _most_uncertain(asked: Asked) -> Answer:
    model = asked.model
    value = model.uncertainties(asked.thresholds[asked.role])[asked.measure]
    chosen = error_examples.most_uncertain(value, model.targets, most=MOST_UNCERTAIN)
    n_known = int((model.targets >= 0).sum())
    return Answer(
        images=_table(model, chosen).assign(**{asked.measure: value[chosen]}),
        said=f"of {count(n_known)} about which the {asked.word} is least sure, by "
        f"{asked.measure}, whether it is right or wrong.",
        none="No image of this split says whether it carries this label.",
        caption=lambda image: f"{asked.measure} {number(image[asked.measure])}; {_decision(image)}",
    )


def _doubted(asked: Asked) -> Answer:
    images = _rows(asked, "suspects", ["direction", "prob", "quality"])
    images = images.assign(present=images["direction"] != MISSING)
    return Answer(
        images=images[[*_COLUMNS, "direction", "quality"]],
        said="whose mark the teacher's probabilities contradict most, by confident learning, the "
        "most suspect first. Whether a mark is wrong, a person must judge.",
        none="The teacher's probabilities give no reason to doubt a mark of this label.",
        caption=lambda image: f"{_decision(image)}: {_doubt(image['direction'])}",
    )


def _teacher_right(asked: Asked) -> Answer:
    students = [role for role in asked.models if role != "teacher"]
    if "teacher" not in asked.models or not students:
        raise StudyError(NO_STUDENT)
    role = asked.role if asked.role in students else students[-1]
    teacher, student = asked.models["teacher"], asked.models[role]
    chosen = error_examples.right_where_other_is_wrong(
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
        none=f"At these thresholds the {model_noun(role)} is right wherever the teacher is.",
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
        none=f"No image {way} the average precision of this label.",
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
