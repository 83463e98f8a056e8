"""Questions to the images of one label, and the images that answer them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.figures.style.text import count, number, safe_markdown
from udviz.stats.label_errors.suspects import MISSING
from udviz.stats.labels import error_examples
from udviz.stats.labels.probabilities import threshold_logit
from udviz.ui.frame.view import View
from udviz.ui.label.label_models import LabelModel
from udviz.ui.labels.sentences import noun
from udviz.ui.load.analysis_rows import Where, analysis_rows
from udviz.ui.load.study import StudyError

MOST_UNCERTAIN = 120  # images shown, ten pages
NO_OTHER = "There are no predictions of another model beside the reference's on this split."
NO_GAIN = "This study compares no two models, so there is no gain."
_COLUMNS = ["image_id", "row", "prob", "present"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What the gallery is asked about.

    Attributes:
        view: Study and split.
        label: Name of the label.
        models: Name -> model.
        thresholds: Name -> threshold, a probability.
        name: Model picked.
        measure: Measure of uncertainty picked.
    """

    view: View
    label: str
    models: Mapping[str, LabelModel]
    thresholds: Mapping[str, float]
    name: str
    measure: str

    @property
    def model(self) -> LabelModel:
        """The model picked."""
        return self.models[self.name]

    @property
    def noun(self) -> str:
        """What it is called within a sentence."""
        return noun(self.view, self.name)


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
    model, level = asked.model, asked.thresholds[asked.name]
    at = threshold_logit(level)
    chosen = error_examples.false_positives(model.logits, model.targets, threshold=at)
    return Answer(
        images=_table(model, chosen),
        said=f"without the label that {asked.noun} predicts at {number(level)}, the most confident "
        "first.",
        none=f"At {number(level)}, {asked.noun} predicts no image without the label.",
        caption=_decision,
    )


def _false_negatives(asked: Asked) -> Answer:
    model, level = asked.model, asked.thresholds[asked.name]
    at = threshold_logit(level)
    chosen = error_examples.false_negatives(model.logits, model.targets, threshold=at)
    return Answer(
        images=_table(model, chosen),
        said=f"with the label that {asked.noun} does not predict at {number(level)}, the most "
        "confident first.",
        none=f"At {number(level)}, {asked.noun} predicts every image with the label.",
        caption=_decision,
    )


def _most_uncertain(asked: Asked) -> Answer:
    model = asked.model
    value = model.uncertainties(asked.thresholds[asked.name])[asked.measure]
    chosen = error_examples.most_uncertain(value, model.targets, most=MOST_UNCERTAIN)
    n_known = int((model.targets >= 0).sum())
    return Answer(
        images=_table(model, chosen).assign(**{asked.measure: value[chosen]}),
        said=f"of {count(n_known)} about which {asked.noun} is least certain, by "
        f"{asked.measure}, whether it is right or wrong.",
        none="No image of this split says whether it carries this label.",
        caption=lambda image: f"{asked.measure} {number(image[asked.measure])}; {_decision(image)}",
    )


def _doubted(asked: Asked) -> Answer:
    images = _rows(asked, "suspects", ["direction", "prob", "quality"])
    images = images.assign(present=images["direction"] != MISSING)
    return Answer(
        images=images[[*_COLUMNS, "direction", "quality"]],
        said="whose annotation the reference's probabilities contradict most, by confident "
        "learning, the most suspect first. Whether it is wrong, a person must judge.",
        none="The reference's probabilities contradict no annotation of this label.",
        caption=lambda image: f"{_decision(image)}: {_doubt(image['direction'])}",
    )


def _reference_right(asked: Asked) -> Answer:
    reference = asked.view.reference
    others = [name for name in asked.models if name != reference]
    if reference not in asked.models or not others:
        raise StudyError(NO_OTHER)
    name = asked.name if asked.name in others else others[-1]
    right, wrong = asked.models[reference], asked.models[name]
    chosen = error_examples.right_where_other_is_wrong(
        right.probs,
        wrong.probs,
        right.targets,
        threshold=asked.thresholds[reference],
        other_threshold=asked.thresholds[name],
    )
    words = noun(asked.view, reference), noun(asked.view, name)
    return Answer(
        images=_table(right, chosen).assign(other_prob=wrong.probs[chosen]),
        said=f"that {words[0]} decides rightly and {words[1]} wrongly, each at its threshold, the "
        "largest difference first.",
        none=f"At these thresholds {words[1]} is right wherever {words[0]} is.",
        caption=lambda image: (
            f"{safe_markdown(reference)} p = {number(image['prob'])}, {safe_markdown(name)} p = "
            f"{number(image['other_prob'])}, {_target(image)}"
        ),
    )


def _helped(asked: Asked) -> Answer:
    return _contributed(asked, sign=1)


def _hurt(asked: Asked) -> Answer:
    return _contributed(asked, sign=-1)


def _contributed(asked: Asked, *, sign: int) -> Answer:
    if asked.view.pair is None:
        raise StudyError(NO_GAIN)
    before, after = asked.view.pair
    columns = ["present", "contribution", "rank_before", "rank_after"]
    where = (("before", (before,)), ("after", (after,)))
    rows = _rows(asked, "contributions", columns, where)
    rows = rows[sign * rows["contribution"] > 0]
    images = rows.sort_values("contribution", ascending=sign < 0, kind="stable")
    way = "raised" if sign > 0 else "lowered"
    return Answer(
        images=images[["image_id", "row", *columns]],
        said=f"that {way} the average precision most from {safe_markdown(before)} to "
        f"{safe_markdown(after)}; ranks are among all images, the most likely first.",
        none=f"No image {way} the average precision of this label.",
        caption=_contribution,
    )


QUESTIONS: dict[str, Callable[[Asked], Answer]] = {
    "false positives": _false_positives,
    "false negatives": _false_negatives,
    "most uncertain": _most_uncertain,
    "possible annotation errors": _doubted,
    "reference right, model wrong": _reference_right,
    "helped the gain": _helped,
    "hurt the gain": _hurt,
}


def _rows(asked: Asked, name: str, columns: list[str], where: Where = ()) -> pd.DataFrame:
    """Rows of the analysis about images of this split and label, with their ``row``."""
    rows = analysis_rows(
        asked.view.study,
        name,
        columns=["image_id", *columns],
        where=(("split", (asked.view.split,)), ("label", (asked.label,)), *where),
    )
    return rows.merge(asked.model.run.images, on="image_id", validate="many_to_one")


def _table(model: LabelModel, chosen: np.ndarray) -> pd.DataFrame:
    images = model.run.images.iloc[chosen]
    table = images.assign(prob=model.probs[chosen], present=model.targets[chosen] == 1)
    return table[_COLUMNS]


def _decision(image: pd.Series) -> str:
    return f"p = {number(image['prob'])}, {_target(image)}"


def _contribution(image: pd.Series) -> str:
    ranks = f"rank {count(image['rank_before'])} → {count(image['rank_after'])}"
    share = number(image["contribution"], digits=4, sign=True)
    return f"{_target(image)}, {ranks}, {share} AP"


def _target(image: pd.Series) -> str:
    return "labelled" if image["present"] else "not labelled"


def _doubt(direction: str) -> str:
    return "is the annotation missing?" if direction == MISSING else "is the annotation wrong?"
