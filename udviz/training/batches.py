"""Batches of decoded images: which images make which step, and how they are read."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from udviz.training import distributed


class Pixels(Protocol):
    """Anything that gives the (side, side, 3) uint8 pixels of an image by its index."""

    def __getitem__(self, index: int) -> np.ndarray: ...


class ImageRows(TorchDataset[tuple[Tensor, Tensor]]):
    """Pixels and targets of many images at once.

    Attributes:
        pixels: Image index -> (side, side, 3) uint8.
        targets: (N, L) int8.
    """

    def __init__(self, pixels: Pixels, targets: np.ndarray) -> None:
        self.pixels = pixels
        self.targets = targets

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """(B, side, side, 3) uint8 pixels and (B, L) int8 targets."""
        pixels = np.stack([self.pixels[index] for index in indices])
        return torch.from_numpy(pixels), torch.from_numpy(self.targets[indices])


class EpochSteps:
    """The image indices of every step of one epoch, for this process.

    The order is a permutation drawn from (seed, epoch); a last incomplete batch is dropped, so
    that every process always holds equally many images.

    Raises:
        ValueError: If the batch cannot be dealt out equally.
    """

    def __init__(
        self, indices: np.ndarray, *, batch_size: int, seed: int, epoch: int, first_step: int = 0
    ) -> None:
        self.batch_size = min(batch_size, len(indices))
        if self.batch_size % distributed.world_size():
            raise ValueError(
                f"`batch_size` must be a multiple of the {distributed.world_size()} processes, "
                f"got {self.batch_size}. Choose another batch size or number of processes."
            )
        self.n_steps = len(indices) // self.batch_size
        self.first_step = first_step
        self.order = np.random.default_rng((seed, epoch)).permutation(indices)

    def __len__(self) -> int:
        return self.n_steps - self.first_step

    def __iter__(self) -> Iterator[list[int]]:
        own = distributed.shard(self.batch_size)
        for step in range(self.first_step, self.n_steps):
            batch = self.order[step * self.batch_size : (step + 1) * self.batch_size]
            yield batch[own].tolist()


class BlockSteps:
    """All ``indices`` in order, in batches dealt out to the processes in blocks.

    A process that gets nothing of a small batch repeats its last image; `gather_rows` leaves the
    repetition out.

    Attributes:
        places: Place of each batch in ``indices``.
    """

    def __init__(self, indices: np.ndarray, *, batch_size: int) -> None:
        n_images = len(indices)
        starts = range(0, n_images, batch_size)
        self.indices = indices
        self.places = [slice(start, min(start + batch_size, n_images)) for start in starts]

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[list[int]]:
        for place in self.places:
            batch = self.indices[place]
            own = batch[distributed.shard(len(batch))]
            yield (own if len(own) else batch[-1:]).tolist()


def loader(
    rows: ImageRows, steps: EpochSteps | BlockSteps, *, workers: int, pin: bool
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Read ``steps`` from ``rows``, ahead of time in ``workers`` processes."""
    return DataLoader(
        rows,
        batch_sampler=steps,
        num_workers=workers,
        collate_fn=_as_is,  # `__getitems__` has made a batch already
        pin_memory=pin,
    )


def _as_is(batch: Any) -> Any:
    return batch
