"""The targets of a split that contradict their judges: where their images lie, what people said."""

import numpy as np
import pandas as pd

from udviz.predictions.cache import Predictions
from udviz.stats.label_errors.suspects import EXTRA
from udviz.studies.directory import RunDirectory
from udviz.ui.data import reviewing
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.caches import predictions_of, version_at, version_of
from udviz.ui.load.study import StudyError
from udviz.vocabulary import UNSURE

_COLUMNS = ["split", "image", "image_id", "label", "direction", "prob", "quality"]
_KEY = ["split", "image_id", "label", "target"]


def read(view: View, split: str, judges: list[Predictions]) -> pd.DataFrame:
    """Suspects of a split, most suspect first; ``row`` is the place of the image in the data.

    Raises:
        StudyError: If the table is missing or damaged, or is of other images than ``judges``.
    """
    where = (("split", (split,)),)
    suspects = analysis_rows(view.study, "suspects", columns=_COLUMNS, where=where)
    targets = (suspects["direction"] == EXTRA).astype(int)
    return suspects.assign(target=targets, row=_rows_in_data(suspects, judges))


def with_reviews(suspects: pd.DataFrame, reviews: pd.DataFrame, *, reviewer: str) -> pd.DataFrame:
    """The suspects of one split with what people said of them.

    Args:
        suspects: As `read` gives them.
        reviews: As `reviewing.reviews_table` gives them.
        reviewer: Whose reviews are told apart.

    Returns:
        Also ``verdict`` and ``time`` of the review by ``reviewer``; ``said``: the verdict of all
        reviewers, *unsure* where they differ; ``differs``: whether they do; ``told``: who said
        what.
    """
    own = reviews.loc[reviews["reviewer"] == reviewer, [*_KEY, "verdict", "time"]]
    names = reviews["reviewer"].where(reviews["reviewer"] != "", reviewing.UNNAMED)
    reviews = reviews.assign(told=names + ": " + reviews["verdict"].map(reviewing.ANSWERS))
    joint = (
        reviews.groupby(_KEY)
        .agg(said=("verdict", "first"), n_said=("verdict", "nunique"), told=("told", ", ".join))
        .reset_index()
    )
    joint["said"] = joint["said"].mask(joint["n_said"] > 1, UNSURE)
    for found in (own, joint):
        found = found.astype({"target": int}).set_index(_KEY)
        suspects = suspects.join(found, on=_KEY, validate="one_to_one")
    return suspects.assign(differs=suspects.pop("n_said") > 1)


def judges_of(view: View, split: str) -> list[Predictions]:
    """Predictions that the targets of ``split`` were judged by, in the order of the analysis."""
    study = view.study
    if split != "train":
        return [predictions_of(version_of(study, view.reference, split))]
    folds = sorted(study.path.glob("crossfit-*"), key=lambda path: (len(path.name), path.name))
    if not folds:
        raise StudyError(f"`{study.path}` holds no judges of the training split.")
    return [predictions_of(version_at(RunDirectory(fold).predictions(split))) for fold in folds]


def judge_of(image: int, judges: list[Predictions]) -> tuple[Predictions, int]:
    """Who judged an image of the analysis, and the image's place there."""
    for judge in judges:
        if image < len(judge.images):
            return judge, image
        image -= len(judge.images)
    raise StudyError("The predictions hold fewer images than the analysis judged.")


def _rows_in_data(suspects: pd.DataFrame, judges: list[Predictions]) -> np.ndarray:
    """Index in the data set of the image of every suspect."""
    images = pd.concat([judge.images for judge in judges], ignore_index=True)
    places = suspects["image"].to_numpy(int)
    if places.max(initial=-1) >= len(images):
        raise StudyError("The predictions hold fewer images than the analysis judged.")
    found = images.iloc[places]
    if not (found["image_id"].to_numpy() == suspects["image_id"].to_numpy()).all():
        raise StudyError("The predictions are of other images than the analysis judged.")
    return found["row"].to_numpy(int)
