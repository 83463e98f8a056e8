"""Where a study keeps what: the paths of section "Files" in the docs, in one place."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from udviz.checks import shown

STUDY_FILE = "study.toml"
LAUNCH_FILE = "launch.json"
_NAME = re.compile(r"[^\W_][\w.-]*")
_LONGEST_NAME = 120  # bytes


def runs_root() -> Path:
    """Folder that holds all studies: `$UDVIZ_RUNS`, or `runs`."""
    return Path(os.environ.get("UDVIZ_RUNS", "runs"))


def study_path(root: Path, name: str) -> Path:
    """Folder of the study called ``name``, which lies in ``root`` whatever the name holds.

    Raises:
        ValueError: If the name would lead anywhere else, or is hard to type.
    """
    if not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST_NAME:
        raise ValueError(
            "The name of a study must consist of letters, digits, `.`, `-` and `_`, begin with a "
            f"letter or a digit and have at most {_LONGEST_NAME} bytes, got {name[:100]!r}."
        )
    path = root.absolute() / name
    if path.resolve() != root.resolve() / name:
        raise ValueError(
            f"The study {name} must lie in `{root}`, but is a link to another place. "
            "Choose another name."
        )
    check_links(path)
    return path


def check_links(study: Path) -> None:
    """Raise unless ``study`` is whole in its folder: others' studies are read and written too.

    Raises:
        ValueError: If a link in it leads out of the folder of all studies; names the link.
    """
    root = Path(os.path.realpath(study)).parent
    for folder, folders, files in os.walk(study):
        for path in (os.path.join(folder, name) for name in (*folders, *files)):
            if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(root):
                raise ValueError(
                    f"{shown(path)} must not be a link to another place than `{root}`. "
                    "Put what it leads to in its place, or remove it."
                )


def list_studies(root: Path) -> list[Path]:
    """Directories in ``root`` that hold a study, newest first; links hold none."""
    if not root.is_dir():
        return []
    inside = [path for path in root.iterdir() if not path.is_symlink()]
    recipes = [path / STUDY_FILE for path in inside]
    studies = [file.parent for file in recipes if file.is_file() and not file.is_symlink()]
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
