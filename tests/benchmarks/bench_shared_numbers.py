"""Numbers that scikit-learn has, too: AP, AUROC, Brier score, log loss, calibration, F1 and so on.

Prints the processor time of scikit-learn over that of ours for the same numbers, and of a whole
analysis, in the same run. Ours gives intervals, null levels and decisions besides.
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
    confusion_matrix,
    log_loss,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

from tests.benchmarks.scale_analysis import draw
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import Job, LabelJob, run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.all_jobs import analysis_jobs
from udviz.predictions.cache import Predictions
from udviz.recipe.schema import Recipe
from udviz.stats.labels.probabilities import logit_probs
from udviz.stats.ranking.ranking import average_precision

SHARED = ("probabilities of", "comparisons at")  # jobs: what both have, with intervals besides


def scikit_learn(val: Predictions, test: Predictions) -> None:
    """All of one model: its labels, and their calibration taken as one binary problem."""
    pooled, called = [], []
    for label in range(test.targets.shape[1]):
        logit, target = test.logits[:, label], test.targets[:, label]
        fit_on, given = val.logits[:, label], val.targets[:, label]
        for scores, present in ((logit, target), (fit_on, given)):
            average_precision_score(present, scores)
            roc_auc_score(present, scores)
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(fit_on, given).predict(logit)
        platt = LogisticRegression().fit(fit_on[:, None], given)
        pooled.append(
            [
                logit_probs(logit).astype(np.float64),
                np.clip(isotonic, 0, 1),
                platt.predict_proba(logit[:, None])[:, 1],
            ]
        )
        for probs in pooled[-1]:
            calibration(target, probs)
        precision, recall, cuts = precision_recall_curve(given, fit_on)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        at_recall = [cuts[np.flatnonzero(recall[:-1] >= least)[-1]] for least in (0.5, 0.8)]
        for cut in (cuts[np.argmax(f1[:-1])], *at_recall):
            confusion_matrix(target, logit >= cut)
        called.append(logit >= cuts[np.argmax(f1[:-1])])
    for decisions in (np.stack(called, axis=1), test.logits >= 0):
        for average in ("macro", "micro"):
            precision_recall_fscore_support(
                test.targets, decisions, average=average, zero_division=0
            )
    targets = test.targets.ravel(order="F")
    for columns in zip(*pooled, strict=True):
        calibration(targets, np.concatenate(columns))


def calibration(target: np.ndarray, probs: np.ndarray) -> None:
    """Both scores, and both kinds of bins, of one set of probabilities."""
    brier_score_loss(target, probs)
    log_loss(target, probs, labels=[0, 1])
    for strategy in ("uniform", "quantile"):
        calibration_curve(target, probs, n_bins=15, strategy=strategy)


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
                scikit_learn(*runs)

        def ours() -> None:
            jobs = analysis_jobs(plan, val, test, train_positives)
            tables(*(job for job in jobs if job.name.startswith(SHARED)))
            for model in plan.models:
                for split in (val, test):
                    run = split.first_run(model.name)
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
