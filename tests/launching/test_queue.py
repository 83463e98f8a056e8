import json
import os
import signal
import time

import psutil
import pytest

from tests.studies.programs import (
    BEGIN,
    FINISH,
    SLEEP,
    start,
    state,
    wait_for,
    wait_for_end,
    wait_until,
)
from udviz.launching.placement import Placement
from udviz.launching.queue import (
    QUEUE,
    SLOT_HELD,
    join_queue,
    occupied,
    release,
    try_turn,
    waiting,
)
from udviz.launching.stop import stop_study
from udviz.studies.identity import start_mark
from udviz.studies.lock import exclusive
from udviz.studies.status import Status, read_status, write_status

LOG_TURN = "open('{log}', 'a').write('{name}\\n'); "


def queued(root, name):
    """A study that waits in this process."""
    (root / name).mkdir()
    write_status(root / name, Status(state="queued", stage="x", fraction=0.0))
    return name


def test_one_at_a_time_in_the_order_in_which_they_came(root, tmp_path):
    log = tmp_path / "turns"
    names = ["c", "a", "b"]
    for name in names:
        start(root / name, f"open('{log}', 'a').write('{name} begins\\n'); time.sleep(0.3)\n"
              f"open('{log}', 'a').write('{name} ends\\n')\n{FINISH}")  # fmt: skip

    for name in names:
        assert wait_for_end(root / name) == "finished"

    assert log.read_text().split("\n")[:-1] == [
        f"{name} {what}" for name in names for what in ("begins", "ends")
    ]


def test_one_per_gpu(root, tmp_path, monkeypatch):
    monkeypatch.setenv("UDVIZ_GPUS", "0,3")
    seen = "Path(sys.argv[0])"
    code = f"say('running', os.environ['CUDA_VISIBLE_DEVICES']); assert {seen}\n{SLEEP}"
    studies = [start(root / name, code, device="auto") for name in ("a", "b", "c")]

    for study in studies[:2]:
        wait_until(lambda study=study: read_status(study).message != "")

    assert [read_status(study).message for study in studies[:2]] == ["0", "3"]
    assert state(studies[2]) == "queued"
    os.kill(read_status(studies[1]).pid, signal.SIGKILL)
    wait_until(lambda: read_status(studies[2]).message == "3")


def test_a_run_for_the_cpu_does_not_wait_for_runs_on_gpus(root):
    join_queue(root, queued(root, "gpu"), ["gpu-0"])
    mine = join_queue(root, queued(root, "cpu"), ["cpu"])

    assert [slot.name for slot in try_turn(root, mine)] == ["cpu"]


def test_whoever_dies_while_it_waits_holds_nobody_up(root):
    first = start(root / "first", SLEEP)
    wait_for(first, "running")
    second, third = start(root / "second"), start(root / "third")
    os.kill(read_status(second).pid, signal.SIGKILL)
    wait_for(second, "lost")

    os.kill(read_status(first).pid, signal.SIGKILL)

    assert wait_for_end(third) == "finished"
    assert waiting(root) == []


def test_a_slot_stays_taken_while_a_child_of_a_killed_run_still_works(root):
    child = "if os.fork() == 0:\n    time.sleep(1.5)\n    os._exit(0)\n"
    first = start(root / "first", f"say('running', 'forks')\n{child}{SLEEP}")
    wait_until(lambda: read_status(first).message == "forks")
    time.sleep(0.3)
    os.kill(read_status(first).pid, signal.SIGKILL)
    begun = time.monotonic()

    second = start(root / "second")

    assert wait_for_end(second) == "finished"
    assert time.monotonic() - begun > 0.8


def test_a_run_from_a_terminal_does_not_wait_but_the_queue_waits_for_it(root):
    mine = join_queue(root, queued(root, "waits"), ["cpu"])

    with occupied(root, "terminal", ["cpu"]) as alone:
        assert alone
        assert try_turn(root, mine) == []
        with occupied(root, "another", ["cpu"]) as alone:
            assert not alone

    assert [slot.name for slot in try_turn(root, mine)] == ["cpu"]


def test_a_launched_run_has_its_slot_already(root, monkeypatch):
    monkeypatch.setenv(SLOT_HELD, "9")

    with occupied(root, "mine", ["cpu"]) as alone:
        assert alone
        with occupied(root, "mine", ["cpu"]) as alone:
            assert alone


def test_a_run_on_many_gpus_marks_all_it_uses(root):
    with (
        occupied(root, "eight", ["gpu-0", "gpu-1", "gpu-2"], n_wanted=2) as alone,
        occupied(root, "one", ["gpu-0", "gpu-1", "gpu-2"], n_wanted=2) as second,
    ):
        assert (alone, second) == (True, False)


def test_places_are_counted_so_that_no_clock_can_change_the_order(root, monkeypatch):
    join_queue(root, queued(root, "first"), ["cpu"])
    monkeypatch.setattr("time.time", lambda: 0.0)
    join_queue(root, queued(root, "second"), ["cpu"])

    assert [ticket.study for ticket in waiting(root)] == ["first", "second"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"study": 3}', '{"study": "x", "slots": 1}'])
def test_a_damaged_ticket_holds_nobody_up(root, damage):
    join_queue(root, queued(root, "first"), ["cpu"])
    (root / QUEUE / "00000001.json").write_text(damage)
    mine = join_queue(root, queued(root, "second"), ["cpu"])

    assert [ticket.study for ticket in waiting(root)] == ["second"]
    assert try_turn(root, mine) != []


def test_joining_again_takes_the_last_place(root):
    for name in ("a", "b"):
        join_queue(root, queued(root, name), ["cpu"])

    join_queue(root, "a", ["cpu"])

    assert [ticket.study for ticket in waiting(root)] == ["b", "a"]
    assert len(list((root / QUEUE).glob("0*.json"))) == 2
    json.loads((root / QUEUE / "00000003.json").read_text())


def test_a_run_on_two_gpus_waits_for_both_and_others_wait_behind_it(root):
    gpus = ["gpu-0", "gpu-1"]
    both = join_queue(root, queued(root, "both"), gpus, n_slots=2)
    one = join_queue(root, queued(root, "one"), gpus)

    with occupied(root, "terminal", ["gpu-0"]):
        assert try_turn(root, both) == []
        assert try_turn(root, one) == []
        with occupied(root, "another", ["gpu-1"]) as alone:
            assert alone, "what it could not use it must give back"

    held = try_turn(root, both)
    assert [slot.name for slot in held] == gpus
    assert try_turn(root, one) == []
    release(held)
    assert [slot.name for slot in try_turn(root, one)] == ["gpu-0"]


def test_a_run_of_two_processes_holds_two_gpus_and_is_signed_by_what_ends_both(
    root, monkeypatch, tmp_path
):
    monkeypatch.setenv("UDVIZ_GPUS", "0,3,5")
    first = start(root / "first", SLEEP, device="auto")
    wait_for(first, "running")
    program = tmp_path / "program.py"
    told = "f\"{os.environ['CUDA_VISIBLE_DEVICES']} {os.getppid()} {os.environ['RANK']}\""
    first_sleeps = "if os.environ['RANK'] == '0':\n    import time\n    time.sleep(600)\n"
    project = "import os, sys\nsys.path.insert(0, os.getcwd())\n"
    code = BEGIN.format(study=root / "both") + f"say('running', {told})\n{SLEEP}"
    program.write_text(project + first_sleeps + code)

    both = start(root / "both", str(program), device="auto", placement=Placement(processes=2))
    wait_until(lambda: read_status(both).message != "")

    status = read_status(both)
    assert status.message == f"3,5 {status.pid} 1"
    with pytest.raises(RuntimeError, match="being worked on"), exclusive(both):
        pass  # the lock has passed to the leader
    family = [status.pid, *(child.pid for child in psutil.Process(status.pid).children())]
    assert stop_study(both).state == "stopped"
    assert len(family) == 3
    assert [start_mark(pid) for pid in family] == ["", "", ""]
