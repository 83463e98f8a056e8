"""Numbers that scikit-learn has, too: average precision, AUROC, Brier score, calibration and so on.

Prints the processor time of scikit-learn, label by label, over that of ours for the same numbers
and of a whole analysis, in the same run. Ours gives intervals, null levels and decisions besides.
Run with ``python -m tests.benchmarks.bench_shared_numbers``.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
)

from tests.benchmarks.scale_analysis import draw
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import Job, LabelJob, run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.all_jobs import analysis_jobs
from udviz.analysis.tables.judged import judged_job
from udviz.predictions.cache import Predictions
from udviz.recipe.schema import Recipe
from udviz.stats.labels.probabilities import logit_probs
from udviz.stats.ranking.ranking import average_precision


def scikit_learn(val: Predictions, test: Predictions, label: int) -> None:
    """All of one label under one model."""
    logit, target = test.logits[:, label], test.targets[:, label]
    probs = logit_probs(logit)
    average_precision_score(target, logit)
    roc_auc_score(target, logit)
    brier_score_loss(target, probs)
    calibration_curve(target, probs, n_bins=15)
    fit_on, given = val.logits[:, label], val.targets[:, label]
    for recalibrated in (
        IsotonicRegression(out_of_bounds="clip").fit(fit_on, given).predict(logit),
        LogisticRegression().fit(fit_on[:, None], given).predict_proba(logit[:, None])[:, 1],
    ):
        brier_score_loss(target, np.clip(recalibrated, 0, 1))
        calibration_curve(target, np.clip(recalibrated, 0, 1), n_bins=15)
    precision, recall, cuts = precision_recall_curve(given, fit_on)
    best = cuts[np.argmax((2 * precision * recall / np.maximum(precision + recall, 1e-9))[:-1])]
    ((logit >= best) & (target == 1)).sum()


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--labels", type=int, default=60)
    size = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        val, test = draw(Path(folder), size.images, size.labels)
        plan, train_positives = Plan.of(Recipe()), np.full(size.labels, 1000)

        def tables(*jobs: Job | LabelJob) -> None:
            run_jobs(jobs, engine=LocalEngine(1), advance=lambda share, name: None)

        def theirs() -> None:
            for model in plan.models:
                runs = [split.first_run(model.name) for split in (val, test)]
                for label in range(size.labels):
                    scikit_learn(*runs, label)

        def ours() -> None:
            tables(*(judged_job(plan, val, test, model.name) for model in plan.models))
            for model in plan.models:
                run = test.first_run(model.name)
                average_precision(run.logits, run.targets)

        def whole(val: SplitPredictions, test: SplitPredictions) -> None:
            tables(*analysis_jobs(plan, val, test, train_positives))

        rival = processor_time(theirs)
        same = min(processor_time(ours) for _ in range(2))
        all_of_it = processor_time(lambda: whole(val, test))
    print(f"{size.images:,} x {size.labels}, {len(plan.models)} models, seconds of processor time")
    print(f"scikit-learn {rival:.1f}, ours for the same numbers {same:.1f}, whole {all_of_it:.1f}")
    print(f"scikit-learn / ours, the same numbers  {rival / same:8.1f}")
    print(f"scikit-learn / the whole analysis      {rival / all_of_it:8.1f}  (8)")


if __name__ == "__main__":
    main()
