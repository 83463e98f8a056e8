"""ImageNet weights that are on this machine already, found by name without PyTorch."""

import os
from collections.abc import Iterable
from pathlib import Path

from udviz.recipe.backbones import backbone_facts

IMAGENET = "imagenet"
_SUFFIXES = (".safetensors", ".pth", ".pt")


def is_downloaded(backbone: str) -> bool:
    """Whether torchvision has the ImageNet weights of ``backbone`` in its folder."""
    facts = backbone_facts().get(backbone)
    return bool(facts and facts.weights_file and (_hub() / facts.weights_file).is_file())


def weights_here(folders: Iterable[Path] = ()) -> dict[str, str]:
    """Backbone -> ``weights`` with which it starts from ImageNet without a download.

    Args:
        folders: Where files may lie that are called after a backbone, as
            ``resnet18_imagenet.safetensors`` or by torchvision's own name.
    """
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir())]
    found = {}
    for name, facts in backbone_facts().items():
        own = (file for file in files if _is_of(file, name, facts.weights_file))
        if is_downloaded(name):
            found[name] = IMAGENET
        elif file := next(own, None):
            found[name] = str(file)
    return found


def _is_of(file: Path, backbone: str, weights_file: str) -> bool:
    by_word = file.stem.startswith(f"{backbone}_{IMAGENET}") and file.suffix in _SUFFIXES
    return by_word or file.name == weights_file


def _hub() -> Path:
    """The folder in which torchvision keeps what it downloads."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    return Path(os.environ.get("TORCH_HOME", cache / "torch")).expanduser() / "hub" / "checkpoints"
