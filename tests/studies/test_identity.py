import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from udviz.studies import identity
from udviz.studies.identity import start_mark
from udviz.studies.status import Status, read_status, write_status


def test_two_processes_have_two_marks_and_one_always_the_same():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        marks = {start_mark(os.getpid()), start_mark(os.getpid())}

        assert marks.isdisjoint({start_mark(other.pid), ""})
        assert len(marks) == 1


def test_a_process_that_has_ended_has_no_mark_even_if_nobody_cleared_it():
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    process.stdout.read()  # its end
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass

    assert start_mark(process.pid) == ""
    assert identity._portable_mark(process.pid) == ""
    process.communicate()
    assert start_mark(process.pid) == ""


@pytest.mark.skipif(
    not Path("/proc/self/stat").is_file(),
    reason="without /proc the mark is the start time, which moves with the clock",
)
def test_a_clock_that_is_set_does_not_change_who_is_who(tmp_path, monkeypatch):
    write_status(tmp_path, Status(state="running", stage="x", fraction=0.1))

    started = psutil.Process().create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: started - 7200)
    monkeypatch.setattr("time.time", lambda: 0.0)

    assert read_status(tmp_path).state == "running"


def test_where_there_is_no_proc_the_start_time_is_the_mark(monkeypatch):
    monkeypatch.setattr(identity, "PROC", Path("/nowhere"))

    assert start_mark(os.getpid()) == f"{psutil.Process().create_time():.2f}"
    assert start_mark(2**22 + 1) == ""
