"""The paper: prediction distribution and uncertainty attention distillation, and their parts.

Source:
    Song et al. (2021), "Handling Difficult Labels for Multi-label Image Classification via
    Uncertainty Distillation", section 3.
"""

from udviz.method.attention import uncertainty_map
from udviz.method.losses import (
    attention_distillation,
    bernoulli_distillation,
    softmax_distillation,
)
from udviz.method.teaching import ground_truth
from udviz.method.teaching.step import Step, Term, Terms


def kd(step: Step) -> Terms:
    """The Bernoulli half of L_pdd: distillation without uncertainty, the control."""
    loss = bernoulli_distillation(
        step.output.logits,
        step.taught.logits,
        temperature=step.settings.temperature,
        balance=step.loss.balance,
    )
    return {"bernoulli": Term(0.5, loss)} | ground_truth.extra(step)


def pdd(step: Step) -> Terms:
    """L_pdd: the Bernoulli half and the softmax half of the calibration branches."""
    ours, theirs = step.output.calibration_logits, step.taught.calibration_logits
    if ours is None or theirs is None:
        raise ValueError(
            f"`method` {step.settings.method} must have a calibration branch in student and "
            "teacher, got none. Train a teacher with --loss.cal_loss selective."
        )
    loss = softmax_distillation(ours, theirs, temperature=step.settings.temperature)
    return kd(step) | {"softmax": Term(0.5 * step.loss.alpha, loss)}


def ud(step: Step) -> Terms:
    """L_pdd and L_uad: the whole method."""
    weight, kind = step.settings.attention_weight, step.settings.channel_weights
    if weight == 0:
        return pdd(step)
    loss = attention_distillation(
        uncertainty_map(step.output, kind=kind), uncertainty_map(step.taught, kind=kind)
    )
    return pdd(step) | {"attention": Term(weight, loss)}
