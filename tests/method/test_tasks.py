"""Named losses of both tasks, against the formulas written out with torch.distributions."""

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence
from torch.nn import functional as F

from tests.training.tiny import N_LABELS, network
from udviz.method.network import frozen_forward
from udviz.method.tasks import ClassificationTask, DistillationTask, total_loss
from udviz.recipe.schema import DistillConfig, LossConfig

T = 3.0


@pytest.fixture
def images():
    return torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def targets():
    rows = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, -1, 0, 1]]
    return torch.tensor(rows, dtype=torch.int8)


def distillation(*, loss=None, **distill):
    config = DistillConfig(**distill)
    calibrated = config.method in ("ud", "pdd")
    return DistillationTask(
        network(calibration=calibrated, seed=0),
        network(seed=1).eval(),
        loss or LossConfig(),
        config,
    )


def eval_losses(task, images, targets):
    """Losses without batch statistics, so that a second forward pass gives the same outputs."""
    task.network.eval()
    return task(images, targets), task.network(images)


def cal_by_hand(logits, targets):
    """Each positive against the negatives, averaged over the image's own positives."""
    total = 0.0
    for z, y in zip(logits, targets, strict=True):
        positives, negatives = z[y == 1], z[y == 0]
        if len(positives) and len(negatives):
            terms = [-F.log_softmax(torch.cat([p[None], negatives]), 0)[0] for p in positives]
            total = total + torch.stack(terms).mean()
    return total / len(logits)


def bce_by_hand(logits, targets, *, average):
    total = 0.0
    for z, y in zip(logits, targets, strict=True):
        known = y >= 0
        loss = F.binary_cross_entropy_with_logits(z[known], y[known].float(), reduction="sum")
        total = total + (loss / known.sum() if average else loss)
    return total / len(logits)


def uncertainty_map_by_hand(output):
    """Channels weighted by the softmax of d KL(softmax g || softmax z) / dp."""
    r, q = (Categorical(logits=x) for x in (output.calibration_logits, output.logits))
    (gradient,) = torch.autograd.grad(kl_divergence(r, q).sum(), output.pooled, retain_graph=True)
    return (gradient.softmax(1)[:, :, None, None] * output.features).sum(1)


@pytest.mark.parametrize("balance", ["sum", "mean"])
def test_a_teacher_learns_half_of_bce_and_alpha_cal(images, targets, balance):
    task = ClassificationTask(network(), LossConfig(balance=balance, alpha=0.3))

    losses, output = eval_losses(task, images, targets)

    bce = bce_by_hand(output.logits, targets, average=balance == "mean")
    cal = cal_by_hand(output.calibration_logits, targets)
    assert set(losses) == set(task.weights) == {"bce", "cal"}
    torch.testing.assert_close(losses["bce"], bce)
    torch.testing.assert_close(losses["cal"], cal)
    torch.testing.assert_close(total_loss(losses, task.weights), 0.5 * (bce + 0.3 * cal))


def test_without_a_calibration_branch_bce_stands_alone(images, targets):
    task = ClassificationTask(network(calibration=False), LossConfig())

    losses, output = eval_losses(task, images, targets)

    assert task.weights == {"bce": 1.0}
    assert set(losses) == {"bce"}
    torch.testing.assert_close(
        total_loss(losses, task.weights), bce_by_hand(output.logits, targets, average=False)
    )


def test_the_full_student_loss_is_its_formula(images, targets):
    task = distillation(method="ud", temperature=T, loss=LossConfig(balance="mean", alpha=0.7))

    losses, student = eval_losses(task, images, targets)
    teacher = frozen_forward(task.teacher, images)

    softmax = kl_divergence(
        Categorical(logits=teacher.calibration_logits / T),
        Categorical(logits=student.calibration_logits / T),
    ).mean()
    bernoulli = kl_divergence(
        Bernoulli(logits=teacher.logits / T), Bernoulli(logits=student.logits / T)
    ).sum(1)
    l_pdd = 0.5 * (0.7 * T**2 * softmax + T**2 / (2 * N_LABELS) * bernoulli.mean())
    l_uad = F.mse_loss(uncertainty_map_by_hand(student), uncertainty_map_by_hand(teacher))
    assert set(losses) == set(task.weights) == {"bernoulli", "softmax", "attention"}
    torch.testing.assert_close(total_loss(losses, task.weights), l_pdd + 0.1 * l_uad)


@pytest.mark.parametrize(
    ("distill", "weights"),
    [
        ({"method": "ud"}, {"bernoulli": 0.5, "softmax": 0.5, "attention": 0.1}),
        ({"method": "ud", "attention_weight": 0.0}, {"bernoulli": 0.5, "softmax": 0.5}),
        ({"method": "pdd"}, {"bernoulli": 0.5, "softmax": 0.5}),
        ({"method": "kd"}, {"bernoulli": 0.5}),
        (
            {"method": "pdd", "beta": 0.4},
            {"bernoulli": 0.5, "softmax": 0.5, "bce": 0.2, "cal": 0.2},
        ),
        ({"method": "kd", "beta": 0.4}, {"bernoulli": 0.5, "bce": 0.2}),
    ],
)
def test_each_method_has_its_losses_and_weights(images, targets, distill, weights):
    task = distillation(**distill)

    losses = task(images, targets)

    assert task.weights == pytest.approx(weights)
    assert set(losses) == set(weights)


def test_beta_adds_the_ground_truth_loss(images, targets):
    task = distillation(method="pdd", beta=0.4)

    losses, student = eval_losses(task, images, targets)

    truth = 0.5 * (
        bce_by_hand(student.logits, targets, average=False)
        + cal_by_hand(student.calibration_logits, targets)
    )
    distilled = 0.5 * (losses["bernoulli"] + losses["softmax"])
    torch.testing.assert_close(total_loss(losses, task.weights), distilled + 0.4 * truth)


def test_a_student_that_equals_its_teacher_has_nothing_to_learn(images, targets):
    task = distillation(method="ud")
    task.network.load_state_dict(task.teacher.state_dict())

    losses, _ = eval_losses(task, images, targets)

    torch.testing.assert_close(total_loss(losses, task.weights), torch.tensor(0.0))


def test_the_teacher_stays_as_it_is(images, targets):
    task = distillation(method="ud", beta=1.0)
    before = {name: value.clone() for name, value in task.teacher.state_dict().items()}
    optimizer = torch.optim.SGD(task.parameters(), lr=0.1)

    task.train()
    total_loss(task(images, targets), task.weights).backward()
    optimizer.step()

    assert not task.teacher.training
    assert all(parameter.grad is None for parameter in task.teacher.parameters())
    for name, value in task.teacher.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_every_parameter_of_the_student_gets_a_gradient(images, targets):
    for method in ("ud", "pdd", "kd"):
        task = distillation(method=method)
        total_loss(task(images, targets), task.weights).backward()

        assert all(parameter.grad is not None for parameter in task.network.parameters()), method


def test_batch_statistics_are_updated_once_per_step(images, targets):
    for task in (ClassificationTask(network(), LossConfig()), distillation(method="ud", beta=1.0)):
        task.train()
        total_loss(task(images, targets), task.weights).backward()

        counts = [b for name, b in task.network.named_buffers() if "num_batches" in name]
        assert counts
        assert all(count == 1 for count in counts)


def test_losses_are_float32_under_autocast(images, targets):
    task = distillation(method="ud", beta=1.0)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = task(images, targets)

    assert {value.dtype for value in losses.values()} == {torch.float32}
    assert all(value.isfinite() for value in losses.values())
