"""What may be read: data inside its root, weights there or in the folder of all studies."""

import os
from pathlib import Path, PurePath

from udviz.checks import shown
from udviz.recipe.data import DataConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.section import expand
from udviz.studies.directory import runs_root

DATA_ROOT = "UDVIZ_DATA"  # environment variable: folder that holds all data; not set = anywhere
INSIDE = (  # fields of the data that name what lies in their root
    *("labels", "images", "splits", "masks", "mask_labels", "year"),
    *("train_annotations", "val_annotations", "test_annotations"),
    *("train_images", "val_images", "test_images"),
)


def data_root() -> Path | None:
    """The folder that holds all data, links followed; None where there is no such rule."""
    allowed = os.environ.get(DATA_ROOT)
    return Path(os.path.realpath(allowed)) if allowed else None


def check_place(path: Path, *, name: str) -> None:
    """Raise unless ``path``, its links followed, lies in the folder that holds all data.

    Raises:
        ValueError: Calls the path by ``name``.
    """
    allowed = data_root()
    if allowed is not None and not _is_inside(path, allowed):
        raise ValueError(
            f"{name}: must lie in `{os.environ[DATA_ROOT]}`, got {shown(repr(str(path)))}"
        )


def check_recipe(recipe: Recipe) -> None:
    """Raise unless all that a study of ``recipe`` reads is here and may be read.

    Raises:
        ValueError: Names the flag.
    """
    check_data(recipe.data)
    check_weights(recipe.teacher.weights, flag="--teacher.weights")
    check_weights(recipe.student.weights, flag="--student.weights")
    for name, student in recipe.students.items():
        own = student.overrides.get("weights", "none")
        check_weights(own, flag=f"--students.{name}.weights")
    if recipe.teacher.from_:
        check_teacher_place(recipe.teacher.from_, flag="--teacher.from")


def check_data(data: DataConfig) -> None:
    """Raise unless ``data`` is a folder here, and everything that is read lies inside it.

    Raises:
        ValueError: Names the flag.
    """
    for name in INSIDE:
        path = PurePath(getattr(data, name))
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(
                f"--data.{name}: must lie inside --data.root, got {shown(repr(str(path)))}"
            )
    if data.kind == "scenes":
        return
    # what was typed is told, not what its variables hold
    if not data.root or not os.path.isdir(data.folder):
        raise ValueError(
            f"--data.root: must be a folder on this machine, got {shown(repr(data.root))}"
        )
    check_place(data.folder, name="--data.root")
    for name in INSIDE:
        check_place(data.folder / getattr(data, name), name=f"--data.{name}")


def check_weights(weights: str, *, flag: str) -> None:
    """Raise unless ``weights`` is ``none``, ``imagenet`` or a file that may be read.

    Raises:
        ValueError: Names the flag.
    """
    if weights in ("none", "imagenet"):
        return
    path = Path(expand(weights, flag=flag))
    if not os.path.isfile(path):
        raise ValueError(
            f"{flag}: must be none, imagenet or a file on this machine, got {shown(repr(weights))}"
        )
    check_readable(path, flag=flag)


def check_teacher_place(place: str, *, flag: str) -> None:
    """Raise unless ``place`` is the folder of a run or a .safetensors file that may be read.

    Raises:
        ValueError: Names the flag.
    """
    path = Path(expand(place, flag=flag))
    if not os.path.isdir(path) and not (path.suffix == ".safetensors" and os.path.isfile(path)):
        raise ValueError(
            f"{flag}: must be the folder of a trained run or its .safetensors file, "
            f"got {shown(repr(place))}"
        )
    check_readable(path, flag=flag)


def check_readable(path: Path, *, flag: str) -> None:
    """Raise unless ``path`` lies in the folder of all studies, or in that of all data.

    Raises:
        ValueError: Names the flag.
    """
    if not _is_inside(path, Path(os.path.realpath(runs_root()))):
        check_place(path, name=flag)


def _is_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)  # unlike `resolve`, of a loop too
