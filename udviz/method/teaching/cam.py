"""Distillation of class activation maps: where the evidence of every label lies."""

from udviz.method.losses import class_map_distillation
from udviz.method.teaching import ground_truth
from udviz.method.teaching.step import Step, Term, Terms


def cam(step: Step) -> Terms:
    """L_bce and ``cam_weight`` times the squared difference of all labels' activation maps.

    Source:
        Zhang et al. (2023), "Knowledge Distillation from Single to Multi Labels: an Empirical
        Study", arXiv 2303.08360.
    """
    loss = class_map_distillation(*step.class_maps(), balance=step.loss.balance)
    return ground_truth.none(step) | {"cam": Term(step.settings.cam_weight, loss)}
