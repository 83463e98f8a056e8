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
from udviz.ui.load.study import Study, StudyError
from udviz.vocabulary import UNSURE

_COLUMNS = ["split", "image", "image_id", "label", "direction", "prob", "quality"]
_KEY = ["split", "image_id", "label", "target"]


def with_reviews(study: Study, split: str, *, reviewer: str) -> pd.DataFrame:
    """Suspects of a split, most suspect first.

    Returns:
        Also ``target``; ``verdict`` and ``time`` of the review by ``reviewer``; ``said``: the
        verdict of all reviewers, *unsure* where they differ; ``differs``: whether they do.

    Raises:
        StudyError: If the table of suspects is missing or damaged.
    """
    where = (("split", (split,)),)
    rows = analysis_rows(study, "suspects", columns=_COLUMNS, where=where)
    rows = rows.assign(target=(rows["direction"] == EXTRA).astype(int))
    reviews = reviewing.reviews_table(study.path)
    reviews = reviews[reviews["split"] == split].astype({"target": int})
    own = reviews.loc[reviews["reviewer"] == reviewer, [*_KEY, "verdict", "time"]]
    by_target = reviews.groupby(_KEY)["verdict"]
    joint = by_target.agg(said="first", differs="nunique").reset_index()
    joint["differs"] = joint["differs"] > 1
    joint["said"] = joint["said"].mask(joint["differs"], UNSURE)
    rows = rows.merge(own, how="left", on=_KEY, validate="one_to_one")
    rows = rows.merge(joint, how="left", on=_KEY, validate="one_to_one")
    return rows.assign(differs=rows["differs"].eq(True))


def judges_of(view: View, split: str) -> list[Predictions]:
    """Predictions that the targets of ``split`` were judged by, in the order of the analysis."""
    study = view.study
    if split != "train":
        return [predictions_of(version_of(study, view.reference, split))]
    folds = sorted(study.path.glob("crossfit-*"), key=lambda path: (len(path.name), path.name))
    if not folds:
        raise StudyError(f"`{study.path}` holds no judges of the training split.")
    return [predictions_of(version_at(RunDirectory(fold).predictions(split))) for fold in folds]


def rows_in_data(suspects: pd.DataFrame, judges: list[Predictions]) -> np.ndarray:
    """Index in the data set of the image of every suspect."""
    images = pd.concat([judge.images for judge in judges], ignore_index=True)
    places = suspects["image"].to_numpy(int)
    if places.max(initial=-1) >= len(images):
        raise StudyError("The predictions hold fewer images than the analysis judged.")
    found = images.iloc[places]
    if not (found["image_id"].to_numpy() == suspects["image_id"].to_numpy()).all():
        raise StudyError("The predictions are of other images than the analysis judged.")
    return found["row"].to_numpy(int)


def judge_of(image: int, judges: list[Predictions]) -> tuple[Predictions, int]:
    """Who judged an image of the analysis, and the image's place there."""
    for judge in judges:
        if image < len(judge.images):
            return judge, image
        image -= len(judge.images)
    raise StudyError("The predictions hold fewer images than the analysis judged.")
