"""The whole job: train teacher and students, cache their predictions, analyse, summarise.

python -m pipelines.study --recipe demo
A second start continues where the first one ended and skips what is complete.
"""

from collections.abc import Sequence
from pathlib import Path

from udviz.analysis.beforehand import told_after
from udviz.analysis.engines.engine import Engine
from udviz.analysis.study import analyse_study
from udviz.analysis.summary import summary
from udviz.commands import command_line as command
from udviz.commands.engines import AnalysisOptions, engine_of
from udviz.commands.predict import predict_run
from udviz.commands.reporting import StudyReport
from udviz.commands.train import told, train_run
from udviz.data.dataset import Dataset
from udviz.data.understood import short_lines
from udviz.installation import called
from udviz.processes import is_main
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT
from udviz.studies.events import append_event, last_epoch, read_events, symptoms
from udviz.studies.models import Run, runs_of
from udviz.studies.provenance import load_study_data
from udviz.studies.status import read_status
from udviz.training import distributed
from udviz.training.adoption import with_teacher_found
from udviz.training.device import Compute, resolve
from udviz.training.records import check_teacher, record_study


def run_study(
    recipe: Recipe, study: Path, report: StudyReport, engine: Engine | None = None
) -> None:
    """Train, predict and analyse everything of a study that is not complete yet."""
    recipe = with_teacher_found(recipe, study)
    record_study(study, recipe)
    compute = resolve(recipe.hardware)
    dataset = load_study_data(recipe, study)
    if is_main():
        print("\n".join(short_lines(dataset)), flush=True)
    runs = runs_of(recipe)
    for part, run in enumerate(runs):
        _complete(recipe, run, part, study, dataset, compute, report)
        _tell(recipe, run, study, report)
    report.begin(len(runs), "Analysis")
    if is_main():
        analyse_study(recipe, study, dataset, report.advance, engine=engine)
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
    check_teacher(recipe, run, study)
    if trained and not predict_run(recipe, run, study, dataset, compute):
        report.skip(part, stage_of(recipe, run))
        return
    report.begin(part, stage_of(recipe, run), run=directory.path)
    message = train_run(recipe, run, study, dataset, compute, told(report))
    predict_run(recipe, run, study, dataset, compute)
    report.advance(1.0)
    report.end_run(message)


def _tell(recipe: Recipe, run: Run, study: Path, report: StudyReport) -> None:
    """Say what is unusual in a run, and what is known before students are taught."""
    if not is_main():
        return
    directory = run.directory(study)
    for sentence in symptoms(last_epoch(read_events(directory.events))):
        report.say(f"{stage_of(recipe, run)}: {sentence}")
    if told := told_after(recipe, study, run):
        report.say(told)
        append_event(directory.events, {"event": "beforehand", "told": told})


def stage_of(recipe: Recipe, run: Run) -> str:
    """A run as a person reads it: its model, and its seed where there are several."""
    several = run.is_numbered and (run.model == CROSSFIT or len(recipe.seeds) > 1)
    which = "fold" if run.model == CROSSFIT else "seed"
    return f"{run.model}, {which} {run.seed}" if several else run.model


def main(arguments: Sequence[str]) -> None:
    """Run the study that the command line names and print what came out."""
    asked = command.parse(
        arguments,
        program=called("study"),
        summary="Train teacher and students, cache their predictions, analyse, summarise.",
        extra=AnalysisOptions,
    )
    engine = engine_of(asked.options)
    n_parts = len(runs_of(asked.recipe)) + 1
    with distributed.process_group(), command.study_at(asked, n_parts=n_parts) as report:
        run_study(asked.recipe, asked.study, report, engine)
        report.close_bar()
    if is_main():
        print(summary(asked.study))
