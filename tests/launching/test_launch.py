import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.studies.programs import SLEEP, start, state, wait_for
from udviz.launching.launch import Plan, launch, plan_of, resume
from udviz.launching.launcher import LocalLauncher
from udviz.launching.placement import HERE
from udviz.recipe.files import read_recipe, recipe_path
from udviz.studies.directory import LAUNCH_FILE
from udviz.studies.failure import reason
from udviz.studies.lock import exclusive
from udviz.studies.status import STATUS_FILE, Status, read_status, write_status


class Recorder:
    """A launcher that starts nothing."""

    def __init__(self):
        self.started = []

    def refusal(self, placement, device):
        return None

    def start(self, study, arguments, *, placement, device, lock, wanted):
        os.fstat(lock)
        self.started.append((study.name, arguments, device, read_status(study).state))


def demo(*, data=None, **teacher):
    recipe = read_recipe(recipe_path("demo"))
    changed = {
        "teacher": recipe.teacher.model_copy(update=teacher),
        "data": recipe.data.model_copy(update=data or {}),
    }
    return Plan(source="demo", recipe=recipe.model_copy(update=changed))


def test_the_folder_is_written_before_the_process_starts(root):
    recorder = Recorder()

    launch(demo(epochs=7), root / "mine", launcher=recorder)

    out = str(root / "mine")
    arguments = ["-m", "pipelines.study", "--recipe", "demo", "--out", out, "--teacher.epochs", "7"]
    assert recorder.started == [("mine", arguments, "auto", "queued")]
    assert (
        json.loads((root / "mine" / LAUNCH_FILE).read_text())["settings"]["teacher"]["epochs"] == 7
    )


def test_the_command_reads_as_it_is_typed_in_a_terminal(root):
    typed = demo(epochs=7, weights="my weights.pth").typed(root / "mine")

    assert typed.startswith(f"python -m pipelines.study --recipe demo --out {root}/mine ")
    assert typed.endswith("--teacher.weights 'my weights.pth' --teacher.epochs 7")


def test_a_second_study_of_the_same_name_is_refused(root):
    launch(demo(), root / "mine", launcher=Recorder())

    with pytest.raises(FileExistsError, match="study called mine already"):
        launch(demo(epochs=7), root / "mine", launcher=Recorder())

    assert plan_of(root / "mine").recipe == demo().recipe


def test_of_two_launches_at_once_exactly_one_wins(root):
    recorder, told, together = Recorder(), [], threading.Barrier(8)

    def begin():
        together.wait()
        try:
            launch(demo(), root / "mine", launcher=recorder)
        except (RuntimeError, FileExistsError) as error:
            told.append(str(error))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(recorder.started) == 1
    assert len(told) == 7
    assert all(
        "another process" in text or "under way" in text or "already" in text for text in told
    )


def test_the_study_is_held_from_the_launch_on_without_a_gap(root):
    blocker = start(root / "blocker", SLEEP)
    wait_for(blocker, "running")
    waits = start(root / "waits", SLEEP)

    for study in (blocker, waits):
        with pytest.raises(RuntimeError, match="another process"), exclusive(study):
            pass
        with pytest.raises(RuntimeError, match="under way"):
            resume(study, launcher=Recorder())


def test_a_study_goes_on_with_what_it_was_asked_for(root):
    launch(demo(epochs=7), root / "mine", launcher=Recorder())
    write_status(root / "mine", Status(state="stopped", stage="x", fraction=0.0))
    recorder = Recorder()

    resume(root / "mine", launcher=recorder)

    assert recorder.started[0][1][-2:] == ["--teacher.epochs", "7"]


def test_a_study_that_began_goes_on_with_its_own_recipe(root):
    launch(demo(), root / "mine", launcher=Recorder())
    write_status(root / "mine", Status(state="failed", stage="x", fraction=0.0))
    (root / "mine" / "study.toml").write_text("[teacher]\nepochs = 5\n")
    recorder = Recorder()

    resume(root / "mine", launcher=recorder)

    file = str(root / "mine" / "study.toml")
    assert recorder.started[0][1] == [
        *("-m", "pipelines.study", "--recipe", file, "--out", str(root / "mine"))
    ]


def test_a_study_that_came_to_be_while_its_launch_waited_is_left_alone(root):
    recorder, told = Recorder(), []

    def begin():
        with pytest.raises(FileExistsError) as caught:
            launch(demo(), root / "mine", launcher=recorder)
        told.append(str(caught.value))

    (root / "mine").mkdir()
    with exclusive(root / "mine"):
        thread = threading.Thread(target=begin)
        thread.start()
        time.sleep(0.3)
        (root / "mine" / LAUNCH_FILE).write_text("theirs")
        write_status(root / "mine", Status(state="finished", stage="x", fraction=1.0))
    thread.join()

    assert recorder.started == []
    assert "called mine already" in told[0]
    assert (root / "mine" / LAUNCH_FILE).read_text() == "theirs"


def test_of_two_who_resume_at_once_exactly_one_does(root):
    launch(demo(), root / "mine", launcher=Recorder())
    write_status(root / "mine", Status(state="stopped", stage="x", fraction=0.0))
    recorder, told, together = Recorder(), [], threading.Barrier(4)

    def go_on():
        together.wait()
        try:
            resume(root / "mine", launcher=recorder)
        except RuntimeError as error:
            told.append(str(error))

    threads = [threading.Thread(target=go_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(recorder.started) == 1
    assert len(told) == 3


def test_a_relative_folder_means_the_one_here(root, monkeypatch):
    monkeypatch.chdir(root)
    recorder = Recorder()

    launch(demo(), Path("mine"), launcher=recorder)
    write_status(root / "mine", Status(state="stopped", stage="x", fraction=0.0))
    resume(Path("mine"), launcher=recorder)

    assert all(str(root / "mine") in arguments for _, arguments, _, _ in recorder.started)


def test_no_command_is_taken_from_a_folder(root):
    (root / "gift").mkdir()
    gift = {"recipe": "demo", "settings": {}, "command": ["-c", "boom"], "asked": 0}
    (root / "gift" / LAUNCH_FILE).write_text(json.dumps(gift))
    recorder = Recorder()

    resume(root / "gift", launcher=recorder)

    assert recorder.started[0][1][:2] == ["-m", "pipelines.study"]
    assert "boom" not in recorder.started[0][1]


def test_a_launch_file_cut_at_any_byte_is_refused_in_words(root):
    launch(demo(), root / "mine", launcher=Recorder())
    file = root / "mine" / LAUNCH_FILE
    whole = file.read_bytes().rstrip()

    for length in range(0, len(whole), 10):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="neither can be read"):
            plan_of(root / "mine")


def test_a_process_that_cannot_be_started_leaves_a_failed_study_and_not_a_waiting_one(root):
    class Broken(Recorder):
        def start(self, study, arguments, *, placement, device, lock, wanted):
            raise OSError(12, "Cannot allocate memory")

    with pytest.raises(OSError, match="memory"):
        launch(demo(), root / "mine", launcher=Broken())

    assert state(root / "mine") == "failed"


def test_a_process_that_ends_before_it_waits_is_reported(root):
    (root / "mine").mkdir()
    (root / "mine" / "status.json").mkdir()  # so that it cannot say that it waits
    with (
        exclusive(root / "mine") as lock,
        pytest.raises(RuntimeError, match=r"could not be started; .*log\.txt"),
    ):
        LocalLauncher().start(root / "mine", ["-c", ""], placement=HERE, device="cpu", lock=lock)


def test_the_password_of_the_app_is_not_passed_on(root, monkeypatch):
    monkeypatch.setenv("UDVIZ_PASSWORD", "secret")

    study = start(root / "mine", "say('finished', str('UDVIZ_PASSWORD' in os.environ))\n")
    wait_for(study, "finished")

    assert read_status(study).message == "False"


def test_a_launched_process_has_no_parent_and_a_session_of_its_own(root):
    study = start(root / "mine", f"say('running', f'{{os.getppid()}} {{os.getsid(0)}}')\n{SLEEP}")
    wait_for(study, "running")
    while not (status := read_status(study)).message:
        pass

    parent, session = map(int, status.message.split())

    assert parent != os.getpid()
    assert session == status.pid


APP = (
    "import os, signal, sys; from pathlib import Path; from tests.studies.programs import start\n"
    "start(Path(sys.argv[1]), sys.argv[2]); print('started', flush=True)\n"
    "os.killpg(0, signal.SIGKILL)"
)


def test_an_app_that_is_killed_with_all_its_processes_takes_no_run_with_it(root):
    blocker = start(root / "blocker", SLEEP)
    wait_for(blocker, "running")
    code = "time.sleep(0.5); say('finished')\n"
    for name in ("runs", "waits"):
        killed = subprocess.run(
            [sys.executable, "-c", APP, str(root / name), code],
            start_new_session=True,
            capture_output=True,
            check=False,
        )
        assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, b"started\n")
    assert [state(root / name) for name in ("runs", "waits")] == ["queued", "queued"]

    os.kill(read_status(blocker).pid, signal.SIGKILL)

    wait_for(root / "waits", "finished")
    assert state(root / "runs") == "finished"


def test_an_app_and_its_run_that_are_both_killed_leave_a_run_that_goes_on(root):
    launch(demo(), root / "mine", launcher=Recorder())
    with exclusive(root / "mine"):
        pass
    study = start(root / "mine", SLEEP)
    wait_for(study, "running")
    os.kill(read_status(study).pid, signal.SIGKILL)
    wait_for(study, "lost")
    recorder = Recorder()

    resume(study, launcher=recorder)

    assert recorder.started[0][3] == "queued"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_place_that_cannot_be_written_is_named_and_what_was_there_stays(
    root, monkeypatch, number
):
    launch(demo(), root / "mine", launcher=Recorder())
    write_status(root / "mine", Status(state="stopped", stage="x", fraction=0.5))
    before = contents(root / "mine")

    def refuse(handle):
        raise OSError(number, os.strerror(number), "the disk")

    monkeypatch.setattr("os.fsync", refuse)
    for begin in (lambda: resume(root / "mine"), lambda: launch(demo(), root / "new")):
        with pytest.raises(OSError, match="the disk") as caught:
            begin()
        assert reason(caught.value).startswith(("The disk is full", "No permission to write"))

    assert contents(root / "mine") == before
    assert state(root / "mine") == ("failed" if number == errno.ENOSPC else "stopped")


def contents(study):
    """All that a study holds but its status, which may say why it could not go on."""
    return {path.name: path.read_bytes() for path in study.iterdir() if path.name != STATUS_FILE}


def test_a_process_that_has_said_its_last_word_is_waited_for(root):
    study = start(root / "mine", "say('stopped'); time.sleep(0.7)\n")
    wait_for(study, "stopped")
    (study / "study.toml").write_text("")
    recorder = Recorder()

    resume(study, launcher=recorder)

    assert len(recorder.started) == 1
