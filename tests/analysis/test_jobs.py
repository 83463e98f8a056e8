import sys

import pandas as pd
import pytest

from tests.analysis.conftest import opened, plan_of
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import Job, run_jobs
from udviz.analysis.tables.doubted import co_occurrence_table
from udviz.analysis.tables.judged import judged_tables


def test_two_processes_find_what_one_finds_in_the_same_order(caches):
    split, plan = opened(caches), plan_of()
    jobs = [
        Job(name="pairs", function=co_occurrence_table, arguments=(split,)),
        *(
            Job(name=model, function=judged_tables, arguments=(plan, None, split, model))
            for model in ("teacher", "baseline")
        ),
    ]
    seen = []

    alone = run_jobs(
        jobs, engine=LocalEngine(1), advance=lambda share, name: seen.append((share, name))
    )
    together = run_jobs(jobs, engine=LocalEngine(2), advance=lambda share, name: None)

    assert [name for _, name in seen] == ["pairs", "teacher", "baseline"]
    assert [share for share, _ in seen] == pytest.approx([1 / 3, 2 / 3, 1])
    assert list(together) == ["co_occurrence", "calibration", "scores", "models", "thresholds"]
    assert list(together["calibration"]["model"].unique()) == ["teacher", "baseline"]
    for name in alone:
        pd.testing.assert_frame_equal(together[name], alone[name])


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
