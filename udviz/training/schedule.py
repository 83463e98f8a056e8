"""Optimiser and learning rate."""

import math

import torch

from udviz.method.network import TwoHeadedNetwork
from udviz.recipe.networks import NetworkConfig


def build_optimizer(network: TwoHeadedNetwork, config: NetworkConfig) -> torch.optim.Optimizer:
    """Optimiser with two groups of parameters: the backbone, and everything on top of it."""
    backbone = list(network.backbone.parameters())
    inside = {id(parameter) for parameter in backbone}
    heads = [parameter for parameter in network.parameters() if id(parameter) not in inside]
    groups = [{"params": backbone, "scale": config.backbone_rate}, {"params": heads, "scale": 1.0}]
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            groups, config.learning_rate, momentum=0.9, weight_decay=config.weight_decay
        )
    return torch.optim.AdamW(groups, config.learning_rate, weight_decay=config.weight_decay)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group of parameters its share of ``rate``."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def learning_rate(config: NetworkConfig, *, epoch: float) -> float:
    """Linear warm-up, then a cosine from the peak to the final rate.

    Args:
        config: Peak, final rate, warm-up and length.
        epoch: Time in epochs, in [0, epochs].
    """
    if epoch < config.warmup_epochs:
        share = max(epoch, 0.01) / config.warmup_epochs  # a first step at rate 0 would be lost
        return config.learning_rate * min(share, 1.0)
    progress = (epoch - config.warmup_epochs) / (config.epochs - config.warmup_epochs)
    cosine = (1.0 + math.cos(math.pi * progress)) / 2.0
    return config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine
