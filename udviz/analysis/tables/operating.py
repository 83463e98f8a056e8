"""What changed from one model to the other in false positives, recall, F1 and Brier score.

Of each metric two functions: what is measured of a block of labels, and the rows of all labels.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.jobs import LabelJob
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.comparison_rows import comparison_rows
from udviz.analysis.tables.judged import chosen_thresholds
from udviz.stats.comparison.equal_recall import Validation, measure_at_recall
from udviz.stats.comparison.operating import Measures, Scope, measure_brier, measure_decisions
from udviz.vocabulary import EQUAL_RECALLS, METRICS, Metric


def operating_jobs(
    plan: Plan, val: SplitPredictions | None, test: SplitPredictions, hard: np.ndarray
) -> list[LabelJob]:
    """Comparisons in more than average precision; decisions need a validation split.

    Args:
        plan: What to compare.
        val: Predictions that thresholds are chosen on; None without.
        test: Predictions that are compared.
        hard: (L,) bool, the labels that were called hard beforehand.
    """
    if not plan.comparisons:
        return []

    def job(name: str, at: str, measure: Callable[..., Measures], **more: object) -> LabelJob:
        return LabelJob(
            name=name,
            n_labels=len(test.label_names),
            part=partial(measure, plan=plan, test=test, hard=hard, **more),
            join=partial(_rows, plan=plan, test=test, at=at),
        )

    brier = job("Brier scores", "", _brier)
    if val is None:
        return [brier]
    return [
        *(
            job(
                f"comparisons at a recall of {percent} %",
                f"_at_recall_{percent}",
                _at_recall,
                val=val,
                recall=recall,
            )
            for percent, recall in EQUAL_RECALLS.items()
        ),
        job("comparisons at F1 thresholds", "_at_f1", _decisions, val=val),
        brier,
    ]


def _at_recall(
    labels: range,
    *,
    plan: Plan,
    test: SplitPredictions,
    hard: np.ndarray,
    val: SplitPredictions,
    recall: float,
) -> Measures:
    """At the thresholds that reach a recall on validation."""
    scope = _scope(plan, test, hard)
    validation = Validation(models=val.logits(), targets=val.targets, groups=val.groups)
    return measure_at_recall(
        test.logits(), test.targets, validation, recall=recall, scope=scope, labels=labels
    )


def _decisions(
    labels: range, *, plan: Plan, test: SplitPredictions, hard: np.ndarray, val: SplitPredictions
) -> Measures:
    """At the thresholds that have the best F1 on validation."""
    thresholds = {
        name: {seed: chosen_thresholds(plan, run, labels).values for seed, run in runs.items()}
        for name, runs in val.models.items()
    }
    scope = _scope(plan, test, hard)
    return measure_decisions(test.logits(), test.targets, thresholds, scope=scope, labels=labels)


def _brier(labels: range, *, plan: Plan, test: SplitPredictions, hard: np.ndarray) -> Measures:
    """Of the probabilities."""
    scope = _scope(plan, test, hard)
    return measure_brier(test.logits(), test.targets, scope=scope, labels=labels)


def _scope(plan: Plan, test: SplitPredictions, hard: np.ndarray) -> Scope:
    return Scope(min_positives=plan.min_positives, hard=hard, fixed=plan.fixed, groups=test.groups)


def _rows(measures: Measures, *, plan: Plan, test: SplitPredictions, at: str) -> Tables:
    """Rows of ``comparisons`` of all that was measured."""
    names: dict[str, Metric] = {str(metric): metric for metric in METRICS}
    parts = [
        comparison_rows(plan, test, each, names[f"{name}{at}"])
        for name, each in measures.result().items()
    ]
    return {"comparisons": pd.concat(parts, ignore_index=True).assign(split=test.split)}
