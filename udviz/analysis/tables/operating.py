"""What changed from one model to the other in false positives, recall, F1 and Brier score."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.comparison_rows import comparison_rows, hard_labels
from udviz.analysis.tables.judged import chosen_thresholds
from udviz.stats.comparison.equal_recall import Validation, measure_at_recall
from udviz.stats.comparison.operating import Scope, measure_brier, measure_decisions
from udviz.stats.ranking.measure import Measured
from udviz.vocabulary import EQUAL_RECALLS, METRICS, Metric


def compared_at_recall(
    plan: Plan,
    val: SplitPredictions,
    test: SplitPredictions,
    difficulty: np.ndarray,
    recall_percent: int,
) -> Tables:
    """Rows of ``comparisons`` at the thresholds that reach a recall on validation.

    Args:
        plan: What to compare.
        val: Predictions that thresholds are chosen on.
        test: Predictions that are compared.
        difficulty: (L,) by which the hard labels are told from the rest.
        recall_percent: One of ``EQUAL_RECALLS``.
    """
    measured = measure_at_recall(
        test.logits(),
        test.targets,
        Validation(models=val.logits(), targets=val.targets, groups=val.groups),
        recall=EQUAL_RECALLS[recall_percent],
        scope=_scope(plan, test, difficulty),
    )
    return _rows(plan, test, measured, at=f"_at_recall_{recall_percent}")


def compared_decisions(
    plan: Plan, val: SplitPredictions, test: SplitPredictions, difficulty: np.ndarray
) -> Tables:
    """Rows of ``comparisons`` at the thresholds that have the best F1 on validation."""
    thresholds = {
        name: {seed: chosen_thresholds(plan, run).values for seed, run in runs.items()}
        for name, runs in val.models.items()
    }
    measured = measure_decisions(
        test.logits(), test.targets, thresholds, scope=_scope(plan, test, difficulty)
    )
    return _rows(plan, test, measured, at="_at_f1")


def compared_brier(plan: Plan, test: SplitPredictions, difficulty: np.ndarray) -> Tables:
    """Rows of ``comparisons`` of the probabilities."""
    measured = measure_brier(test.logits(), test.targets, scope=_scope(plan, test, difficulty))
    return _rows(plan, test, measured, at="")


def _scope(plan: Plan, test: SplitPredictions, difficulty: np.ndarray) -> Scope:
    return Scope(
        min_positives=plan.min_positives,
        hard=hard_labels(plan, test, difficulty),
        fixed=plan.fixed,
        groups=test.groups,
    )


def _rows(
    plan: Plan, test: SplitPredictions, measured: Mapping[str, Measured], *, at: str
) -> Tables:
    names: dict[str, Metric] = {str(metric): metric for metric in METRICS}
    parts = [
        comparison_rows(plan, test, each, names[f"{name}{at}"]) for name, each in measured.items()
    ]
    return {"comparisons": pd.concat(parts, ignore_index=True).assign(split=test.split)}
