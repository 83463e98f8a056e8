"""Weights of a backbone from a local file, read without executing code."""

import pickle
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

SUFFIXES = (".safetensors", ".pth", ".pt")
# What torch and safetensors raise on a file that is damaged or of another kind.
_UNREADABLE = (
    SafetensorError,
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    LookupError,
    UnicodeError,
)
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
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise ValueError(
            f"`weights` must be a file of plain tensors, got {str(path)!r}, which is damaged "
            "or a pickle that runs code. Save the state dict again with "
            "`safetensors.torch.save_file`."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(
            f"`weights` must hold a state dict (names to tensors), got {type(state).__name__} "
            f"with other contents in {str(path)!r}. Save `model.state_dict()` alone."
        )
    return {_OLD_DENSENET.sub(r"\1\2", key): value for key, value in state.items()}


def load_trunk(
    trunk: nn.Sequential, state: Mapping[str, Tensor], *, ignored: Collection[str]
) -> None:
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
            f"{len(keys)} {kind} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
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
