import os

import pytest

from udviz.processes import is_main, usable_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_cores_that_this_process_may_not_use_do_not_count():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, True),
        ({"RANK": "3"}, True),  # of something else: nobody trains together
        ({"WORLD_SIZE": "4", "RANK": "0"}, True),
        ({"WORLD_SIZE": "4", "RANK": "3"}, False),
    ],
)
def test_of_several_processes_the_first_writes_the_files(monkeypatch, variables, expected):
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert is_main() is expected
