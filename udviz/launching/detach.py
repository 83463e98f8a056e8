"""Processes that belong to nobody: they outlive the browser, the app and the terminal."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from udviz.installation import ENVIRONMENT, working_folder
from udviz.launching.environment import inherited
from udviz.studies import privacy
from udviz.studies.files import no_link


def run_detached(
    arguments: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> None:
    """Run ``python -m`` with ``arguments``, a module that calls `leave_parent`; wait until it has.

    No shell reads the arguments, and the output goes to the end of ``log``.

    Args:
        arguments: Module and its arguments.
        log: File for stdout and stderr.
        environment: Its environment variables; by default what all processes inherit.
        keep_open: File descriptors that the process inherits.

    Raises:
        RuntimeError: If it did not come as far as that.
    """
    with open(log, "ab", opener=no_link) as output:
        ended = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=working_folder(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**(inherited() if environment is None else environment), **ENVIRONMENT},
            umask=privacy.umask(),
            pass_fds=tuple(keep_open),
            check=False,
        )
    if ended.returncode != 0:
        raise RuntimeError(f"The process could not be started; `{log}` says why.")


def leave_parent(begin: Callable[[], None]) -> None:
    """Go on as a process without a parent, in a session of its own.

    Args:
        begin: Done first; the parent ends when it is done, and with an error if it fails.
    """
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os._exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    os.setsid()
    begin()
    os.write(writer, b"!")
    os.close(writer)
