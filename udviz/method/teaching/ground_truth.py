"""Learning from the targets: the teacher, and the students without one."""

from torch import Tensor

from udviz.method.losses import (
    PickAllLabels,
    asymmetric_loss,
    binary_cross_entropy,
    pick_all_labels,
)
from udviz.method.teaching.step import Step, Term, Terms


def teacher(step: Step) -> Terms:
    """1/2 (L_bce + alpha L_cal); L_bce alone without a calibration branch.

    Source:
        Song et al. (2021), teacher loss.
    """
    calibrated = step.output.calibration_logits is not None
    return _both(step, weight=0.5) if calibrated else none(step)


def none(step: Step) -> Terms:
    """The loss of the targets alone: L_bce, or the asymmetric loss."""
    name, value = target_loss(step)
    return {name: Term(1.0, value)}


def cal(step: Step) -> Terms:
    """L_bce + alpha L_cal without a teacher: what the calibration branch does by itself."""
    return _both(step, weight=1.0)


def extra(step: Step) -> Terms:
    """``beta`` times the teacher's loss, which a student may learn besides; nothing for 0."""
    beta = step.settings.beta
    return _both(step, weight=0.5 * beta) if beta > 0 else {}


def target_loss(step: Step) -> tuple[str, Tensor]:
    """Name and value of the loss that the settings choose for the targets."""
    logits, balance = step.output.logits, step.loss.balance
    if step.settings.loss == "bce":
        return "bce", binary_cross_entropy(logits, step.targets, balance=balance)
    chosen = step.settings
    value = asymmetric_loss(
        logits,
        step.targets,
        gamma_pos=chosen.gamma_pos,
        gamma_neg=chosen.gamma_neg,
        clip=chosen.clip,
        balance=balance,
    )
    return "asl", value


def _both(step: Step, *, weight: float) -> Terms:
    """The loss of the targets, and ``alpha`` L_cal where there is a calibration branch."""
    name, value = target_loss(step)
    terms = {name: Term(weight, value)}
    calibration_logits = step.output.calibration_logits
    if calibration_logits is not None:
        variant: PickAllLabels = "all" if step.loss.cal_loss == "all" else "selective"
        loss = pick_all_labels(calibration_logits, step.targets, variant=variant)
        terms["cal"] = Term(weight * step.loss.alpha, loss)
    return terms
