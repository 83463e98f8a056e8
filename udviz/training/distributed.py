"""One process or many: the few calls that differ.

Of several (`udviz/launching/together/`) every one runs the same program; alone, all of this does
nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from udviz.method.normalisation import Floored
from udviz.processes import n_processes
from udviz.studies.identity import MEETING


@contextmanager
def process_group() -> Iterator[None]:
    """Join the other processes if there are several: gloo, and NCCL for GPU tensors."""
    if n_processes() <= 1 or dist.is_initialized():
        yield
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if MEETING in os.environ:
        store = dist.FileStore(  # type: ignore[attr-defined]
            os.environ[MEETING], n_processes()
        )
        number = int(os.environ["RANK"])
        dist.init_process_group(backend, store=store, rank=number, world_size=n_processes())
    else:  # a torchrun that a person typed: its store listens on all interfaces
        dist.init_process_group(backend)
    try:
        yield
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, 0 when alone."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def barrier() -> None:
    """Wait for all processes."""
    mean_over_processes(torch.zeros(()))  # on the CPU, so that no GPU has to be chosen yet


def mean_over_processes(value: Tensor) -> Tensor:
    """Average of a small floating-point tensor over all processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(value)
        value /= world_size()
    return value


def max_over_processes(value: Tensor) -> Tensor:
    """Largest of every number of a small tensor, in place: the same bits in all processes."""
    if dist.is_initialized():
        dist.all_reduce(value, op=dist.ReduceOp.MAX)
    return value


def gather_rows(rows: Tensor, *, n_rows: int) -> Tensor:
    """Join the rows of all processes, rank after rank, in full on every process.

    Args:
        rows: (n, ...) rows of this process, those of `shard`; a process whose shard is empty
            brings one row that is left out.
        n_rows: Rows over all processes.

    Returns:
        (n_rows, ...) tensor.
    """
    if world_size() == 1:
        return rows
    share = shard_size(n_rows)
    padded = rows.new_zeros(share, *rows.shape[1:])
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in range(world_size())]
    dist.all_gather(parts, padded)
    return torch.cat(parts)[:n_rows]


def shard_size(n_rows: int) -> int:
    """Rows per process when ``n_rows`` are dealt out in consecutive blocks."""
    return -(-n_rows // world_size())


def shard(n_rows: int) -> slice:
    """The block of ``n_rows`` rows that belongs to this process."""
    share = shard_size(n_rows)
    return slice(min(rank() * share, n_rows), min((rank() + 1) * share, n_rows))


def synchronise_batch_norm(module: nn.Module) -> None:
    """Let every BatchNorm inside use the statistics of the whole batch, over all processes."""
    if world_size() == 1:
        return
    if next(module.parameters()).is_cuda:
        floored = [name for name, child in module.named_modules() if isinstance(child, Floored)]
        nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        for name in floored:
            module.get_submodule(name).__class__ = _FlooredSyncBatchNorm
        return
    for child in module.modules():  # same parameters and buffers, another forward
        if isinstance(child, Floored):
            child.__class__ = _FlooredSharedBatchNorm
        elif isinstance(child, nn.modules.batchnorm._BatchNorm):
            child.__class__ = _SharedBatchNorm


class _SharedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """BatchNorm over all processes on a CPU, where torch's SyncBatchNorm refuses to run.

    All processes hold equally many rows, so means of means are means. Computes in float32, and
    the variance from deviations: a mean of squares less a squared mean can come out negative.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Any (B, C, ...) input will do."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        axes = [0, *range(2, input.dim())]
        shape = [1, -1] + [1] * (input.dim() - 2)
        values = input.float()
        mean: Tensor = _AverageOverProcesses.apply(values.mean(axes))  # (C,)
        centred = values - mean.view(shape)
        variance: Tensor = _AverageOverProcesses.apply(centred.square().mean(axes))  # (C,)
        self._update(mean.detach(), variance.detach(), input.numel() // input.shape[1])
        scale = (variance + self.eps).rsqrt() * self.weight
        moved: Tensor = centred * scale.view(shape) + self.bias.view(shape)
        return moved.to(input.dtype)

    def _update(self, mean: Tensor, variance: Tensor, n_values: int) -> None:
        n_values *= world_size()
        unbiased = variance * n_values / max(n_values - 1, 1)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(unbiased, momentum)
        self.num_batches_tracked += 1


class _FlooredSharedBatchNorm(Floored, _SharedBatchNorm):
    """The same with a floor under variances."""


class _FlooredSyncBatchNorm(Floored, nn.SyncBatchNorm):
    """Torch's own for GPUs with a floor under variances."""


class _AverageOverProcesses(torch.autograd.Function):
    """Average of a tensor over all processes, through which their gradients flow back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return mean_over_processes(value.clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Every process's loss reads every process's value, so the gradient is averaged too."""
        (gradient,) = gradients
        return mean_over_processes(gradient.clone())
