"""What a study and a run write about themselves: the resolved recipe and where it ran."""

import platform
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tomli_w
import torch

from udviz.bounded import MOST_RECORD, read_text
from udviz.data.dataset import Dataset
from udviz.recipe.files import read_recipe
from udviz.recipe.schema import Recipe
from udviz.studies.directory import STUDY_FILE
from udviz.studies.files import replace_file
from udviz.training import distributed
from udviz.training.device import Compute
from udviz.training.networks import Run

LIBRARIES = ("torch", "torchvision", "numpy", "pandas", "scipy", "scikit-learn")
MAY_CHANGE = {"name", "description", "seeds", "hardware", "min_positives", "min_train_positives"}


def record_study(study: Path, recipe: Recipe) -> None:
    """Write ``study.toml``; a study that was begun with other settings is refused.

    Seeds may be added, and hardware may change, without touching the runs that are there. A
    ``study.toml`` that was cut short may still be a recipe, so what the runs were trained with
    counts too.

    Raises:
        ValueError: If the folder holds a study with other settings; names them.
        OSError: If it cannot be written.
    """
    path = study / STUDY_FILE
    if path.is_file():
        changes = differences(read_recipe(path).model_dump(mode="json"), recipe)
        if changes:
            raise ValueError(
                f"`{study}` holds a study with other settings ({'; '.join(changes)}). "
                "Choose another --out, or delete that folder."
            )
    for record in sorted(study.glob("*/run.toml")):
        changes = differences(_settings_of(record), recipe)
        if changes:
            raise ValueError(
                f"`{record.parent}` was trained with other settings ({'; '.join(changes)}). "
                f"Put them back into `{path}`, choose another --out, or delete that folder."
            )
    if distributed.is_main():
        study.mkdir(parents=True, exist_ok=True)
        replace_file(path, tomli_w.dumps(recipe.model_dump(mode="json"), multiline_strings=True))
    distributed.barrier()


def differences(before: dict[str, Any], after: Recipe) -> list[str]:
    """Settings that shape the trained models and differ, as ``teacher.epochs: 12, now 3``.

    Args:
        before: Nested settings; what they lack is not compared.
        after: A recipe.
    """
    old, new = _flat(before), _flat(after.model_dump(mode="json"))
    return [
        f"{name}: {old[name]}, now {new[name]}"
        for name in old
        if name in new and old[name] != new[name] and name.split(".")[0] not in MAY_CHANGE
    ]


def _settings_of(record: Path) -> dict[str, Any]:
    """The recipe that a run was trained with; nothing if its record is damaged."""
    try:
        settings = tomllib.loads(read_text(record, most=MOST_RECORD))["recipe"]
    except (OSError, ValueError, KeyError):
        return {}
    return settings if isinstance(settings, dict) else {}


def record_run(study: Path, run: Run, recipe: Recipe, dataset: Dataset, compute: Compute) -> None:
    """Write ``run.toml``: everything needed to make this run again."""
    if not distributed.is_main():
        return
    directory = run.directory(study)
    directory.path.mkdir(parents=True, exist_ok=True)
    record = {
        "role": run.role,
        "seed": run.seed,
        "dataset_fingerprint": dataset.fingerprint,
        "label_names": list(dataset.label_names),
        "git_revision": git_revision(),
        "device": str(compute.device),
        "precision": "bf16" if compute.bf16 else "fp32",
        "threads": torch.get_num_threads(),
        "processes": distributed.world_size(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "recipe": recipe.model_dump(mode="json"),
    }
    replace_file(directory.record, tomli_w.dumps(record, multiline_strings=True))


def git_revision() -> str:
    """Commit of this code, with ``+changes`` if the tree differs from it; empty outside git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+changes", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return described.stdout.strip()


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
