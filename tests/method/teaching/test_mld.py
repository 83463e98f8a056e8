"""Multi-label logit distillation, against the published formula and against `kd`."""

import inspect
from pathlib import Path

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence
from torch.nn import functional as F

from tests.training.tiny import N_LABELS, network
from udviz.method.network import frozen_forward
from udviz.method.tasks import student_task, total_loss
from udviz.method.teaching import mld as module
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig

N_IMAGES, LAMBDA = 6, 10.0


@pytest.fixture
def images():
    return torch.randn(N_IMAGES, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def targets():
    random = torch.Generator().manual_seed(2)
    return torch.randint(0, 2, (N_IMAGES, N_LABELS), generator=random).to(torch.int8)


def task(**settings):
    net = network(calibration=False).eval()
    config = StudentConfig(**settings)
    return student_task(net, LossConfig(balance="sum"), config, teacher=network(seed=1))


def gradient_of(loss, net):
    parts = torch.autograd.grad(loss, list(net.parameters()))
    return torch.cat([part.flatten() for part in parts])


def test_the_loss_is_the_published_one_over_the_batch_size(images, targets):
    mld = task(method="mld", mld_weight=LAMBDA / N_IMAGES)
    output = mld.network(images)
    theirs = frozen_forward(mld.teacher, images).logits.detach()

    found = total_loss(mld.terms(output, images, targets))

    bce = F.binary_cross_entropy_with_logits(output.logits, targets.float(), reduction="sum")
    divergence = kl_divergence(Bernoulli(logits=theirs), Bernoulli(logits=output.logits))
    torch.testing.assert_close(N_IMAGES * found, bce + LAMBDA * divergence.sum(1).mean())


def test_its_gradient_is_four_lambda_times_that_of_kd(images, targets):
    mld = task(method="mld", mld_weight=LAMBDA / N_IMAGES)
    kd = task(method="kd", temperature=1.0, beta=N_IMAGES / (2 * LAMBDA))

    published, control = (
        gradient_of(total_loss(t.terms(t.network(images), images, targets)), t.network)
        for t in (mld, kd)
    )

    torch.testing.assert_close(N_IMAGES * published, 4 * LAMBDA * control, rtol=1e-4, atol=1e-5)


def test_the_page_on_methods_shows_it_as_it_is():
    page = Path(__file__).parents[3] / "docs" / "methods.md"

    assert inspect.getsource(module.mld) in page.read_text(encoding="utf-8")
