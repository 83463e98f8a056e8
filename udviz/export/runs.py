"""The run of a study that is exported, and what people said of its targets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from udviz.checks import check_choice
from udviz.predictions.cache import Predictions, open_predictions
from udviz.studies.directory import RunDirectory
from udviz.studies.models import models_at
from udviz.studies.reviews import verdicts_of_targets
from udviz.vocabulary import WRONG


@dataclass(frozen=True)
class ChosenRun:
    """One run of a study.

    Attributes:
        model: Name of its model.
        seed: Its seed; of a brought model the place of its file.
        directory: Where it lies.
    """

    model: str
    seed: int
    directory: RunDirectory

    def predictions(self, split: str) -> Predictions:
        """Its predictions on one split.

        Raises:
            FileNotFoundError: If there are none.
            ValueError: If they are damaged.
        """
        return open_predictions(self.directory.predictions(split))


def chosen_run(study: Path, *, model: str, seed: int | None) -> ChosenRun:
    """The run of ``model`` with ``seed``, or with the first one if None.

    Raises:
        ValueError: If the study has no such model or seed; names those that it has.
    """
    known = {found.name: found.directories(study) for found in models_at(study)}
    check_choice(model, known, name="--model")
    seeds = list(known[model])
    if seed is not None and seed not in seeds:
        raise ValueError(
            f"`--seed` must be one of {', '.join(map(str, seeds))} of {model}, got {seed}."
        )
    chosen = seeds[0] if seed is None else seed
    return ChosenRun(model, chosen, known[model][chosen])


def reviewed_targets(study: Path, predictions: Predictions) -> tuple[np.ndarray, int]:
    """Targets with those turned round that everybody who reviewed them called wrong.

    Args:
        study: Folder of the study, which holds the reviews.
        predictions: Of one split.

    Returns:
        (N, L) int8 targets, and how many differ. A review of a target that has been corrected
        since, or of an image or label that is not there, changes nothing.
    """
    targets = np.array(predictions.targets)
    row_of = {image: row for row, image in enumerate(predictions.image_ids)}
    column_of = {label: column for column, label in enumerate(predictions.label_names)}
    n_changed = 0
    for of, said in verdicts_of_targets(study).items():
        cell = row_of.get(of.image_id), column_of.get(of.label)
        if None in cell or of.split != predictions.split or said != {WRONG}:
            continue
        if targets[cell] == of.target:
            targets[cell] = 1 - of.target
            n_changed += 1
    return targets, n_changed
