"""One run of a study: whether it is complete, and making it so."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from udviz.commands.predict import predict_run, stale_splits
from udviz.commands.train import train_run
from udviz.data.dataset import Dataset
from udviz.recipe.schema import HardwareConfig, Recipe
from udviz.recipe.students import CROSSFIT
from udviz.studies.models import Run, first_baseline
from udviz.studies.status import read_status
from udviz.training.device import Compute
from udviz.training.progress import Progress
from udviz.training.records import check_teacher
from udviz.training.runs import teacher_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Work:
    """What the runs of a study have in common.

    Attributes:
        recipe: Of the study.
        study: Its folder.
        dataset: Its data.
        hardware: Where each run is trained.
    """

    recipe: Recipe
    study: Path
    dataset: Dataset
    hardware: HardwareConfig

    def stage(self, run: Run) -> str:
        """A run as a person reads it: its model, and its seed where there are several."""
        several = run.model == CROSSFIT or len(self.recipe.seeds) > 1
        which = "fold" if run.model == CROSSFIT else "seed"
        return f"{run.model}, {which} {run.seed}" if run.is_numbered and several else run.model


def is_complete(work: Work, run: Run) -> bool:
    """Whether a run is trained and its predictions are those of its weights and of the data.

    Raises:
        FileNotFoundError: If its weights are gone.
        ValueError: If another teacher taught it than the one that is there now.
    """
    status = read_status(run.directory(work.study).path)
    check_teacher(work.recipe, run, work.study)
    is_trained = status is not None and status.state == "finished"
    return is_trained and not stale_splits(work.recipe, run, work.study, work.dataset)


def needs(recipe: Recipe, run: Run) -> set[Run]:
    """The runs that come before ``run``: its teacher, and what tells how much that can teach."""
    teacher, baseline = teacher_of(recipe, run), first_baseline(recipe)
    return {teacher, *([baseline] if baseline else ())} if teacher else set()


def complete(work: Work, run: Run, compute: Compute, tell: Callable[[Progress], None]) -> str:
    """Train and predict a run, from where it was left; what came out, in words."""
    message = train_run(work.recipe, run, work.study, work.dataset, compute, tell)
    predict_run(work.recipe, run, work.study, work.dataset, compute)
    return message
