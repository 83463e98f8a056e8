import dataclasses
import errno
import json
import os
import subprocess
import sys
import time

import pytest

from udviz.studies.status import (
    SILENCE,
    STATUS_FILE,
    STOP_FILE,
    Status,
    check_idle,
    read_status,
    stop_request,
    write_status,
)

RUNNING = Status(state="running", stage="Teacher", fraction=0.5)


def test_a_status_comes_back_signed_by_its_process(tmp_path):
    write_status(tmp_path, RUNNING)

    status = read_status(tmp_path)

    assert (status.state, status.stage, status.fraction) == ("running", "Teacher", 0.5)
    assert status.pid == os.getpid()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_last_word_needs_no_more_space_than_the_word_before_it(tmp_path, monkeypatch, number):
    write_status(tmp_path, RUNNING)
    monkeypatch.setattr("os.fsync", refused_with(number))

    write_status(tmp_path, dataclasses.replace(RUNNING, state="failed", message="Full."))
    write_status(tmp_path, dataclasses.replace(RUNNING, state="failed"))

    assert (read_status(tmp_path).state, read_status(tmp_path).message) == ("failed", "")
    assert [path.name for path in tmp_path.iterdir()] == [STATUS_FILE]


def test_a_status_that_cannot_be_written_for_another_reason_stays_as_it_was(tmp_path, monkeypatch):
    write_status(tmp_path, RUNNING)
    monkeypatch.setattr("os.fsync", refused_with(errno.EROFS))

    with pytest.raises(OSError, match="Read-only"):
        write_status(tmp_path, dataclasses.replace(RUNNING, state="failed"))

    assert read_status(tmp_path).state == "running"


def refused_with(number):
    def refuse(handle):
        raise OSError(number, os.strerror(number))

    return refuse


def test_running_without_its_process_is_lost(tmp_path):
    code = (
        "from pathlib import Path; from udviz.studies.status import *;"
        "write_status(Path('.'), Status(state='running', stage='x', fraction=0.1))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=_environment())

    assert read_status(tmp_path).state == "lost"


def test_a_process_that_only_inherited_the_pid_does_not_count(tmp_path):
    write_status(tmp_path, RUNNING)
    values = json.loads((tmp_path / STATUS_FILE).read_text())
    values["process_mark"] += "0"
    (tmp_path / STATUS_FILE).write_text(json.dumps(values))

    assert read_status(tmp_path).state == "lost"


def test_a_finished_run_stays_finished_without_its_process(tmp_path):
    write_status(tmp_path, Status(state="finished", stage="", fraction=1.0))
    values = json.loads((tmp_path / STATUS_FILE).read_text())
    (tmp_path / STATUS_FILE).write_text(json.dumps(values | {"pid": 2**22 + 1}))

    assert read_status(tmp_path).state == "finished"


@pytest.mark.parametrize("ahead", [SILENCE + 60.0, 1e9, 1e300])
def test_a_word_from_the_future_on_another_machine_is_no_sign_of_life(tmp_path, ahead):
    write_status(tmp_path, RUNNING)
    values = json.loads((tmp_path / STATUS_FILE).read_text()) | {"host": "elsewhere"}

    (tmp_path / STATUS_FILE).write_text(json.dumps(values | {"updated": time.time() + ahead}))
    assert read_status(tmp_path).state == "lost"
    check_idle(tmp_path)

    (tmp_path / STATUS_FILE).write_text(json.dumps(values | {"updated": time.time() + 60.0}))
    assert read_status(tmp_path).state == "running", "clocks differ a little"


def test_no_status_reads_as_none(tmp_path):
    assert read_status(tmp_path) is None


def test_a_status_cut_at_any_byte_reads_as_none(tmp_path):
    write_status(tmp_path, RUNNING)
    whole = (tmp_path / STATUS_FILE).read_bytes().rstrip()

    for length in range(0, len(whole), 10):
        (tmp_path / STATUS_FILE).write_bytes(whole[:length])
        assert read_status(tmp_path) is None


@pytest.mark.parametrize(
    "values",
    [
        *("[]", '"x"', '{"state": "odd"}', '{"state": ["running"]}', '{"state": "finished"}'),
        '{"state": "finished", "stage": 3, "fraction": 0.5}',
        '{"state": "finished", "stage": "x", "fraction": "half"}',
        '{"state": "finished", "stage": "x", "fraction": NaN}',
        '{"state": "finished", "stage": "x", "fraction": 1, "seconds_left": "soon"}',
    ],
)
def test_a_status_of_another_shape_reads_as_none(tmp_path, values):
    (tmp_path / STATUS_FILE).write_text(values)

    assert read_status(tmp_path) is None


def test_a_status_of_an_older_version_is_read_with_what_it_has(tmp_path):
    old = '{"state": "finished", "stage": "Finished", "fraction": 1.0, "pid": 7, "gone": 1}'
    (tmp_path / STATUS_FILE).write_text(old)

    status = read_status(tmp_path)

    assert (status.state, status.fraction, status.pid) == ("finished", 1.0, 7)


def test_a_running_status_of_an_older_version_names_nobody_and_is_lost(tmp_path):
    old = {"state": "running", "stage": "x", "fraction": 0.1, "pid": os.getpid()}
    (tmp_path / STATUS_FILE).write_text(json.dumps(old))

    assert read_status(tmp_path).state == "lost"


def test_waiting_without_its_process_is_lost_too(tmp_path):
    write_status(tmp_path, dataclasses.replace(RUNNING, state="queued"))
    values = json.loads((tmp_path / STATUS_FILE).read_text())
    (tmp_path / STATUS_FILE).write_text(json.dumps(values | {"pid": 2**22 + 1}))

    assert read_status(tmp_path).state == "lost"


def test_a_request_to_stop_counts_for_the_process_it_was_sent_to_only(tmp_path):
    write_status(tmp_path, RUNNING)
    status = read_status(tmp_path)

    (tmp_path / STOP_FILE).write_text(json.dumps(stop_request(status)))
    assert read_status(tmp_path).state == "stopping"

    (tmp_path / STOP_FILE).write_text(json.dumps(stop_request(status) | {"process_mark": "old"}))
    assert read_status(tmp_path).state == "running"


def test_on_another_machine_silence_tells_that_a_process_is_gone(tmp_path, monkeypatch):
    write_status(tmp_path, RUNNING)
    values = json.loads((tmp_path / STATUS_FILE).read_text())
    elsewhere = values | {"host": "elsewhere", "pid": 2**22 + 1}
    (tmp_path / STATUS_FILE).write_text(json.dumps(elsewhere))
    assert read_status(tmp_path).state == "running"

    later = elsewhere | {"updated": values["updated"] - SILENCE - 1}
    (tmp_path / STATUS_FILE).write_text(json.dumps(later))
    assert read_status(tmp_path).state == "lost"


def _environment():
    return os.environ | {"PYTHONPATH": os.getcwd()}
