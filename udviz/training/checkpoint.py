"""Checkpoints that are whole or absent: weights as safetensors, the rest loaded without code.

A checkpoint is written beside its place and renamed. The ``last`` before it stays as
``previous``, so that from the first one on a whole checkpoint is on disk at any moment.
"""

import hashlib
import io
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as serialise_weights
from torch import Tensor

from udviz.bounded import read_text
from udviz.data.fingerprint import DataRecord
from udviz.method.weights import PlainFileError, load_plain
from udviz.studies.files import file_digest, sync_directory
from udviz.studies.provenance import DATA, data_of

WEIGHTS, STATE, DIGESTS = "model.safetensors", "state.pt", "digests.json"


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkpoint:
    """Everything a run needs to go on.

    Attributes:
        weights: The network's parameters and buffers by name.
        state: Optimiser, place in the schedule and best score: plain values and tensors.
        data: The data set it was trained on; None where nobody knows.
    """

    weights: dict[str, Tensor]
    state: dict[str, Any]
    data: DataRecord | None = None


def save_checkpoint(folder: Path, name: str, checkpoint: Checkpoint) -> None:
    """Write ``folder/name`` whole; an older ``last`` becomes ``previous``.

    One process at a time may write into ``folder``.

    Raises:
        OSError: If it cannot be written; whatever was there before stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.draft"
    shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
    try:
        _write(draft, checkpoint)
        _retire(folder / name, folder / ("previous" if name == "last" else f".{name}.old"))
        draft.rename(folder / name)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        recover(folder)
        raise
    sync_directory(folder)
    shutil.rmtree(folder / f".{name}.old", ignore_errors=True)


def recover(folder: Path) -> None:
    """Put back the ``best`` that was being replaced when its process ended."""
    if (folder / ".best.old").exists() and not (folder / "best").exists():
        (folder / ".best.old").rename(folder / "best")


def load_newest(folder: Path) -> Checkpoint | None:
    """The newest whole checkpoint to go on from: ``last``, else ``previous``, else None.

    Raises:
        ValueError: If one is whole but holds something that runs code.
    """
    for name in ("last", "previous"):
        if is_whole(folder / name):
            return load_checkpoint(folder / name)
    return None


def is_whole(directory: Path) -> bool:
    """Whether every file of the checkpoint is there and has the digest it was saved with."""
    try:
        digests = json.loads(read_text(directory / DIGESTS))
        names = {WEIGHTS, STATE} | {DATA} & digests.keys()
        return all(digests[name] == file_digest(directory / name) for name in names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def load_checkpoint(directory: Path) -> Checkpoint:
    """Load a checkpoint without executing anything stored in it.

    Raises:
        ValueError: If a file is missing or damaged.
    """
    if not is_whole(directory):
        raise ValueError(
            f"`{directory}` must be a whole checkpoint, but a file is missing or damaged. "
            "Start the run again; it goes on from the newest whole one."
        )
    try:
        weights, state = (load_plain(directory / name) for name in (WEIGHTS, STATE))
    except PlainFileError as error:
        raise ValueError(
            f"`{directory}` must hold plain values and tensors only, got something that cannot be "
            "read or runs code when it is loaded. Do not use this checkpoint."
        ) from error
    return Checkpoint(weights=weights, state=state, data=data_of(directory))


def _retire(current: Path, old: Path) -> None:
    """Move ``current`` to ``old``; a damaged one does not push out the whole one that is there."""
    if not is_whole(current):
        shutil.rmtree(current, ignore_errors=True)
        return
    shutil.rmtree(old, ignore_errors=True)
    current.rename(old)


def _write(directory: Path, checkpoint: Checkpoint) -> None:
    """Write all files through Python, so that a full disk is an OSError with its errno."""
    directory.mkdir()
    weights = {name: value.contiguous() for name, value in checkpoint.weights.items()}
    state = io.BytesIO()
    torch.save(checkpoint.state, state)
    files = {WEIGHTS: serialise_weights(weights), STATE: state.getvalue()}
    if checkpoint.data is not None:
        files[DATA] = json.dumps(asdict(checkpoint.data)).encode()
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files[DIGESTS] = json.dumps(digests).encode()
    for name, content in files.items():
        with (directory / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync_directory(directory)
