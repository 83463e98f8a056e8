"""What a machine has to train on, found without importing torch."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

GPUS = "UDVIZ_GPUS"  # environment variable: the GPUs that runs may take, as 0,1,3; empty = none
CPU_SLOT = "cpu"
_GPU_SLOT = "gpu-"


def slots_for(device: str) -> tuple[str, ...]:
    """What a run with ``--hardware.device`` may take of this machine.

    Every GPU is one slot. A machine without has a single one, so that its runs form a queue.
    """
    gpus = () if device == "cpu" else tuple(f"{_GPU_SLOT}{gpu}" for gpu in visible_gpus())
    return gpus or (CPU_SLOT,)


def visible_gpus() -> tuple[str, ...]:
    """Names of the GPUs as CUDA_VISIBLE_DEVICES takes them."""
    for variable in (GPUS, "CUDA_VISIBLE_DEVICES"):
        if variable in os.environ:
            names = [name.strip() for name in os.environ[variable].split(",")]
            return tuple(name for name in names if name and name != "-1")
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    return tuple(str(gpu) for gpu in range(_count_gpus(program)))


@cache
def _count_gpus(program: str) -> int:
    """Asked once: the form would ask at every key, and the driver takes its time."""
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def n_slots_for(processes: int, slots: Sequence[str]) -> int:
    """How many of ``slots`` a run of so many processes takes; without GPUs they share the one.

    Raises:
        ValueError: If this machine has fewer GPUs.
    """
    if CPU_SLOT in slots:
        return 1
    if processes > len(slots):
        raise ValueError(
            f"--placement.processes: must be at most {len(slots)}, the GPUs of this machine, "
            f"got {processes}"
        )
    return processes


def environment_of(slots: Sequence[str]) -> dict[str, str]:
    """Variables that keep a process on ``slots``."""
    gpus = [slot.removeprefix(_GPU_SLOT) for slot in slots if slot.startswith(_GPU_SLOT)]
    return {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
