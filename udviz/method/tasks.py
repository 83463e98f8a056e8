"""What a step learns from: a batch goes in, named losses come out.

The training loop does not know which of the two tasks it runs.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from udviz.method.attention import uncertainty_map
from udviz.method.losses import (
    PickAllLabels,
    attention_distillation,
    bernoulli_distillation,
    binary_cross_entropy,
    pick_all_labels,
    softmax_distillation,
)
from udviz.method.network import Output, TwoHeadedNetwork, frozen_forward
from udviz.recipe.schema import DistillConfig, LossConfig


class ClassificationTask(nn.Module):
    """Learn from the ground truth: 1/2 (L_bce + alpha L_cal), or L_bce alone.

    Attributes:
        network: The network that is trained; without a calibration branch L_bce stands alone.
        weights: Weight of each named loss in the total.

    Source:
        Song et al. (2021), teacher loss.
    """

    def __init__(self, network: TwoHeadedNetwork, loss: LossConfig) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self.weights: Mapping[str, float] = (
            {"bce": 0.5, "cal": 0.5 * loss.alpha}
            if network.calibration is not None
            else {"bce": 1.0}
        )

    def forward(self, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Scalar losses by name of (B, 3, H, W) ``images`` and (B, L) ``targets``."""
        return ground_truth_losses(self.network(images), targets, self.loss)


class DistillationTask(nn.Module):
    """Learn from a frozen teacher: L_pdd + weight L_uad (+ beta times the ground-truth loss).

    Attributes:
        network: The student.
        teacher: Frozen, always in evaluation mode.
        weights: Weight of each named loss in the total.

    Source:
        Song et al. (2021), prediction distribution and uncertainty attention distillation.
    """

    def __init__(
        self,
        network: TwoHeadedNetwork,
        teacher: TwoHeadedNetwork,
        loss: LossConfig,
        distill: DistillConfig,
    ) -> None:
        super().__init__()
        self.network = network
        self.teacher = teacher.requires_grad_(False)
        self.loss = loss
        self.distill = distill
        self.weights = distillation_weights(
            loss, distill, calibration=network.calibration is not None
        )

    def train(self, mode: bool = True) -> "DistillationTask":
        """Switch the student only; the teacher stays in evaluation mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Scalar losses by name of (B, 3, H, W) ``images`` and (B, L) ``targets``."""
        teacher = frozen_forward(self.teacher, images)
        student = self.network(images)
        losses = self._distillation_losses(student, teacher)
        if self.distill.beta > 0:
            losses |= ground_truth_losses(student, targets, self.loss)
        return losses

    def _distillation_losses(self, student: Output, teacher: Output) -> dict[str, Tensor]:
        temperature = self.distill.temperature
        losses = {
            "bernoulli": bernoulli_distillation(
                student.logits,
                teacher.logits,
                temperature=temperature,
                balance=self.loss.balance,
            )
        }
        ours, theirs = student.calibration_logits, teacher.calibration_logits
        if "softmax" in self.weights and ours is not None and theirs is not None:
            losses["softmax"] = softmax_distillation(ours, theirs, temperature=temperature)
        if "attention" in self.weights:
            losses["attention"] = attention_distillation(
                uncertainty_map(student, kind=self.distill.channel_weights),
                uncertainty_map(teacher, kind=self.distill.channel_weights),
            )
        return losses


Task = ClassificationTask | DistillationTask


def distillation_weights(
    loss: LossConfig, distill: DistillConfig, *, calibration: bool
) -> dict[str, float]:
    """Weight of each loss of the distilled student; a loss that is switched off is absent."""
    weights = {"bernoulli": 0.5}
    if distill.method in ("pdd", "ud"):
        weights["softmax"] = 0.5 * loss.alpha
    if distill.method == "ud" and distill.attention_weight > 0:
        weights["attention"] = distill.attention_weight
    if distill.beta > 0:
        weights["bce"] = 0.5 * distill.beta
        if calibration:
            weights["cal"] = 0.5 * distill.beta * loss.alpha
    return weights


def ground_truth_losses(output: Output, targets: Tensor, loss: LossConfig) -> dict[str, Tensor]:
    """L_bce, and L_cal where there is a calibration branch."""
    losses = {"bce": binary_cross_entropy(output.logits, targets, balance=loss.balance)}
    if output.calibration_logits is not None:
        variant: PickAllLabels = "all" if loss.cal_loss == "all" else "selective"
        losses["cal"] = pick_all_labels(output.calibration_logits, targets, variant=variant)
    return losses


def total_loss(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Weighted sum of the named losses."""
    return torch.stack([weights[name] * value for name, value in losses.items()]).sum()
