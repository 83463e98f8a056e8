"""What each run of a study learns from: its images, its losses and its teacher."""

from pathlib import Path

import numpy as np

from udviz.data.dataset import Dataset
from udviz.method.attention import ChannelWeights
from udviz.method.tasks import Task, student_task, teacher_task
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT, StudentConfig
from udviz.studies.models import Run, teacher_run
from udviz.training.networks import build_network, trained_network
from udviz.vocabulary import JUDGED_SPLITS, TEACHER


def fit_indices(recipe: Recipe, run: Run, dataset: Dataset) -> np.ndarray:
    """Images that ``run`` is trained on."""
    train = dataset.indices("train")
    return train if run.model != CROSSFIT else train[_folds(recipe, train) != run.seed]


def judged_indices(recipe: Recipe, run: Run, dataset: Dataset) -> dict[str, np.ndarray]:
    """Images that ``run`` predicts, by split: never one that it was trained on."""
    if run.model != CROSSFIT:
        return {split: dataset.indices(split) for split in JUDGED_SPLITS}
    train = dataset.indices("train")
    return {"train": train[_folds(recipe, train) == run.seed]}


def _folds(recipe: Recipe, train: np.ndarray) -> np.ndarray:
    """Fold of every training image, drawn once and for all."""
    return np.random.default_rng(0).permutation(len(train)) % recipe.crossfit_folds


def build_task(recipe: Recipe, run: Run, study: Path, n_labels: int) -> Task:
    """What ``run`` trains: a network with its losses, and its teacher where it has one."""
    network = build_network(recipe, run, n_labels)
    if run.model == TEACHER:
        return teacher_task(network, recipe.loss)
    settings = recipe.students.get(run.model, StudentConfig(method="none"))
    teacher = teacher_of(recipe, run)
    taught_by = trained_network(recipe, teacher, study, n_labels) if teacher else None
    return student_task(network, recipe.loss, settings, teacher=taught_by)


def teacher_of(recipe: Recipe, run: Run) -> Run | None:
    """The run that teaches ``run``; None where nobody does."""
    student = recipe.students.get(run.model)
    taught = student is not None and student.way.teacher
    return teacher_run(recipe, run.seed) if taught else None


def channel_weights_of(recipe: Recipe, run: Run) -> ChannelWeights:
    """Kind of the uncertainty attention of a run: its own; a teacher's as it is distilled first."""
    if run.model in recipe.students:
        return recipe.students[run.model].channel_weights
    distilled = [s.channel_weights for s in recipe.students.values() if s.method == "ud"]
    return distilled[0] if distilled else "softmax"
