"""Which paths a launch from the browser may name: data in its root, and that where it belongs."""

import os
from pathlib import Path, PurePath

from udviz.recipe import DataConfig

DATA_ROOT = "UDVIZ_DATA"  # environment variable: folder that holds all data; not set = anywhere
_INSIDE = (
    *("labels", "images", "splits", "masks", "mask_labels", "year"),
    *("train_annotations", "test_annotations", "train_images", "test_images"),
)


def check_data(data: DataConfig) -> None:
    """Raise unless ``data`` is a folder here, and everything that is read lies inside it.

    Raises:
        ValueError: Names the flag.
    """
    for name in _INSIDE:
        path = PurePath(getattr(data, name))
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"--data.{name}: must lie inside --data.root, got {str(path)!r}")
    if data.kind == "scenes":
        return
    folder = data.folder
    if not data.root or not folder.is_dir():
        raise ValueError(f"--data.root: must be a folder on this machine, got {data.root!r}")
    allowed = os.environ.get(DATA_ROOT)
    if allowed and not folder.resolve().is_relative_to(Path(allowed).resolve()):
        raise ValueError(f"--data.root: must lie in `{allowed}`, got {data.root!r}")
