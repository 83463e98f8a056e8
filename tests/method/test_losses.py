import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from udviz.method.losses import (
    asymmetric_loss,
    attention_distillation,
    bernoulli_distillation,
    binary_cross_entropy,
    class_map_distillation,
    disagreement,
    pick_all_labels,
    softmax_distillation,
)

B, L = 6, 7


def normal(rng, *shape, scale=2.0):
    return torch.from_numpy(rng.normal(scale=scale, size=shape))  # float64


@pytest.fixture
def logits(rng):
    return normal(rng, B, L)


@pytest.fixture
def targets(rng):
    return torch.from_numpy(rng.choice([-1, 0, 1], p=[0.2, 0.5, 0.3], size=(B, L)).astype(np.int8))


# binary cross entropy


def test_binary_cross_entropy_of_undecided_logits_is_ln_2_per_label():
    logits, targets = torch.zeros(2, 3), torch.tensor([[1, 0, 0], [0, 1, -1]])

    assert binary_cross_entropy(logits, targets).item() == pytest.approx(2.5 * math.log(2))
    assert binary_cross_entropy(logits, targets, balance="mean").item() == pytest.approx(
        math.log(2)
    )


@pytest.mark.parametrize("balance", ["sum", "mean"])
def test_binary_cross_entropy_agrees_with_a_loop_over_the_known_labels(logits, targets, balance):
    per_image = []
    for z, y in zip(logits, targets, strict=True):
        known = y != -1
        per_image.append(
            F.binary_cross_entropy_with_logits(z[known], y[known].double(), reduction=balance)
        )

    ours = binary_cross_entropy(logits, targets, balance=balance)

    torch.testing.assert_close(ours, torch.stack(per_image).mean())


def test_an_unknown_target_has_no_gradient(logits, targets):
    logits.requires_grad_()

    binary_cross_entropy(logits, targets).backward()

    assert (logits.grad[targets == -1] == 0).all()
    assert (logits.grad[targets != -1] != 0).all()


# asymmetric loss


@pytest.mark.parametrize("gammas", [(0.0, 4.0), (1.0, 4.0), (0.5, 0.5), (0.0, 0.0)])
@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_the_asymmetric_loss_agrees_with_its_formula_label_by_label(logits, targets, gammas, clip):
    expected = 0.0
    for z, y in zip(logits.flatten().tolist(), targets.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-z))
        shifted = max(p - clip, 0.0)
        if y == 1:
            expected -= (1 - p) ** gammas[0] * math.log(p)
        if y == 0:
            expected -= shifted ** gammas[1] * math.log(1 - shifted)

    ours = asymmetric_loss(logits, targets, gamma_pos=gammas[0], gamma_neg=gammas[1], clip=clip)

    assert ours.item() == pytest.approx(expected / B)


def test_the_asymmetric_loss_without_focus_and_clip_is_binary_cross_entropy(logits, targets):
    for balance in ("sum", "mean"):
        plain = asymmetric_loss(logits, targets, gamma_neg=0, clip=0, balance=balance)

        torch.testing.assert_close(plain, binary_cross_entropy(logits, targets, balance=balance))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 4.0])
@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_the_asymmetric_loss_and_its_gradient_are_finite_at_any_logit(gamma, clip):
    logits = torch.tensor([[-1e4, -200.0, -3.0, 0.0, 3.0, 200.0, 1e4]] * 2, requires_grad=True)
    targets = torch.tensor([[1] * 7, [0] * 7])

    loss = asymmetric_loss(logits, targets, gamma_pos=gamma, gamma_neg=gamma, clip=clip)
    loss.backward()

    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_an_absent_label_below_the_clip_costs_nothing():
    logits = torch.tensor([[-4.0, 0.0]], requires_grad=True)  # p = 0.018 and 0.5

    asymmetric_loss(logits, torch.tensor([[0, 0]]), clip=0.05).backward()

    assert logits.grad[0, 0] == 0
    assert logits.grad[0, 1] > 0


def test_images_with_unknown_labels_only_contribute_nothing():
    logits = torch.randn(2, 3, requires_grad=True)

    loss = binary_cross_entropy(logits, torch.full((2, 3), -1), balance="mean")
    loss.backward()

    assert loss.item() == 0
    assert (logits.grad == 0).all()


# pick-all-labels


def picked_one_by_one(logits, targets, *, variant):
    """One softmax per positive, image by image, straight from the definition."""
    per_image = []
    for g, y in zip(logits, targets, strict=True):
        positives, negatives = (y == 1).nonzero().flatten(), (y == 0).nonzero().flatten()
        terms = []
        for i in positives:
            others = negatives if variant == "selective" else torch.cat([negatives, positives])
            rivals = [j for j in others.tolist() if j != i]
            options = torch.cat([g[i : i + 1], g[rivals]])
            terms.append(F.cross_entropy(options[None], torch.tensor([0])))
        none = not len(positives) or not len(negatives)
        per_image.append(g.sum() * 0 if none else torch.stack(terms).mean())
    return torch.stack(per_image).mean()


def test_pick_all_labels_of_a_case_worked_by_hand():
    logits = torch.tensor([[math.log(3.0), 0.0, 0.0, math.log(2.0)]])
    targets = torch.tensor([[1, 1, 0, 0]])  # rivals of both positives: 1 + 2 = 3

    selective = pick_all_labels(logits, targets)
    all_others = pick_all_labels(logits, targets, variant="all")

    assert selective.item() == pytest.approx((-math.log(3 / 6) - math.log(1 / 4)) / 2)
    assert all_others.item() == pytest.approx((-math.log(3 / 7) - math.log(1 / 7)) / 2)


@pytest.mark.parametrize("variant", ["selective", "all"])
def test_pick_all_labels_agrees_with_one_softmax_per_positive(logits, targets, variant):
    ours = pick_all_labels(logits, targets, variant=variant)

    torch.testing.assert_close(ours, picked_one_by_one(logits, targets, variant=variant))


@pytest.mark.parametrize("variant", ["selective", "all"])
def test_the_gradient_of_pick_all_labels_agrees_with_one_softmax_per_positive(
    logits, targets, variant
):
    logits.requires_grad_()

    (ours,) = torch.autograd.grad(pick_all_labels(logits, targets, variant=variant), logits)
    (expected,) = torch.autograd.grad(picked_one_by_one(logits, targets, variant=variant), logits)

    torch.testing.assert_close(ours, expected)
    assert (ours[targets == -1] == 0).all()


def test_trap_1_each_image_is_normalised_by_its_own_number_of_positives(logits):
    targets = torch.zeros(2, L, dtype=torch.int8)
    targets[0, :1], targets[1, :5] = 1, 1

    together = pick_all_labels(logits[:2], targets)
    alone = [pick_all_labels(logits[i : i + 1], targets[i : i + 1]) for i in range(2)]

    torch.testing.assert_close(together, torch.stack(alone).mean())


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int64, torch.float64])
@pytest.mark.parametrize("variant", ["selective", "all"])
def test_trap_2_targets_of_every_type_give_the_same_loss(logits, targets, dtype, variant):
    known = targets.clamp(min=0)  # an unsigned type has no -1

    ours = pick_all_labels(logits, known.to(dtype), variant=variant)

    torch.testing.assert_close(ours, picked_one_by_one(logits, known, variant=variant))
    torch.testing.assert_close(
        binary_cross_entropy(logits, known.to(dtype)), binary_cross_entropy(logits, known)
    )


@pytest.mark.parametrize("variant", ["selective", "all"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 1], [1, -1, 1], [0, -1, -1], [-1, -1, -1]])
def test_an_image_without_positives_or_without_negatives_gives_zero_and_no_gradient(
    row, dtype, variant
):
    logits = torch.tensor([[100.0, -3.0, 0.5]], dtype=dtype, requires_grad=True)

    loss = pick_all_labels(logits, torch.tensor([row]), variant=variant)
    loss.backward()

    assert loss.item() == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize("variant", ["selective", "all"])
def test_such_an_image_still_counts_in_the_mean_over_images(logits, variant):
    targets = torch.zeros(2, L)
    targets[0, 2] = 1

    both = pick_all_labels(logits[:2], targets, variant=variant)
    first = pick_all_labels(logits[:1], targets[:1], variant=variant)

    torch.testing.assert_close(both, first / 2)


# disagreement


finite = st.floats(-40, 40, width=32)


@settings(deadline=None, max_examples=100)
@given(hnp.arrays(np.float32, (2, 3, 4), elements=finite))
def test_disagreement_is_never_negative_and_sums_to_the_divergence_of_the_image(pair):
    calibration_logits, logits = torch.from_numpy(pair)

    per_label = disagreement(calibration_logits, logits)

    expected = F.kl_div(
        logits.double().log_softmax(1),
        calibration_logits.double().log_softmax(1),
        log_target=True,
        reduction="none",
    ).sum(1)
    assert (per_label >= 0).all()
    torch.testing.assert_close(per_label.sum(1).double(), expected, rtol=1e-5, atol=1e-5)


def test_disagreement_of_a_case_worked_by_hand():
    r, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])

    per_label = disagreement(r.log(), q.log())

    expected = [0.5 * math.log(2) - 0.25, 0.5 * math.log(2 / 3) + 0.25]
    np.testing.assert_allclose(per_label[0], expected, rtol=1e-5)


def test_branches_that_agree_have_no_disagreement_whatever_the_offset(logits):
    np.testing.assert_allclose(disagreement(logits + 5, logits), 0, atol=1e-12)


def test_labels_that_rounding_would_make_negative_are_zero_and_keep_their_gradient(rng):
    logits = normal(rng, 1, 200).float()
    nearly = (logits + 1e-4 * normal(rng, 1, 200).float()).requires_grad_()
    exact = nearly.detach().double().requires_grad_()

    per_label = disagreement(nearly, logits)
    per_label.sum().backward()
    disagreement(exact, logits.double()).sum().backward()

    assert (per_label == 0).any()
    assert (per_label >= 0).all()
    torch.testing.assert_close(nearly.grad.double(), exact.grad, rtol=0.02, atol=1e-8)


def test_trap_3_far_apart_logits_give_finite_losses_and_gradients():
    student = torch.tensor([[-500.0, 500.0, 0.0]], requires_grad=True)
    teacher = torch.tensor([[500.0, -500.0, 0.0]])
    targets = torch.tensor([[1, 0, 0]])

    losses = [
        binary_cross_entropy(student, targets),
        pick_all_labels(student, targets),
        pick_all_labels(student, targets, variant="all"),
        disagreement(teacher, student).sum(),
        softmax_distillation(student, teacher),
        bernoulli_distillation(student, teacher),
    ]

    for loss in losses:
        (gradient,) = torch.autograd.grad(loss, student)
        assert loss.isfinite()
        assert loss > 100
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


def test_trap_4_the_best_calibration_softmax_splits_one_over_the_present_labels():
    # two labels always present together: P(y = 1) is 1 for both, E[y / sum y] is 1/2
    targets = torch.tensor([[1, 1, 0]])
    logits = torch.zeros(1, 3, requires_grad=True)
    optimiser = torch.optim.SGD([logits], lr=1.0)

    for _ in range(300):
        optimiser.zero_grad()
        pick_all_labels(logits, targets, variant="all").backward()
        optimiser.step()

    np.testing.assert_allclose(logits.detach().softmax(1)[0], [0.5, 0.5, 0], atol=0.01)


# distillation


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_softmax_distillation_agrees_with_a_loop_over_images(rng, logits, temperature):
    teacher = normal(rng, B, L)
    per_image = []
    for g_s, g_t in zip(logits / temperature, teacher / temperature, strict=True):
        p_s, p_t = g_s.exp() / g_s.exp().sum(), g_t.exp() / g_t.exp().sum()
        per_image.append(temperature**2 * (p_t * (p_t / p_s).log()).sum())

    ours = softmax_distillation(logits, teacher, temperature=temperature)

    torch.testing.assert_close(ours, torch.stack(per_image).mean())


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("balance", ["sum", "mean"])
def test_bernoulli_distillation_agrees_with_torch_kl_of_two_outcomes(
    rng, logits, temperature, balance
):
    teacher = normal(rng, B, L)

    def outcomes(z):
        p = (z / temperature).sigmoid()
        return torch.stack([p, 1 - p], -1)

    divergence = F.kl_div(outcomes(logits).log(), outcomes(teacher), reduction="none").sum((1, 2))
    expected = temperature**2 / 2 * divergence.mean() / (L if balance == "mean" else 1)

    ours = bernoulli_distillation(logits, teacher, temperature=temperature, balance=balance)

    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("loss", [softmax_distillation, bernoulli_distillation])
def test_distillation_is_zero_at_the_teacher_and_only_the_student_learns(logits, loss):
    student, teacher = logits.clone().requires_grad_(), logits.clone().requires_grad_()

    value = loss(student, teacher)
    value.backward()

    assert value.item() == pytest.approx(0, abs=1e-12)
    assert student.grad is not None
    assert teacher.grad is None


@pytest.mark.parametrize("loss", [softmax_distillation, bernoulli_distillation])
def test_the_gradient_keeps_its_size_when_the_temperature_is_high(rng, logits, loss):
    teacher = normal(rng, B, L)
    logits.requires_grad_()

    sizes = [
        torch.autograd.grad(loss(logits, teacher, temperature=t), logits)[0].norm()
        for t in (100.0, 1000.0)
    ]

    torch.testing.assert_close(sizes[0], sizes[1], rtol=0.02, atol=0)


@pytest.mark.parametrize("loss", [softmax_distillation, bernoulli_distillation])
@pytest.mark.parametrize("temperature", [1e4, 1e6])
def test_a_very_high_temperature_costs_no_digits_in_float32(rng, logits, loss, temperature):
    teacher = normal(rng, B, L)
    student = logits.float().requires_grad_()
    loss(student, teacher.float(), temperature=temperature).backward()
    # Where T is large, the loss is half the variance of the difference under the teacher's uniform
    # distribution, or an eighth of its square per label at probability 1/2, times 1 / 2.
    difference = (student.detach().double() - teacher.float().double()).requires_grad_()
    limit = (
        difference.var(1, correction=0).mean() / 2
        if loss is softmax_distillation
        else difference.square().sum(1).mean() / 16
    )
    limit.backward()

    torch.testing.assert_close(student.grad.double(), difference.grad, rtol=1e-3, atol=1e-5)


def test_attention_distillation_averages_the_finer_grid_onto_the_coarser():
    fine = torch.tensor([[[1.0, 3.0], [5.0, 7.0]]], requires_grad=True)
    coarse = torch.tensor([[[1.0]]])

    loss = attention_distillation(fine, coarse)
    loss.backward()

    assert loss.item() == pytest.approx((4 - 1) ** 2)
    np.testing.assert_allclose(fine.grad, 2 * 3 / 4 * np.ones((1, 2, 2)))


def test_attention_distillation_of_equal_grids_is_the_mean_squared_difference(rng):
    ours, theirs = normal(rng, 3, 4, 5), normal(rng, 3, 4, 5)

    torch.testing.assert_close(
        attention_distillation(ours, theirs), (ours - theirs).square().mean()
    )


def test_attention_distillation_uses_the_smaller_side_in_each_direction(rng):
    tall, wide = normal(rng, 2, 6, 3), normal(rng, 2, 3, 6)
    expected = (tall.view(2, 3, 2, 3).mean(2) - wide.view(2, 3, 3, 2).mean(3)).square().mean()

    torch.testing.assert_close(attention_distillation(tall, wide), expected)


# all of them


def each_loss(targets, teacher):
    maps, label_maps = teacher.reshape(len(teacher), L, 1), teacher.reshape(len(teacher), L, 1, 1)
    return {
        "bce sum": lambda z: binary_cross_entropy(z, targets),
        "bce mean": lambda z: binary_cross_entropy(z, targets, balance="mean"),
        "asl": lambda z: asymmetric_loss(z, targets),
        "asl focused": lambda z: asymmetric_loss(z, targets, gamma_pos=1.5, balance="mean"),
        "selective": lambda z: pick_all_labels(z, targets),
        "all": lambda z: pick_all_labels(z, targets, variant="all"),
        "disagreement g": lambda z: disagreement(z, teacher).sum(1).mean(),
        "disagreement z": lambda z: disagreement(teacher, z).sum(1).mean(),
        "softmax": lambda z: softmax_distillation(z, teacher),
        "bernoulli": lambda z: bernoulli_distillation(z, teacher),
        "attention": lambda z: attention_distillation(z.reshape(len(z), L, 1), maps),
        "class maps": lambda z: class_map_distillation(z.reshape(len(z), L, 1, 1), label_maps),
    }


LOSSES = tuple(each_loss(torch.zeros(1, L), torch.zeros(1, L)))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_agree_with_finite_differences(name, rng, logits, targets):
    loss = each_loss(targets, normal(rng, B, L))[name]

    assert torch.autograd.gradcheck(loss, (logits.requires_grad_(),))


@pytest.mark.parametrize("name", LOSSES)
def test_the_mean_over_shards_is_the_loss_of_the_batch(name, rng, logits, targets):
    teacher = normal(rng, B, L)
    whole = each_loss(targets, teacher)[name](logits)

    shards = [
        each_loss(targets[i : i + 3], teacher[i : i + 3])[name](logits[i : i + 3]) for i in (0, 3)
    ]

    torch.testing.assert_close(torch.stack(shards).mean(), whole)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_raised_to_float32_even_under_autocast(name, dtype, rng, logits, targets):
    teacher = normal(rng, B, L).to(dtype)
    half = logits.to(dtype)
    expected = each_loss(targets, teacher.float())[name](half.float())

    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = each_loss(targets, teacher)[name](half)

    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected)


# refusals


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"same shape \(B, L\), got \(2, 3\) and \(2, 4\)"):
        binary_cross_entropy(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="`calibration_logits` and `targets`"):
        pick_all_labels(torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match="`student_map` and `teacher_map`"):
        attention_distillation(torch.zeros(2, 3, 3), torch.zeros(1, 3, 3))
    with pytest.raises(ValueError, match="`student_maps` and `teacher_maps`"):
        class_map_distillation(torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, 4))


def test_unknown_choices_are_refused():
    z = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="`balance` must be one of sum, mean, got 'max'"):
        binary_cross_entropy(z, z, balance="max")
    with pytest.raises(ValueError, match="`balance` must be one of"):
        bernoulli_distillation(z, z, balance="max")
    with pytest.raises(ValueError, match="`variant` must be one of selective, all"):
        pick_all_labels(z, z, variant="none")


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature):
    with pytest.raises(ValueError, match="`temperature` must be above 0"):
        softmax_distillation(torch.zeros(1, 2), torch.zeros(1, 2), temperature=temperature)
