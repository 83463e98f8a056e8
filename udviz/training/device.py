"""Which device and which number format a run uses."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from udviz.processes import keep_freed_memory
from udviz.recipe.schema import HardwareConfig


@dataclass(frozen=True)
class Compute:
    """Resolved hardware of a run.

    Attributes:
        device: Where tensors live.
        bf16: Whether convolutions and matrix products run in bfloat16.
    """

    device: torch.device
    bf16: bool

    def autocast(self) -> AbstractContextManager[None]:
        """Context in which the network runs."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)


def resolve(config: HardwareConfig) -> Compute:
    """Choose device and precision, and set the number of CPU threads.

    Raises:
        ValueError: If CUDA is asked for and there is none, there are fewer GPUs than processes,
            or bf16 is asked for where it is not supported.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    keep_freed_memory()
    has_gpu = torch.cuda.is_available()
    if config.device == "cuda" and not has_gpu:
        raise ValueError(
            "`hardware.device` must be cpu or auto here, got cuda: PyTorch finds no GPU."
        )
    if config.device == "cpu" or not has_gpu:
        device = torch.device("cpu")
    else:
        device = _own_gpu()
        torch.cuda.set_device(device)
    native = _computes_bf16(device)
    bf16 = native if config.precision == "auto" else config.precision == "bf16"
    if bf16 and device.type == "cuda" and not native:
        raise ValueError("`hardware.precision` must be fp32 or auto: this GPU has no bf16.")
    return Compute(device, bf16)


def _own_gpu() -> torch.device:
    """One GPU per process of this machine."""
    number, n_gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= n_gpus:
        raise ValueError(
            f"`--processes` must be at most the {n_gpus} GPUs of this machine, got more. "
            "Start fewer processes, or pass --hardware.device cpu."
        )
    return torch.device("cuda", number)


def _computes_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32 here: asked of PyTorch, so that a restart computes alike.

    CPUs with AVX512-BF16 or AMX compute it natively; all others imitate it, and are slower.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    native = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in native)
