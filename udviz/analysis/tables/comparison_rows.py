"""Rows of the table ``comparisons``: one metric, label by label and in means."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.stats.comparison.gain import corrected, gain_table, mean_gain_row, p_of_tested
from udviz.stats.comparison.verdicts import verdict_of, verdicts
from udviz.stats.difficulty.hardest import hardest_third
from udviz.stats.ranking.measured import MeanOver, Measured
from udviz.stats.ranking.prevalence import chance_average_precision
from udviz.stats.ranking.ranking import average_precision
from udviz.vocabulary import METRICS, Metric

FALSE_DISCOVERY_RATE = 0.05
MEANS: dict[str, MeanOver] = {"mean": "all", "hard": "hard", "rest": "rest"}  # by scope


def comparison_rows(
    plan: Plan, split: SplitPredictions, measured: Measured, metric: Metric
) -> pd.DataFrame:
    """Every comparison, label by label and in means; q over all labels of all comparisons.

    What would be without few images is not known.
    """
    if not plan.comparisons:
        return pd.DataFrame()
    higher = METRICS[metric].higher_is_better
    parts = [_label_rows(plan, split.label_names, measured, *pair) for pair in plan.comparisons]
    labels = pd.concat(parts, ignore_index=True)
    q = corrected(p_of_tested(labels), correction="bh")
    verdict = verdicts(
        labels["gain"].to_numpy(), q, level=FALSE_DISCOVERY_RATE, higher_is_better=higher
    )
    means = [
        _mean_row(plan, measured, *pair, scope=scope, higher_is_better=higher)
        for pair in plan.comparisons
        for scope in MEANS
    ]
    rows = [labels.assign(q=q, verdict=verdict), pd.DataFrame(means)]
    table = pd.concat(rows, ignore_index=True)
    return table.drop(columns=["positives", "se", "seed_sd", "n_seeds"]).assign(
        metric=metric,
        clustered=split.groups is not None,
        gain_without_few=np.nan,
        rests_on_few=False,
    )


def hard_labels(plan: Plan, split: SplitPredictions, difficulty: np.ndarray) -> np.ndarray:
    """(L,) bool: the hardest third of the labels that are supported on a split."""
    positives = np.array([np.count_nonzero(column == 1) for column in split.targets.T])
    return hardest_third(difficulty, positives >= max(1, plan.min_positives))


def difficulty_of(plan: Plan, split: SplitPredictions) -> np.ndarray:
    """(L,) difficulty of the labels for the reference; NaN without positives."""
    runs = [run.logits for run in split.models[plan.reference].values()]
    precision = np.mean([average_precision(scores, split.targets) for scores in runs], axis=0)
    counts = [
        (np.count_nonzero(column == 1), np.count_nonzero(column != -1))
        for column in split.targets.T
    ]
    positives, known = np.array(counts).T
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: none known, or all present
        difficulty: np.ndarray = (1 - precision) / (1 - chance_average_precision(positives, known))
    return difficulty


def _label_rows(
    plan: Plan, label_names: Sequence[str], measured: Measured, before: str, after: str
) -> pd.DataFrame:
    return gain_table(measured, before, after).assign(
        **_about(plan, measured, before, after),
        label=list(label_names),
        column=np.arange(len(label_names)),
        scope="label",
        n_labels=1,
    )


def _mean_row(
    plan: Plan,
    measured: Measured,
    before: str,
    after: str,
    *,
    scope: str,
    higher_is_better: bool,
) -> dict[str, Any]:
    row = mean_gain_row(measured, before, after, over=MEANS[scope])
    low, high = row["gain_low"], row["gain_high"]
    return {
        **row,
        **_about(plan, measured, before, after),
        "label": "",
        "column": -1,
        "scope": scope,
        "q": np.nan,
        "verdict": verdict_of(low, high, higher_is_better=higher_is_better),
        "supported": True,
    }


def _about(plan: Plan, measured: Measured, before: str, after: str) -> dict[str, str | int | bool]:
    """What is compared, and what its intervals cover."""
    seeds = measured.n_seeds(before, after)
    several_teachers = plan.teacher is not None and len(plan.teacher.seeds) > 1
    return {
        "before": before,
        "after": after,
        "seeds": seeds,
        "includes_seeds": seeds > 1,
        "includes_teachers": several_teachers and seeds > 1,
    }
