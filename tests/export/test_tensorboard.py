import shutil

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from udviz.export import tensorboard
from udviz.studies.events import read_events


def read(folder):
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return {
        name: [(scalar.step, scalar.value) for scalar in accumulator.Scalars(name)]
        for name in accumulator.Tags()["scalars"]
    }


@pytest.fixture
def study(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "study")


def test_tensorboard_reads_what_the_run_noted(study):
    tensorboard.write_runs(study, study / "out")

    runs = {folder.name for folder in (study / "out").iterdir()}
    assert runs == {"teacher", "baseline-0", "distilled-0"}
    events = read_events(study / "distilled-0" / "events.jsonl")
    last = [event for event in events if event["event"] == "step"][-1]
    drawn = read(study / "out" / "distilled-0")
    for name, value in last["losses"].items():
        assert drawn[f"loss/{name}"][-1] == (last["step"], pytest.approx(value))
    (epoch,) = [event for event in events if event["event"] == "epoch"]
    assert drawn["validation_map"] == [(last["step"], pytest.approx(epoch["validation_map"]))]


def test_a_step_that_was_computed_again_has_its_last_value():
    step = {"event": "step", "epoch": 0, "step": 5, "losses": {"bce": 2.0}}
    again = {**step, "losses": {"bce": 1.0}}
    second_epoch = {**step, "epoch": 1}

    found = tensorboard.scalars(
        [step, {"event": "resumed", "epoch": 0, "step": 0}, again, second_epoch]
    )

    assert found == {("loss/bce", 5): 1.0, ("loss/bce", 10): 2.0}


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="`study` must hold at least one run"):
        tensorboard.write_runs(tmp_path, tmp_path / "out")
