"""Named losses of both tasks, against the formulas written out with torch.distributions."""

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence
from torch.nn import functional as F

from tests.training.tiny import N_LABELS, network
from udviz.method.network import frozen_forward
from udviz.method.tasks import Task, student_task, teacher_task, total_loss
from udviz.recipe.methods import WAYS
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig
from udviz.vocabulary import METHODS

T = 3.0


@pytest.fixture
def images():
    return torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def targets():
    rows = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, -1, 0, 1]]
    return torch.tensor(rows, dtype=torch.int8)


def student(*, truth: LossConfig | None = None, **settings: object) -> Task:
    """A student and, where its method has one, a teacher with other weights."""
    config = StudentConfig(**settings)
    way = WAYS[config.method]
    return student_task(
        network(calibration=way.calibration, seed=0),
        truth or LossConfig(),
        config,
        teacher=network(seed=1) if way.teacher else None,
    )


def terms_of(task, images, targets):
    return task.terms(task.network(images), images, targets)


def eval_terms(task, images, targets):
    """Terms without batch statistics, so that a second forward pass gives the same outputs."""
    task.network.eval()
    return terms_of(task, images, targets), task.network(images)


def weights_of(terms):
    return {name: term.weight for name, term in terms.items()}


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
    task = teacher_task(network(), LossConfig(balance=balance, alpha=0.3))

    terms, output = eval_terms(task, images, targets)

    bce = bce_by_hand(output.logits, targets, average=balance == "mean")
    cal = cal_by_hand(output.calibration_logits, targets)
    assert set(terms) == {"bce", "cal"}
    torch.testing.assert_close(terms["bce"].value, bce)
    torch.testing.assert_close(terms["cal"].value, cal)
    torch.testing.assert_close(total_loss(terms), 0.5 * (bce + 0.3 * cal))


def test_a_teacher_without_a_calibration_branch_learns_bce_alone(images, targets):
    task = teacher_task(network(calibration=False), LossConfig())

    terms, output = eval_terms(task, images, targets)

    assert weights_of(terms) == {"bce": 1.0}
    torch.testing.assert_close(
        total_loss(terms), bce_by_hand(output.logits, targets, average=False)
    )


def test_the_full_student_loss_is_its_formula(images, targets):
    task = student(method="ud", temperature=T, truth=LossConfig(balance="mean", alpha=0.7))

    terms, ours = eval_terms(task, images, targets)
    theirs = frozen_forward(task.teacher, images)

    softmax = kl_divergence(
        Categorical(logits=theirs.calibration_logits / T),
        Categorical(logits=ours.calibration_logits / T),
    ).mean()
    bernoulli = kl_divergence(
        Bernoulli(logits=theirs.logits / T), Bernoulli(logits=ours.logits / T)
    ).sum(1)
    l_pdd = 0.5 * (0.7 * T**2 * softmax + T**2 / (2 * N_LABELS) * bernoulli.mean())
    l_uad = F.mse_loss(uncertainty_map_by_hand(ours), uncertainty_map_by_hand(theirs))
    assert set(terms) == {"bernoulli", "softmax", "attention"}
    torch.testing.assert_close(total_loss(terms), l_pdd + 0.1 * l_uad)


@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ({"method": "none"}, {"bce": 1.0}),
        ({"method": "none", "loss": "asl"}, {"asl": 1.0}),
        ({"method": "cal"}, {"bce": 1.0, "cal": 1.0}),
        ({"method": "ud"}, {"bernoulli": 0.5, "softmax": 0.5, "attention": 0.1}),
        ({"method": "ud", "attention_weight": 0.0}, {"bernoulli": 0.5, "softmax": 0.5}),
        ({"method": "pdd"}, {"bernoulli": 0.5, "softmax": 0.5}),
        ({"method": "kd"}, {"bernoulli": 0.5}),
        (
            {"method": "pdd", "beta": 0.4},
            {"bernoulli": 0.5, "softmax": 0.5, "bce": 0.2, "cal": 0.2},
        ),
        ({"method": "kd", "beta": 0.4}, {"bernoulli": 0.5, "bce": 0.2}),
        ({"method": "kd", "beta": 0.4, "loss": "asl"}, {"bernoulli": 0.5, "asl": 0.2}),
        ({"method": "mld", "mld_weight": 0.3}, {"bce": 1.0, "mld": 0.3}),
        ({"method": "cam", "cam_weight": 0.3, "loss": "asl"}, {"asl": 1.0, "cam": 0.3}),
    ],
)
def test_each_method_has_its_losses_and_weights(images, targets, settings, weights):
    assert weights_of(terms_of(student(**settings), images, targets)) == pytest.approx(weights)


def test_beta_adds_the_ground_truth_loss(images, targets):
    task = student(method="pdd", beta=0.4)

    terms, output = eval_terms(task, images, targets)

    truth = 0.5 * (
        bce_by_hand(output.logits, targets, average=False)
        + cal_by_hand(output.calibration_logits, targets)
    )
    distilled = 0.5 * (terms["bernoulli"].value + terms["softmax"].value)
    torch.testing.assert_close(total_loss(terms), distilled + 0.4 * truth)


def test_a_student_that_equals_its_teacher_has_nothing_to_learn(images, targets):
    task = student(method="ud")
    task.network.load_state_dict(task.teacher.state_dict())

    terms, _ = eval_terms(task, images, targets)

    torch.testing.assert_close(total_loss(terms), torch.tensor(0.0))


def taught_methods():
    return [method for method in METHODS if WAYS[method].teacher]


@pytest.mark.parametrize("method", taught_methods())
def test_the_teacher_stays_as_it_is(images, targets, method):
    task = student(method=method)
    before = {name: value.clone() for name, value in task.teacher.state_dict().items()}

    task.network.train()
    total_loss(terms_of(task, images, targets)).backward()

    assert not task.teacher.training
    assert all(parameter.grad is None for parameter in task.teacher.parameters())
    for name, value in task.teacher.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_of_the_student_gets_a_gradient(images, targets, method):
    task = student(method=method)

    total_loss(terms_of(task, images, targets)).backward()

    assert all(parameter.grad is not None for parameter in task.network.parameters())


@pytest.mark.parametrize("method", METHODS)
def test_batch_statistics_are_updated_once_per_step(images, targets, method):
    task = student(method=method)
    task.network.train()

    total_loss(terms_of(task, images, targets)).backward()

    counts = [b for name, b in task.network.named_buffers() if "num_batches" in name]
    assert counts
    assert all(count == 1 for count in counts)


@pytest.mark.parametrize("method", METHODS)
def test_losses_are_float32_under_autocast(images, targets, method):
    task = student(method=method)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = terms_of(task, images, targets)

    assert {term.value.dtype for term in terms.values()} == {torch.float32}
    assert all(term.value.isfinite() for term in terms.values())


@pytest.mark.parametrize("method", taught_methods())
def test_a_method_with_a_teacher_says_so_when_there_is_none(images, targets, method):
    config = StudentConfig(method=method)
    task = student_task(network(), LossConfig(), config)

    with pytest.raises(ValueError, match="must have a teacher"):
        terms_of(task, images, targets)


def test_a_teacher_without_a_calibration_branch_cannot_teach_uncertainty(images, targets):
    config = StudentConfig(method="pdd")
    task = student_task(network(), LossConfig(), config, teacher=network(calibration=False))

    with pytest.raises(ValueError, match="calibration branch in student and teacher"):
        terms_of(task, images, targets)
