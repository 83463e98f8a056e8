"""Say what works on this machine, and what to do about what does not: udviz doctor."""

import argparse
import os
import platform
import shutil
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from udviz import __version__
from udviz.installation import EXTRAS, IS_INSTALLED, REQUIRED, called, install_command
from udviz.launching.resources.devices import visible_gpus
from udviz.processes import usable_cores
from udviz.studies.directory import list_studies, runs_root

WORTH = {  # extra: what it is for
    "train": "training and explanations",
    "slurm": "jobs of a Slurm cluster",
    "dask": "analyses on a Dask cluster",
    "tensorboard": "TensorBoard event files",
    "timm": "backbones of timm, transformers among them",
    "mlflow": "studies as runs of MLflow",
    "onnx": "models as ONNX files",
    "figures": "charts as files for papers",
}


def main(arguments: Sequence[str]) -> None:
    """Print the findings.

    Raises:
        SystemExit: With status 1, if studies cannot be shown or kept here.
    """
    argparse.ArgumentParser(
        prog=called("doctor"),
        description="Say what works here, and what to do about what does not.",
    ).parse_args(arguments)
    base, runs = packages("the app and the statistics", REQUIRED), folder(runs_root())
    optional = [
        packages(worth, EXTRAS[extra], remedy=install_command(extra))
        for extra, worth in WORTH.items()
    ]
    place = "installed" if IS_INSTALLED else "a checkout"
    print(f"udviz {__version__} ({place}), Python {platform.python_version()}")
    print("\n".join([base, *optional, gpus(), runs]))
    print(f"cores: {usable_cores()} of this machine's {os.cpu_count()} may be used")
    if any("MISSING" in line for line in (base, runs)):
        raise SystemExit(1)


def packages(worth: str, names: Sequence[str], *, remedy: str = "") -> str:
    """What is installed of the packages ``names``, and how to get the others."""
    found = {name: _version(name) for name in names}
    missing = [name for name, is_there in found.items() if not is_there]
    if missing:
        again = remedy or f"pip install {' '.join(missing)}"
        return f"{worth}: MISSING {', '.join(missing)}. To have it: {again}"
    return f"{worth}: ok, {', '.join(f'{name} {found[name]}' for name in names)}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def gpus() -> str:
    """The GPUs that runs may take, and whether PyTorch can use them."""
    n_gpus = len(visible_gpus())
    try:
        import torch
    except ImportError as error:
        why = "" if isinstance(error, ModuleNotFoundError) else f" ({error})"
        return f"GPU: {n_gpus} found; PyTorch cannot be asked{why}"
    usable = [torch.cuda.get_device_name(gpu) for gpu in range(torch.cuda.device_count())]
    if n_gpus and not usable:
        return (
            f"GPU: MISSING, PyTorch {torch.__version__} can use none of the {n_gpus} found. "
            "Its build and the driver do not fit: see pytorch.org for the one that does"
        )
    return f"GPU: {', '.join(usable) or 'none, training uses the CPU'}"


def folder(root: Path) -> str:
    """Where studies lie, how many, and whether there is room for more."""
    there = next(place for place in (root.absolute(), *root.absolute().parents) if place.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return f"studies: MISSING, `{there}` cannot be written. Set UDVIZ_RUNS to another folder"
    free = shutil.disk_usage(there).free / 1e9
    return f"studies: {len(list_studies(root))} in `{root.absolute()}`, {free:.1f} GB free"
