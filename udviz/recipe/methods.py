"""The ways to teach a student: what each needs, and which settings it listens to.

The maths of each is in `udviz.method.teaching`; this half is read without PyTorch.
"""

from dataclasses import dataclass

from udviz.vocabulary import Method


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to teach.

    Attributes:
        summary: What it is, in a few words.
        teacher: Whether it learns from a teacher.
        calibration: Whether the student has a calibration branch; a teacher then needs one too.
        ground_truth: Whether it always learns from the targets; else only where ``beta`` > 0.
        settings: Fields of `StudentConfig` that it reads, besides those of the ground truth.
    """

    summary: str
    teacher: bool = True
    calibration: bool = False
    ground_truth: bool = False
    settings: tuple[str, ...] = ()


WAYS: dict[Method, Way] = {
    "none": Way(summary="ground truth alone", teacher=False, ground_truth=True),
    "cal": Way(
        summary="ground truth with the calibration loss",
        teacher=False,
        calibration=True,
        ground_truth=True,
    ),
    "kd": Way(summary="distillation without uncertainty", settings=("temperature", "beta")),
    "pdd": Way(
        summary="prediction distribution distillation",
        calibration=True,
        settings=("temperature", "beta"),
    ),
    "ud": Way(
        summary="uncertainty distillation",
        calibration=True,
        settings=("temperature", "beta", "attention_weight", "channel_weights"),
    ),
    "mld": Way(
        summary="multi-label logit distillation", ground_truth=True, settings=("mld_weight",)
    ),
    "cam": Way(
        summary="distillation of class activation maps",
        ground_truth=True,
        settings=("cam_weight",),
    ),
}
