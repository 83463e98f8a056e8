"""Memory that an analysis takes, process by process, beside what it says beforehand.

Run with ``python -m tests.benchmarks.measure_memory`` (two minutes; ``--sizes 1000000x60`` chooses
sizes). Each is drawn as `scale_analysis` does, by a process of its own, and analysed by two others,
whose results this one joins. Memory is what only a process holds; of the joining one, beyond
what it held before.
"""

import argparse
import multiprocessing
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from tests.benchmarks.scale_analysis import ROLES, draw, memory_held, memory_watched
from udviz.analysis.engines.engine import Memory
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.tables.all_jobs import analysis_jobs
from udviz.recipe.schema import Recipe

SIZES = ("200000x120", "400000x120", "400000x300", "800000x40")


def measure(n_images: int, n_labels: int) -> Memory:
    """The most that a process held, and that the joining one took."""
    most: dict[int, int] = {}

    def take(held: dict[int, dict[str, int]]) -> None:
        for number, memory in held.items():
            most[number] = max(most.get(number, 0), memory["own"])

    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            val, test = pool.submit(draw, Path(folder), n_images, n_labels).result()
        jobs = analysis_jobs(Plan.of(Recipe()), val, test, np.full(n_labels, 1000))
        before = memory_held()[os.getpid()]["own"]
        with memory_watched(take):
            run_jobs(jobs, engine=LocalEngine(2), advance=lambda share, name: None)
    joined = most.pop(os.getpid()) - before
    return Memory(each=max(most.values()), joined=joined)


def main() -> None:
    """Print a row per size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="images x labels, as 10000x10")
    print(
        "| images x labels | a process, MiB: said, took | joining, MiB: said, took |\n|---|---|---|"
    )
    for size in parser.parse_args().sizes:
        n_images, n_labels = map(int, size.split("x"))
        took = measure(n_images, n_labels)
        said = Memory.of(n_images, n_labels, n_runs=len(ROLES))
        pairs = ((said.each, took.each), (said.joined, took.joined))
        cells = " | ".join(", ".join(f"{held / 2**20:.0f}" for held in pair) for pair in pairs)
        print(f"| {n_images:,} x {n_labels:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
