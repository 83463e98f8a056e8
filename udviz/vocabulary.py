"""Every closed list of words, once: splits, verdicts, causes, actions, metrics, methods."""

from dataclasses import dataclass
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

Action = Literal[  # what could be done about a difficult label
    "review annotations",
    "tell apart",
    "add images",
    "improve the teacher",
    "recalibrate",
]
ACTIONS: tuple[Action, ...] = get_args(Action)

Scale = Literal["probabilities", "logits"]  # of scores that were made elsewhere
SCALES: tuple[Scale, ...] = get_args(Scale)

Metric = Literal[
    "average_precision",
    "false_positive_rate_at_recall_50",
    "recall_at_recall_50",
    "false_positive_rate_at_recall_80",
    "recall_at_recall_80",
    "false_positive_rate_at_f1",
    "recall_at_f1",
    "f1_at_f1",
    "brier",
]


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What is said of a metric in which models are compared; all lie in [0, 1].

    Attributes:
        name: What it is, within a sentence.
        short: The same where there is little room.
        higher_is_better: Whether a label is helped where it rises.
    """

    name: str
    short: str
    higher_is_better: bool

    @property
    def change(self) -> str:
        """After minus before, at the head of a column: a gain, where more is better."""
        return "Gain" if self.higher_is_better else "Change"


METRICS: dict[Metric, MetricFacts] = {
    "average_precision": MetricFacts(name="average precision", short="AP", higher_is_better=True),
    "false_positive_rate_at_recall_50": MetricFacts(
        name="false-positive rate at a validation recall of 0.5",
        short="FPR at recall 0.5",
        higher_is_better=False,
    ),
    "recall_at_recall_50": MetricFacts(
        name="recall at a validation recall of 0.5",
        short="recall at recall 0.5",
        higher_is_better=True,
    ),
    "false_positive_rate_at_recall_80": MetricFacts(
        name="false-positive rate at a validation recall of 0.8",
        short="FPR at recall 0.8",
        higher_is_better=False,
    ),
    "recall_at_recall_80": MetricFacts(
        name="recall at a validation recall of 0.8",
        short="recall at recall 0.8",
        higher_is_better=True,
    ),
    "false_positive_rate_at_f1": MetricFacts(
        name="false-positive rate at the thresholds chosen for F1",
        short="FPR at F1 thresholds",
        higher_is_better=False,
    ),
    "recall_at_f1": MetricFacts(
        name="recall at the thresholds chosen for F1",
        short="recall at F1 thresholds",
        higher_is_better=True,
    ),
    "f1_at_f1": MetricFacts(
        name="F1 at the thresholds chosen for it", short="F1", higher_is_better=True
    ),
    "brier": MetricFacts(name="Brier score", short="Brier", higher_is_better=False),
}
AVERAGE_PRECISION: Metric = "average_precision"
EQUAL_RECALLS = {50: 0.5, 80: 0.8}  # of the metrics ``..._at_recall_50`` and ``_80``

SliceMetric = Literal[
    "prevalence",
    "mean_prob",
    "average_precision",
    "auroc",
    "false_positive_rate",
    "recall",
]
SLICE_METRICS: dict[SliceMetric, str] = {
    "prevalence": "prevalence",
    "mean_prob": "mean probability",
    "average_precision": "AP",
    "auroc": "AUROC",
    "false_positive_rate": "false-positive rate",
    "recall": "recall",
}
ALL_SPLITS = "all"  # images of every split together, in the table `slices`

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
