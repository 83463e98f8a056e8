"""How this copy of the program lies on the disk, and how its commands are called from there.

In a checkout `app.py`, its pages and `pipelines/` lie beside the package. A wheel holds the app
inside the package and no `pipelines`; its commands are those of `udviz`.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from udviz import __version__

_PACKAGE = Path(__file__).parent
_APP = _PACKAGE / "app" / "app.py"  # where the wheel puts it
IS_INSTALLED = _APP.is_file()
APP = _APP if IS_INSTALLED else _PACKAGE.parent / "app.py"
PAGES = APP.parent / "pages"

# What processes that we start get: no module is found in the folder that they happen to start in.
ENVIRONMENT = {"PYTHONSAFEPATH": "1"} if IS_INSTALLED else {}

REQUIRED = (
    *("numpy", "pandas", "pyarrow", "scipy", "streamlit", "plotly", "pydantic"),
    *("pydantic-settings", "psutil", "pillow", "tqdm", "markdown-it-py", "tomli-w"),
    *("starlette", "uvicorn", "threadpoolctl"),
)
EXTRAS = {
    "train": ("torch", "torchvision", "captum", "safetensors"),
    "slurm": ("submitit",),
    "dask": ("distributed",),
    "tensorboard": ("tensorboard",),
    "timm": ("timm",),
    "mlflow": ("mlflow-skinny", "sqlalchemy", "alembic"),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "figures": ("kaleido",),
}


def module_of(command: str) -> list[str]:
    """What Python is given to run a command of `udviz`, as ``-m pipelines.study``."""
    return ["-m", "udviz.cli", command] if IS_INSTALLED else ["-m", f"pipelines.{command}"]


def typed(arguments: Sequence[str]) -> list[str]:
    """A call of Python with ``arguments`` as a person types it, word by word."""
    if tuple(arguments[:2]) == ("-m", "udviz.cli"):
        return ["udviz", *arguments[2:]]
    return ["python", *arguments]


def called(command: str) -> str:
    """A command of `udviz` as a person types it here."""
    return " ".join(typed(module_of(command)))


def app_called() -> str:
    """The command that opens the app here."""
    return "udviz app" if IS_INSTALLED else f"streamlit run {APP.name}"


def install_command(extra: str) -> str:
    """The command that adds an extra to what is installed here."""
    return f"pip install '{'udviz' if IS_INSTALLED else '.'}[{extra}]'"


def extra_of(module: str) -> str | None:
    """The extra that brings the package of a module; None if none does."""
    package = module.partition(".")[0].replace("_", "-")
    names = {package, f"{package}-skinny"}  # of MLflow
    return next((extra for extra, packages in EXTRAS.items() if names & {*packages}), None)


def working_folder() -> Path:
    """Where processes that we start begin: whoever starts them is there, or in the checkout."""
    return Path.cwd() if IS_INSTALLED else _PACKAGE.parent


def code_version() -> str:
    """Version of this code; in a checkout its commit, and ``+changes`` if the tree differs.

    Returns:
        As ``0.1.0`` or ``3f2a9c0d1b2e+changes``; empty in a checkout that git does not know.
    """
    if IS_INSTALLED:
        return __version__
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+changes", "--abbrev=12"],
            cwd=_PACKAGE,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return described.stdout.strip()
