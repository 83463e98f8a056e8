"""Time and peak memory of a whole analysis at any size.

Run with ``python -m tests.benchmarks.scale_analysis --images 1000000 --labels 600``. Draws the
prediction caches of a teacher, a baseline and a distilled student (a small validation split, a test
split of the asked size), then runs every job of an analysis in as many processes as there
are cores. Memory is that of all processes together: *own* is what only they hold; pages of mapped
files count as *resident*, but the system may take them back at any time.
"""

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.store import write_analysis
from udviz.analysis.tables.all_jobs import analysis_jobs, join_tables
from udviz.analysis.tables.contents import counted
from udviz.predictions.cache import PredictionWriter
from udviz.recipe.schema import Recipe
from udviz.stats.difficulty.causes import LabelFacts

ROLES = ("teacher", "baseline", "distilled")
OTHERS = tuple(f"other{number}" for number in range(1, 6))
GAPS = dict(zip((*ROLES, *OTHERS), (2.5, 2.0, 2.1, *(2.1,) * 5), strict=True))  # of positives
N_VAL = 20_000
ROWS = 10_000


def draw_cache(
    directory: Path, *, n_images: int, n_labels: int, role: str, split: str, seed: int = 0
) -> None:
    """Predictions of one run; targets are the same for all runs of a split."""
    truth = np.random.default_rng([n_images, n_labels])
    noise = np.random.default_rng([n_images, n_labels, list(GAPS).index(role) + 100 * seed])
    prevalence = truth.uniform(0.002, 0.1, n_labels)
    images = pd.DataFrame({"image_id": np.arange(n_images).astype(str), "row": np.arange(n_images)})
    with PredictionWriter(
        directory,
        split=split,
        images=images,
        label_names=tuple(f"label {label}" for label in range(n_labels)),
        dataset_fingerprint="drawn",
        checkpoint_digest=role,
    ) as writer:
        for start in range(0, n_images, ROWS):
            shape = (min(ROWS, n_images - start), n_labels)
            targets = (truth.random(shape, dtype=np.float32) < prevalence).astype(np.int8)
            logits = noise.standard_normal(shape, dtype=np.float32) - 3
            logits += np.float32(GAPS[role]) * targets
            uncertain = None if role == "baseline" else np.exp(-np.abs(logits))
            writer.write(
                slice(start, start + len(targets)),
                targets=targets,
                difficult=np.zeros(shape, dtype=bool),
                logits=logits,
                disagreement=uncertain,
            )


def memory_held() -> dict[int, dict[str, int]]:
    """Bytes of this process and its children, by their numbers: ``own`` and ``resident``."""
    held = {}
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_info()
            held[process.pid] = {"own": memory.rss - memory.shared, "resident": memory.rss}
    return held


@contextmanager
def memory_watched(take: Callable[[dict[int, dict[str, int]]], None]) -> Iterator[None]:
    """Have ``take`` see what is held, ten times a second while the block runs."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            take(memory_held())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def processor_time() -> float:
    """Seconds that this process and its finished children have computed."""
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in own)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an analysis took.

    Attributes:
        seconds: From the first job to the last table.
        processor: Seconds of processor time, of all processes.
        own: GiB that only its processes held, at most.
        resident: The same with pages of mapped files.
    """

    seconds: float
    processor: float
    own: float
    resident: float


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """What the block takes, by the names of `Cost`: memory as it goes, the rest in the end."""
    cost = {"own": 0.0, "resident": 0.0}

    def take(held: dict[int, dict[str, int]]) -> None:
        for name in ("own", "resident"):
            cost[name] = max(cost[name], sum(each[name] for each in held.values()) / 2**30)

    with memory_watched(take):
        started, busy = time.perf_counter(), processor_time()
        try:
            yield cost
        finally:
            cost["seconds"] = time.perf_counter() - started
            cost["processor"] = processor_time() - busy


def cost_of(
    n_images: int,
    n_labels: int,
    *,
    n_seeds: int = 1,
    engine: LocalEngine | None = None,
    parent: Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Cost:
    """Draw caches of a size in a folder below ``parent``, analyse them, and remove them."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        val, test = draw(Path(folder), n_images, n_labels, n_seeds)
        plan, train_positives = Plan.of(Recipe()), np.full(n_labels, 1000)
        jobs = analysis_jobs(plan, val, test, train_positives)
        engine = engine or LocalEngine.for_split(
            n_images, n_labels, n_runs=1 + n_seeds * (len(ROLES) - 1)
        )
        started = time.perf_counter()
        with watched() as cost:

            def advance(share: float, name: str) -> None:
                spent = f"{time.perf_counter() - started:7.0f} s, {cost['own']:.2f} GiB own"
                tell(f"{spent}  {share:4.0%}  {name}")

            found = run_jobs(jobs, engine=engine, advance=advance)
            found |= counted(
                {split.split: split.targets for split in (val, test)}, test.label_names
            )
            facts = LabelFacts(train_positives=train_positives)
            write_analysis(Path(folder), join_tables(plan, found, facts), inputs={})
    return Cost(**cost)


def draw(
    folder: Path, n_images: int, n_labels: int, n_seeds: int = 1
) -> tuple[SplitPredictions, SplitPredictions]:
    """Validation and test predictions of one teacher and ``n_seeds`` of each student."""
    splits = []
    for split, n in {"val": min(N_VAL, n_images), "test": n_images}.items():
        directories: dict[str, dict[int, Path]] = {}
        for role in ROLES:
            seeds = range(1 if role == "teacher" else n_seeds)
            directories[role] = {seed: folder / f"{role}-{seed}" / split for seed in seeds}
            for seed, run in directories[role].items():
                draw_cache(run, n_images=n, n_labels=n_labels, role=role, split=split, seed=seed)
        splits.append(SplitPredictions.open(split, directories))
    val, test = splits
    return val, test


def main() -> None:
    """Print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=80)
    parser.add_argument("--seeds", type=int, default=1, help="runs of each student")
    parser.add_argument("--folder", type=Path, default=None, help="where to draw the caches")
    asked = parser.parse_args()
    cost = cost_of(
        asked.images,
        asked.labels,
        n_seeds=asked.seeds,
        parent=asked.folder,
        tell=lambda line: print(line, flush=True),
    )
    print(
        f"{asked.images:,} x {asked.labels}: {cost.seconds:.0f} s, {cost.processor:.1f} s of "
        f"processor time, peak memory {cost.own:.2f} GiB own, {cost.resident:.2f} GiB resident"
    )


if __name__ == "__main__":
    main()
