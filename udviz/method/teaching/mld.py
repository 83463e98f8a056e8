"""Multi-label logit distillation: each label as a problem of its own, beside the targets."""

from udviz.method.losses import bernoulli_distillation
from udviz.method.teaching import ground_truth
from udviz.method.teaching.step import Step, Term, Terms


def mld(step: Step) -> Terms:
    """L_bce and ``mld_weight`` times the labels' Bernoulli divergences at temperature 1.

    The paper sums L_bce over the batch and averages the divergence, weighed by lambda, over it;
    so ``mld_weight`` is lambda / B, and the total here is theirs / B.

    Source:
        Yang et al. (2023), "Multi-Label Knowledge Distillation", ICCV, eq. 3 (the logit half).
    """
    # T^2 / 2 times the divergence, so twice that
    loss = 2 * bernoulli_distillation(
        step.output.logits, step.taught.logits, temperature=1.0, balance=step.loss.balance
    )
    return ground_truth.none(step) | {"mld": Term(step.settings.mld_weight, loss)}
