"""How long a start takes to know 100,000 photos again: by samples as in version 1, and whole.

Run with ``python -m tests.benchmarks.bench_fingerprint`` (about two minutes; needs 1 GB in TMPDIR).
"""

import argparse
import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from udviz.data.images.decoding import check_image
from udviz.data.images.digests import SETTLED_NS, FileDigests
from udviz.data.images.files import inspect_files, sample_digest

N_PHOTOS, SIDE_PX = 100_000, 64
PER_FOLDER = 1_000


def write_photos(folder: Path, n_photos: int) -> list[Path]:
    """Photos of about 4 KB, no two alike."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    paths = []
    for number in range(n_photos):
        path = folder / str(number // PER_FOLDER) / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file.getvalue() + number.to_bytes(8, "little"))
        paths.append(path)
    return paths


def by_samples(paths: list[Path]) -> list[bytes]:
    """What version 1 did at every start."""

    def look(path: Path) -> bytes:
        check_image(path)
        return sample_digest(path)

    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(look, paths))


def whole(paths: list[Path], memory: Path) -> None:
    """What is done now."""
    digests = FileDigests(memory)
    facts = inspect_files(paths, verify="header", digests=digests)
    digests.save()
    assert not any(fact.problem for fact in facts)


def main() -> None:
    """Print seconds and ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=int, default=N_PHOTOS)
    n_photos = options.parse_args().photos
    with tempfile.TemporaryDirectory() as folder:
        paths = write_photos(Path(folder), n_photos)
        time.sleep(SETTLED_NS / 1e9)
        memory = Path(folder) / "memory"
        ways = {
            "by samples (version 1)": lambda: by_samples(paths),
            "whole, the first start": lambda: whole(paths, memory),
            "whole, a later start": lambda: whole(paths, memory),
        }
        seconds = {}
        for name, look in ways.items():
            start = time.perf_counter()
            look()
            seconds[name] = time.perf_counter() - start
    first = next(iter(seconds.values()))
    for name, taken in seconds.items():
        print(f"{name:<24} {taken:6.1f} s  {taken / first:5.2f} x")


if __name__ == "__main__":
    main()
