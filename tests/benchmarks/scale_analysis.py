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
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from udviz.analysis.jobs import processes_for, run_jobs
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


def draw_cache(directory: Path, *, n_images: int, n_labels: int, role: str, split: str) -> None:
    """Predictions of one model; targets are the same for all models of a split."""
    truth = np.random.default_rng([n_images, n_labels])
    noise = np.random.default_rng([n_images, n_labels, list(GAPS).index(role)])
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


def watch_memory(stop: threading.Event, peaks: dict[str, float]) -> None:
    """Largest sum over this process and its children, in GiB."""
    while not stop.wait(0.5):
        total = {"own": 0, "resident": 0}
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            try:
                memory = process.memory_info()
            except psutil.NoSuchProcess:
                continue
            total["own"] += memory.rss - memory.shared
            total["resident"] += memory.rss
        for name, value in total.items():
            peaks[name] = max(peaks.get(name, 0.0), value / 2**30)


def processor_time() -> float:
    """Seconds that this process and its finished children have computed."""
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in own)


def main() -> None:
    """Print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=80)
    parser.add_argument("--folder", type=Path, default=None, help="where to draw the caches")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        sizes = {"val": min(N_VAL, asked.images), "test": asked.images}
        splits = []
        for split, n_images in sizes.items():
            directories = {role: {0: Path(folder) / role / "predictions" / split} for role in ROLES}
            for role, runs in directories.items():
                draw_cache(
                    runs[0], n_images=n_images, n_labels=asked.labels, role=role, split=split
                )
            splits.append(SplitPredictions.open(split, directories))
        val, test = splits
        plan, train_positives = Plan.of(Recipe()), np.full(asked.labels, 1000)
        n_processes = processes_for(test.targets.size)
        jobs = analysis_jobs(plan, val, test, train_positives)
        peaks: dict[str, float] = {}
        stop = threading.Event()
        watcher = threading.Thread(target=watch_memory, args=(stop, peaks))
        watcher.start()
        started, busy = time.perf_counter(), processor_time()

        def advance(share: float, name: str) -> None:
            spent = f"{time.perf_counter() - started:7.0f} s, {peaks.get('own', 0.0):.2f} GiB own"
            print(f"{spent}  {share:4.0%}  {name}", flush=True)

        found = run_jobs(jobs, n_processes=n_processes, advance=advance)
        found |= counted({split.split: split.targets for split in splits}, test.label_names)
        facts = LabelFacts(train_positives=train_positives)
        write_analysis(Path(folder), join_tables(plan, found, facts), inputs={})
        stop.set()
        watcher.join()
        print(
            f"{asked.images:,} x {asked.labels}, {n_processes} processes: "
            f"{time.perf_counter() - started:.0f} s, {processor_time() - busy:.0f} s of processor "
            f"time, peak memory {peaks['own']:.2f} GiB own, "
            f"{peaks['resident']:.2f} GiB resident"
        )


if __name__ == "__main__":
    main()
