"""What one model's probabilities and decisions are worth: calibration, thresholds, F1.

One sort of a label's logits serves all of it, for each run; tables hold means over runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.predictions.cache import Predictions
from udviz.stats.calibration.calibration_error import NullLevel, excess_p_value
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import (
    CalibrationWalk,
    Recalibration,
    fit_isotonic,
    fit_temperature,
)
from udviz.stats.calibration.sorted_probs import SortedProbs, sorted_probs
from udviz.stats.decisions.f1_scores import DecisionCounts, label_decisions, summarise_decisions
from udviz.stats.decisions.thresholds import Thresholds, choose_thresholds
from udviz.stats.inference.intervals import share_columns
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import logit_probs

EVEN_ODDS = 0.0  # the logit of probability 0.5
ERRORS = ("ece", "adaptive_ece", "mce")


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """One run on one split.

    Attributes:
        calibration: A row per recalibration and label, and one of all labels pooled.
        auroc: (L,) area under the ROC curve.
        even: Decisions at probability 0.5.
        chosen: Decisions at the run's thresholds.
        known: (L,) images whose target is known.
    """

    calibration: pd.DataFrame
    auroc: np.ndarray
    even: DecisionCounts
    chosen: DecisionCounts
    known: np.ndarray


def judged_tables(
    plan: Plan, val: SplitPredictions | None, test: SplitPredictions, model: str
) -> Tables:
    """``calibration`` and ``thresholds`` of a model, its part of ``scores`` and of ``models``.

    Recalibrations and thresholds come from each run's own validation predictions; without a
    validation split there are none, and decisions are made at probability 0.5.
    """
    fitted: dict[int, dict[str, Recalibration]] = {}
    thresholds: dict[int, Thresholds] = {}
    for seed, run in (val.models[model] if val else {}).items():
        fitted[seed] = _recalibrations(run)
        thresholds[seed] = chosen_thresholds(plan, run)
    for seed in test.models[model].keys() - thresholds.keys():
        thresholds[seed] = _no_thresholds(len(test.label_names))
    parts: dict[str, list[pd.DataFrame]] = {}
    for split in (val, test) if val else (test,):
        runs = split.models[model]
        judged = [
            _judge(run, thresholds[seed].values, {} if split is val else fitted.get(seed, {}))
            for seed, run in runs.items()
        ]
        own = {"split": split.split, "model": model}
        parts.setdefault("calibration", []).append(_calibration(judged).assign(**own))
        chosen = [thresholds[seed] for seed in runs]
        scores = _scores(judged, chosen).assign(label=list(split.label_names), **own)
        parts.setdefault("scores", []).append(scores)
        parts.setdefault("models", []).append(pd.DataFrame([own | _f1_columns(judged)]))
    tables = {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
    return tables | {"thresholds": _threshold_table(model, test.label_names, thresholds)}


def chosen_thresholds(plan: Plan, val: Predictions) -> Thresholds:
    """Logits with the best F1 on a run's validation predictions; even odds with few positives."""
    return choose_thresholds(
        val.logits, val.targets, fallback=EVEN_ODDS, min_positives=plan.min_positives
    )


def _recalibrations(val: Predictions) -> dict[str, Recalibration]:
    return {
        "temperature": fit_temperature(val.logits, val.targets),
        "platt": fit_platt(val.logits, val.targets),
        "isotonic": fit_isotonic(val.logits, val.targets),
    }


def _no_thresholds(n_labels: int) -> Thresholds:
    return Thresholds(
        values=np.full(n_labels, EVEN_ODDS),
        chosen=np.zeros(n_labels, dtype=bool),
        f1=np.full(n_labels, np.nan),
    )


def _sorted_columns(run: Predictions) -> Iterator[tuple[int, SortedProbs]]:
    for column in label_columns([run.logits], run.targets, name="logits"):
        yield column.label, sorted_probs(column.scores[0], column.positive)


def _judge(
    run: Predictions, thresholds: np.ndarray, recalibrations: Mapping[str, Recalibration]
) -> Judged:
    n_labels = len(run.label_names)
    walk = CalibrationWalk(recalibrations)
    auroc = np.full(n_labels, np.nan)
    known, present = np.zeros((2, n_labels), dtype=np.int64)
    even, chosen = np.zeros((2, 2, n_labels), dtype=np.int64)  # correct, predicted
    for label, logit in _sorted_columns(run):
        walk.look(logit, label)
        auroc[label] = logit.auroc
        known[label], present[label] = logit.size, logit.present.size
        even[:, label] = logit.at_or_above(EVEN_ODDS)
        chosen[:, label] = logit.at_or_above(thresholds[label])
    for label, logit in _sorted_columns(run):
        walk.add(logit, label)
    pooled = walk.pooled().assign(scope="pooled", label="", column=-1)
    rows = walk.rows(run.label_names).assign(scope="label")
    return Judged(
        calibration=pd.concat([pooled, rows], ignore_index=True),
        auroc=auroc,
        even=DecisionCounts(correct=even[0], predicted=even[1], present=present),
        chosen=DecisionCounts(correct=chosen[0], predicted=chosen[1], present=present),
        known=known,
    )


def _calibration(judged: Sequence[Judged]) -> pd.DataFrame:
    """Means over runs. All runs err on the same images, so null levels do not shrink with runs."""
    tables = [run.calibration for run in judged]
    mean = tables[0].copy()
    numbers = mean.select_dtypes("float").columns
    if len(tables) > 1:
        mean[numbers] = np.mean([table[numbers].to_numpy() for table in tables], axis=0)
        for name in ERRORS:
            null = NullLevel(
                mean=mean[f"{name}_null"].to_numpy(),
                sd=mean[f"{name}_null_sd"].to_numpy(),
                upper=mean[f"{name}_null_upper"].to_numpy(),
            )
            mean[f"{name}_p"] = excess_p_value(mean[name].to_numpy(), null)
    left_out = [f"{name}_null_sd" for name in ERRORS]
    left_out += ["within_bin_variance", "within_bin_covariance"]
    return mean.rename(columns={"method": "recalibration"}).drop(columns=left_out)


def _scores(judged: Sequence[Judged], thresholds: Sequence[Thresholds]) -> pd.DataFrame:
    """The columns of ``scores`` that do not rank; counts are means over runs."""
    plain = _calibration(judged)
    plain = plain[(plain["recalibration"] == "none") & (plain["scope"] == "label")]
    counts = [run.chosen for run in judged]
    correct, predicted, present = (
        np.mean([getattr(of_run, name) for of_run in counts], axis=0)
        for name in ("correct", "predicted", "present")
    )
    absent = judged[0].known - present
    columns: dict[str, object] = {
        "column": np.arange(present.size),
        "auroc": np.mean([run.auroc for run in judged], axis=0),
        "ece": plain["ece"].to_numpy(),
        "ece_expected": plain["ece_null"].to_numpy(),
        "brier": plain["brier"].to_numpy(),
        "threshold": np.mean([logit_probs(t.values) for t in thresholds], axis=0),
        "threshold_chosen": thresholds[0].chosen,
    }
    for name, successes, trials in (
        ("precision", correct, predicted),
        ("recall", correct, present),
        ("false_positive_rate", predicted - correct, absent),
    ):
        columns |= share_columns(name, successes, trials)
    decided = predicted + present
    f1 = np.divide(2 * correct, decided, out=np.full(decided.size, np.nan), where=present > 0)
    return pd.DataFrame(columns | {"f1": f1})


def _f1_columns(judged: Sequence[Judged]) -> dict[str, float]:
    """CF1 and OF1 at probability 0.5 and at the thresholds, macro F1 at 0.5: means over runs."""
    even = [summarise_decisions(run.even) for run in judged]
    chosen = [summarise_decisions(run.chosen) for run in judged]
    macro = [float(label_decisions(run.even)["f1"].mean()) for run in judged]
    columns = {"macro_f1": float(np.mean(macro))}
    for name in ("cf1", "of1"):
        values = [getattr(of_run, name) for of_run in even]
        columns[name] = float(np.mean(values))
        columns[f"{name}_seed_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
        columns[f"{name}_chosen"] = float(np.mean([getattr(of_run, name) for of_run in chosen]))
    return columns


def _threshold_table(
    model: str, label_names: Sequence[str], thresholds: Mapping[int, Thresholds]
) -> pd.DataFrame:
    """Thresholds as probabilities, one row per run and label."""
    parts = [
        pd.DataFrame(
            {
                "model": model,
                "seed": seed,
                "label": list(label_names),
                "column": np.arange(len(label_names)),
                "threshold": logit_probs(of_run.values),
                "chosen": of_run.chosen,
                "f1_on_val": of_run.f1,
            }
        )
        for seed, of_run in sorted(thresholds.items())
    ]
    return pd.concat(parts, ignore_index=True)
