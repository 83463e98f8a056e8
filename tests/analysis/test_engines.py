"""Where jobs run: what is found is the same, and what dies costs no more than it did."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
import pytest
from distributed import Client

from tests.analysis.conftest import opened, plan_of
from tests.analysis.fates import (
    after_the_start,
    dies,
    dies_at_first,
    endless,
    ends_in_the_second,
    pages_for_what_was_freed,
    table,
    wait_for,
)
from udviz.analysis import study as subject
from udviz.analysis.engines import local
from udviz.analysis.engines.cluster import DaskEngine, software
from udviz.analysis.engines.engine import Memory
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import Job, run_jobs
from udviz.analysis.study import analyse_study
from udviz.analysis.tables.judged import judged_job
from udviz.commands.engines import EngineOptions
from udviz.recipe.schema import Recipe

ROOT = Path(__file__).parents[2]
CLUSTER = "udviz.analysis.engines.cluster"


def job(function, *arguments):
    return Job(name=function.__name__, function=function, arguments=arguments)


def ignore(share, name):
    pass


def test_a_process_that_dies_costs_only_what_it_was_doing(tmp_path):
    names = [f"other {place}" for place in range(3)]
    jobs = [job(dies_at_first, tmp_path), *(job(table, name) for name in names)]

    found = run_jobs(jobs, engine=LocalEngine(2), advance=ignore)

    assert (tmp_path / "died").exists()
    assert list(found) == ["returned", *names]


@pytest.mark.parametrize(
    ("n_images", "memory_gib", "expected"),
    [(100, 64, 1), (1_000_000, 64, 8), (1_000_000, 8, 5), (1_000_000, 0.1, 1)],
)
def test_there_are_as_many_processes_as_memory_has_room_for(
    monkeypatch, n_images, memory_gib, expected
):
    monkeypatch.setattr(local, "usable_cores", lambda: 8)
    monkeypatch.setattr(local, "usable_memory", lambda: int(memory_gib * 2**30))

    # half of the memory is used: 0.59 GiB to join a million images of three runs and 60 labels, and
    # for each process 1/4 GiB to start and 0.39 GiB for those images
    assert LocalEngine.for_split(n_images, 60, n_runs=3).n_processes == expected


def test_what_works_and_the_memory_it_may_take_are_told_before_the_jobs(caches, monkeypatch):
    monkeypatch.setattr(subject.Plan, "of", classmethod(lambda cls, recipe: plan_of()))
    told = []

    analyse_study(Recipe(), caches, None, lambda share, what: told.append(what))

    assert told[0] == "one process, up to 0.3 GiB of memory"


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        (LocalEngine(1), "one process, up to 1.2 GiB of memory"),
        (
            LocalEngine(2),
            "2 processes, up to 0.6 GiB of memory each, and 0.6 GiB here, where results are joined",
        ),
        (
            DaskEngine("tcp://10.0.0.1:8786"),
            "workers of tcp://10.0.0.1:8786, up to 0.6 GiB of memory each, and 0.6 GiB here, where "
            "results are joined",
        ),
    ],
)
def test_the_memory_of_the_process_that_joins_is_told_too(engine, told):
    # 1/4 GiB + 140 B for each image and run; to join, 1/16 GiB + 180 B, and half a byte a cell
    assert engine.told(Memory.of(1_000_000, 60, n_runs=3)) == told


def test_a_job_whose_processes_die_again_ends_the_analysis_with_what_to_do():
    with pytest.raises(
        RuntimeError, match=r"died 2 times, .* nothing was written\. Start it again"
    ):
        run_jobs([job(dies), job(table, "a")], engine=LocalEngine(2), advance=ignore)


def test_an_interrupt_ends_the_processes_of_jobs_that_go_on(tmp_path):
    def stop(share, name):
        raise KeyboardInterrupt

    jobs = [job(endless, tmp_path), job(after_the_start, tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs, engine=LocalEngine(2), advance=stop)

    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


@contextmanager
def running_cluster(folder, *, n_workers):
    """Address of a real scheduler on loopback, and its processes, it and its workers."""
    file, log = folder / "scheduler.json", (folder / "log.txt").open("w")
    common = ["--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1"]
    started = []

    def start(part, *more):
        command = [sys.executable, "-c", _START.format(part=part), *common, *more]
        started.append(subprocess.Popen(command, cwd=folder, env=_environment(), stderr=log))

    try:
        start("scheduler", "--port", "0")
        wait_for(file)
        for place in range(n_workers):
            own = ["--nthreads", "1", "--no-nanny", "--name", str(place)]
            start("worker", *own, "--local-directory", str(folder))
        yield pd.read_json(file, typ="series")["address"], started
    finally:
        for process in started:
            process.kill()
            process.wait()
        log.close()


_START = "from distributed.cli.dask_{part} import main; main()"


def _environment():
    as_a_nanny = {"MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    return os.environ | {"PYTHONPATH": str(ROOT)} | as_a_nanny


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running_cluster(tmp_path_factory.mktemp("cluster"), n_workers=2) as (address, processes):
        yield DaskEngine(address), processes


@pytest.mark.parametrize("behind_scheduler", [False, True])
def test_a_cluster_finds_what_this_machine_finds_to_the_last_bit(
    caches, monkeypatch, cluster, behind_scheduler
):
    engine, _ = cluster
    if behind_scheduler:  # nobody but the scheduler can reach the workers
        monkeypatch.setattr("socket.create_connection", refused)
    monkeypatch.chdir(caches.parent)
    split, plan = opened(Path(caches.name)), plan_of()
    models = ("teacher", "baseline")
    jobs = [judged_job(plan, None, split, model) for model in models]
    monkeypatch.setattr("udviz.analysis.jobs.LEAST_LABELS", 1)  # three blocks of a label each
    seen = []

    here = run_jobs(jobs, engine=LocalEngine(1), advance=ignore)
    there = run_jobs(jobs, engine=engine, advance=lambda share, name: seen.append(share))

    assert seen == pytest.approx([k / 8 for k in range(1, 9)])
    assert list(there) == list(here)
    for name in here:
        pd.testing.assert_frame_equal(there[name], here[name], check_exact=True)


def test_the_scheduler_imports_nothing_that_calls_name(tmp_path):
    with running_cluster(tmp_path, n_workers=1) as (address, _):
        run_jobs([job(table, "a")], engine=DaskEngine(address), advance=ignore)

        with Client(address, set_as_default=False) as client:
            loaded = client.run_on_scheduler(lambda: set(sys.modules))

    assert {"udviz.analysis.engines.cluster"} <= loaded
    assert not {table.__module__, "scipy", "udviz.stats"} & loaded


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_a_worker_frees_is_there_for_its_next_label(cluster):
    engine, _ = cluster

    found = run_jobs([job(pages_for_what_was_freed)], engine=engine, advance=ignore)

    assert found["pages"]["pages"].item() < 3 * 8 * 488


def refused(*given, **more):
    raise ConnectionRefusedError


def test_workers_of_another_version_are_refused(monkeypatch, cluster):
    engine, _ = cluster
    monkeypatch.setattr(f"{CLUSTER}.software", lambda: software() | {"numpy": "1.0"})

    with pytest.raises(ValueError, match=r"versions that are here, got numpy 2.* and 1\.0 here"):
        run_jobs([job(table, "a")], engine=engine, advance=ignore)


def test_a_worker_that_is_killed_half_way_costs_only_its_job(tmp_path, cluster):
    engine, _ = cluster

    def kill(share, name):
        if name == "after_the_start":
            os.kill(int(wait_for(tmp_path / "pid")), signal.SIGKILL)

    jobs = [job(ends_in_the_second, tmp_path), job(after_the_start, tmp_path), job(table, "a")]
    found = run_jobs(jobs, engine=engine, advance=kill)

    assert list(found) == ["again", "short", "a"]


def test_a_scheduler_that_is_killed_leaves_one_sentence_and_nothing_half_written(
    caches, tmp_path_factory, monkeypatch
):
    jobs = [job(table, "labels"), job(endless, caches)]
    monkeypatch.setattr(subject, "analysis_jobs", lambda *arguments, **named: jobs)
    monkeypatch.setattr(subject.Plan, "of", classmethod(lambda cls, recipe: plan_of()))
    folder = tmp_path_factory.mktemp("cluster")
    with running_cluster(folder, n_workers=1) as (address, (scheduler, _)):

        def kill(share, name):
            if name == "table":  # a job is done
                scheduler.kill()
                scheduler.wait()

        with pytest.raises(
            ConnectionError, match=r"scheduler at tcp://127\.0\.0\.1.* was lost; no"
        ):
            analyse_study(Recipe(), caches, None, kill, engine=DaskEngine(address))

    assert [path.name for path in caches.iterdir() if "analysis" in path.name] == []


def test_workers_of_several_threads_are_refused_with_what_to_start_instead():
    class Client:
        def wait_for_workers(self, n, timeout):
            pass

        def nthreads(self):
            return {"tcp://a:1": 1, "tcp://b:2": 2}

    with pytest.raises(ValueError, match=r"got 2 at tcp://b:2\. .* --nthreads 1 --nworkers 2"):
        DaskEngine("tcp://a:0")._checked_workers(Client())


def test_an_address_without_a_scheduler_is_named_with_its_flag(monkeypatch):
    monkeypatch.setattr(f"{CLUSTER}.CONNECT", 1)

    with pytest.raises(
        ConnectionError, match=r"--analysis\.address must .* got tcp://127\.0\.0\.1"
    ):
        run_jobs([job(table, "a")], engine=DaskEngine("tcp://127.0.0.1:9"), advance=ignore)


@pytest.mark.parametrize("given", [{"engine": "dask"}, {"address": "tcp://a:1"}])
def test_engine_and_address_go_together(given):
    with pytest.raises(
        ValueError, match=r"Pass --analysis\.engine dask --analysis\.address tcp://"
    ):
        EngineOptions(**given)


def test_no_recipe_may_name_a_scheduler_which_could_send_code():
    with pytest.raises(ValueError, match="analysis"):
        Recipe.model_validate({"analysis": {"engine": "dask", "address": "tcp://a:1"}})
