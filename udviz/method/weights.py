"""Weights of a backbone from a local file, read without executing code."""

import pickle
import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from udviz.checks import shown

MEAN = (0.485, 0.456, 0.406)  # of ImageNet's colours, in [0, 1]: what torchvision's weights expect
STD = (0.229, 0.224, 0.225)
SUFFIXES = (".safetensors", ".pth", ".pt")
# What torch and safetensors raise on a file that is damaged or of another kind.
UNREADABLE = (
    *(SafetensorError, pickle.UnpicklingError, zipfile.BadZipFile),
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)


class PlainFileError(ValueError):
    """A file of tensors that cannot be read, or not without executing what it holds."""


# Torchvision's own DenseNet files still carry the names of 2017 ("norm.1" for "norm1").
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def read_weights(path: Path) -> dict[str, Tensor]:
    """State dict stored at ``path``, a ``.safetensors``, ``.pth`` or ``.pt`` file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another kind, damaged, holds anything but named
            tensors, or would have to execute code to be read.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"`weights` must be 'none', 'imagenet' or an existing file, got {str(path)!r}."
        )
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"`weights` must be a file ending in {', '.join(SUFFIXES)}, got {str(path)!r}. "
            "Save the state dict with `safetensors.torch.save_file`."
        )
    try:
        state = load_plain(path)
    except PlainFileError as error:
        raise ValueError(
            f"`weights` must be a file of plain tensors, got {str(path)!r}, which is damaged "
            "or a pickle that runs code. Save the state dict again with "
            "`safetensors.torch.save_file`."
        ) from error
    if not _is_state_dict(state):
        raise ValueError(
            f"`weights` must hold a state dict (names to tensors), got {type(state).__name__} "
            f"with other contents in {str(path)!r}. Save `model.state_dict()` alone."
        )
    return with_names_of_today(state)


def with_names_of_today(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``state`` with the names of torchvision's DenseNet files of 2017 as they are now."""
    return {_OLD_DENSENET.sub(r"\1\2", key): value for key, value in state.items()}


def load_plain(path: Path) -> Any:
    """What a ``.safetensors`` or a PyTorch file holds; nothing in it is executed.

    Raises:
        PlainFileError: If it is damaged, would run code or is larger than its file.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        _check_size(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise PlainFileError(f"{path} is damaged or a pickle that runs code.") from error


def _check_size(path: Path) -> None:
    """PyTorch packs without compressing; what was compressed might not fit into memory."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(record.file_size for record in archive.infolist())
        if n_bytes > path.stat().st_size:
            raise ValueError(f"it would grow to {n_bytes:,} bytes")


def _is_state_dict(state: Any) -> bool:
    return isinstance(state, dict) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    )


def load_trunk(trunk: nn.Module, state: Mapping[str, Tensor], *, ignored: Collection[str]) -> None:
    """Load ``state`` into ``trunk`` in place.

    Args:
        trunk: The layers up to the last feature map, named as in the full classifier.
        state: Weights of the full classifier, of the trunk, or, where the trunk is one
            module such as ``features``, of that module alone.
        ignored: Modules of the full classifier that are not part of the trunk.

    Raises:
        ValueError: If names or shapes do not fit; a few of them are listed.
    """
    own = trunk.state_dict()
    root = next(iter(own)).split(".")[0]
    if all(key.startswith(f"{root}.") for key in own) and not any(
        key.startswith(f"{root}.") for key in state
    ):
        state = {f"{root}.{key}": value for key, value in state.items()}
        ignored = {f"{root}.{name}" for name in ignored}
    state = {key: value for key, value in state.items() if not _is_under(key, ignored)}
    problems = {
        # files older than the counter may leave it out; BatchNorm then starts it at 0
        "missing": [k for k in own if k not in state and not k.endswith("num_batches_tracked")],
        "unexpected": [k for k in state if k not in own],
        "of another shape": [k for k in own if k in state and own[k].shape != state[k].shape],
    }
    if any(problems.values()):
        found = "; ".join(
            f"{len(keys)} {kind} ({shown(', '.join(keys[:3]))}{', ...' if len(keys) > 3 else ''})"
            for kind, keys in problems.items()
            if keys
        )
        raise ValueError(
            f"`weights` must fit the backbone, got tensors that are {found}. "
            "Choose the backbone the file was made with."
        )
    trunk.load_state_dict(state, strict=False)


def _is_under(key: str, roots: Collection[str]) -> bool:
    return any(key.startswith(f"{root}.") for root in roots)
