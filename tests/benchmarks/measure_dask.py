"""How much faster two workers of a Dask cluster are than one.

Run with ``python -m tests.benchmarks.measure_dask`` (two minutes a turn; extra ``dask``; 4 GB in
``TMPDIR``). Draws caches as `scale_analysis` does, starts a scheduler and workers of one thread on
loopback, each a process of its own, and runs every job of an analysis on one worker and on two, in
turns. Client and scheduler need a part of a core, too: where two workers have just two cores, that
is missing from them.

"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from distributed import Client

from tests.analysis.test_engines import running_cluster
from tests.benchmarks.scale_analysis import draw
from udviz.analysis.engines.cluster import DaskEngine, software
from udviz.analysis.jobs import run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.all_jobs import analysis_jobs
from udviz.recipe.schema import Recipe


def seconds_on(n_workers: int, val: SplitPredictions, test: SplitPredictions) -> float:
    """Of an analysis, once all workers are there and have imported what they need."""
    train_positives = np.full(len(test.label_names), 1000)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_cluster(Path(folder), n_workers=n_workers) as (address, _),
    ):
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(n_workers)
            client.run(analysis_jobs, Plan.of(Recipe()), None, val, train_positives)
            client.run(software)
        started = time.perf_counter()
        jobs = analysis_jobs(Plan.of(Recipe()), val, test, train_positives)
        run_jobs(jobs, engine=DaskEngine(address), advance=lambda share, name: None)
        return time.perf_counter() - started


def main() -> None:
    """Print every turn, and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--labels", type=int, default=240)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        splits = draw(Path(folder), asked.images, asked.labels)
        for _ in range(asked.turns):
            one, two = (seconds_on(n_workers, *splits) for n_workers in (1, 2))
            ratios.append(one / two)
            print(f"one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times", flush=True)
    print(f"{statistics.median(ratios):.2f} times in the median of {asked.turns} turns")


if __name__ == "__main__":
    main()
