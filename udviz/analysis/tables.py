"""The tables of an analysis: statistics joined into one row per model or per label."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.analysis.jobs import SplitPredictions, Tables
from udviz.predictions.cache import Predictions
from udviz.stats.calibration.calibration_error import expected_calibration_error
from udviz.stats.calibration.reliability_bins import reliability_bins
from udviz.stats.comparison.gain import label_gains
from udviz.stats.decisions.f1_scores import counts_at_thresholds, counts_in_top, summarise_decisions
from udviz.stats.decisions.thresholds import Thresholds, choose_thresholds
from udviz.stats.difficulty.causes import LabelFacts
from udviz.stats.difficulty.label_difficulty import label_difficulty
from udviz.stats.ranking.ranking import average_precision, hard_images, label_ranking

EVEN_ODDS = 0.0  # the logit of probability 0.5


def model_rows(
    val: SplitPredictions,
    judged: SplitPredictions,
    role: str,
    *,
    train_positives: np.ndarray,
    min_positives: int,
    min_train_positives: int,
) -> Tables:
    """``models``: one row with the scores of a role, means over its runs; ``thresholds``.

    ``map_supported`` is over labels with ``min_positives`` in this split, ``map_trained`` over
    those with ``min_train_positives`` in training, ``map_hard`` over the images with a *difficult*
    flag. ``cf1`` and ``of1`` are decisions at probability 0.5, ``_top3`` the three highest labels,
    ``_chosen`` at the thresholds of ``thresholds``: per run and label, chosen on ``val`` and left
    alone. ``*_seed_sd`` are standard deviations between seeds, NaN with one seed.
    """
    logits, targets = judged.logits(role), judged.targets
    chosen = [
        choose_thresholds(run.logits, run.targets, fallback=EVEN_ODDS, min_positives=min_positives)
        for run in val.by_role[role]
    ]
    ranking = label_ranking(logits, targets, min_positives=min_positives)
    row = {
        "split": judged.split,
        "role": role,
        "runs": len(logits),
        "mean_average_precision": ranking.mean_ap.value,
        "map_low": ranking.mean_ap.low,
        "map_high": ranking.mean_ap.high,
        "map_seed_sd": ranking.mean_ap.seed_sd,
        "map_supported": ranking.mean_ap_supported.value,
        **_trained_columns(logits, targets, train_positives >= min_train_positives),
        **_hard_columns(judged, role),
        **_decision_columns(logits, targets, chosen),
        "mean_prevalence": float(ranking.table["prevalence"].mean()),
        "n_images": len(targets),
        "n_labels": targets.shape[1],
    }
    tables = {"models": pd.DataFrame([row])}
    if judged.split == val.split:
        tables["thresholds"] = _threshold_table(val, role, chosen)
    return tables


def _threshold_table(
    val: SplitPredictions, role: str, chosen: Sequence[Thresholds]
) -> pd.DataFrame:
    """The (S, L) thresholds as probabilities, one row per run and label."""
    parts = [
        pd.DataFrame(
            {
                "role": role,
                "run": run,
                "label": list(val.label_names),
                "threshold": 1 / (1 + np.exp(-thresholds.values)),
                "chosen": thresholds.chosen,
                "f1_on_val": thresholds.f1,
            }
        )
        for run, thresholds in enumerate(chosen)
    ]
    return pd.concat(parts, ignore_index=True)


def _trained_columns(
    logits: list[np.ndarray], targets: np.ndarray, trained: np.ndarray
) -> dict[str, object]:
    """Mean AP over the labels that were trained on enough images; NaN if there are none."""
    by_run = np.stack([average_precision(run, targets)[trained] for run in logits])
    means = by_run[:, ~np.isnan(by_run[0])].mean(axis=1) if trained.any() else np.array([np.nan])
    return {
        "map_trained": float(means.mean()),
        "map_trained_seed_sd": float(means.std(ddof=1)) if means.size > 1 else np.nan,
        "n_trained": int(trained.sum()),
    }


def _hard_columns(judged: SplitPredictions, role: str) -> dict[str, object]:
    """Mean AP over the images with a *difficult* flag, with its interval; NaN if there are none."""
    images = hard_images(judged.by_role[role][0].difficult)
    if images.size == 0:
        return {"map_hard": np.nan, "map_hard_low": np.nan, "map_hard_high": np.nan, "n_hard": 0}
    mean = label_ranking(judged.logits(role), judged.targets, images=images).mean_ap
    return {
        "map_hard": mean.value,
        "map_hard_low": mean.low,
        "map_hard_high": mean.high,
        "n_hard": images.size,
    }


def _decision_columns(
    logits: list[np.ndarray], targets: np.ndarray, chosen: Sequence[Thresholds]
) -> dict[str, float]:
    """CP, CR, CF1, OP, OR, OF1 at probability 0.5; the F1s of other ways to decide."""
    even = [counts_at_thresholds(run, targets, thresholds=EVEN_ODDS) for run in logits]
    top = [counts_in_top(run, targets, k=3) for run in logits]
    own = [
        counts_at_thresholds(run, targets, thresholds=thresholds.values)
        for run, thresholds in zip(logits, chosen, strict=True)
    ]
    columns = {}
    for end, counts in (("", even), ("_top3", top), ("_chosen", own)):
        decided = [summarise_decisions(of_run) for of_run in counts]
        names = ("cp", "cr", "cf1", "op", "or_", "of1") if end == "" else ("cf1", "of1")
        for name in names:
            values = [getattr(of_run, name) for of_run in decided]
            columns[f"{name}{end}"] = float(np.mean(values))
            if end == "" and name in ("cf1", "of1"):
                several = len(values) > 1
                columns[f"{name}_seed_sd"] = float(np.std(values, ddof=1)) if several else np.nan
    return columns


def gain_table(predictions: SplitPredictions) -> pd.DataFrame:
    """One row: the gain in mean AP with its interval; no row without a distilled student."""
    if not predictions.has_gain:
        return pd.DataFrame()
    gain = label_gains(
        predictions.logits("baseline"), predictions.logits("distilled"), predictions.targets
    ).mean_gain
    return pd.DataFrame(
        [
            {
                "split": predictions.split,
                "gain": gain.gain,
                "low": gain.low,
                "high": gain.high,
                "p": gain.p,
                "includes_seed_variance": gain.includes_seed_variance,
            }
        ]
    )


def label_table(
    predictions: SplitPredictions, train_positives: np.ndarray, *, min_positives: int
) -> pd.DataFrame:
    """One row per label: support, AP and calibration of every role, gain with its evidence."""
    targets = predictions.targets
    columns: dict[str, object] = {
        "split": predictions.split,
        "label": list(predictions.label_names),
        "column": np.arange(targets.shape[1]),
    }
    for role in predictions.by_role:
        ranking = label_ranking(predictions.logits(role), targets, min_positives=min_positives)
        table = ranking.table
        if role == "teacher":
            columns |= {c: table[c] for c in ("positives", "known", "prevalence", "supported")}
        columns |= {f"ap_{role}{end}": table[f"ap{end}"] for end in ("", "_low", "_high")}
        columns[f"ece_{role}"] = _calibration_error(predictions.by_role[role], targets)
    columns["train_positives"] = train_positives
    columns |= _gain_columns(predictions, min_positives=min_positives)
    disagreement = predictions.by_role["teacher"][0].disagreement
    if disagreement is not None:
        means = [disagreement[:, label].mean(dtype=np.float64) for label in range(targets.shape[1])]
        columns["disagreement"] = means
    return pd.DataFrame(columns)


def difficulty_table(
    predictions: SplitPredictions, probs: np.ndarray, facts: LabelFacts
) -> pd.DataFrame:
    """One row per label: its difficulty, the causes and the evidence for each.

    ``probs`` are the (N, L) probabilities of the teacher's run: difficulty is the teacher's. It
    is not taken from the students, whose difference is the gain: else gain and difficulty would be
    correlated by construction.
    """
    table = label_difficulty(
        [probs], predictions.targets, label_names=predictions.label_names, facts=facts
    )
    return table.drop(columns="average_precision").assign(split=predictions.split)


def _calibration_error(runs: list[Predictions], targets: np.ndarray) -> np.ndarray:
    """(L,) expected calibration error, mean over runs."""
    columns = [slice(label, label + 1) for label in range(targets.shape[1])]
    bins = [[reliability_bins(run.probs(c), targets[:, c]) for c in columns] for run in runs]
    errors = [[expected_calibration_error(of_label)[0] for of_label in of_run] for of_run in bins]
    mean: np.ndarray = np.mean(errors, axis=0)
    return mean


def _gain_columns(predictions: SplitPredictions, *, min_positives: int) -> dict[str, object]:
    if not predictions.has_gain:
        return {}
    gains = label_gains(
        predictions.logits("baseline"),
        predictions.logits("distilled"),
        predictions.targets,
        min_positives=min_positives,
    ).table
    renamed = {"low": "gain_low", "high": "gain_high", "p": "gain_p", "q": "gain_q"}
    kept = ["gain", *renamed, "verdict", "images_to_decide"]
    return {renamed.get(name, name): gains[name] for name in kept}
