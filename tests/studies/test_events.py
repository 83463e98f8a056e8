import pytest

from udviz.studies.events import append_event, last_epoch, read_events, symptoms


def test_events_come_back_in_order(tmp_path):
    path = tmp_path / "events.jsonl"

    append_event(path, {"step": 1})
    append_event(path, {"step": 2, "word": "ü\n"})

    assert read_events(path) == [{"step": 1}, {"step": 2, "word": "ü\n"}]


def test_a_line_torn_by_a_kill_costs_only_itself(tmp_path):
    path = tmp_path / "events.jsonl"
    append_event(path, {"step": 1})
    with path.open("ab") as file:
        file.write(b'{"step": 2, "lo')

    append_event(path, {"step": 3})

    assert read_events(path) == [{"step": 1}, {"step": 3}]


def test_no_file_has_no_events(tmp_path):
    assert read_events(tmp_path / "none.jsonl") == []


def test_a_nan_is_refused_because_json_has_none(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        append_event(tmp_path / "events.jsonl", {"loss": float("nan")})


def test_a_few_dead_channels_and_common_logits_are_nothing_to_speak_of():
    assert symptoms({"dead_channels": 21, "channels": 512, "largest_logit": 12.0}) == []
    assert symptoms({}) == []
    assert symptoms({"dead_channels": 600, "channels": None, "largest_logit": "x"}) == []


def test_many_dead_channels_and_a_huge_logit_are_told():
    dead, logit = symptoms({"dead_channels": 112, "channels": 512, "largest_logit": -45.2})

    assert dead.startswith("112 of 512 channels")
    assert "is -45, a probability of 0 or 1" in logit


def test_the_last_epoch_counts_whatever_was_noted_after_it():
    events = [{"event": "epoch", "epoch": 1}, {"event": "epoch", "epoch": 2}, {"event": "step"}]

    assert last_epoch(events)["epoch"] == 2
    assert last_epoch([]) == {}
