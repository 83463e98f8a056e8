"""The losses of uncertainty distillation, one function each.

B images, L labels. Every loss is the mean over images of a quantity of that image alone, so
the mean over equal shards of a batch is the loss of the batch. Half-precision inputs are raised to
float32. Teachers are detached here. Lower is better; 0 is the least.

Targets are 1 (present), 0 (absent) and -1 (unknown).
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from udviz.checks import check_choice

Balance = Literal["sum", "mean"]
PickAllLabels = Literal["selective", "all"]


def binary_cross_entropy(logits: Tensor, targets: Tensor, *, balance: Balance = "sum") -> Tensor:
    """Binary cross entropy of the classification branch; unknown targets count nothing.

    Args:
        logits: (B, L) classification logits z.
        targets: (B, L) of {1, 0, -1}.
        balance: ``sum`` over the labels of an image, or ``mean`` over its known labels (the
            paper's code, which gives this loss 1/L of a softmax loss's gradient).

    Returns:
        Scalar, in nats. An image without known labels contributes 0.
    """
    check_choice(balance, ("sum", "mean"), name="balance")
    _check_shapes(logits, targets, names=("logits", "targets"))
    logits = _full_precision(logits)
    known = targets >= 0
    loss = F.binary_cross_entropy_with_logits(
        logits, (targets == 1).to(logits.dtype), reduction="none"
    )
    per_image = torch.where(known, loss, 0.0).sum(1)  # (B,)
    if balance == "mean":
        per_image = per_image / known.sum(1).clamp(min=1)
    return per_image.mean()


def asymmetric_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
    balance: Balance = "sum",
) -> Tensor:
    """Asymmetric loss: easy negatives weigh little, the easiest nothing; unknown targets nothing.

    With p = sigmoid(z) and p_m = max(p - clip, 0), a present label costs
    -(1 - p)^gamma_pos log p and an absent one -p_m^gamma_neg log(1 - p_m). It is no proper score,
    so its probabilities are not calibrated.

    Args:
        logits: (B, L) classification logits z.
        targets: (B, L) of {1, 0, -1}.
        gamma_pos: Focusing of present labels, at least 0; the defaults are the paper's.
        gamma_neg: Focusing of absent labels, at least 0.
        clip: Probability below which an absent label costs nothing, in [0, 1).
        balance: As in `binary_cross_entropy`.

    Returns:
        Scalar, in nats.

    Source:
        Ridnik et al. (2021), "Asymmetric Loss For Multi-Label Classification", eq. 4 to 6.
    """
    check_choice(balance, ("sum", "mean"), name="balance")
    _check_shapes(logits, targets, names=("logits", "targets"))
    logits = _full_precision(logits)
    least = torch.finfo(logits.dtype).tiny  # a power below 1 has an infinite slope at 0
    absence = (-logits).sigmoid()  # 1 - p
    shifted = (logits.sigmoid() - clip).clamp(min=0)  # p_m
    log_absence = (absence + clip).clamp(max=1).log() if clip > 0 else F.logsigmoid(-logits)
    present = -(absence.clamp(min=least) ** gamma_pos) * F.logsigmoid(logits)
    absent = -(shifted**gamma_neg) * log_absence
    loss = torch.where(targets == 1, present, torch.where(targets == 0, absent, 0.0))
    per_image = loss.sum(1)  # (B,)
    if balance == "mean":
        per_image = per_image / (targets >= 0).sum(1).clamp(min=1)
    return per_image.mean()


def pick_all_labels(
    calibration_logits: Tensor, targets: Tensor, *, variant: PickAllLabels = "selective"
) -> Tensor:
    """Pick-all-labels normalised softmax loss of the calibration branch.

    Each of the P positives of an image is picked in turn as the one right answer, and
    the P cross entropies are averaged. Unknown labels are neither positive nor negative.

    Args:
        calibration_logits: (B, L) calibration logits g.
        targets: (B, L) of {1, 0, -1}.
        variant: ``selective``, each positive competes with the negatives only; or ``all``,
            it competes with the other positives too (PAL-N of Menon et al.).

    Returns:
        Scalar, in nats. An image without positives or without negatives contributes 0.

    Source:
        Menon et al. (2019), "Multilabel reductions: what is my loss optimising?", section 4;
        Song et al. (2021), the calibration loss, which is the selective variant.
    """
    check_choice(variant, ("selective", "all"), name="variant")
    _check_shapes(calibration_logits, targets, names=("calibration_logits", "targets"))
    logits = _full_precision(calibration_logits)
    positive, negative = targets == 1, targets == 0
    share = positive.to(logits.dtype) / positive.sum(1, keepdim=True).clamp(min=1)  # 1 / P or 0
    # Finite, unlike -inf, so that a share of 0 makes it 0 and not NaN.
    nothing = torch.finfo(logits.dtype).min
    if variant == "selective":
        rivals = logits.masked_fill(~negative, nothing).logsumexp(1, keepdim=True)  # (B, 1)
        loss = F.softplus(rivals - logits)  # (B, L), 0 without rivals
    else:
        share = share * negative.any(1, keepdim=True)
        loss = -logits.masked_fill(~(positive | negative), nothing).log_softmax(1)
    return (share * loss).sum(1).mean()


def disagreement(calibration_logits: Tensor, logits: Tensor) -> Tensor:
    """Uncertainty per label: how far the two branches disagree about it.

    With r = softmax(g) and q = softmax(z): u_l = r_l log(r_l / q_l) - r_l + q_l. The sum over
    labels is KL(r || q).

    Args:
        calibration_logits: (B, L) calibration logits g.
        logits: (B, L) classification logits z.

    Returns:
        (B, L) disagreement in nats, at least 0; higher is more uncertain. Differentiable.

    Source:
        Song et al. (2021), uncertainty as the divergence of the two branches; the split per
        label is that of the generalised Kullback-Leibler divergence (Bregman).
    """
    _check_shapes(calibration_logits, logits, names=("calibration_logits", "logits"))
    log_r = F.log_softmax(_full_precision(calibration_logits), 1)
    log_q = F.log_softmax(_full_precision(logits), 1)
    r, q = log_r.exp(), log_q.exp()
    per_label = r * (log_r - log_q) - r + q
    # Rounding can leave about -1e-8. A clamp would also set the gradient to 0 there.
    return per_label + (-per_label).clamp(min=0).detach()


def softmax_distillation(
    student_calibration_logits: Tensor,
    teacher_calibration_logits: Tensor,
    *,
    temperature: float = 3.0,
) -> Tensor:
    """T^2 KL(softmax(g_t / T) || softmax(g_s / T)), mean over images.

    Args:
        student_calibration_logits: (B, L) calibration logits g_s.
        teacher_calibration_logits: (B, L) calibration logits g_t, detached here.
        temperature: T > 0. T^2 keeps the gradient's size when T changes.

    Returns:
        Scalar, in nats.

    Source:
        Song et al. (2021), prediction distribution distillation, first half; Hinton et al.
        (2015), "Distilling the knowledge in a neural network".
    """
    student, teacher = _softened(
        student_calibration_logits, teacher_calibration_logits, temperature
    )
    divergence = F.kl_div(
        F.log_softmax(student, 1), F.log_softmax(teacher, 1), reduction="batchmean", log_target=True
    )
    return (temperature**2 * divergence).to(_full_precision(student_calibration_logits).dtype)


def bernoulli_distillation(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    temperature: float = 3.0,
    balance: Balance = "sum",
) -> Tensor:
    """T^2 / 2 times the Bernoulli divergences of an image's labels, mean over images.

    A label's divergence is KL(Bern(sigmoid(z_t / T)) || Bern(sigmoid(z_s / T))).

    Args:
        student_logits: (B, L) classification logits z_s.
        teacher_logits: (B, L) classification logits z_t, detached here.
        temperature: T > 0.
        balance: ``sum`` over labels, or ``mean`` (the paper's code: T^2 / (2 L) in total).

    Returns:
        Scalar, in nats.

    Source:
        Song et al. (2021), prediction distribution distillation, second half.
    """
    check_choice(balance, ("sum", "mean"), name="balance")
    student, teacher = _softened(student_logits, teacher_logits, temperature)
    present = teacher.sigmoid()
    divergence = present * (F.logsigmoid(teacher) - F.logsigmoid(student))
    divergence = divergence + (1 - present) * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    per_image = divergence.sum(1) if balance == "sum" else divergence.mean(1)  # (B,)
    loss = temperature**2 / 2 * per_image.mean()
    return loss.to(_full_precision(student_logits).dtype)


def class_map_distillation(
    student_maps: Tensor, teacher_maps: Tensor, *, balance: Balance = "sum"
) -> Tensor:
    """Mean squared difference of the class activation maps, over the labels of an image.

    Args:
        student_maps: (B, L, h, w) map of every label by the student.
        teacher_maps: (B, L, h', w') by the teacher, detached here; other grids are matched as in
            `attention_distillation`.
        balance: ``sum`` over labels, or ``mean``.

    Returns:
        Scalar, mean over images and cells.

    Source:
        Zhang et al. (2023), "Knowledge Distillation from Single to Multi Labels: an Empirical
        Study", arXiv 2303.08360. Which sum it is over labels is a choice of ours.
    """
    check_choice(balance, ("sum", "mean"), name="balance")
    if student_maps.ndim != 4 or student_maps.shape[:2] != teacher_maps.shape[:2]:
        raise ValueError(
            "`student_maps` and `teacher_maps` must have shapes (B, L, h, w) with one B and L, "
            f"got {tuple(student_maps.shape)} and {tuple(teacher_maps.shape)}."
        )
    student, teacher = _on_one_grid(student_maps, teacher_maps)
    per_label = (student - teacher).square().mean((2, 3))  # (B, L)
    return (per_label.sum(1) if balance == "sum" else per_label.mean(1)).mean()


def attention_distillation(student_map: Tensor, teacher_map: Tensor) -> Tensor:
    """Mean squared difference of two attention maps.

    Args:
        student_map: (B, h, w) map of the student.
        teacher_map: (B, h', w') map of the teacher, detached here. Where the grids differ, both
            are averaged onto the smaller height and the smaller width.

    Returns:
        Scalar, mean over images and cells.

    Source:
        Song et al. (2021), uncertainty attention distillation.
    """
    if student_map.ndim != 3 or teacher_map.ndim != 3 or len(student_map) != len(teacher_map):
        raise ValueError(
            "`student_map` and `teacher_map` must have shapes (B, h, w) with one B, "
            f"got {tuple(student_map.shape)} and {tuple(teacher_map.shape)}."
        )
    return F.mse_loss(*_on_one_grid(student_map, teacher_map))


def _on_one_grid(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Both maps averaged onto the smaller height and the smaller width, the teacher's detached."""
    student, teacher = _full_precision(student), _full_precision(teacher.detach())
    grid = (min(student.shape[-2], teacher.shape[-2]), min(student.shape[-1], teacher.shape[-1]))
    return F.adaptive_avg_pool2d(student, grid), F.adaptive_avg_pool2d(teacher, grid)


def _softened(student: Tensor, teacher: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Both logits divided by the temperature in float64, the teacher's detached.

    At a high temperature the two distributions are almost equal and their divergence is a
    difference of logarithms that agree in all digits of float32 from T = 1e4 on.
    """
    _check_shapes(student, teacher, names=("student", "teacher"))
    if not temperature > 0:
        raise ValueError(f"`temperature` must be above 0, got {temperature}.")
    return student.double() / temperature, teacher.detach().double() / temperature


def _full_precision(tensor: Tensor) -> Tensor:
    half = tensor.dtype in (torch.float16, torch.bfloat16)
    return tensor.float() if half else tensor


def _check_shapes(first: Tensor, second: Tensor, *, names: tuple[str, str]) -> None:
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same shape (B, L), "
            f"got {tuple(first.shape)} and {tuple(second.shape)}."
        )
