"""Settings that this machine cannot bear, or that mean nothing, refused before anything starts."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from udviz.processes import usable_cores, usable_memory
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import Recipe

# Bytes that are needed at the very least; what a network itself takes comes on top.
WORKER_BYTES = 400e6  # a process that has imported PyTorch
SCENE_BYTES = 5e3  # where the objects of a drawn image lie
BATCH_BYTES = 3 * (1 + 4)  # per pixel: as stored, and as numbers
MOST_EPOCHS, MOST_FOLDS, MOST_SEEDS, MOST_STUDENTS = 100_000, 100, 100, 100
LARGEST_SEED = 2**32 - 1
LARGEST_WEIGHT = 1e6  # of rates, weights and temperatures; beyond it, all losses overflow


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What there is to run on.

    Attributes:
        n_cores: Cores that this process may use.
        memory: Bytes, those of the control group where that is smaller.
        disk: Bytes of the disk that studies lie on.
    """

    n_cores: int
    memory: float
    disk: float


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The most that a setting may be.

    Attributes:
        flag: Name of the setting.
        value: What it is.
        most: What it may be.
        because: Where that comes from.
    """

    flag: str
    value: float
    most: float
    because: str


def this_machine(root: Path) -> Machine:
    """The machine that this process runs on.

    Args:
        root: Where studies lie, or a folder to be made there.
    """
    there = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    return Machine(
        n_cores=usable_cores(),
        memory=usable_memory(),
        disk=shutil.disk_usage(there).total,
    )


def check_limits(recipe: Recipe, machine: Machine) -> None:
    """Raise if a setting is beyond what can be.

    Raises:
        ValueError: Names every such flag, what it may be at most, and why.
    """
    beyond = [limit for limit in limits(recipe, machine) if not limit.value <= limit.most]
    if beyond:
        faults = "; ".join(
            f"--{limit.flag} must be at most {limit.most:,.10g} ({limit.because}), "
            f"got {limit.value:,.10g}"
            for limit in beyond
        )
        raise ValueError(f"These settings are too large: {faults}.")


def limits(recipe: Recipe, machine: Machine) -> Iterator[Limit]:
    """The limit of each setting that has one."""
    yield from _of_hardware(recipe, machine)
    yield from _of_data(recipe, machine)
    side_px = recipe.data.side_px
    yield from _of_network("teacher", recipe.teacher, side_px, machine)
    yield from _of_network("student", recipe.student, side_px, machine)
    for name, student in recipe.students.items():
        for limit in _of_network(f"students.{name}", recipe.network_of(name), side_px, machine):
            if limit.flag.removeprefix(f"students.{name}.") in student.overrides:
                yield limit
    for flag, value in {"loss.alpha": recipe.loss.alpha, **_weights_of(recipe)}.items():
        yield Limit(
            flag=flag, value=value, most=LARGEST_WEIGHT, because="beyond it losses overflow"
        )
    yield Limit(
        flag="crossfit_folds",
        value=recipe.crossfit_folds,
        most=MOST_FOLDS,
        because="each is a student to train",
    )
    yield Limit(
        flag="seeds (their number)",
        value=len(recipe.seeds),
        most=MOST_SEEDS,
        because="each is one more of every student to train",
    )
    yield Limit(
        flag="students (their number)",
        value=len(recipe.students),
        most=MOST_STUDENTS,
        because="each is trained",
    )
    seeds = {"seeds": max(recipe.seeds), "teacher_seed": recipe.teacher_seed}
    for flag, value in (seeds | {"data.seed": recipe.data.seed}).items():
        yield Limit(flag=flag, value=value, most=LARGEST_SEED, because="a number of 32 bits")


def _weights_of(recipe: Recipe) -> dict[str, float]:
    """Temperature and weights that each student's method reads, by their flags."""
    return {
        f"students.{name}.{setting}": value
        for name, student in recipe.students.items()
        for setting, value in student.method_settings().items()
        if isinstance(value, float)
    }


def _of_hardware(recipe: Recipe, machine: Machine) -> Iterator[Limit]:
    by_cores = max(8, 4 * machine.n_cores)
    cores = f"this process may use {machine.n_cores} cores"
    by_memory = machine.memory // WORKER_BYTES
    because = cores if by_cores <= by_memory else _memory(machine)
    processes = {"workers": recipe.hardware.workers, "side_by_side": recipe.hardware.side_by_side}
    for name, value in processes.items():
        most = min(by_cores, by_memory)
        yield Limit(flag=f"hardware.{name}", value=value, most=most, because=because)
    yield Limit(
        flag="hardware.threads", value=recipe.hardware.threads, most=by_cores, because=cores
    )


def _of_data(recipe: Recipe, machine: Machine) -> Iterator[Limit]:
    """Drawn images lie in memory as scenes, and on disk as pixels."""
    data = recipe.data
    if data.kind != "scenes":
        return
    by_memory, by_disk = machine.memory // SCENE_BYTES, machine.disk // (3 * data.side_px**2)
    disk = f"their pixels must fit on a disk of {machine.disk / 1e9:.3g} GB"
    because = _memory(machine) if by_memory <= by_disk else disk
    counts = {"n_train": data.n_train, "n_val": data.n_val, "n_test": data.n_test}
    for name, count in counts.items():
        most = min(by_memory, by_disk)
        yield Limit(flag=f"data.{name}", value=count, most=most, because=because)


def _of_network(
    name: str, network: NetworkConfig, side_px: int, machine: Machine
) -> Iterator[Limit]:
    yield Limit(
        flag=f"{name}.batch_size",
        value=network.batch_size,
        most=machine.memory // (BATCH_BYTES * side_px**2),
        because=f"its pixels of {side_px} x {side_px} must fit in {machine.memory / 1e9:.3g} GB",
    )
    yield Limit(
        flag=f"{name}.epochs", value=network.epochs, most=MOST_EPOCHS, because="years of training"
    )
    for field in ("learning_rate", "weight_decay", "clip_norm"):
        yield Limit(
            flag=f"{name}.{field}",
            value=getattr(network, field),
            most=LARGEST_WEIGHT,
            because="beyond it weights overflow",
        )


def _memory(machine: Machine) -> str:
    return f"this machine has {machine.memory / 1e9:.3g} GB of memory"
