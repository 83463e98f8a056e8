"""What each run of a study learns from, and what it is asked afterwards."""

from pathlib import Path

import numpy as np

from udviz.data.dataset import Dataset
from udviz.method.tasks import ClassificationTask, DistillationTask, Task
from udviz.recipe.schema import Recipe
from udviz.studies.runs import Run
from udviz.training.networks import build_network, trained_network


def fit_indices(recipe: Recipe, run: Run, dataset: Dataset) -> np.ndarray:
    """Images that ``run`` is trained on."""
    train = dataset.indices("train")
    return train if run.role != "crossfit" else train[_folds(recipe, train) != run.seed]


def judged_indices(recipe: Recipe, run: Run, dataset: Dataset) -> dict[str, np.ndarray]:
    """Images that ``run`` predicts, by split: never one that it was trained on."""
    if run.role != "crossfit":
        return {split: dataset.indices(split) for split in ("val", "test")}
    train = dataset.indices("train")
    return {"train": train[_folds(recipe, train) == run.seed]}


def _folds(recipe: Recipe, train: np.ndarray) -> np.ndarray:
    """Fold of every training image, drawn once and for all."""
    return np.random.default_rng(0).permutation(len(train)) % recipe.crossfit_folds


def build_task(recipe: Recipe, run: Run, study: Path, n_labels: int) -> Task:
    """What ``run`` trains: a network with its losses, and for a distilled student the teacher."""
    network = build_network(recipe, run, n_labels)
    if run.role != "distilled":
        return ClassificationTask(network, recipe.loss)
    teacher = trained_network(recipe, Run("teacher", recipe.teacher_seed), study, n_labels)
    return DistillationTask(network, teacher, recipe.loss, recipe.distill)
