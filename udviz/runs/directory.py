"""Where a study keeps what: the paths of section "Files" in the docs, in one place."""

import os
from dataclasses import dataclass
from pathlib import Path

STUDY_FILE = "study.toml"


def runs_root() -> Path:
    """Folder that holds all studies: `$UDVIZ_RUNS`, or `runs`."""
    return Path(os.environ.get("UDVIZ_RUNS", "runs"))


def list_studies(root: Path) -> list[Path]:
    """Directories below ``root`` that hold a study, newest first."""
    if not root.is_dir():
        return []
    studies = [path for path in root.iterdir() if (path / STUDY_FILE).is_file()]
    return sorted(studies, key=lambda path: (path / STUDY_FILE).stat().st_mtime, reverse=True)


def decoded_root(study: Path) -> Path:
    """Folder of the decode-once caches, beside the studies so that they share it."""
    return study.absolute().parent / ".decoded"


@dataclass(frozen=True)
class RunDirectory:
    """One trained model of a study.

    Attributes:
        path: ``runs/<study>/<run>``.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the run, e.g. ``distilled-0``."""
        return self.path.name

    @property
    def record(self) -> Path:
        """Resolved config, revision, data fingerprint, seed and library versions."""
        return self.path / "run.toml"

    @property
    def events(self) -> Path:
        """One line per logged step or epoch."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints ``last``, ``previous`` and ``best``."""
        return self.path / "checkpoints"

    def predictions(self, split: str) -> Path:
        """Prediction cache of one split."""
        return self.path / "predictions" / split


def list_runs(study: Path) -> list[RunDirectory]:
    """Runs of a study that have a record, by name."""
    runs = [RunDirectory(path) for path in sorted(study.iterdir()) if path.is_dir()]
    return [run for run in runs if run.record.is_file()]
