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
    report.begin(0, "Teacher")
    clock["monotonic"] += 50
    clock["time"] -= 7200

    report.advance(0.5)

    status = read_status(tmp_path)
    assert status.fraction == pytest.approx(0.25)
    assert status.seconds_left == pytest.approx(150)


def test_the_status_is_written_at_most_once_a_second(tmp_path, clock):
    report = StudyReport(tmp_path, n_parts=1, quiet=True)
    report.begin(0, "Teacher")
    clock["monotonic"] += reporting.EVERY_SECONDS / 2

    report.advance(0.5)

    assert read_status(tmp_path).fraction == 0.0


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_a_study_that_ended_early_remembers_how_far_it_was(tmp_path, state):
    report = StudyReport(tmp_path, n_parts=4, quiet=True)
    report.begin(1, "Baseline student", run=tmp_path / "baseline-0")
    report.advance(0.6)

    report.end(state, "why")

    study, run = read_status(tmp_path), read_status(tmp_path / "baseline-0")
    assert (study.state, study.stage, study.message) == (state, "Baseline student", "why")
    assert study.fraction == pytest.approx(1.6 / 4)
    assert run.fraction == pytest.approx(0.6)
