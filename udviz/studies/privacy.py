"""Whom the files of a study are for: the account that made them, unless others are asked in."""

import os

SHARED = "UDVIZ_SHARED"  # environment variable: 1 = other accounts of the machine may look
_OTHERS = 0o077  # what group and others may do


def is_shared() -> bool:
    """Whether other accounts of this machine may look at the studies, and at the app."""
    return os.environ.get(SHARED, "") not in ("", "0")


def umask() -> int:
    """What is withheld of new files and folders from now on, as `subprocess.run` takes it."""
    return -1 if is_shared() else _OTHERS


def keep_private() -> None:
    """Write what this process writes from now on for its own account alone, unless shared."""
    if not is_shared():
        os.umask(_OTHERS)
