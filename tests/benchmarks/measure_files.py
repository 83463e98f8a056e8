"""What `udviz compare` takes from files to verdicts, for two models.

Run with ``python -m tests.benchmarks.measure_files --images 1000000 --labels 600`` (7 GB in
``TMPDIR`` for the files, and as much again for the caches). Draws scores of two models and targets
as Parquet, then has the command read and compare them. Memory is what only its processes hold.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.scale_analysis import watched

ROWS = 10_000
GAPS = {"before": 2.0, "after": 2.1}  # how far positives lie above negatives


def draw_files(folder: Path, n_images: int, n_labels: int) -> None:
    """``before``, ``after`` and ``targets``, a row per image and a column per label."""
    rng = np.random.default_rng([n_images, n_labels])
    prevalence = rng.uniform(0.002, 0.1, n_labels)
    names = [f"label {label}" for label in range(n_labels)]
    writers: dict[str, pq.ParquetWriter] = {}
    for start in range(0, n_images, ROWS):
        ids = np.arange(start, min(start + ROWS, n_images)).astype(str)
        targets = (rng.random((len(ids), n_labels)) < prevalence).astype(np.int8)
        values = {"targets": targets}
        for name, gap in GAPS.items():
            noise = rng.standard_normal(targets.shape, dtype=np.float32)
            values[name] = noise - 3 + np.float32(gap) * targets
        for name, matrix in values.items():
            table = pa.table({"image_id": ids, **dict(zip(names, matrix.T, strict=True))})
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()


def main() -> None:
    """Print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_files(folder, asked.images, asked.labels)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
        before, after, targets, out = (
            str(folder / part)
            for part in ("before.parquet", "after.parquet", "targets.parquet", "study")
        )
        command = [sys.executable, "-m", "pipelines.compare", before, after, "--targets", targets]
        command += ["--out", out]
        with watched() as cost:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    print(
        f"{asked.images:,} x {asked.labels}, {size:.1f} GB of files: {cost['seconds']:.0f} s, "
        f"{cost['processor']:.0f} s of processor time, peak memory {cost['own']:.2f} GiB own"
    )


if __name__ == "__main__":
    main()
