import math

import pytest
import torch

from tests.training.tiny import network, settings
from udviz.training.schedule import build_optimizer, learning_rate, set_learning_rate

PEAK, FINAL = 0.1, 0.02


def schedule(**changes):
    return settings(
        epochs=10, warmup_epochs=2.0, learning_rate=PEAK, final_learning_rate=FINAL, **changes
    )


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (0.0, 0.005 * PEAK),  # taken as 0.01 epochs of the two
        (0.5, 0.25 * PEAK),
        (1.0, 0.5 * PEAK),
        (2.0, PEAK),
        (4.0, FINAL + (PEAK - FINAL) * (1 + math.sqrt(0.5)) / 2),  # a quarter of the cosine
        (6.0, (PEAK + FINAL) / 2),
        (10.0, FINAL),
    ],
)
def test_rates_of_a_schedule_worked_by_hand(epoch, expected):
    assert learning_rate(schedule(), epoch=epoch) == pytest.approx(expected)


def test_the_cosine_is_that_of_torch():
    config = settings(epochs=7, learning_rate=PEAK, final_learning_rate=FINAL)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=7, eta_min=FINAL)

    for epoch in range(8):
        assert learning_rate(config, epoch=epoch) == pytest.approx(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()


def test_without_warm_up_the_first_step_is_at_the_peak():
    assert learning_rate(settings(learning_rate=PEAK), epoch=0.0) == PEAK


@pytest.mark.parametrize("warmup_epochs", [1e-6, 0.005, 0.5, 1.9])
def test_the_rate_never_exceeds_the_peak(warmup_epochs):
    config = settings(warmup_epochs=warmup_epochs, learning_rate=PEAK)

    assert max(learning_rate(config, epoch=e / 50) for e in range(101)) <= PEAK * (1 + 1e-9)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_backbone_learns_at_its_share_of_the_rate(optimizer):
    model = network()
    built = build_optimizer(model, settings(optimizer=optimizer, backbone_rate=0.1))

    set_learning_rate(built, 0.5)

    backbone, heads = built.param_groups
    assert (backbone["lr"], heads["lr"]) == (pytest.approx(0.05), 0.5)
    assert {id(p) for p in backbone["params"]} == {id(p) for p in model.backbone.parameters()}


def test_every_parameter_is_in_one_group():
    model = network()
    groups = build_optimizer(model, settings()).param_groups

    held = [id(parameter) for group in groups for parameter in group["params"]]

    assert sorted(held) == sorted(id(parameter) for parameter in model.parameters())


def test_a_backbone_rate_of_zero_leaves_the_backbone_alone():
    model = network()
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimizer = build_optimizer(model, settings(backbone_rate=0.0, weight_decay=0.5))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)

    set_learning_rate(optimizer, 0.1)
    optimizer.step()

    for name, value in model.named_parameters():
        assert torch.equal(value, before[name]) == name.startswith("backbone."), name
