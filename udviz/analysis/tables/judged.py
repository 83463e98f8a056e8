"""What one model's probabilities and decisions are worth: calibration, thresholds, F1.

One sort of a label's logits serves all of it, for each run; tables hold means over runs.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.jobs import LabelJob
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.judged_runs import EVEN_ODDS, Fitted, Judged, JudgedRuns
from udviz.predictions.cache import Predictions
from udviz.stats.calibration.calibration_error import NullLevel, excess_p_value
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import Recalibration, fit_isotonic, fit_temperature
from udviz.stats.calibration.recalibration_tables import pooled_edges
from udviz.stats.calibration.sorted_probs import sorted_probs
from udviz.stats.decisions.f1_scores import label_decisions, summarise_decisions
from udviz.stats.decisions.thresholds import Thresholds, choose_thresholds
from udviz.stats.inference.intervals import share_columns
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import logit_probs

ERRORS = ("ece", "adaptive_ece", "mce")


def judged_job(
    plan: Plan, val: SplitPredictions | None, test: SplitPredictions, model: str
) -> LabelJob:
    """``calibration`` and ``thresholds`` of a model, its part of ``scores`` and of ``models``.

    Recalibrations and thresholds come from each run's own validation predictions; without a
    validation split there are none, and decisions are made at probability 0.5.
    """
    splits = (val, test) if val else (test,)
    return LabelJob(
        name=f"probabilities of {model}",
        n_labels=len(test.label_names),
        prepare=partial(_fit, plan=plan, val=val, test=test, model=model),
        part=partial(_judge, splits=splits, model=model),
        join=partial(_tables, splits=splits, model=model),
    )


def _fit(
    *, plan: Plan, val: SplitPredictions | None, test: SplitPredictions, model: str
) -> dict[int, Fitted]:
    fitted = {}
    for seed, run in test.models[model].items():
        own = val.models[model][seed] if val else None
        maps = _recalibrations(own) if own else {}
        edges = {test.split: pooled_edges(run.logits, run.targets, recalibrations=maps)}
        if val and own:
            edges[val.split] = pooled_edges(own.logits, own.targets, recalibrations={})
        thresholds = chosen_thresholds(plan, own) if own else _no_thresholds(len(run.label_names))
        fitted[seed] = Fitted(thresholds=thresholds, recalibrations=maps, edges=edges)
    return fitted


def _judge(
    labels: range,
    fitted: Mapping[int, Fitted],
    *,
    splits: Sequence[SplitPredictions],
    model: str,
) -> JudgedRuns:
    found = {}
    for split in splits:
        for seed, run in split.models[model].items():
            judged = fitted[seed].judging(split.split)
            limits = fitted[seed].thresholds.values
            for column in label_columns([run.logits], run.targets, labels=labels, name="logits"):
                logit = sorted_probs(column.scores[0], column.positive)
                judged.add(logit, column.label, limits[column.label])
            judged.close(labels, split.label_names)
            found[split.split, seed] = judged
    return JudgedRuns(found)


def _tables(
    runs: JudgedRuns,
    fitted: Mapping[int, Fitted],
    *,
    splits: Sequence[SplitPredictions],
    model: str,
) -> Tables:
    parts: dict[str, list[pd.DataFrame]] = {"calibration": [], "scores": [], "models": []}
    thresholds = {seed: own.thresholds for seed, own in fitted.items()}
    for split in splits:
        judged, own = runs.of(split.split), {"split": split.split, "model": model}
        calibration = _calibration([run.calibration for run in judged])
        chosen = [thresholds[seed] for seed in split.models[model]]
        scores = _scores(judged, chosen, calibration)
        parts["calibration"].append(calibration.assign(**own))
        parts["scores"].append(scores.assign(label=list(split.label_names), **own))
        parts["models"].append(pd.DataFrame([own | _f1_columns(judged)]))
    tables = {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
    return tables | {"thresholds": _threshold_table(model, splits[-1].label_names, thresholds)}


def chosen_thresholds(plan: Plan, val: Predictions, labels: range | None = None) -> Thresholds:
    """Logits with the best F1 on a run's validation predictions; even odds with few positives."""
    return choose_thresholds(
        val.logits,
        val.targets,
        fallback=EVEN_ODDS,
        min_positives=plan.min_positives,
        labels=labels,
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


def _calibration(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Means over runs. All runs err on the same images, so null levels do not shrink with runs."""
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


def _scores(
    judged: Sequence[Judged], thresholds: Sequence[Thresholds], calibration: pd.DataFrame
) -> pd.DataFrame:
    """The columns of ``scores`` that do not rank; counts are means over runs."""
    plain = calibration
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
