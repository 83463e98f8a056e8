"""Normalisation of features that does not divide by the variance of a channel that has died."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 1e-3  # of the median variance: less is what is left of a channel that has died


class Floored(nn.modules.batchnorm._BatchNorm):
    """BatchNorm whose running variances, in evaluation, are at least `FLOOR` times their median.

    A channel that has died in training is 0 in nearly every image. Its running variance is almost
    nothing, and an image that wakes it would get a z-score of thousands.

    Put it before the class whose forward is to be used in training.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) features, normalised."""
        if self.training:
            return super().forward(input)
        assert self.running_mean is not None
        variance = self.floored_variance()
        return F.batch_norm(
            input, self.running_mean, variance, self.weight, self.bias, eps=self.eps
        )

    def floored_variance(self) -> Tensor:
        """(C,) running variances, none below the floor."""
        assert self.running_var is not None
        return self.running_var.clamp(min=FLOOR * self.running_var.median())

    def n_dead(self) -> int:
        """How many channels are below the floor."""
        assert self.running_var is not None
        return int((self.running_var < FLOOR * self.running_var.median()).sum())


class FlooredBatchNorm2d(Floored, nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` with the floor."""


def n_channels(network: nn.Module) -> int:
    """Channels of the last feature map; 0 without statistics."""
    return sum(m.num_features for m in network.modules() if isinstance(m, Floored))


def n_dead_channels(network: nn.Module) -> int:
    """Channels of the last feature map that are 0 in nearly every image; 0 without statistics."""
    with torch.no_grad():
        return sum(module.n_dead() for module in network.modules() if isinstance(module, Floored))


def without_floor(network: nn.Module) -> nn.Module:
    """``network`` with plain layers that compute, in evaluation, what its floored ones do.

    The floor is worked into their variances, so that nothing has to find a median anew: an
    exported network cannot.
    """
    for name, child in network.named_children():
        if isinstance(child, FlooredBatchNorm2d):
            plain = nn.BatchNorm2d(child.num_features, eps=child.eps)
            plain.load_state_dict(child.state_dict())
            plain.running_var = child.floored_variance()
            setattr(network, name, plain.train(child.training))
        else:
            without_floor(child)
    return network
