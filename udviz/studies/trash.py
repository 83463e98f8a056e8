"""Studies that were deleted, until the trash is emptied."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from udviz.studies.directory import study_path
from udviz.studies.lock import FAREWELL, exclusive
from udviz.studies.status import check_idle

TRASH = ".trash"


@dataclass(frozen=True, kw_only=True)
class Discarded:
    """A study in the trash.

    Attributes:
        path: Where it lies now, ``runs/.trash/<number>/<study>``.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.path.name

    @property
    def key(self) -> str:
        """Tells it from other discarded studies of that name."""
        return f"{self.path.parent.name}/{self.path.name}"


def discard(study: Path) -> Discarded:
    """Move a study to the trash.

    Raises:
        RuntimeError: If it is under way.
        OSError: If it cannot be moved.
    """
    trash = study.parent / TRASH
    check_idle(study)
    with exclusive(study, patience=FAREWELL):
        check_idle(study)
        place = _new_place(trash) / study.name
        study.rename(place)
    return Discarded(path=place)


def discarded(root: Path) -> list[Discarded]:
    """Everything in the trash, the latest first; what lies elsewhere does not count."""
    folders = [path for path in (root / TRASH).glob("[0-9]*") if not path.is_symlink()]
    latest_first = sorted(folders, key=lambda path: -_number(path))
    return [Discarded(path=path) for folder in latest_first for path in sorted(folder.glob("*"))]


def restore(root: Path, found: Discarded) -> Path:
    """Put a study back.

    Raises:
        FileExistsError: If there is another of that name by now.
        ValueError: If that is no name for a study.
        OSError: If it cannot be moved.
    """
    place = study_path(root, found.name)
    if place.exists():
        raise FileExistsError(
            f"There is another study called {found.name} by now. Delete that one first."
        )
    found.path.rename(place)
    found.path.parent.rmdir()
    return place


def empty(root: Path) -> int:
    """Delete for good what is in the trash, but not what links in it lead to; how many studies."""
    n_found = len(discarded(root))
    shutil.rmtree(root / TRASH, ignore_errors=not (root / TRASH).exists())
    return n_found


def _new_place(trash: Path) -> Path:
    trash.mkdir(exist_ok=True)
    number = 1 + max((_number(path) for path in trash.iterdir()), default=0)
    place = trash / f"{number:04d}"
    place.mkdir()
    return place


def _number(path: Path) -> int:
    return int(path.name) if path.name.isdecimal() else 0
