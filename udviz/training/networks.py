"""The network of a run: as its recipe describes it, and as training left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.section import expand
from udviz.roots import check_weights
from udviz.studies.directory import RunDirectory
from udviz.training.checkpoint import load_checkpoint

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
    check_weights(config.weights, flag=flag)
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
        ValueError: If its best checkpoint is missing, damaged, or of another network.
    """
    directory = run.directory(study).checkpoints / "best"
    checkpoint = load_checkpoint(directory)
    network = random_network(recipe, run, n_labels)
    try:
        network.load_state_dict(checkpoint.weights)
    except RuntimeError as error:  # torch's word for names or shapes that differ
        raise ValueError(
            f"`{directory}` must hold the weights of the network that the recipe describes for "
            f"{run.name}, got others. Train it again, or put back the recipe it was trained with."
        ) from error
    return network


def random_network(recipe: Recipe, run: Run, n_labels: int) -> TwoHeadedNetwork:
    """The network of a run with the random weights of its seed, in evaluation mode.

    Nothing pretrained is in it, and the random numbers of this process go on as they were.
    """
    with torch.random.fork_rng():
        return build_network(without_weights(recipe), run, n_labels).eval()


def without_weights(recipe: Recipe) -> Recipe:
    """The recipe without pretrained weights, which a trained network does not need."""
    plain = {"weights": "none"}
    return recipe.model_copy(
        update={
            "teacher": recipe.teacher.model_copy(update=plain),
            "student": recipe.student.model_copy(update=plain),
        }
    )
