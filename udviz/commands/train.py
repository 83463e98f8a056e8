"""Train one run of a study: the teacher, a baseline student or a distilled student.

python -m pipelines.train --recipe demo --role teacher
python -m udviz.launching.together --processes 2 -- -m pipelines.train --recipe demo --role teacher
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from udviz.commands import command_line as command
from udviz.data.dataset import Dataset
from udviz.data.images.decoded import DecodedImages
from udviz.data.source import load_dataset, training_targets
from udviz.recipe.schema import Recipe
from udviz.studies.directory import decoded_root
from udviz.training import distributed
from udviz.training.batches import ImageRows
from udviz.training.device import Compute, resolve
from udviz.training.loop import TrainingPlan, train
from udviz.training.networks import Role, Run, network_config
from udviz.training.progress import Progress
from udviz.training.records import record_run, record_study
from udviz.training.runs import build_task, fit_indices
from udviz.training.state import TrainingState


class TrainOptions(BaseModel):
    """Which run to train."""

    role: Role = Field("teacher", description="Model to train.")
    seed: int = Field(0, ge=0, description="Seed of a student; a teacher has the recipe's.")


def train_run(
    recipe: Recipe,
    run: Run,
    study: Path,
    dataset: Dataset,
    compute: Compute,
    report: Callable[[Progress], None],
) -> TrainingState:
    """Train ``run`` from where it was left, and record what it was made from."""
    record_run(study, run, recipe, dataset, compute)
    plan = training_plan(recipe, run, study, dataset, compute)
    task = build_task(recipe, run, study, len(dataset.label_names))
    return train(task, plan, run.directory(study), report)


def training_plan(
    recipe: Recipe, run: Run, study: Path, dataset: Dataset, compute: Compute
) -> TrainingPlan:
    """Images, targets and settings of a run."""
    val = dataset.indices("val")
    targets = training_targets(dataset, recipe.loss.unknown_in_training)
    return TrainingPlan(
        rows=ImageRows(decoded_images(recipe, study, dataset), targets),
        train=fit_indices(recipe, run, dataset),
        val=val,
        val_targets=dataset.targets[val],
        network=network_config(recipe, run.role),
        augment=recipe.augment,
        compute=compute,
        workers=recipe.hardware.workers,
        seed=run.seed,
    )


def decoded_images(recipe: Recipe, study: Path, dataset: Dataset) -> DecodedImages:
    """The decode-once cache of the study's images."""
    return DecodedImages(dataset, side_px=recipe.data.side_px, directory=decoded_root(study))


def chosen_run(asked: command.Command) -> Run:
    """The run that ``--role`` and ``--seed`` name; a teacher has the recipe's seed."""
    role, seed = asked.options["role"], asked.options["seed"]
    return Run(role, asked.recipe.teacher_seed if role == "teacher" else seed)


def main(arguments: Sequence[str]) -> None:
    """Train the run that the command line names."""
    asked = command.parse(
        arguments,
        program="python -m pipelines.train",
        summary="Train one run of a study.",
        extra=TrainOptions,
    )
    run = chosen_run(asked)
    with distributed.process_group(), command.study_at(asked, n_parts=1) as report:
        record_study(asked.study, asked.recipe)
        report.begin(0, run.name, run=run.directory(asked.study).path)
        compute = resolve(asked.recipe.hardware)
        dataset = load_dataset(asked.recipe.data)
        state = train_run(asked.recipe, run, asked.study, dataset, compute, report.training)
        report.end_run(f"best validation mAP {state.best_score:.3f}")
