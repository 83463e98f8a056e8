import json
import os
import subprocess
import sys

import pytest

from udviz.runs.status import STATUS_FILE, Status, read_status, write_status

RUNNING = Status(state="running", stage="Teacher", fraction=0.5)


def test_a_status_comes_back_signed_by_its_process(tmp_path):
    write_status(tmp_path, RUNNING)

    status = read_status(tmp_path)

    assert (status.state, status.stage, status.fraction) == ("running", "Teacher", 0.5)
    assert status.pid == os.getpid()


def test_running_without_its_process_is_lost(tmp_path):
    code = (
        "from pathlib import Path; from udviz.runs.status import *;"
        "write_status(Path('.'), Status(state='running', stage='x', fraction=0.1))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=_environment())

    assert read_status(tmp_path).state == "lost"


def test_a_process_that_only_inherited_the_pid_does_not_count(tmp_path):
    write_status(tmp_path, RUNNING)
    values = json.loads((tmp_path / STATUS_FILE).read_text())
    values["process_started"] -= 3600.0
    (tmp_path / STATUS_FILE).write_text(json.dumps(values))

    assert read_status(tmp_path).state == "lost"


def test_a_finished_run_stays_finished_without_its_process(tmp_path):
    write_status(tmp_path, Status(state="finished", stage="", fraction=1.0))
    values = json.loads((tmp_path / STATUS_FILE).read_text())
    (tmp_path / STATUS_FILE).write_text(json.dumps(values | {"pid": 2**22 + 1}))

    assert read_status(tmp_path).state == "finished"


def test_no_status_reads_as_none(tmp_path):
    assert read_status(tmp_path) is None


def test_a_status_cut_at_any_byte_reads_as_none(tmp_path):
    write_status(tmp_path, RUNNING)
    whole = (tmp_path / STATUS_FILE).read_bytes().rstrip()

    for length in range(0, len(whole), 10):
        (tmp_path / STATUS_FILE).write_bytes(whole[:length])
        assert read_status(tmp_path) is None


@pytest.mark.parametrize("values", ["[]", '"x"', '{"state": "odd"}'])
def test_a_status_of_another_shape_reads_as_none(tmp_path, values):
    (tmp_path / STATUS_FILE).write_text(values)

    assert read_status(tmp_path) is None


def _environment():
    return os.environ | {"PYTHONPATH": os.getcwd()}
