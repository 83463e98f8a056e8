"""Every closed list of words, once: splits, verdicts, causes, metrics, recalibrations, methods."""

from typing import Literal, get_args

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
JUDGED_SPLITS: tuple[Split, ...] = ("val", "test")  # those that every model predicts

Verdict = Literal["helped", "hurt", "inconclusive"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
HELPED, HURT, INCONCLUSIVE = VERDICTS

ReviewVerdict = Literal["wrong", "right", "unsure"]  # of an annotation, by a person
REVIEW_VERDICTS: tuple[ReviewVerdict, ...] = get_args(ReviewVerdict)
WRONG, RIGHT, UNSURE = REVIEW_VERDICTS

Cause = Literal[
    "rare",
    "confused",
    "missing annotations",
    "miscalibrated",
    "uncertain",
    "small",
    "occluded",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)

Scale = Literal["probabilities", "logits"]  # of scores that were made elsewhere
SCALES: tuple[Scale, ...] = get_args(Scale)

Metric = Literal["average_precision"]
METRICS: tuple[Metric, ...] = get_args(Metric)

RecalibrationMethod = Literal["none", "temperature", "platt", "isotonic"]
RECALIBRATIONS: tuple[RecalibrationMethod, ...] = get_args(RecalibrationMethod)

Method = Literal["none", "cal", "kd", "pdd", "ud", "mld", "cam"]
METHODS: tuple[Method, ...] = get_args(Method)

TEACHER, BASELINE, DISTILLED = "teacher", "baseline", "distilled"  # names of the default models

MIN_POSITIVES = 20
"""Positives from which on a label is *supported*: its intervals keep their coverage.

Nominal 95 % intervals of a gain cover 93.1 to 96.5 % from 20 positives on, and 92.2 % in the worst
case with 10 (docs/statistics.md).
"""
