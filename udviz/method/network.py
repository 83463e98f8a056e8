"""The two-headed network: a classification and a calibration branch on one feature map."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from udviz.checks import check_choice
from udviz.method.backbones import Backbone
from udviz.method.normalisation import FlooredBatchNorm2d

Pool = Literal["max", "avg"]

CALIBRATION_WIDTH = 512  # hidden units of the calibration branch, the paper's


class Output(NamedTuple):
    """What one forward pass gives.

    Attributes:
        logits: (B, L) classification branch z; sigmoid gives P(label present).
        calibration_logits: (B, L) calibration branch g, or None without one. Its softmax
            estimates E[y_l / sum y], which is *not* the probability of a label.
        features: (B, C, h, w) normalised features A.
        pooled: (B, C) float32 pooled features p, what both branches read.
    """

    logits: Tensor
    calibration_logits: Tensor | None
    features: Tensor
    pooled: Tensor


class TwoHeadedNetwork(nn.Module):
    """Backbone, normalised features, pooling and two heads.

    The heads always compute in float32: bfloat16 logits have so few digits that images tie,
    which changes rankings.

    Args:
        backbone: Gives the feature map.
        n_labels: Number L of labels.
        pool: Pooling over the grid, ``max`` (the paper's) or ``avg``.
        feature_norm: BatchNorm on the features before pooling, see `normalisation`. Pretrained
            features can be in the hundreds, and a bare linear head on them does not train.
        calibration: Whether to have the calibration branch.

    Source:
        Song et al. (2021), "Handling Difficult Labels for Multi-label Image Classification
        via Uncertainty Distillation", section 3. The feature normalisation is an addition.
    """

    def __init__(
        self,
        backbone: Backbone,
        n_labels: int,
        *,
        pool: Pool = "max",
        feature_norm: bool = True,
        calibration: bool = True,
    ) -> None:
        super().__init__()
        check_choice(pool, ("max", "avg"), name="pool")
        n_channels = backbone.n_channels
        self.backbone = backbone
        self.pool_kind = pool
        self.feature_norm = FlooredBatchNorm2d(n_channels) if feature_norm else nn.Identity()
        self.classification = nn.Linear(n_channels, n_labels, bias=False)
        self.calibration = _calibration_head(n_channels, n_labels) if calibration else None

    def forward(self, images: Tensor) -> Output:
        """(B, 3, H, W) normalised images to an `Output`."""
        features = self.features(images)
        pooled = self.pool(features)
        logits, calibration_logits = self.heads(pooled)
        return Output(logits, calibration_logits, features, pooled)

    def features(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images to (B, C, h, w) normalised features."""
        features: Tensor = self.feature_norm(self.backbone(images))
        return features

    def pool(self, features: Tensor) -> Tensor:
        """(B, C, h, w) features to (B, C) float32."""
        grid = (2, 3)
        pooled = features.amax(grid) if self.pool_kind == "max" else features.mean(grid)
        return pooled.float()

    def heads(self, pooled: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, C) pooled features to (B, L) logits and (B, L) calibration logits or None."""
        with torch.autocast(pooled.device.type, enabled=False):
            pooled = pooled.float()
            logits = self.classification(pooled)
            return logits, None if self.calibration is None else self.calibration(pooled)

    def class_maps(self, features: Tensor) -> Tensor:
        """Evidence for every label at every place, all labels in one convolution.

        Args:
            features: (B, C, h, w) normalised features, as in an `Output`.

        Returns:
            (B, L, h, w) maps. Under average pooling the mean of a map is the label's logit.
        """
        return F.conv2d(features, self.classification.weight.to(features.dtype)[:, :, None, None])


def frozen_forward(network: TwoHeadedNetwork, images: Tensor) -> Output:
    """Forward pass of a frozen network that can still be differentiated through its heads.

    The features are computed without a graph. The graph starts at ``pooled``, so the gradient
    of the disagreement with respect to it costs two small matrix products. Take no
    loss on the logits without detaching them; the losses of `udviz.method.losses` do it.

    Args:
        network: A network in eval mode.
        images: (B, 3, H, W) normalised images.

    Raises:
        ValueError: If the network is in training mode, which would update its statistics.
    """
    if network.training:
        raise ValueError("`network` must be in eval mode, got training mode. Call `.eval()`.")
    with torch.no_grad():
        features = network.features(images)
        pooled = network.pool(features)
    pooled.requires_grad_()
    with torch.enable_grad():
        logits, calibration_logits = network.heads(pooled)
    return Output(logits, calibration_logits, features, pooled)


def _calibration_head(n_channels: int, n_labels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_channels, CALIBRATION_WIDTH),
        nn.BatchNorm1d(CALIBRATION_WIDTH),
        nn.ReLU(),
        nn.Linear(CALIBRATION_WIDTH, n_labels),
    )
