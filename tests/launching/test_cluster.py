"""Jobs of a cluster, played by submitit's own local and debug executors."""

import contextlib
import gc
import json
import os
import signal
import time

import psutil
import pytest
import submitit

from tests.studies.programs import SLEEP, start, state, wait_for_end, wait_until
from udviz.launching import cluster
from udviz.launching.job import WAITS_AGAIN, Job
from udviz.launching.launcher import WAITING, ClusterLauncher
from udviz.launching.placement import HERE, Placement
from udviz.launching.stop import stop_study
from udviz.studies.identity import start_mark
from udviz.studies.lock import exclusive
from udviz.studies.log import tail
from udviz.studies.status import STOP_FILE, Status, check_idle, read_status, write_status
from udviz.studies.trash import discard

LOCAL = ClusterLauncher("local")
SAVES = (  # notes each start in a file; on SIGTERM it says that it has saved
    "starts = Path('{study}') / 'starts'\n"
    "starts.write_text((starts.read_text() if starts.exists() else '') + 'x')\n"
    "def save(*_):\n"
    "    say('stopped', 'saved')\n"
    "    sys.exit(130)\n"
    "signal.signal(signal.SIGTERM, save)\n"
    "print('begins', flush=True)\n"
    "say('running', starts.read_text())\n"
)
ONCE_MORE = "if starts.read_text() == 'x':\n    time.sleep(600)\nsay('finished')\n"


@pytest.fixture
def study(root):
    """A folder; the processes of its job are killed in the end.

    submitit's local executor cancels by SIGINT, which a job must not inherit as ignored, as it
    would where the tests run in the background of a shell.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield root / "mine"
    signal.signal(signal.SIGINT, before)
    for job in cluster._submitted.values():
        if isinstance(job, submitit.LocalJob):
            with contextlib.suppress(psutil.Error):
                leader = psutil.Process(job._process.pid)
                for process in (*leader.children(recursive=True), leader):
                    process.kill()
            job._process.wait()
    cluster._submitted.clear()


def submit(study, code, launcher=LOCAL):
    return start(study, SAVES.format(study=study) + code, launcher=launcher)


def task_of(study):
    """The process that runs the job's work: the parent of the command."""
    return psutil.Process(read_status(study).pid).parent()


def test_a_job_runs_the_command_and_ends_with_its_word(study):
    submit(study, "print('at work')\nsay('finished', os.environ['UDVIZ_JOB'])\n")

    assert wait_for_end(study) == "finished"
    status = read_status(study)
    assert status.job.startswith("local:")
    assert status.message == status.job
    assert tail(study / "log.txt").endswith("at work")


def test_a_job_that_reaches_its_time_limit_saves_and_goes_on(study):
    submit(study, ONCE_MORE)
    wait_until(lambda: read_status(study).message == "x")
    seen = []

    task_of(study).send_signal(signal.SIGUSR2)

    wait_until(lambda: seen.append(read_status(study)) or state(study) == "finished")
    assert (study / "starts").read_text() == "xx"
    assert any((told.state, told.stage) == ("queued", WAITS_AGAIN) for told in seen)
    assert tail(study / "log.txt").count("begins") == 2


def test_what_the_job_started_does_not_see_the_clusters_signal(study):
    submit(study, SLEEP)
    wait_until(lambda: read_status(study).message == "x")
    pid = read_status(study).pid

    os.kill(pid, signal.SIGUSR2)  # Slurm sends it to every process of the job
    time.sleep(0.3)

    assert start_mark(pid) != ""
    assert stop_study(study).state == "stopped"


def test_a_job_is_stopped_like_any_run(study):
    submit(study, SLEEP)
    wait_until(lambda: read_status(study).message == "x")
    before = read_status(study)

    stopped = stop_study(study)

    assert (stopped.state, stopped.message) == ("stopped", "saved")
    wait_until(lambda: start_mark(before.pid) == "")
    assert (study / "starts").read_text() == "x"
    assert not (study / STOP_FILE).exists()


def test_a_job_that_was_asked_to_stop_does_not_go_on_after_the_clusters_signal(study):
    submit(study, SLEEP)
    wait_until(lambda: read_status(study).message == "x")
    status, task = read_status(study), task_of(study)
    (study / STOP_FILE).write_text(json.dumps({"job": status.job}))
    assert state(study) == "stopping"

    task.send_signal(signal.SIGUSR2)

    job = cluster._submitted[status.job]
    wait_until(lambda: job.state != "RUNNING")
    assert state(study) == "stopped"
    assert (study / "starts").read_text() == "x"


def test_a_command_that_fails_fails_its_job(study):
    submit(study, "say('failed', 'no data')\nsys.exit(3)\n")

    assert wait_for_end(study) == "failed"
    job = cluster._submitted[read_status(study).job]
    wait_until(lambda: job.state != "RUNNING")
    assert job.state == "FINISHED"
    assert not job.paths.result_pickle.exists(), "a result would say that it went well"


def test_a_command_that_does_not_save_is_killed(root, monkeypatch):
    monkeypatch.setattr("udviz.launching.job.SAVING", 0.3)
    monkeypatch.setenv("SUBMITIT_DEBUG_JOB_ID", "DEBUG_1")
    (root / "mine").mkdir()
    deaf = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    child = "if os.fork() == 0:\n    time.sleep(600)\nprint(1, flush=True)\n"
    work = Job(root / "mine", ["-c", deaf + child + SLEEP], HERE)
    work._process = work._start(submitit.JobEnvironment())
    wait_until(lambda: (root / "mine" / "log.txt").read_text() == "1\n")
    family = [work._process.pid, *(c.pid for c in psutil.Process(work._process.pid).children())]

    work._end()

    assert work._process.returncode == -signal.SIGKILL
    wait_until(lambda: [start_mark(pid) for pid in family] == ["", ""])


def test_the_work_is_packed_without_how_far_it_is(study):
    work = Job(study, ["-c", ""], HERE)
    work._is_told = True
    work._process = object()

    assert work.__getstate__() == Job(study, ["-c", ""], HERE).__dict__


# submitit's debug executor leaves its logs open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_debug_executor_runs_the_work_in_this_process(study):
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    submit(study, "say('finished')\n", ClusterLauncher("debug"))
    job = cluster._submitted[read_status(study).job]
    assert (state(study), job.state) == ("queued", "QUEUED")
    assert cluster.job_state(read_status(study).job).is_alive

    job.results()

    assert (state(study), job.state) == ("finished", "DONE")
    for number, handler in before.items():
        signal.signal(number, handler)
    cluster._submitted.clear()
    gc.collect()


def test_the_job_waits_until_its_launch_is_noted(study):
    study.mkdir()
    with exclusive(study) as lock:
        write_status(study, WAITING)
        LOCAL.start(study, ["-c", ""], placement=HERE, device="cpu", lock=lock)
        time.sleep(2.5)

        assert state(study) == "queued"
    wait_until(lambda: state(study) != "queued")


SLURM = Placement(
    on="slurm",
    machines=2,
    network="10.1.0.0/16",
    processes=8,
    partition="gpu",
    hours=4,
    cpus=32,
)
TOOLS = {
    "sbatch": 'cp "$1" "$FAKE/script.sh"; echo "Submitted batch job 41"',
    "sacct": 'echo "JobID|State|NodeList"; echo "41|$(cat $FAKE/state)|n1"',
    "squeue": 'cat "$FAKE/name"',
    "scancel": 'echo "$@" > "$FAKE/cancelled"; echo "CANCELLED by 0" > "$FAKE/state"',
    "srun": "true",
}


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Slurm's commands, as far as they are called here, and their answers."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, line in TOOLS.items():
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{line}\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("UDVIZ_PASSWORD", "secret")
    monkeypatch.setattr(cluster, "_submitted", {})
    monkeypatch.setattr(cluster, "ASK_EVERY", 0.0)
    monkeypatch.setattr(submitit.SlurmJob, "watcher", type(submitit.SlurmJob.watcher)())
    monkeypatch.setattr(cluster, "_questions", cluster._Questions())
    cluster._slurm_job.cache_clear()
    (folder / "state").write_text("PENDING")
    return folder


def submitted(study, placement=SLURM, device="auto"):
    study.mkdir()
    with exclusive(study) as lock:
        arguments = ["-m", "pipelines.study"]
        ClusterLauncher().start(study, arguments, placement=placement, device=device, lock=lock)
    cluster._submitted.clear()  # as another process, the app after a restart, sees it
    return study


def test_slurm_is_asked_for_what_the_form_says(study, slurm):
    submitted(study)

    script = (slurm / "script.sh").read_text()
    asked = {line.removeprefix("#SBATCH --") for line in script.splitlines() if "SBATCH" in line}
    assert {
        *("nodes=2", "ntasks-per-node=1", "gpus-per-node=8", "cpus-per-task=32", "time=240"),
        *("partition=gpu", "requeue", "signal=USR2@120"),
        f"job-name={cluster.job_name(study)}",
    } <= asked
    assert not any(line.startswith(("account", "qos", "constraint", "mem")) for line in asked)
    passed_on = next(line for line in asked if line.startswith("export=")).split("=")[1].split(",")
    assert {"PATH", "HOME"} <= set(passed_on)
    assert not {"ALL", "FAKE", "UDVIZ_PASSWORD"} & set(passed_on)
    assert "--cpus-per-task 32" in script
    assert read_status(study).job == "slurm:41"


def test_a_study_for_the_cpu_asks_for_no_gpu(study, slurm):
    submitted(study, device="cpu")

    assert "gpus" not in (slurm / "script.sh").read_text()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("PENDING", "queued"),
        ("RUNNING", "queued"),
        ("REQUEUED", "queued"),
        ("PREEMPTED", "queued"),
        ("COMPLETED", "lost"),
        ("CANCELLED by 1000", "lost"),
        ("TIMEOUT", "lost"),
        ("NODE_FAIL", "lost"),
        ("OUT_OF_MEMORY", "lost"),
    ],
)
def test_a_job_lives_as_long_as_the_cluster_says(study, slurm, word, expected):
    submitted(study)

    (slurm / "state").write_text(word)

    assert state(study) == expected
    if expected == "lost":
        assert f"Its job slurm:41 ended without a word; the cluster says: {word}. " in (
            read_status(study).message
        )


def test_a_job_that_waits_is_under_way(study, slurm):
    submitted(study)

    with pytest.raises(RuntimeError, match="under way"):
        check_idle(study)
    with pytest.raises(RuntimeError, match="under way"):
        discard(study)


def test_a_process_of_a_job_on_another_machine_lives_as_long_as_its_job(study, slurm, monkeypatch):
    study.mkdir()
    monkeypatch.setenv("UDVIZ_JOB", "slurm:41")
    with monkeypatch.context() as there:
        there.setattr("socket.gethostname", lambda: "node7")
        there.setattr("time.time", lambda: 1.0)  # not heard of for years
        write_status(study, Status(state="running", stage="x", fraction=0.5))

    (slurm / "state").write_text("RUNNING")
    assert state(study) == "running"
    time.sleep(0.01)  # submitit asks once a millisecond at most
    (slurm / "state").write_text("FAILED")
    assert state(study) == "lost"


@pytest.mark.parametrize("silence", [0.0, 601.0])
def test_a_cluster_that_cannot_be_asked_leaves_it_to_the_last_sign_of_life(
    study, slurm, monkeypatch, silence
):
    submitted(study)
    (slurm / "state").write_text("")
    now = time.time()

    monkeypatch.setattr("time.time", lambda: now + silence)

    assert state(study) == ("queued" if silence == 0 else "lost")


def hang(tool, times):
    """Have a command of Slurm note that it was asked, and not answer."""
    tool.write_text(f"#!/bin/sh\necho >> {times}\nexec sleep 20\n")


def test_a_cluster_that_does_not_answer_holds_nobody_up(study, slurm, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWERS_IN", 0.2)
    submitted(study)
    (slurm / "state").write_text("RUNNING")
    assert cluster.job_state("slurm:41").word == "RUNNING"
    time.sleep(0.01)  # submitit asks once a millisecond at most
    hang(slurm / "sacct", slurm / "times")
    began = time.monotonic()

    words = [cluster.job_state("slurm:41").word for _ in range(5)]

    assert words == ["RUNNING"] * 5
    assert time.monotonic() - began < 5
    assert (slurm / "times").read_text().count("\n") == 1


def test_a_job_that_was_never_asked_for_is_asked_for_at_once(study, slurm, monkeypatch):
    monkeypatch.setattr(cluster, "ASK_EVERY", 3600.0)
    (slurm / "sacct").write_text(
        "#!/bin/sh\necho 'JobID|State'\n"
        "case \"$*\" in *41*) echo '41|PENDING';; esac\n"
        "case \"$*\" in *42*) echo '42|FAILED';; esac\n"
    )

    words = [cluster.job_state(f"slurm:{number}").word for number in (41, 42)]

    assert words == ["PENDING", "FAILED"]


def test_a_cluster_that_does_not_say_whose_a_job_is_keeps_it(study, slurm, monkeypatch):
    monkeypatch.setattr(cluster, "CANCELS_IN", 0.2)
    submitted(study)
    hang(slurm / "squeue", slurm / "times")

    with pytest.raises(RuntimeError, match="did not answer"):
        stop_study(study)

    assert not (slurm / "cancelled").exists()
    assert not (study / STOP_FILE).exists()


def test_a_job_that_waits_is_cancelled(study, slurm):
    submitted(study)
    (slurm / "name").write_text(cluster.job_name(study))

    stopped = stop_study(study)

    assert (slurm / "cancelled").read_text() == "41\n"
    assert stopped.state == "stopped"
    assert not (study / STOP_FILE).exists()


def test_a_job_of_that_number_that_belongs_to_something_else_is_left_alone(study, slurm):
    submitted(study)
    (slurm / "name").write_text("my-other-job")

    with pytest.raises(RuntimeError, match=r"no job 41 that belongs to .*mine"):
        stop_study(study)

    assert not (slurm / "cancelled").exists()
    assert not (study / STOP_FILE).exists()


@pytest.mark.parametrize("job", ["slurm:--help", "slurm:1;x", "slurm:", "ssh:1", "41", "slurm:1 2"])
def test_a_job_whose_name_is_made_up_is_not_asked_for(slurm, job):
    (slurm / "sacct").write_text('#!/bin/sh\necho "$*" > $FAKE/asked\n')

    assert cluster.job_state(job) is None

    assert not (slurm / "asked").exists()


def test_what_slurm_refuses_is_told_in_its_words(study, slurm):
    (slurm / "sbatch").write_text(
        "#!/bin/sh\necho 'invalid partition specified: gpu' >&2; exit 1\n"
    )

    with pytest.raises(RuntimeError, match="did not take the job: invalid partition"):
        submitted(study)


def test_a_machine_without_slurm_is_told_before_anything_is_written(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "This machine has no `sbatch`" in ClusterLauncher().refusal(SLURM, "auto")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "through submitit: pip install '.[slurm]'" in ClusterLauncher().refusal(SLURM, "auto")
