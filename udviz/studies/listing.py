"""What there is below the folder of all studies, and how far it is."""

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from udviz.studies.directory import LAUNCH_FILE, STUDY_FILE, RunDirectory
from udviz.studies.status import ALIVE, STATUS_FILE, Status, read_status

_MARKS = (STATUS_FILE, STUDY_FILE, LAUNCH_FILE)


@dataclass(frozen=True, kw_only=True)
class StudyEntry:
    """A study, waiting, running or ended.

    Attributes:
        path: Its folder.
        status: What it says of itself; None if that is missing or cannot be read.
        begun: Unix time of its first file, in seconds.
    """

    path: Path
    status: Status | None
    begun: float

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.path.name

    @property
    def is_alive(self) -> bool:
        """Whether it waits, runs or is about to end."""
        return self.status is not None and self.status.state in ALIVE

    @property
    def age(self) -> float:
        """Seconds since it was begun; 0 if the clock was set back since."""
        return max(0.0, time.time() - self.begun)


def list_entries(root: Path) -> list[StudyEntry]:
    """All studies in ``root``, the latest begun first."""
    if not root.is_dir():
        return []
    entries = []
    for path in root.iterdir():
        times = [] if path.name.startswith(".") or path.is_symlink() else _times(path)
        if times:
            entries.append(StudyEntry(path=path, status=read_status(path), begun=min(times)))
    return sorted(entries, key=lambda entry: (-entry.begun, entry.name))


def list_runs(study: Path) -> list[RunDirectory]:
    """Directories of a study's trained models, in the order in which they were begun."""
    if not study.is_dir():
        return []
    runs = [RunDirectory(path) for path in study.iterdir() if (path / STATUS_FILE).is_file()]
    return sorted(runs, key=lambda run: (_times(run.path, ("run.toml", STATUS_FILE)), run.name))


def memory_of(status: Status) -> int | None:
    """Bytes that the process behind ``status`` and its children hold; None if not to be seen."""
    if not status.is_here or not status.is_owner_alive:
        return None
    try:
        process = psutil.Process(status.pid)
        family = [process, *process.children(recursive=True)]
        return sum(int(member.memory_info().rss) for member in family)
    except psutil.Error:
        return None


def _times(directory: Path, names: tuple[str, ...] = _MARKS) -> list[float]:
    found = []
    for name in names:
        try:
            found.append((directory / name).stat().st_mtime)
        except OSError:
            continue
    return found
