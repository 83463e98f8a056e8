"""The wheel, and two environments that hold it: one without PyTorch, one with the extra `train`."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import SMALL_STUDY

ROOT = Path(__file__).parents[2]
OURS = ("PYTHON", "UDVIZ_", "VIRTUAL_ENV", "STREAMLIT_")  # of this process, not of a new shell


class Environment:
    """A virtual environment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        run([sys.executable, "-m", "venv", "--without-pip", str(path)], cwd=path.parent)

    def program(self, name: str) -> str:
        return str(self.path / "bin" / name)

    def install(self, *what: str) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        install = ["install", "--quiet", "--no-compile", *what]
        run([*pip, "--python", self.program("python"), *install], cwd=self.path)

    def call(self, name: str, *arguments: str, cwd: Path, **variables: str):
        """Run a program of the environment in ``cwd``, whether it succeeds or not."""
        words = [self.program(name), *arguments]
        return subprocess.run(
            words, cwd=cwd, env=clean(variables), capture_output=True, text=True, check=False
        )


def clean(variables: dict[str, str]) -> dict[str, str]:
    """The environment variables of a new shell, and ``variables``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, **variables}


def run(words: list[str], *, cwd: Path) -> None:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    run([sys.executable, "-m", "pip", "--disable-pip-version-check", *build], cwd=folder)
    (built,) = folder.glob("udviz-*.whl")
    return built


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """`pip install udviz`, in the versions of requirements.txt."""
    environment = Environment(tmp_path_factory.mktemp("bare") / "venv")
    environment.install(str(wheel), "--constraint", str(ROOT / "requirements.txt"))
    return environment


@pytest.fixture(scope="session")
def training(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """`pip install 'udviz[train]'`; what this environment has already is not installed again."""
    environment = Environment(tmp_path_factory.mktemp("training") / "venv")
    (packages,) = environment.path.glob("lib/python*/site-packages")
    (packages / "developer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment.install(f"{wheel}[train]")
    return environment


@pytest.fixture(scope="session")
def folder(training: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was empty, in which `udviz study` was called; nobody changes it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    done = training.call("udviz", "study", *SMALL_STUDY, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Look at it: udviz app" in done.stdout
    return folder
