"""Train one run of a study: of its teacher or of a student, by name.

python -m pipelines.train --recipe demo --model teacher
python -m udviz.launching.together --processes 2 -- -m pipelines.train --recipe demo --model teacher
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from udviz.commands import command_line as command
from udviz.commands.reporting import StudyReport
from udviz.data.dataset import Dataset
from udviz.data.fingerprint import record_of
from udviz.data.images.decoded import DecodedImages
from udviz.data.source import training_targets
from udviz.installation import called
from udviz.recipe.schema import Recipe
from udviz.studies.directory import decoded_root
from udviz.studies.models import Run, run_of
from udviz.studies.provenance import load_study_data
from udviz.training import distributed
from udviz.training.adoption import adopt_teacher, with_teacher_found
from udviz.training.batches import ImageRows
from udviz.training.device import Compute, resolve
from udviz.training.loop import TrainingPlan, train
from udviz.training.progress import Progress
from udviz.training.records import check_teacher, record_run, record_study
from udviz.training.runs import build_task, fit_indices
from udviz.vocabulary import TEACHER


class TrainOptions(BaseModel):
    """Which run to train."""

    model: str = Field(TEACHER, description="Model to train: teacher, a student, or crossfit.")
    seed: int = Field(0, ge=0, description="Its seed, or fold; one teacher has the recipe's.")


def train_run(
    recipe: Recipe,
    run: Run,
    study: Path,
    dataset: Dataset,
    compute: Compute,
    report: Callable[[Progress], None],
) -> str:
    """Train ``run`` from where it was left, or take its teacher over from where it is.

    Returns:
        What came out, in words.

    Raises:
        ValueError: If it was taught by another teacher before.
    """
    if run.model == TEACHER and recipe.teacher.from_:
        return adopt_teacher(recipe, run, study, dataset)
    check_teacher(recipe, run, study)
    record_run(study, run, recipe, dataset, compute)
    plan = training_plan(recipe, run, study, dataset, compute)
    task = build_task(recipe, run, study, len(dataset.label_names))
    state = train(task, plan, run.directory(study), report)
    return (
        f"epoch {state.epoch}/{plan.network.epochs}, best validation mAP {state.best_score:.3f} "
        f"in epoch {state.best_epoch}"
    )


def told(report: StudyReport, part: int | None = None) -> Callable[[Progress], None]:
    """Tells ``report`` how far the training of its run is, which is taken as 95 % of the run."""

    def tell(progress: Progress) -> None:
        rate = f"{progress.images_per_second:.0f} images/s"
        report.advance(0.95 * progress.fraction, progress.message, rate, part=part)

    return tell


def training_plan(
    recipe: Recipe, run: Run, study: Path, dataset: Dataset, compute: Compute
) -> TrainingPlan:
    """Images, targets and settings of a run."""
    val = dataset.indices("val")
    targets = training_targets(dataset, recipe.loss.unknown_in_training)
    return TrainingPlan(
        data=record_of(dataset),
        rows=ImageRows(decoded_images(recipe, study, dataset), targets),
        train=fit_indices(recipe, run, dataset),
        val=val,
        val_targets=dataset.targets[val],
        network=recipe.network_of(run.model),
        augment=recipe.augment,
        compute=compute,
        workers=recipe.hardware.workers,
        seed=run.seed,
    )


def decoded_images(recipe: Recipe, study: Path, dataset: Dataset) -> DecodedImages:
    """The decode-once cache of the study's images."""
    return DecodedImages(dataset, side_px=recipe.data.side_px, directory=decoded_root(study))


def chosen_run(asked: command.Command) -> Run:
    """The run that ``--model`` and ``--seed`` name."""
    return run_of(asked.recipe, asked.options["model"], asked.options["seed"])


def main(arguments: Sequence[str]) -> None:
    """Train the run that the command line names."""
    asked = command.parse(
        arguments,
        program=called("train"),
        summary="Train one run of a study.",
        extra=TrainOptions,
    )
    run = chosen_run(asked)
    with distributed.process_group(), command.study_at(asked, n_parts=1) as report:
        recipe = with_teacher_found(asked.recipe, asked.study)
        record_study(asked.study, recipe)
        report.begin(0, run.name, run=run.directory(asked.study).path)
        compute = resolve(recipe.hardware)
        dataset = load_study_data(recipe, asked.study)
        report.end_run(train_run(recipe, run, asked.study, dataset, compute, told(report)))
