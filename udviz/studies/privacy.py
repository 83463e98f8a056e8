"""Whom the files of a study are for: the account that made them, unless others are asked in."""

import os

SHARED = "UDVIZ_SHARED"  # environment variable: 1 = other accounts of the machine may look
_OTHERS = 0o077  # all that group and others may do
_AS_IT_IS = -1  # to `subprocess.run`


def is_shared() -> bool:
    """Whether other accounts of this machine may look at the studies, and at the app."""
    return os.environ.get(SHARED, "") not in ("", "0")


def umask() -> int:
    """What a process that is started withholds, as `subprocess.run` takes it."""
    return _AS_IT_IS if is_shared() else _OTHERS


def folder_mode() -> int:
    """What `os.mkdir` is to permit on a study's folder."""
    return 0o777 if is_shared() else 0o700


def keep_private() -> None:
    """Write what this process writes from now on for its own account alone, unless shared."""
    if not is_shared():
        os.umask(_OTHERS)
