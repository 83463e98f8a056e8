import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Tests share a machine with others: threads that wait for each other cost more than they bring.
# Set before anything imports torch, and inherited by every process that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

from udviz.studies.status import read_status

# The same examples each time: what passed passes again. Others with --hypothesis-profile new.
settings.register_profile("same", derandomize=True)
settings.register_profile("new", derandomize=False)
settings.load_profile("same")

ROOT = Path(__file__).parents[1]
SMALL_STUDY = [
    *("--recipe", "demo", "--quiet", "--hardware.device", "cpu", "--min_positives", "5"),
    *("--data.n_train", "96", "--data.n_val", "64", "--data.n_test", "96", "--data.side_px", "64"),
    *("--teacher.epochs", "1", "--teacher.backbone", "small", "--student.epochs", "1"),
    *("--only_students", "baseline,distilled"),
]


LONGEST = ("package", "training", "browser", "launching", "commands")  # folders, begun first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what looks at the trained study; begin with what takes long, so nobody waits for it."""
    for item in items:
        if "trained" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.training)
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study of 96 scenes per role, trained for an epoch; nobody changes it."""
    own = tmp_path_factory.getbasetemp()
    # the processes of a test run have one folder in common, and train once
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    study = common / "trained" / "small"
    with FileLock(common / "trained.lock"):
        if not (study / "analysis").exists():
            command = [sys.executable, "-m", "pipelines.study", *SMALL_STUDY, "--out", str(study)]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return study


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
