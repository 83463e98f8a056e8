"""Several processes of one machine, and of several that one machine plays."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

import psutil
import pytest

from tests.studies.programs import wait_until
from udviz.launching.placement import HERE, Placement
from udviz.launching.together.__main__ import parse
from udviz.launching.together.leader import RESTARTS, STOPPED
from udviz.launching.together.network import LOOPBACK, interface_in
from udviz.launching.together.seat import Seat, private_folder
from udviz.studies.identity import LEADER, start_mark
from udviz.studies.lock import HANDED_OVER, exclusive, try_lock

PROJECT = Path(__file__).parents[2]
TWO = Placement(processes=2)
TWO_MACHINES = Placement(machines=2, network=LOOPBACK)
BEGINS = (  # notes each start as a line of a file: the process, its number, where it meets
    "import os, pathlib, signal, sys, time\n"
    "def note(word):\n"
    "    with open(word, 'a') as file:\n"
    "        file.write(' '.join([str(os.getpid()), *map(os.environ.get, NAMES)]) + '\\n')\n"
    "NAMES = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE', 'UDVIZ_MEETING')\n"
    "first = os.environ['RANK'] == '0'\n"
)
SAVES = "signal.signal(signal.SIGTERM, lambda *_: (note('saved'), sys.exit(130)))\n"
STARTS = BEGINS + SAVES + "note('begun')\n"
SLEEP = "time.sleep(600)\n"


@contextmanager
def leading(folder, code, placement=TWO, **options) -> Iterator[subprocess.Popen]:
    """A leader whose processes run ``code`` in ``folder``; nothing of it outlives the test."""
    leader = subprocess.Popen(
        [sys.executable, *placement.command(["-c", code], folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)} | options.pop("variables", {}),
        **options,
    )
    try:
        yield leader
    finally:
        kill(leader)


def kill(leader):
    """As if its machine had lost power."""
    leader.kill()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(LEADER) == str(leader.pid):
                process.kill()
    leader.wait()


def noted(folder, word):
    """The lines of the file ``word``, split."""
    path = folder / word
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def ended(leader):
    """Exit code of a leader that ends by itself."""
    wait_until(lambda: leader.poll() is not None)
    return leader.returncode


def test_every_process_knows_its_number_and_where_they_meet(tmp_path):
    with leading(tmp_path, STARTS) as leader:
        assert ended(leader) == 0

    lines = sorted(noted(tmp_path, "begun"), key=lambda line: line[1])
    assert [line[1:5] for line in lines] == [["0", "2", "0", "2"], ["1", "2", "1", "2"]]
    assert lines[0][5] == lines[1][5]
    assert not Path(lines[0][5]).parent.exists(), "it was theirs alone, and is removed"


def test_a_process_is_told_where_to_listen_whatever_the_environment_says(tmp_path):
    code = (
        BEGINS.replace("'RANK'", "'GLOO_SOCKET_IFNAME', 'NCCL_SOCKET_IFNAME'") + "note('begun')\n"
    )
    everywhere = {"GLOO_SOCKET_IFNAME": "eth0", "NCCL_SOCKET_IFNAME": "^none"}
    with leading(tmp_path, code.replace("first =", "#"), variables=everywhere) as leader:
        assert ended(leader) == 0

    loopback = interface_in(IPv4Network(LOOPBACK))
    assert {tuple(line[1:3]) for line in noted(tmp_path, "begun")} == {(loopback, f"={loopback}")}


def impatient(code, *options):
    """A program: the leader of ``code``, which waits half a second where it waits for longer."""
    return (
        "from udviz.launching.together import __main__, leader\n"
        "leader.OWN_WORD = leader.SAVING = 0.5\n"
        f"__main__.main([*{options!r}, '--', '-c', {code!r}])\n"
    )


def test_one_that_fails_ends_the_others_with_its_exit_code(tmp_path):
    code = impatient(STARTS + "sys.exit(7) if first else time.sleep(600)\n", "--processes", "2")

    with leading(tmp_path, code, HERE) as leader:
        assert ended(leader) == 7

    assert [line[1] for line in noted(tmp_path, "saved")] == ["1"]


def test_a_request_to_stop_reaches_every_process_once(tmp_path):
    with leading(tmp_path, STARTS + SLEEP) as leader:
        wait_until(lambda: len(noted(tmp_path, "begun")) == 2)
        leader.send_signal(signal.SIGTERM)
        assert ended(leader) == STOPPED

    assert sorted(line[1] for line in noted(tmp_path, "saved")) == ["0", "1"]


def test_ctrl_c_reaches_them_through_their_leader_alone(tmp_path):
    deaf = "signal.signal(signal.SIGINT, lambda *_: note('heard'))\n"
    slow = SAVES.replace("sys.exit", "time.sleep(0.5), sys.exit")  # hears both, whichever is first
    code = BEGINS + deaf + slow + "note('begun')\n" + SLEEP
    with leading(tmp_path, code, process_group=0) as leader:
        wait_until(lambda: len(noted(tmp_path, "begun")) == 2)
        os.killpg(leader.pid, signal.SIGINT)
        assert ended(leader) == STOPPED

    assert noted(tmp_path, "heard") == []
    assert len(noted(tmp_path, "saved")) == 2


@pytest.mark.skipif(
    sys.platform != "linux", reason="Linux kills the children of a process that was killed"
)
def test_nobody_goes_on_when_the_leader_was_killed(tmp_path):
    with leading(tmp_path, STARTS + SLEEP) as leader:
        wait_until(lambda: len(noted(tmp_path, "begun")) == 2)
        leader.kill()

        wait_until(lambda: not any(start_mark(int(line[0])) for line in noted(tmp_path, "begun")))

    assert noted(tmp_path, "saved") == []


def test_the_lock_of_a_study_passes_to_the_first_process(tmp_path):
    holds = "from udviz.studies.lock import exclusive\nwith exclusive(pathlib.Path()):\n    "
    code = BEGINS + f"if first:\n    {holds.replace(chr(10), chr(10) + '    ')}note('held')\n"
    with exclusive(tmp_path) as lock:
        handed = {HANDED_OVER: str(lock)}
        with leading(tmp_path, code, variables=handed, pass_fds=[lock]) as leader:
            assert ended(leader) == 0

    assert len(noted(tmp_path, "held")) == 1


def test_machines_take_a_seat_each_and_count_through(tmp_path):
    wide = TWO_MACHINES.model_copy(update={"processes": 2})
    with leading(tmp_path, STARTS, wide) as first, leading(tmp_path, STARTS, wide) as second:
        assert [ended(first), ended(second)] == [0, 0]

    lines = noted(tmp_path, "begun")
    assert sorted(line[1] for line in lines) == ["0", "1", "2", "3"]
    assert {line[2] for line in lines} == {"4"}
    assert len({line[5] for line in lines}) == 1


def test_a_machine_waits_for_the_others_before_anything_starts(tmp_path):
    with leading(tmp_path, STARTS, TWO_MACHINES) as leader:
        wait_until((tmp_path / ".meeting" / "seat-0").exists)
        leader.terminate()
        assert ended(leader) == STOPPED

    assert noted(tmp_path, "begun") == []


def test_a_machine_that_comes_back_is_met_anew(tmp_path):
    all_four = "pathlib.Path('begun').read_text().count(chr(10)) == 4"
    code = STARTS + f"while not {all_four}:\n    time.sleep(0.01)\n"
    with leading(tmp_path, code, TWO_MACHINES) as stays:
        with leading(tmp_path, code, TWO_MACHINES):
            wait_until(lambda: len(noted(tmp_path, "begun")) == 2)
        with leading(tmp_path, code, TWO_MACHINES) as back:
            assert [ended(stays), ended(back)] == [0, 0]

    meetings = [line[5] for line in noted(tmp_path, "begun")]
    assert len(set(meetings)) == 2
    assert meetings.count(meetings[-1]) == 2


def test_what_fails_on_a_machine_is_tried_again_three_times(tmp_path):
    code = STARTS + "sys.exit(5)\n"
    with leading(tmp_path, code, TWO_MACHINES) as one, leading(tmp_path, code, TWO_MACHINES) as two:
        assert {ended(one), ended(two)} <= {5, 1}

    meetings = {line[5] for line in noted(tmp_path, "begun")}
    assert 1 + RESTARTS <= len(meetings) <= 2 * (1 + RESTARTS), "each brings so many tokens"


def test_a_machine_that_fails_for_good_is_not_waited_for(tmp_path):
    fails = STARTS + "sys.exit(5) if first else time.sleep(600)\n"
    code = impatient(fails, "--machines", "2", "--meet", str(tmp_path / "meeting"))
    with leading(tmp_path, code, HERE) as one, leading(tmp_path, code, HERE) as two:
        assert {ended(one), ended(two)} == {5, 1}


def test_a_stop_on_one_machine_is_no_reason_for_another_to_begin_anew(tmp_path):
    follows = "while not pathlib.Path('saved').exists():\n    time.sleep(0.01)\nsys.exit(1)\n"
    code = STARTS + "time.sleep(600) if first else None\n" + follows
    with leading(tmp_path, code, TWO_MACHINES) as one, leading(tmp_path, code, TWO_MACHINES) as two:
        wait_until(lambda: len(noted(tmp_path, "begun")) == 2)
        numbers = {int(line[0]): line[1] for line in noted(tmp_path, "begun")}
        child = psutil.Process(one.pid).children()[0].pid
        first, other = (one, two) if numbers[child] == "0" else (two, one)
        first.terminate()
        assert [ended(first), ended(other)] == [STOPPED, 1]

    assert len(noted(tmp_path, "begun")) == 2


def seat(folder, n=2):
    return Seat(folder, n, is_over=lambda: True, wait=lambda: None)


def test_a_machine_too_many_gets_no_seat(tmp_path):
    seats = [seat(tmp_path), seat(tmp_path)]

    with pytest.raises(InterruptedError, match="All 2 places"):
        seat(tmp_path)

    assert [taken.number for taken in seats] == [0, 1]
    assert seats[0].meeting() == seats[1].meeting() != ()


def test_a_meeting_is_another_one_after_any_machine_came_anew(tmp_path):
    first, second = seat(tmp_path), seat(tmp_path)
    met = first.meeting()

    second.renew()

    assert first.meeting() == second.meeting() != met
    assert first.file_of(first.meeting()) != first.file_of(met)


def test_a_machine_that_left_is_missing_and_its_leaving_is_known(tmp_path):
    first, second = seat(tmp_path), seat(tmp_path)
    assert not first.has_any_left()

    second.leave()

    assert first.meeting() == ()
    assert first.has_any_left()


@pytest.mark.parametrize("content", [b"", b"x" * 21, b"0123456789abcdef he", b"\xff" * 100])
def test_a_torn_seat_is_nobody(tmp_path, content):
    folder = private_folder(tmp_path / "meeting")
    (folder / "seat-1").write_bytes(content)

    assert seat(folder).meeting() == ()


def test_a_link_in_place_of_a_seat_is_not_followed(tmp_path):
    folder = private_folder(tmp_path / "meeting")
    (tmp_path / "precious").write_text("precious")
    (folder / "seat-0").symlink_to(tmp_path / "precious")

    with pytest.raises(OSError, match="symbolic links"):
        seat(folder)

    assert (tmp_path / "precious").read_text() == "precious"
    assert try_lock(tmp_path / "precious") is not None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--processes", "2"], "what to run must follow"),
        (["--processes", "0", "--", "-c", ""], "must be at least 1"),
        (["--machines", "2", "--", "-c", ""], "--meet must name a folder"),
        (["--proc", "2", "--", "-c", ""], "unrecognized arguments"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused(arguments, told, capsys):
    with pytest.raises(SystemExit):
        parse(arguments)

    assert told in capsys.readouterr().err
