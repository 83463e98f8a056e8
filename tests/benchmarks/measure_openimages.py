"""How long a part of Open Images takes to be read, and how much memory.

Run with ``python -m tests.benchmarks.measure_openimages`` (a minute or two; 1 GB in ``TMPDIR``).
Writes files of human labels in the published format and a small photo per image, and reads them
once; photos are looked for and looked at, and not decoded.
"""

import argparse
import io
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from udviz.data.readers.openimages.reader import read_openimages

FOLDERS = {"train": 0.8, "validation": 0.1, "test": 0.1}  # share of the images


def write(root: Path, *, n_rows: int, n_images: int, n_classes: int) -> None:
    """A data set with ``n_rows`` verified labels, as many of each image."""
    rng, per_image = np.random.default_rng(0), n_rows // n_images
    names = [f"/m/{k:06x},Class {k}\n" for k in range(n_classes)]
    (root / "class-descriptions.csv").write_text("LabelName,DisplayName\n" + "".join(names))
    photo = io.BytesIO()
    Image.new("RGB", (32, 24)).save(photo, "JPEG")
    number = 0
    for folder, share in FOLDERS.items():
        (root / folder).mkdir()
        lines = ["ImageID,Source,LabelName,Confidence\n"]
        for _ in range(round(n_images * share)):
            image, number = f"{number:016x}", number + 1
            (root / folder / f"{image}.jpg").write_bytes(photo.getvalue() + image.encode())
            said = rng.choice(n_classes, per_image, replace=False)
            lines += [f"{image},verification,/m/{k:06x},{k % 2}\n" for k in said]
        (root / f"{folder}-annotations-human-imagelabels.csv").write_text("".join(lines))


def main() -> None:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=600)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, n_rows=asked.rows, n_images=asked.images, n_classes=asked.classes)
        started, used = time.perf_counter(), time.process_time()
        dataset = read_openimages(root, images=root)
        wall, used = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{(dataset.targets >= 0).sum():,} known targets of {len(dataset.image_ids):,} images")
    print(f"{used:.0f} s of processor time, {wall:.0f} s in all, {peak:.1f} GiB at most")


if __name__ == "__main__":
    main()
