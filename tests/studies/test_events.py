import pytest

from udviz.studies.events import append_event, read_events


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
