"""What a study and a run write about themselves: the resolved recipe and where it ran."""

import platform
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tomli_w
import torch

from udviz.bounded import MOST_RECORD, read_text
from udviz.data.dataset import Dataset
from udviz.installation import code_version
from udviz.processes import is_main
from udviz.recipe.dependencies import data_settings, settings_of
from udviz.recipe.files import parse_recipe, read_recipe, recipe_text
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.studies.files import file_digest, replace_file
from udviz.studies.models import Run, runs_of
from udviz.training import distributed
from udviz.training.checkpoint import WEIGHTS
from udviz.training.device import Compute
from udviz.training.runs import teacher_of
from udviz.vocabulary import TEACHER

LIBRARIES = ("torch", "torchvision", "numpy", "pandas", "scipy")


def record_study(study: Path, recipe: Recipe) -> None:
    """Write ``study.toml``, unless a run that is there was made with other settings.

    A run is compared by what it depends on alone: students, seeds and comparisons may be added, and
    hardware may change. Of runs that the recipe does not name, the data must be the same.

    Raises:
        ValueError: If a run was trained with other settings; names it and them.
        OSError: If it cannot be written.
    """
    for directory, before in _recorded(study).items():
        if changes := differences(before, _settings_now(recipe, before)):
            raise ValueError(
                f"`{directory}` was trained with other settings ({'; '.join(changes)}). Put them "
                "back, choose another --out, or delete that folder to train this run anew."
            )
    if is_main():
        study.mkdir(parents=True, exist_ok=True)
        replace_file(study / STUDY_FILE, recipe_text(recipe))
    distributed.barrier()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Settings that both have and that differ, as ``network.epochs: 12, now 3``."""
    old, new = _flat(before), _flat(after)
    return [
        f"{name}: {old[name]}, now {new[name]}"
        for name in old
        if name in new and old[name] != new[name]
    ]


def check_teacher(recipe: Recipe, run: Run, study: Path) -> None:
    """Raise if ``run`` was taught by another teacher than the one that is there now.

    Raises:
        ValueError: Names both folders.
    """
    taught = read_record(run.directory(study).record).get("teacher")
    now = _teacher_digest(recipe, run, study)
    if isinstance(taught, dict) and now and taught.get("weights") != now:
        raise ValueError(
            f"`{run.directory(study).path}` was taught by another teacher than `{study}` holds "
            "now. Put that teacher back, or delete the folder to train this run anew."
        )


def record_run(study: Path, run: Run, recipe: Recipe, dataset: Dataset, compute: Compute) -> None:
    """Write ``run.toml``: everything needed to make this run again."""
    hardware = {
        "device": str(compute.device),
        "precision": "bf16" if compute.bf16 else "fp32",
        "threads": torch.get_num_threads(),
        "processes": distributed.world_size(),
    }
    write_record(study, run, recipe, dataset, hardware)


def write_record(
    study: Path, run: Run, recipe: Recipe, dataset: Dataset, more: Mapping[str, Any]
) -> None:
    """Write ``run.toml`` with what depends on no hardware, and with ``more``."""
    if not is_main():
        return
    directory = run.directory(study)
    directory.path.mkdir(parents=True, exist_ok=True)
    record = {
        "model": run.model,
        "seed": run.seed,
        "dataset_fingerprint": dataset.fingerprint,
        "label_names": list(dataset.label_names),
        "code_version": code_version(),
        **more,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "settings": settings_of(recipe, run.model),
    }
    if digest := _teacher_digest(recipe, run, study):
        record["teacher"] = {"weights": digest}
    replace_file(directory.record, tomli_w.dumps(record, multiline_strings=True))


def settings_in(record: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a run was trained with, by its record; nothing if that is damaged.

    A record of the time when it held a whole recipe counts by what the run depends on of it.
    """
    settings, model = record.get("settings"), record.get("model", record.get("role"))
    if isinstance(settings, dict):
        return settings
    try:
        return settings_of(parse_recipe(dict(record["recipe"]), source="it"), str(model))
    except (KeyError, ValueError, TypeError):
        return {}


def _recorded(study: Path) -> dict[Path, dict[str, Any]]:
    """Folder of every run -> its model, seed and settings; of a torn record, by ``study.toml``."""
    found = {directory.path: before for directory, before in _by_study_file(study)}
    for path in sorted(study.glob("*/run.toml")):
        record = read_record(path)
        if settings := settings_in(record):
            seed = {"seed": record["seed"]} if "seed" in record else {}
            model = record.get("model", record.get("role"))
            found[path.parent] = {"model": model, **seed, **settings}
    return found


def _by_study_file(study: Path) -> list[tuple[RunDirectory, dict[str, Any]]]:
    """What ``study.toml`` says of the runs whose checkpoints are there; nothing if it is torn."""
    try:
        before = read_recipe(study / STUDY_FILE)
    except (OSError, ValueError):
        return []
    runs = {run.directory(study): run for run in runs_of(before)}
    return [
        (place, {"model": run.model, "seed": run.seed, **settings_of(before, run.model)})
        for place, run in runs.items()
        if place.checkpoints.is_dir()
    ]


def _settings_now(recipe: Recipe, before: Mapping[str, Any]) -> dict[str, Any]:
    """What ``recipe`` says of the run that was made as ``before``."""
    model = before["model"]
    if model not in (TEACHER, *recipe.students, *(CROSSFIT,) * bool(recipe.crossfit_folds)):
        return {"data": data_settings(recipe.data)}
    single = model == TEACHER and recipe.teacher_seeds == "one"
    return settings_of(recipe, model) | ({"seed": recipe.teacher_seed} if single else {})


def _teacher_digest(recipe: Recipe, run: Run, study: Path) -> str:
    """Digest of the best weights of the teacher of ``run``; empty without one."""
    teacher = teacher_of(recipe, run)
    weights = teacher.directory(study).checkpoints / "best" / WEIGHTS if teacher else None
    return file_digest(weights) if weights and weights.is_file() else ""


def read_record(record: Path) -> dict[str, Any]:
    """What a record holds; nothing if it is missing or damaged."""
    try:
        return tomllib.loads(read_text(record, most=MOST_RECORD))
    except (OSError, ValueError, RecursionError):
        return {}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
