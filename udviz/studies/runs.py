"""From a recipe to the runs of its study."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from udviz.recipe.schema import Recipe
from udviz.studies.directory import RunDirectory

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
