import pytest
import torch
from torch import nn

from udviz.method.network import TwoHeadedNetwork
from udviz.method.normalisation import FLOOR, FlooredBatchNorm2d, n_dead_channels

N_CHANNELS = 9


def norm_with(variances):
    module = FlooredBatchNorm2d(len(variances)).eval()
    module.running_var.copy_(torch.tensor(variances))
    return module.requires_grad_(False)


def test_a_channel_that_died_gets_no_score_of_thousands_when_an_image_wakes_it():
    variances = [1.0] * (N_CHANNELS - 1) + [1e-12]
    awake = torch.full((1, N_CHANNELS, 1, 1), 5.0)

    scores = norm_with(variances)(awake)[0, :, 0, 0]
    torchs = nn.functional.batch_norm(awake, torch.zeros(N_CHANNELS), torch.tensor(variances))

    assert scores[-1] == pytest.approx(5.0 / (FLOOR + 1e-5) ** 0.5, rel=1e-4)
    assert torchs.abs().max() > 10 * scores.abs().max()


def test_channels_that_live_are_normalised_as_torch_does():
    variances = (0.5 + torch.rand(N_CHANNELS, generator=torch.Generator().manual_seed(0))).tolist()
    images = torch.randn(4, N_CHANNELS, 3, 3, generator=torch.Generator().manual_seed(1))
    theirs = nn.BatchNorm2d(N_CHANNELS).eval()
    theirs.running_var.copy_(torch.tensor(variances))

    assert torch.equal(norm_with(variances)(images), theirs(images))


def test_in_training_it_is_batch_norm_of_torch():
    images = torch.randn(8, N_CHANNELS, 3, 3, generator=torch.Generator().manual_seed(0))
    images[:, -1] = 0
    ours, theirs = FlooredBatchNorm2d(N_CHANNELS), nn.BatchNorm2d(N_CHANNELS)

    assert torch.equal(ours(images), theirs(images))
    assert torch.equal(ours.running_var, theirs.running_var)


def test_dead_channels_are_counted_and_their_names_in_a_checkpoint_are_those_of_before():
    class Backbone(nn.Module):
        n_channels = N_CHANNELS

    network = TwoHeadedNetwork(Backbone(), 3)
    network.feature_norm.running_var[:2] = FLOOR / 2

    assert n_dead_channels(network) == 2
    assert {name for name in network.state_dict() if name.startswith("feature_norm")} == {
        f"feature_norm.{name}" for name in nn.BatchNorm2d(1).state_dict()
    }
