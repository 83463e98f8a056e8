"""Distillation of class activation maps, against sums over channels written out."""

import pytest
import torch
from torch.nn import functional as F

from tests.training.tiny import N_LABELS, network
from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork, frozen_forward
from udviz.method.tasks import student_task
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig


def maps_by_hand(net, features):
    """Each label's map as the weighted sum of the channels."""
    weight = net.classification.weight
    return torch.stack(
        [(weight[label][None, :, None, None] * features).sum(1) for label in range(N_LABELS)], 1
    )


@pytest.mark.parametrize("balance", ["sum", "mean"])
def test_the_loss_is_the_squared_difference_of_all_maps(balance):
    images = torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    teacher = TwoHeadedNetwork(build_backbone("small_wide"), N_LABELS)  # other channels
    task = student_task(
        network(calibration=False).eval(),
        LossConfig(balance=balance),
        StudentConfig(method="cam"),
        teacher=teacher,
    )
    output = task.network(images)
    targets = torch.zeros(5, N_LABELS, dtype=torch.int8)

    found = task.terms(output, images, targets)["cam"].value

    ours = maps_by_hand(task.network, output.features)
    theirs = maps_by_hand(teacher, frozen_forward(teacher, images).features)
    difference = (ours - theirs).square()  # (B, L, h, w)
    expected = difference.mean((0, 2, 3))
    expected = expected.sum() if balance == "sum" else expected.mean()
    torch.testing.assert_close(found, expected)


def test_the_map_of_the_larger_grid_is_averaged_onto_the_smaller():
    class Halved(torch.nn.Module):
        n_channels = build_backbone("small").n_channels

        def __init__(self):
            super().__init__()
            self.trunk = build_backbone("small")

        def forward(self, images):
            return F.avg_pool2d(self.trunk(images), 2)

    images = torch.randn(5, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    teacher = TwoHeadedNetwork(Halved(), N_LABELS)
    net = network(calibration=False).eval()
    task = student_task(net, LossConfig(), StudentConfig(method="cam"), teacher=teacher)
    output = net(images)

    found = task.terms(output, images, torch.zeros(5, N_LABELS, dtype=torch.int8))["cam"].value

    ours = F.avg_pool2d(maps_by_hand(net, output.features), 2)
    theirs = maps_by_hand(teacher, frozen_forward(teacher, images).features)
    torch.testing.assert_close(found, (ours - theirs).square().mean((0, 2, 3)).sum())
