"""From a recipe to the runs of a study: which there are and what each learns from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from udviz.data.dataset import Dataset
from udviz.method.tasks import ClassificationTask, DistillationTask, Task
from udviz.recipe.schema import Recipe
from udviz.training.networks import Run, build_network, trained_network


def runs_of(recipe: Recipe) -> Iterator[Run]:
    """The runs of a study in the order they are trained: the teacher first."""
    yield Run("teacher", recipe.teacher_seed)
    for seed in recipe.seeds:
        yield Run("baseline", seed)
        if recipe.distill.method != "none":
            yield Run("distilled", seed)
    for fold in range(recipe.crossfit_folds):
        yield Run("crossfit", fold)


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
