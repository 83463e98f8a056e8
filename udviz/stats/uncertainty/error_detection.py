"""Does a measure of uncertainty find the errors, label by label?

An *error* is a known target that the decision at the label's threshold gets wrong. Each measure is
judged as a detector of errors (AUROC, average precision) and as a reason to abstain (risk-coverage:
the error rate among the most certain share of images).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_same_shape
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import check_label_names, label_thresholds, prob_columns
from udviz.stats.uncertainty.error_ranks import error_ranks

CURVE_POINTS = 200
_SCORES = (
    "error_rate",
    "auroc",
    "average_precision",
    "aurc",
    "aurc_oracle",
    "aurc_random",
    "aurc_gain",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskCoverage:
    """Error rate among the most certain images, for every share of them that is kept.

    Attributes:
        coverage: (K,) share of images kept in (0, 1], ascending, at most ``CURVE_POINTS`` of them.
        risk: (K,) error rate among them; images of equal uncertainty enter in random order, so
            it is the expected rate.
        area: Mean risk over coverages of 1/n, 2/n, ..., 1, from all n images; lower is better.
        area_oracle: The area if all errors were the most uncertain images.
        area_random: The area if uncertainty said nothing: the error rate.
    """

    coverage: np.ndarray
    risk: np.ndarray
    area: float
    area_oracle: float
    area_random: float


def prediction_errors(
    probs: np.ndarray, targets: np.ndarray, *, thresholds: float | np.ndarray = 0.5
) -> np.ndarray:
    """Mark what the decision at the threshold gets wrong.

    Args:
        probs: (N, L) probabilities in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown.
        thresholds: One threshold or (L,); present from the threshold on.

    Returns:
        (N, L) int8: 1 wrong, 0 right, -1 where the target is unknown.

    Raises:
        TypeError: If ``probs`` are no floating-point numpy array.
        ValueError: If shapes differ, a probability leaves [0, 1] or a target is none of 1, 0, -1.
    """
    threshold = label_thresholds(thresholds, probs.shape[1])
    errors = np.full(targets.shape, -1, dtype=np.int8, order="F")
    for label, (prob, target) in enumerate(prob_columns(probs, targets)):
        errors[targets[:, label] >= 0, label] = (prob >= threshold[label]) != target
    return errors


def risk_coverage(uncertainty: np.ndarray, errors: np.ndarray) -> RiskCoverage:
    """Risk-coverage curve of one label, or of whole images.

    Args:
        uncertainty: (n,) finite, higher means less sure.
        errors: (n,) bool, n at least 1.

    Returns:
        The curve, and its area with the best and the uninformed level beside it.

    Raises:
        ValueError: If shapes differ, nothing is known (n = 0) or an uncertainty is not finite.

    Source:
        Geifman, Uziel and El-Yaniv (2019), "Bias-reduced uncertainty estimation for deep neural
        classifiers", section 3.
    """
    check_same_shape(uncertainty, errors, names=("uncertainty", "errors"))
    if uncertainty.size == 0 or not np.isfinite(uncertainty).all():
        raise ValueError("`uncertainty` must hold at least one image and be finite, got otherwise.")
    ranks = error_ranks(uncertainty, errors)
    kept = np.unique(np.linspace(1, errors.size, CURVE_POINTS).round().astype(int))
    return RiskCoverage(
        coverage=kept / errors.size,
        risk=ranks.expected_errors(kept) / kept,
        area=ranks.area,
        area_oracle=ranks.area_oracle,
        area_random=ranks.errors.size / errors.size,
    )


def error_detection(
    uncertainty: np.ndarray, errors: np.ndarray, *, label_names: Sequence[str]
) -> pd.DataFrame:
    """How well an uncertainty finds the errors of each label, one row per label in column order.

    Whole images are one "label": pass the sum over labels of the disagreement as (N, 1), and as
    errors whether any of the image's labels is wrong.

    Args:
        uncertainty: (N, L) floats, higher means less sure.
        errors: (N, L) 1 wrong, 0 right, -1 unknown (left out), from ``prediction_errors``.
        label_names: L names.

    Returns:
        Columns ``label``, ``column``; ``known`` images, ``errors`` among them, ``error_rate``;
        ``auroc`` and ``average_precision`` of uncertainty against error (higher is better; an
        uninformed measure scores 0.5 and the error rate); ``aurc``, ``aurc_oracle`` and
        ``aurc_random``: areas under the risk-coverage curve, lower is better; ``aurc_gain``:
        share of the way from random to oracle, 1 is perfect, 0 uninformed. NaN where a label
        has no error or, but for the average precision, only errors.

    Raises:
        TypeError: If ``uncertainty`` is no floating-point numpy array.
        ValueError: If shapes differ, a value is not finite or a name is missing.
    """
    check_label_names(label_names, errors.shape[1])
    rows = [
        {"label": label_names[column.label], "column": column.label}
        | _detection(column.scores[0], column.positive)
        for column in label_columns([uncertainty], errors, name="uncertainty")
    ]
    return pd.DataFrame(rows)


def _detection(uncertainty: np.ndarray, wrong: np.ndarray) -> dict[str, float]:
    """One row of ``error_detection``, from the known images of a label."""
    row: dict[str, float] = {"known": wrong.size, "errors": int(wrong.sum())}
    if wrong.size == 0:
        return row | dict.fromkeys(_SCORES, np.nan)
    ranks = error_ranks(uncertainty, wrong)
    area, oracle, random = ranks.area, ranks.area_oracle, ranks.errors.size / wrong.size
    scores = (random, ranks.auroc, ranks.average_precision, area, oracle, random)
    gain = (random - area) / (random - oracle) if random > oracle else np.nan
    return row | dict(zip(_SCORES, (*scores, gain), strict=True))
