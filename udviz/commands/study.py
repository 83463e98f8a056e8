"""The whole job: train teacher and students, cache their predictions, analyse, summarise.

python -m pipelines.study --recipe demo
A second start continues where the first one ended and skips what is complete.
"""

from collections.abc import Sequence
from pathlib import Path

from udviz.analysis.summary import summary
from udviz.commands import command_line as command
from udviz.commands.analyse import analyse_study
from udviz.commands.predict import predict_run
from udviz.commands.reporting import StudyReport
from udviz.commands.train import train_run
from udviz.data.dataset import Dataset
from udviz.recipe.schema import Recipe
from udviz.studies.status import read_status
from udviz.training import distributed
from udviz.training.device import Compute, resolve
from udviz.training.networks import Run, network_config
from udviz.training.provenance import load_study_data
from udviz.training.records import record_study
from udviz.training.runs import runs_of

STAGES = {
    "teacher": "Teacher",
    "baseline": "Baseline student",
    "distilled": "Distilled student",
    "crossfit": "Judge of labels",
}


def run_study(recipe: Recipe, study: Path, report: StudyReport) -> None:
    """Train, predict and analyse everything of a study that is not complete yet."""
    record_study(study, recipe)
    compute = resolve(recipe.hardware)
    dataset = load_study_data(recipe, study)
    runs = list(runs_of(recipe))
    for part, run in enumerate(runs):
        _complete(recipe, run, part, study, dataset, compute, report)
    report.begin(len(runs), "Analysis")
    if distributed.is_main():
        analyse_study(recipe, study, dataset, report.advance)
    distributed.barrier()


def _complete(
    recipe: Recipe,
    run: Run,
    part: int,
    study: Path,
    dataset: Dataset,
    compute: Compute,
    report: StudyReport,
) -> None:
    """Train and predict one run, unless it is finished."""
    directory = run.directory(study)
    status = read_status(directory.path)
    trained = status is not None and status.state == "finished"
    stage = _stage(recipe, run)
    if trained and not predict_run(recipe, run, study, dataset, compute):
        report.skip(part, stage)
        return
    report.begin(part, stage, run=directory.path)
    state = train_run(recipe, run, study, dataset, compute, report.training)
    predict_run(recipe, run, study, dataset, compute)
    report.advance(1.0)
    epochs = network_config(recipe, run.role).epochs
    report.end_run(
        f"epoch {state.epoch}/{epochs}, best validation mAP {state.best_score:.3f} "
        f"in epoch {state.best_epoch}"
    )


def _stage(recipe: Recipe, run: Run) -> str:
    several = run.role == "crossfit" or (run.role != "teacher" and len(recipe.seeds) > 1)
    return STAGES[run.role] + (f" {run.seed}" if several else "")


def main(arguments: Sequence[str]) -> None:
    """Run the study that the command line names and print what came out."""
    asked = command.parse(
        arguments,
        program="python -m pipelines.study",
        summary="Train teacher and students, cache their predictions, analyse, summarise.",
    )
    n_parts = len(list(runs_of(asked.recipe))) + 1
    with distributed.process_group(), command.study_at(asked, n_parts=n_parts) as report:
        run_study(asked.recipe, asked.study, report)
        report.close_bar()
    if distributed.is_main():
        print(summary(asked.study))
