import threading
from dataclasses import replace

import pytest

from udviz.commands import reporting
from udviz.commands.reporting import StudyReport
from udviz.studies.status import read_status


@pytest.fixture
def clock(monkeypatch):
    """Both clocks of the machine, by name."""
    clock = {"monotonic": 100.0, "time": 1_000_000.0}
    for name in clock:
        monkeypatch.setattr(f"time.{name}", lambda name=name: clock[name])
    return clock


def test_a_clock_that_is_set_back_neither_silences_the_status_nor_turns_time_around(
    tmp_path, clock
):
    report = StudyReport(tmp_path, n_parts=2, quiet=True)
    report.begin(0, "teacher")
    clock["monotonic"] += 50
    clock["time"] -= 7200

    report.advance(0.5)

    status = read_status(tmp_path)
    assert status.fraction == pytest.approx(0.25)
    assert status.seconds_left == pytest.approx(150)


def test_the_status_is_written_at_most_once_a_second(tmp_path, clock):
    report = StudyReport(tmp_path, n_parts=1, quiet=True)
    report.begin(0, "teacher")
    clock["monotonic"] += reporting.EVERY_SECONDS / 2

    report.advance(0.5)

    assert read_status(tmp_path).fraction == 0.0


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_a_study_that_ended_early_remembers_how_far_it_was(tmp_path, state):
    report = StudyReport(tmp_path, n_parts=4, quiet=True)
    report.begin(1, "baseline", run=tmp_path / "baseline-0")
    report.advance(0.6)

    report.end(state, "why")

    study, run = read_status(tmp_path), read_status(tmp_path / "baseline-0")
    assert (study.state, study.stage, study.message) == (state, "baseline", "why")
    assert study.fraction == pytest.approx(1.6 / 4)
    assert run.fraction == pytest.approx(0.6)


def test_runs_side_by_side_each_keep_a_status_and_add_up(tmp_path, clock):
    report = StudyReport(tmp_path, n_parts=4, quiet=True)
    with report.side_by_side("2 runs"):
        report.begin(0, "teacher", run=tmp_path / "teacher")
        report.begin(1, "baseline", run=tmp_path / "baseline-0")
        report.advance(0.5, "epoch 4/8", part=0)
        report.advance(0.9, "epoch 5/5", part=1)
        report.end_run("done", part=1)
        clock["monotonic"] += reporting.EVERY_SECONDS
        report.advance(0.6, "epoch 5/8", part=0)

    study = read_status(tmp_path)
    assert (study.stage, study.fraction) == ("teacher", pytest.approx(1.6 / 4))
    assert read_status(tmp_path / "baseline-0").state == "finished"
    assert read_status(tmp_path / "teacher").fraction == pytest.approx(0.6)

    report.begin(2, "Analysis")
    assert read_status(tmp_path).fraction == pytest.approx(2 / 4)


def test_a_heartbeat_renews_the_time_of_a_status_and_nothing_else(tmp_path, clock):
    report = StudyReport(tmp_path, n_parts=2, quiet=True)
    report.begin(0, "teacher", run=tmp_path / "teacher")
    report.advance(0.5)
    before = read_status(tmp_path)
    clock["time"] += 3600

    report.beat()

    for directory in (tmp_path, tmp_path / "teacher"):
        assert read_status(directory).updated == clock["time"]
    assert replace(read_status(tmp_path), updated=before.updated) == before


def test_a_heartbeat_after_the_end_leaves_the_last_word(tmp_path, clock):
    report = StudyReport(tmp_path, n_parts=1, quiet=True)
    report.begin(0, "teacher")
    report.end("finished", "done")
    ended = read_status(tmp_path)
    clock["time"] += 3600

    report.beat()

    assert read_status(tmp_path) == ended


def test_the_heart_beats_while_the_work_reports_nothing_and_stops_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(reporting, "HEARTBEAT_SECONDS", 0.001)
    report = StudyReport(tmp_path, n_parts=1, quiet=True)
    beaten = threading.Event()
    monkeypatch.setattr(report, "beat", beaten.set)

    with report.beating():
        assert beaten.wait(timeout=60)

    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}
