"""From a recipe to the objects of a run: which networks there are and what each learns from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from udviz.data.dataset import Dataset
from udviz.models.backbones import build_backbone
from udviz.models.network import TwoHeadedNetwork
from udviz.recipe import NetworkConfig, Recipe, expand
from udviz.runs.directory import RunDirectory
from udviz.training.checkpoint import load_checkpoint
from udviz.training.tasks import ClassificationTask, DistillationTask, Task

Role = Literal["teacher", "baseline", "distilled", "crossfit"]


@dataclass(frozen=True)
class Run:
    """One model to train.

    Attributes:
        role: Teacher, baseline student, distilled student, or crossfit: a baseline student that is
            trained without one fold of the training images, to judge their labels.
        seed: Of its initial weights, the order of images and the augmentation; of a crossfit run
            also the fold it leaves out.
    """

    role: Role
    seed: int

    @property
    def name(self) -> str:
        """Name of its directory."""
        return "teacher" if self.role == "teacher" else f"{self.role}-{self.seed}"

    def directory(self, study: Path) -> RunDirectory:
        """Where it lives."""
        return RunDirectory(study / self.name)


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


def network_config(recipe: Recipe, role: Role) -> NetworkConfig:
    """Settings of the network that plays ``role``."""
    return recipe.teacher if role == "teacher" else recipe.student


def has_calibration(recipe: Recipe, role: Role) -> bool:
    """Whether a role has a calibration branch: only where one of its losses trains it."""
    if role == "teacher":
        return recipe.loss.cal_loss != "none"
    return role == "distilled" and recipe.distill.method in ("ud", "pdd")


def build_network(recipe: Recipe, run: Run, n_labels: int) -> TwoHeadedNetwork:
    """A network as it is before training; students of one seed start from the same weights."""
    config = network_config(recipe, run.role)
    flag = "--teacher.weights" if run.role == "teacher" else "--student.weights"
    torch.manual_seed(run.seed)
    backbone = build_backbone(config.backbone, weights=expand(config.weights, flag=flag))
    return TwoHeadedNetwork(
        backbone,
        n_labels,
        pool=config.pool,
        feature_norm=config.feature_norm,
        calibration=has_calibration(recipe, run.role),
    )


def trained_network(recipe: Recipe, run: Run, study: Path, n_labels: int) -> TwoHeadedNetwork:
    """The best network of a finished run, in evaluation mode.

    Raises:
        ValueError: If its best checkpoint is missing or damaged.
    """
    checkpoint = load_checkpoint(run.directory(study).checkpoints / "best")
    with torch.random.fork_rng():
        network = build_network(without_weights(recipe), run, n_labels)
    network.load_state_dict(checkpoint.weights)
    return network.eval()


def build_task(recipe: Recipe, run: Run, study: Path, n_labels: int) -> Task:
    """What ``run`` trains: a network with its losses, and for a distilled student the teacher."""
    network = build_network(recipe, run, n_labels)
    if run.role != "distilled":
        return ClassificationTask(network, recipe.loss)
    teacher = trained_network(recipe, Run("teacher", recipe.teacher_seed), study, n_labels)
    return DistillationTask(network, teacher, recipe.loss, recipe.distill)


def without_weights(recipe: Recipe) -> Recipe:
    """The recipe without pretrained weights, which a trained network does not need."""
    plain = {"weights": "none"}
    return recipe.model_copy(
        update={
            "teacher": recipe.teacher.model_copy(update=plain),
            "student": recipe.student.model_copy(update=plain),
        }
    )
