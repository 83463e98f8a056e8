"""Uncertainty attention: where the evidence lies that makes the two branches disagree."""

from typing import Literal

import torch
from torch import Tensor

from udviz.checks import check_choice
from udviz.method.losses import disagreement
from udviz.method.network import Output

ChannelWeights = Literal["softmax", "standardised", "gradcam", "uniform"]
KINDS: tuple[ChannelWeights, ...] = ("softmax", "standardised", "gradcam", "uniform")


def uncertainty_map(output: Output, *, kind: ChannelWeights = "softmax") -> Tensor:
    """Uncertainty attention map of every image, from one forward pass.

    Uses the graph of the pass that was done anyway: no layer runs a second time, and nothing is
    differentiated through the convolutions.

    Args:
        output: Of a network with a calibration branch. Its graph is kept.
        kind: How channels are weighted, see `channel_weights`.

    Returns:
        (B, h, w) map; a loss on it reaches the features, not the weights.

    Raises:
        ValueError: If the network has no calibration branch.
    """
    if output.calibration_logits is None:
        raise ValueError(
            "`output` must have calibration logits, got None. "
            "Build the network with `calibration=True`."
        )
    if kind == "uniform":  # spares the gradient
        weights = channel_weights(torch.zeros_like(output.pooled), kind=kind)
    else:
        gradient = uncertainty_gradient(output.pooled, output.logits, output.calibration_logits)
        weights = channel_weights(gradient, kind=kind)
    return attention_map(output.features, weights, kind=kind)


def uncertainty_gradient(pooled: Tensor, logits: Tensor, calibration_logits: Tensor) -> Tensor:
    """Gradient of the disagreement with respect to the pooled features.

    In training mode the calibration branch's BatchNorm couples the images of a batch, and
    the gradient is that of the batch's total disagreement.

    Args:
        pooled: (B, C) pooled features that the logits were computed from.
        logits: (B, L) classification logits.
        calibration_logits: (B, L) calibration logits.

    Returns:
        (B, C), detached. The graph is kept for the loss.

    Source:
        Song et al. (2021), uncertainty attention distillation.
    """
    with torch.enable_grad():
        total = disagreement(calibration_logits, logits).sum()
    (gradient,) = torch.autograd.grad(total, pooled, retain_graph=True)
    return gradient


def channel_weights(gradient: Tensor, *, kind: ChannelWeights = "softmax") -> Tensor:
    """Weight of each channel; the absolute weights of an image sum to 1.

    Args:
        gradient: (B, C) gradient of the disagreement with respect to the pooled features.
        kind: ``softmax`` over channels (the paper's; with small gradients almost uniform);
            ``standardised``, softmax of the gradient divided by its standard deviation
            over channels; ``gradcam``, the signed gradient divided by its absolute sum, so
            that its maps have the scale of the others; ``uniform``, 1 / C, the control.

    Returns:
        (B, C), detached. All 0 for ``gradcam`` where the gradient is 0.
    """
    check_choice(kind, KINDS, name="kind")
    gradient = gradient.detach()
    tiny = torch.finfo(gradient.dtype).tiny  # a gradient of 0 stays 0, a small one keeps its size
    if kind == "uniform":
        return torch.full_like(gradient, 1 / gradient.shape[1])
    if kind == "gradcam":
        return gradient / gradient.abs().sum(1, keepdim=True).clamp(min=tiny)
    if kind == "standardised":
        centred = gradient - gradient.mean(1, keepdim=True)  # the softmax does not see the shift
        spread = gradient.std(1, keepdim=True, correction=min(1, gradient.shape[1] - 1))
        gradient = centred / spread.clamp(min=tiny)
    return gradient.softmax(1)


def attention_map(features: Tensor, weights: Tensor, *, kind: ChannelWeights = "softmax") -> Tensor:
    """Sum of the channels of the feature map, weighted.

    Args:
        features: (B, C, h, w) features A.
        weights: (B, C) channel weights, detached here.
        kind: What the weights are. ``gradcam`` sets negative cells of the map to 0, which is
            where Grad-CAM has its ReLU (on the map, not on the weights).

    Returns:
        (B, h, w) map M = sum_k w_k A_k, in float32 at least.

    Source:
        Song et al. (2021); Selvaraju et al. (2017), "Grad-CAM", eq. 2.
    """
    check_choice(kind, KINDS, name="kind")
    with torch.autocast(features.device.type, enabled=False):
        weights = weights.detach()
        attention = torch.einsum("bc,bchw->bhw", weights, features.to(weights.dtype))
    return attention.relu() if kind == "gradcam" else attention
