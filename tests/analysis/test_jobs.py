import sys

import numpy as np
import pandas as pd
import pytest

from tests.analysis.conftest import opened, plan_of
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import Job, LabelJob, label_blocks, run_jobs
from udviz.analysis.tables.all_jobs import analysis_jobs
from udviz.analysis.tables.doubted import co_occurrence_table
from udviz.analysis.tables.judged import judged_job


def test_two_processes_find_what_one_finds_in_the_same_order(caches):
    split, plan = opened(caches), plan_of()
    jobs = [
        Job(name="pairs", function=co_occurrence_table, arguments=(split,)),
        *(judged_job(plan, None, split, model) for model in ("teacher", "baseline")),
    ]
    seen = []

    alone = run_jobs(
        jobs, engine=LocalEngine(1), advance=lambda share, name: seen.append((share, name))
    )
    together = run_jobs(jobs, engine=LocalEngine(2), advance=lambda share, name: None)

    teacher, baseline = "probabilities of teacher", "probabilities of baseline"
    assert [name for _, name in seen] == ["pairs", teacher, baseline, teacher, baseline]
    assert [share for share, _ in seen] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert list(together) == ["co_occurrence", "calibration", "scores", "models", "thresholds"]
    assert list(together["calibration"]["model"].unique()) == ["teacher", "baseline"]
    for name in alone:
        pd.testing.assert_frame_equal(together[name], alone[name])


class Listed(list):
    """Labels that were seen, in the order in which they were joined."""


def _seen(labels, prepared):
    return Listed((label, prepared) for label in labels)


def _listed(seen, prepared):
    return {"seen": pd.DataFrame(seen, columns=["label", "prepared"])}


class Backwards:
    """An engine that runs what was given last first."""

    told = "this process, backwards"

    def run(self, calls, note):
        missing = dict(calls)
        while missing:
            name, call = missing.popitem()
            missing.update(note(name, call()))


def test_blocks_are_joined_in_the_order_of_labels_whichever_is_done_first():
    job = LabelJob(name="seen", n_labels=600, part=_seen, join=_listed, prepare=lambda: "all")
    shares = []

    found = run_jobs([job], engine=Backwards(), advance=lambda share, name: shares.append(share))[
        "seen"
    ]

    assert found["label"].tolist() == list(range(600))
    assert set(found["prepared"]) == {"all"}
    assert shares == pytest.approx(np.arange(1, 12) / 11)  # 10 blocks, and what was prepared


@pytest.mark.parametrize(
    ("n_labels", "sizes"), [(1, [1]), (15, [15]), (20, [10, 10]), (60, [15] * 4), (600, [60] * 10)]
)
def test_blocks_hold_every_label_once_and_nearly_as_many_each(n_labels, sizes):
    blocks = label_blocks(n_labels)

    assert [len(block) for block in blocks] == sizes
    assert [label for block in blocks for label in block] == list(range(n_labels))
    assert max(map(len, label_blocks(20_000))) <= 64


def test_an_analysis_in_blocks_finds_what_one_of_all_labels_finds(caches, monkeypatch):
    val, test, plan = opened(caches, "val"), opened(caches), plan_of()

    def found(engine):
        jobs = analysis_jobs(plan, val, test, np.array([10, 100, 200]))
        return run_jobs(jobs, engine=engine, advance=lambda share, name: None)

    whole = found(LocalEngine(1))
    monkeypatch.setattr("udviz.analysis.jobs.LEAST_LABELS", 1)  # three blocks
    blocks = found(Backwards())

    assert list(blocks) == list(whole)
    for name in whole:
        pd.testing.assert_frame_equal(blocks[name], whole[name], rtol=1e-9, atol=1e-12)


def _fails():
    raise ValueError("`x` must be y, got z.")


@pytest.mark.parametrize("n_processes", [1, 2])
def test_an_error_of_a_job_is_the_error_of_all(n_processes):
    job = Job(name="fails", function=_fails, arguments=())

    with pytest.raises(ValueError, match="`x` must be y, got z"):
        run_jobs([job], engine=LocalEngine(n_processes), advance=lambda share, name: None)


def _modules():
    own = sys.modules["__main__"].__name__  # "__mp_main__" once the starting program is imported
    return {"modules": pd.DataFrame({"name": list(sys.modules), "main": own})}


def test_a_process_of_jobs_imports_neither_the_program_that_started_it_nor_pytorch():
    job = Job(name="modules", function=_modules, arguments=())
    program = sys.modules["__main__"]

    found = run_jobs([job], engine=LocalEngine(2), advance=lambda share, name: None)["modules"]

    assert set(found["main"]) == {"__main__"}
    assert "torch" not in set(found["name"])
    assert sys.modules["__main__"] is program
