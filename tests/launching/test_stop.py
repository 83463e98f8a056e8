import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import psutil
import pytest

from tests.studies.programs import SLEEP, start, state, wait_for, wait_until
from udviz.launching.launch import stop
from udviz.launching.stop import _see_end_of, stop_study
from udviz.studies.lock import exclusive
from udviz.studies.status import STATUS_FILE, STOP_FILE, Status, read_status, write_status

STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); say('running', 'stubborn')\n"
ORPHAN = (
    "if os.fork() == 0:\n"
    "    if os.fork() == 0:\n"
    "        {tells}; time.sleep(600)\n"
    "    os._exit(0)\n"
    "os.wait()\n"
)


def test_a_run_that_ends_when_asked_is_stopped(root):
    obedient = "signal.signal(signal.SIGTERM, lambda *_: (say('stopped', 'saved'), os._exit(0)))\n"
    study = start(root / "mine", f"{obedient}say('running', 'ready')\n{SLEEP}")
    wait_until(lambda: read_status(study).message == "ready")

    ended = stop_study(study)

    assert (ended.state, ended.message) == ("stopped", "saved")
    assert not (study / STOP_FILE).exists()


def test_a_run_that_dies_of_the_signal_is_stopped_and_not_lost(root):
    study = start(root / "mine", SLEEP)
    wait_for(study, "running")

    assert stop_study(study).state == "stopped"


def test_a_run_that_does_not_end_in_time_is_killed_and_says_so(root):
    study = start(root / "mine", STUBBORN + SLEEP)
    wait_until(lambda: read_status(study).message == "stubborn")
    begun = time.monotonic()

    ended = stop_study(study, patience=0.5)

    assert 0.5 <= time.monotonic() - begun < 10
    assert ended.state == "stopped"
    assert "was killed" in ended.message


def test_with_a_run_its_children_and_orphans_are_killed(root):
    forks = "child = os.fork()\nif child == 0:\n    time.sleep(600)\n"
    code = f"{STUBBORN}{forks}(Path('{root}') / 'child').write_text(str(child))\n"
    tells = f"(Path('{root}') / 'orphan').write_text(str(os.getpid()))"
    orphan = ORPHAN.format(tells=tells)
    study = start(root / "mine", code + orphan + SLEEP)
    files = [root / "child", root / "orphan"]
    wait_until(lambda: all(file.exists() and file.read_text() for file in files))
    pids = [int(file.read_text()) for file in files]
    for file in files:
        file.unlink()
    assert all(psutil.pid_exists(pid) for pid in pids)

    stop_study(study, patience=0.2)

    wait_until(lambda: not any(runs(pid) for pid in pids))


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_run_that_waits_can_be_stopped(root):
    blocker, waits = start(root / "blocker", SLEEP), start(root / "waits", SLEEP)
    wait_for(blocker, "running")

    ended = stop_study(waits)

    assert (ended.state, state(blocker)) == ("stopped", "running")
    assert "had not begun" in ended.message


def test_the_app_asks_and_does_not_wait(root):
    study = start(root / "mine", STUBBORN + SLEEP)
    wait_until(lambda: read_status(study).message == "stubborn")

    stop(study)

    wait_for(study, "stopping")
    os.kill(read_status(study).pid, signal.SIGKILL)
    wait_for(study, "stopped")


def test_a_process_that_only_inherited_the_pid_gets_no_signal(root):
    bystander = start(root / "bystander", SLEEP)
    wait_for(bystander, "running")
    (root / "mine").mkdir()
    values = json.loads((bystander / STATUS_FILE).read_text())
    old = values | {"process_mark": values["process_mark"] + "0"}
    (root / "mine" / STATUS_FILE).write_text(json.dumps(old))

    assert stop_study(root / "mine").state == "lost"
    time.sleep(0.2)
    assert state(bystander) == "running"


STARTS = (
    "import sys, time; from pathlib import Path\n"
    "from tests.launching.test_launch import Recorder, demo\n"
    "from udviz.launching.launch import launch\n"
    "class Slow(Recorder):\n"
    "    def start(self, *args, **named): print('starts', flush=True); time.sleep(600)\n"
    "launch(demo(), Path(sys.argv[1]), launcher=Slow())\n"
)


@pytest.fixture
def app(root):
    """A process that is just starting the study ``mine``."""
    command = [sys.executable, "-c", STARTS, str(root / "mine")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as app:
        assert app.stdout.readline() == b"starts\n"
        yield app
        app.kill()


def test_an_app_that_just_starts_a_study_gets_no_signal_when_that_is_stopped(
    root, app, monkeypatch
):
    monkeypatch.setattr("udviz.launching.stop.START_PATIENCE", 0.3)

    with pytest.raises(RuntimeError, match="just being started"):
        stop_study(root / "mine", patience=0.0)

    time.sleep(0.2)
    assert app.poll() is None
    assert state(root / "mine") == "queued"


def test_a_study_that_is_just_being_started_is_stopped_as_soon_as_it_has_a_process(
    root, app, monkeypatch
):
    monkeypatch.setattr("udviz.launching.stop.FAREWELL", 0.1)  # the app holds the study here
    own = start(root / "own", SLEEP)
    wait_for(own, "running")

    threading.Timer(0.5, shutil.copy, [own / STATUS_FILE, root / "mine"]).start()

    stop_study(root / "mine")

    assert state(own) == "lost"
    assert app.poll() is None


def test_a_run_on_another_machine_gets_no_signal(root):
    bystander = start(root / "bystander", SLEEP)
    wait_for(bystander, "running")
    values = json.loads((bystander / STATUS_FILE).read_text())
    (bystander / STATUS_FILE).write_text(json.dumps(values | {"host": "elsewhere"}))

    with pytest.raises(RuntimeError, match=r"runs on elsewhere\. Stop it there"):
        stop_study(bystander)

    time.sleep(0.2)
    (bystander / STATUS_FILE).write_text(json.dumps(values))
    assert state(bystander) == "running"


def test_a_full_disk_does_not_keep_a_run_alive(root, monkeypatch):
    study = start(root / "mine", SLEEP)
    wait_for(study, "running")
    monkeypatch.setattr("udviz.launching.stop.replace_json", full_disk)

    stop_study(study)

    assert state(study) in ("stopped", "lost")


def full_disk(path, value):
    raise OSError(28, "No space left on device", str(path))


def test_what_has_ended_stays_as_it_is(root):
    (root / "mine").mkdir()
    write_status(root / "mine", Status(state="finished", stage="x", fraction=1.0))

    assert stop_study(root / "mine").state == "finished"
    assert stop_study(root / "none") is None


def test_a_run_that_someone_resumed_meanwhile_is_not_called_stopped(root, monkeypatch):
    study = start(root / "mine", SLEEP)
    wait_for(study, "running")
    monkeypatch.setattr("udviz.launching.stop.FAREWELL", 0.1)

    with ExitStack() as resumed:

        def waited(is_alive, patience):
            os.kill(read_status(study).pid, signal.SIGKILL)
            wait_for(study, "lost")
            resumed.enter_context(exclusive(study, patience=10.0))
            return True

        monkeypatch.setattr("udviz.launching.stop._waited", waited)
        stop_study(study)

        assert state(study) == "lost"


def test_a_stop_that_cannot_be_is_told_to_who_asked_for_it(root):
    study = root / "mine"
    study.mkdir()
    write_status(study, Status(state="running", stage="x", fraction=0.5))
    values = json.loads((study / STATUS_FILE).read_text())
    (study / STATUS_FILE).write_text(json.dumps(values | {"host": "elsewhere"}))

    with pytest.raises(RuntimeError, match=r"runs on elsewhere.* wait 10 minutes"):
        stop(study)

    assert not (study / STOP_FILE).exists()


def test_who_sees_to_the_end_leaves_another_process_of_that_study_alone(root):
    study = start(root / "mine", SLEEP)
    wait_for(study, "running")
    another = json.dumps({"pid": 1, "process_mark": "of another"})

    _see_end_of(study, json.loads(another), 0.0)

    assert state(study) == "running"
