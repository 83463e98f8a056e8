"""Backbones by name: torchvision's classifiers cut at their last feature map, and timm's."""

from collections import OrderedDict
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import models

from udviz.method.timm_backbones import PREFIX, build_timm
from udviz.method.weights import UNREADABLE, load_trunk, read_weights, with_names_of_today

_RESNET = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
_SHUFFLENET = ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5")

# Family (start of the name) -> modules of torchvision's classifier up to its last feature
# map. AlexNet and VGG keep their last max pooling, so that their stride is 32 like the rest.
FAMILIES: dict[str, tuple[str, ...]] = {
    "alexnet": ("features",),
    "convnext": ("features",),
    "densenet": ("features",),
    "efficientnet": ("features",),
    "mnasnet": ("layers",),
    "mobilenet": ("features",),
    "regnet": ("stem", "trunk_output"),
    "resnet": _RESNET,
    "resnext": _RESNET,
    "shufflenet": _SHUFFLENET,
    "squeezenet": ("features",),
    "vgg": ("features",),
    "wide_resnet": _RESNET,
}

# Built-in networks for 96 px images on a CPU: (output channels, stride) of each 3 x 3
# convolution. Ordinary convolutions: on a CPU they are faster than depthwise ones of equal use.
BUILT_IN: dict[str, tuple[tuple[int, int], ...]] = {
    "small": ((24, 2), (48, 2), (48, 1), (96, 2), (96, 1), (128, 1)),
    "small_wide": ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (192, 1)),
}


class Backbone(nn.Module):
    """Images to their last feature map.

    Attributes:
        trunk: The layers, named as in torchvision's classifier; or a model of timm.
        n_channels: Channels C of the feature map.
    """

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.n_channels = getattr(trunk, "n_channels", None) or _n_channels(trunk)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images to (B, C, h, w) features."""
        features: Tensor = self.trunk(images)
        return features


def backbone_names() -> list[str]:
    """Every name that `build_backbone` takes, built-in ones first."""
    known = models.list_models(module=models)
    return [*BUILT_IN, *(name for name in known if name.startswith(tuple(FAMILIES)))]


def build_backbone(name: str, *, weights: str | Path = "none") -> Backbone:
    """Build a backbone, from scratch or with pretrained weights.

    Args:
        name: One of `backbone_names`: ``small`` and ``small_wide`` (stride 8, for 96 px on a
            CPU) or a convolutional classifier of torchvision (stride 32; SqueezeNet 16). Or
            ``timm:NAME``, any model of the package timm that has a last feature map or tokens
            of a grid.
        weights: ``none``, ``imagenet`` (torchvision's first ImageNet weights, the ones
            the paper starts from, downloaded once) or a local ``.safetensors`` or ``.pth``
            state dict of the whole classifier or of its convolutional part.

    Raises:
        ValueError: If the name is unknown or not convolutional, or the weights do not fit.
        FileNotFoundError: If the weights file does not exist.
        ConnectionError: If ImageNet weights cannot be downloaded.
    """
    if name.startswith(PREFIX):
        return Backbone(build_timm(name.removeprefix(PREFIX), weights=weights))
    _check_name(name)
    imagenet = weights == "imagenet"
    if name in BUILT_IN:
        if imagenet:
            raise ValueError(
                f"`weights` must be 'none' or a file for backbone {name!r}, got 'imagenet'. "
                "No ImageNet weights of it exist; choose a torchvision backbone."
            )
        trunk, ignored = _built_in(name), set[str]()
    else:
        classifier = models.get_model(name)
        if imagenet:
            classifier.load_state_dict(_imagenet_weights(name))
        trunk, ignored = _cut(classifier, name)
    if not imagenet and weights != "none":
        load_trunk(trunk, read_weights(Path(weights)), ignored=ignored)
    return Backbone(trunk)


def _check_name(name: str) -> None:
    names = backbone_names()
    if name in names:
        return
    if name in models.list_models(module=models):
        raise ValueError(
            f"`name` must be a convolutional backbone, got {name!r}, which has no plain last "
            f"feature map here. Families: {', '.join([*BUILT_IN, *FAMILIES])}."
        )
    close = get_close_matches(name, names, n=3, cutoff=0.4)
    raise ValueError(
        f"`name` must be a known backbone, got {name!r}. "
        + (f"Did you mean {', '.join(close)}? " if close else "")
        + f"Families: {', '.join([*BUILT_IN, *FAMILIES])}."
    )


def _imagenet_weights(name: str) -> dict[str, Tensor]:
    """State dict of a whole classifier, downloaded once.

    Torchvision itself would unpickle the copy that it keeps, whoever has changed it since.
    """
    choices = models.get_model_weights(name)
    weights = getattr(choices, "IMAGENET1K_V1", choices.DEFAULT)
    try:
        state = weights.get_state_dict(check_hash=True, weights_only=True)
    except OSError as error:
        raise ConnectionError(
            f"`weights` 'imagenet' must be downloaded once from {weights.url}, got: {error}. "
            "Fetch that file on a machine with internet access and pass its path as `weights`, "
            "or use 'none'."
        ) from error
    except UNREADABLE as error:
        raise ValueError(
            f"`weights` 'imagenet' must be plain tensors, but the copy of {weights.url} in "
            f"`{torch.hub.get_dir()}` runs code or is damaged. Delete that copy."
        ) from error
    return with_names_of_today(state) if name.startswith("densenet") else state


def _cut(classifier: nn.Module, name: str) -> tuple[nn.Sequential, set[str]]:
    """The layers up to the last feature map, and the names of the modules left behind."""
    family = next(family for family in FAMILIES if name.startswith(family))
    kept = OrderedDict((part, classifier.get_submodule(part)) for part in FAMILIES[family])
    left_behind = {part for part, _ in classifier.named_children()} - kept.keys()
    if family == "densenet":  # torchvision applies it outside of `features`
        kept["relu"] = nn.ReLU()
    return nn.Sequential(kept), left_behind


def _built_in(name: str) -> nn.Sequential:
    blocks = []
    n_in = 3
    for n_out, stride in BUILT_IN[name]:
        convolution = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        blocks.append(nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)))
        n_in = n_out
    return nn.Sequential(*blocks)


def _n_channels(trunk: nn.Module) -> int:
    """Channels of the feature map of one blank image; leaves no trace in the layers."""
    was_training = trunk.training
    trunk.eval()
    with torch.no_grad():
        features = trunk(torch.zeros(1, 3, 64, 64))
    trunk.train(was_training)
    return int(features.shape[1])
