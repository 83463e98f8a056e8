"""Where an export goes: a file or folder that appears whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from udviz.checks import shown
from udviz.studies.files import sync_directory

FOLDER = "export"  # inside the study


def check_free(out: Path) -> None:
    """Raise if there is something at a place that a person named.

    Raises:
        ValueError: Says what to do.
    """
    if out.exists() or out.is_symlink():
        raise ValueError(
            f"`--out` must not exist yet, got {shown(str(out))}. Choose another, or delete it."
        )


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A place beside ``out`` to write a file or a folder to; what is there then becomes ``out``.

    What an earlier export left at ``out`` is replaced. After an error nothing has changed.

    Raises:
        OSError: If it cannot be written.
    """
    draft, old = (out.with_name(f".{out.name}.{word}") for word in ("draft", "old"))
    out.parent.mkdir(parents=True, exist_ok=True)
    _remove(draft)
    try:
        yield draft
        _remove(old)
        if out.exists():
            out.rename(old)
        draft.rename(out)
        sync_directory(out.parent)
    finally:
        _remove(draft)
        _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
