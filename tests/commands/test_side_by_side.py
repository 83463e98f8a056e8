"""Runs in processes of their own: they end well, fail, are stopped and killed."""

import multiprocessing
import os
import signal

import psutil
import pytest

from tests.commands.test_study import SMALL
from tests.training.processes import started
from udviz import cli
from udviz.commands import study
from udviz.commands.reporting import StudyReport
from udviz.commands.running import side_by_side
from udviz.commands.running.one_run import Work
from udviz.recipe.files import read_recipe, recipe_path
from udviz.studies.lock import STUDY_LOCK, try_lock
from udviz.studies.models import runs_of
from udviz.studies.status import read_status
from udviz.training.checkpoint import is_whole

pytestmark = pytest.mark.training

LONG = [*SMALL, "--teacher.epochs", "200", "--hardware.side_by_side", "2"]


def asked(out, *more):
    return [*LONG, *more, "--out", str(out)]


@pytest.fixture
def once_both_run(monkeypatch):
    """Have something happen, once, when a teacher and a baseline have both taken a step."""

    def arrange(happens):
        advance, seen, done = StudyReport.advance, set(), []

        def heard(self, fraction, *told, part=None):
            advance(self, fraction, *told, part=part)
            seen.add(part)
            if {0, 1} <= seen and not done:
                done.append(True)
                happens()

        monkeypatch.setattr(StudyReport, "advance", heard)

    return arrange


def children():
    """Processes of runs that this one waits for."""
    return [child for child in multiprocessing.active_children() if child.is_alive()]


def test_students_begin_once_their_teacher_and_the_baseline_are_complete(tmp_path, monkeypatch):
    said = []

    class Done:
        """A process that is done at once."""

        def __init__(self, work, run, part):
            said.append(f"begins {run.name}")
            self.run, self.part, (self.words, theirs) = (
                run,
                part,
                multiprocessing.Pipe(duplex=False),
            )
            theirs.send("done")

        def listen(self):
            return self.words.recv()

    monkeypatch.setattr(side_by_side, "_Process", Done)
    monkeypatch.setattr(side_by_side, "is_complete", lambda work, run: run.model == "cal")
    recipe = read_recipe(recipe_path("demo"))
    work = Work(recipe=recipe, study=tmp_path, dataset=None, hardware=recipe.hardware)
    report = StudyReport(tmp_path, n_parts=6, quiet=True)

    side_by_side.complete_side_by_side(
        work, runs_of(recipe), 5, report, lambda run: said.append(f"told {run.name}")
    )

    assert said[:2] == ["begins teacher", "begins baseline-0"]
    told = [f"told {name}" for name in ("teacher", "baseline-0", "cal-0")]
    assert said[2:7] == [*told, "begins kd-0", "begins distilled-0"]
    assert said[7:] == ["told kd-0", "told distilled-0"]


def assert_saved(out, run):
    status = read_status(out / run)
    assert (status.state, "it continues from here" in status.message) == ("stopped", True), status
    assert is_whole(out / run / "checkpoints" / "last")


def test_a_run_that_fails_ends_the_study_with_its_words_and_the_others_save(
    tmp_path, once_both_run
):
    out, link = tmp_path / "mine", tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    once_both_run(lambda: link.replace(out / "baseline-0" / "events.jsonl"))

    with pytest.raises(OSError, match=r"events\.jsonl") as raised:
        study.main(asked(out, "--student.epochs", "200"))

    assert "in append_event" in raised.value.__notes__[0]
    assert read_status(out / "baseline-0").state == read_status(out).state == "failed"
    assert_saved(out, "teacher")
    assert children() == []


def test_asked_to_stop_all_runs_save_and_end(tmp_path, once_both_run):
    out = tmp_path / "mine"
    once_both_run(lambda: os.kill(os.getpid(), signal.SIGTERM))

    with pytest.raises(KeyboardInterrupt):
        study.main(asked(out, "--student.epochs", "200"))

    assert read_status(out).state == "stopped"
    assert_saved(out, "teacher")
    assert_saved(out, "baseline-0")
    assert children() == []


def test_a_process_that_is_killed_is_named(tmp_path, once_both_run):
    out = tmp_path / "mine"
    once_both_run(lambda: next(c for c in children() if c.name == "baseline-0").kill())

    with pytest.raises(RuntimeError, match=r"process of baseline-0 .* \(exit code -9\)"):
        study.main(asked(out, "--student.epochs", "200"))

    assert read_status(out / "baseline-0").state == "failed"
    assert_saved(out, "teacher")


def test_a_study_that_is_killed_takes_its_runs_with_it_and_goes_on(tmp_path):
    out = tmp_path / "mine"
    events = [out / run / "events.jsonl" for run in ("teacher", "baseline-0")]
    with started(
        cli.run, "study", asked(out, "--student.epochs", "200"), log=tmp_path / "log.txt"
    ) as program:
        program.wait_until(lambda: all(path.exists() for path in events))
        family = psutil.Process(program.process.pid).children(recursive=True)
        program.process.kill()

    assert psutil.wait_procs(family, timeout=60)[1] == []
    assert read_status(out).state == read_status(out / "teacher").state == "lost"
    os.close(try_lock(out / STUDY_LOCK))
