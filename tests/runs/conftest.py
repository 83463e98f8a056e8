import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from udviz.runs.status import read_status


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder for studies; what still runs in the end is killed."""
    root = tmp_path / "runs"
    root.mkdir()
    yield root
    for study in root.iterdir():
        status = read_status(study)
        if status is not None and status.is_owner_alive and status.pid != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)
