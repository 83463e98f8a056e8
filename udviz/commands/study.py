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
from udviz.commands.reporting import StudyReport
from udviz.commands.running.one_run import Work, complete, is_complete
from udviz.commands.running.side_by_side import complete_side_by_side, prepare
from udviz.commands.train import told
from udviz.data.understood import short_lines
from udviz.figures.style.text import plural
from udviz.installation import called
from udviz.launching.resources.lanes import Lanes, lanes_of
from udviz.launching.resources.limits import this_machine
from udviz.processes import is_main
from udviz.recipe.schema import Recipe
from udviz.studies.events import append_event, last_epoch, read_events, symptoms
from udviz.studies.models import Run, runs_of
from udviz.studies.provenance import load_study_data
from udviz.training import distributed
from udviz.training.adoption import with_teacher_found
from udviz.training.device import resolve
from udviz.training.records import record_study


def run_study(
    recipe: Recipe, study: Path, report: StudyReport, engine: Engine | None = None
) -> None:
    """Train, predict and analyse everything of a study that is not complete yet."""
    lanes = lanes_of(recipe, this_machine(study))
    if lanes.n > 1:
        prepare()
    recipe = with_teacher_found(recipe, study)
    record_study(study, recipe)
    dataset = load_study_data(recipe, study)
    if is_main():
        print("\n".join(short_lines(dataset)), flush=True)
    hardware = recipe.hardware.model_copy(update={"threads": lanes.threads})
    work = Work(recipe=recipe, study=study, dataset=dataset, hardware=hardware)
    _complete_all(work, lanes, report)
    report.begin(len(runs_of(recipe)), "Analysis")
    if is_main():
        analyse_study(recipe, study, dataset, report.advance, engine=engine)
    distributed.barrier()


def _complete_all(work: Work, lanes: Lanes, report: StudyReport) -> None:
    """Train and predict all runs, several at once where that pays."""
    runs = runs_of(work.recipe)

    def tell(run: Run) -> None:
        _tell(work, run, report)

    if lanes.n > 1:
        report.say(
            f"Up to {lanes.n} runs side by side, {plural(lanes.threads, 'CPU thread')} each; "
            "--hardware.side_by_side 1 trains one after the other."
        )
        complete_side_by_side(work, runs, lanes.n, report, tell)
        return
    compute = resolve(work.hardware)
    for part, run in enumerate(runs):
        if is_complete(work, run):
            report.skip(part, work.stage(run))
        else:
            report.begin(part, work.stage(run), run=run.directory(work.study).path)
            message = complete(work, run, compute, told(report))
            report.advance(1.0)
            report.end_run(message)
        tell(run)


def _tell(work: Work, run: Run, report: StudyReport) -> None:
    """Say what is unusual in a run, and what is known before students are taught."""
    if not is_main():
        return
    directory = run.directory(work.study)
    for sentence in symptoms(last_epoch(read_events(directory.events))):
        report.say(f"{work.stage(run)}: {sentence}")
    if told := told_after(work.recipe, work.study, run):
        report.say(told)
        append_event(directory.events, {"event": "beforehand", "told": told})


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
