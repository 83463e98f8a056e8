"""Backbones of the package timm, transformers among them, as `timm:NAME`."""

import math
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from udviz.method.weights import MEAN, STD, load_trunk, read_weights

PREFIX = "timm:"


class TimmTrunk(nn.Module):
    """A model of timm up to its last feature map; tokens are laid out as the grid they come from.

    It takes images standardised as ImageNet's are, and standardises them as the model's own
    weights expect.

    Args:
        model: Without a classifier.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model: Any = model
        self.n_channels = int(model.num_features)
        self._n_prefix = int(getattr(model, "num_prefix_tokens", 0))  # class tokens, registers
        self._channels_last = str(getattr(model, "output_fmt", "")).endswith("NHWC")
        config = model.pretrained_cfg
        ours, theirs = torch.tensor([MEAN, STD]), torch.tensor([config["mean"], config["std"]])
        scale, shift = ours[1] / theirs[1], (ours[0] - theirs[0]) / theirs[1]
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.register_buffer("shift", shift[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) images to (B, C, h, w) features."""
        height, width = images.shape[2:]
        try:
            features: Tensor = self.model.forward_features(images * self.scale + self.shift)
        except AssertionError as error:  # timm's word for a size that the model does not take
            raise ValueError(
                f"`side_px` must be a size that the backbone takes, got {height} x {width}: "
                f"{error} Choose another --data.side_px."
            ) from error
        if features.ndim == 3:
            return self._as_grid(features[:, self._n_prefix :], height / width)
        return features.permute(0, 3, 1, 2) if self._channels_last else features

    def _as_grid(self, tokens: Tensor, aspect: float) -> Tensor:
        """(B, h w, C) tokens to (B, C, h, w)."""
        n_tokens = tokens.shape[1]
        height = round(math.sqrt(n_tokens * aspect))
        if height * (n_tokens // max(1, height)) != n_tokens:
            raise ValueError(
                f"`backbone` must give one token per cell of a grid, got {n_tokens} tokens. "
                "Choose a model with a plain last feature map, a ViT or a Swin."
            )
        grid = (height, n_tokens // height)
        n_images, _, n_channels = tokens.shape
        return tokens.transpose(1, 2).reshape(n_images, n_channels, *grid)  # (B, C, h, w)


def build_timm(name: str, *, weights: str | Path) -> TimmTrunk:
    """A model of timm as a trunk.

    Args:
        name: Timm's, without `PREFIX`.
        weights: ``none``, ``imagenet`` (timm's own for that name, downloaded once), or a local
            file of the whole model.

    Raises:
        ModuleNotFoundError: If timm is not installed.
        ValueError: If timm has no such model, it gives no feature map, or the weights do not fit.
        ConnectionError: If weights cannot be downloaded.
    """
    import timm

    if not timm.is_model(name):
        close = get_close_matches(name, timm.list_models(), n=3, cutoff=0.4)
        raise ValueError(
            f"`backbone` must name a model of timm after {PREFIX}, got {name!r}. "
            f"Did you mean {', '.join(close) or 'resnet50'}?"
        )
    model = _model(name, pretrained=weights == "imagenet")
    if weights not in ("none", "imagenet"):
        classifier = model.pretrained_cfg.get("classifier", ())
        heads = {classifier} if isinstance(classifier, str) else set(classifier or ())
        load_trunk(model, read_weights(Path(weights)), ignored=heads)
    trunk = TimmTrunk(model)
    _check_feature_map(trunk, name)
    return trunk


def _model(name: str, *, pretrained: bool) -> Any:
    """Of timm, for images of any size where the model can."""
    import timm

    given: dict[str, Any] = {"pretrained": pretrained, "num_classes": 0}
    try:
        try:
            model: Any = timm.create_model(name, **given, dynamic_img_size=True)
        except TypeError:  # knows no other size, or any
            model = timm.create_model(name, **given)
    except Exception as error:  # each version of its downloader has errors of its own
        if not pretrained:
            raise
        raise ConnectionError(
            f"`weights` 'imagenet' of {PREFIX}{name} must be downloaded once by timm, got: "
            f"{error}. Fetch the file on a machine with internet access and pass its path as "
            "`weights`, or use 'none'."
        ) from error
    return model


def _check_feature_map(trunk: TimmTrunk, name: str) -> None:
    """Raise unless one blank image of the model's own size gives a feature map."""
    blank = torch.zeros(1, *trunk.model.pretrained_cfg["input_size"])
    was_training = trunk.training
    with torch.no_grad():
        shape = trunk.eval()(blank).shape
    trunk.train(was_training)
    if len(shape) != 4 or shape[1] != trunk.n_channels:
        raise ValueError(
            f"`backbone` must have a last feature map of {trunk.n_channels} channels, got features "
            f"of shape {tuple(shape)} from {PREFIX}{name}. Choose another model."
        )
