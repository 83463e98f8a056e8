"""The tables of an analysis: statistics joined into one row per model or per label."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.predictions import Predictions
from udviz.stats.calibration import reliability_bins
from udviz.stats.calibration_error import expected_calibration_error
from udviz.stats.causes import LabelFacts
from udviz.stats.decisions import counts_at_thresholds, counts_in_top, summarise_decisions
from udviz.stats.difficulty import label_difficulty
from udviz.stats.gain import label_gains
from udviz.stats.ranking import label_ranking
from udviz.stats.uncertainty import binary_entropy

EVEN_ODDS = 0.0  # the logit of probability 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitPredictions:
    """Predictions of all runs of a study on one split.

    Attributes:
        split: Its name.
        by_role: Role -> its runs in the order of their seeds.
    """

    split: str
    by_role: dict[str, list[Predictions]]

    @property
    def targets(self) -> np.ndarray:
        """(N, L) targets, the same for all runs."""
        return self.by_role["teacher"][0].targets

    @property
    def label_names(self) -> tuple[str, ...]:
        """The L labels."""
        return self.by_role["teacher"][0].label_names

    def logits(self, role: str) -> list[np.ndarray]:
        """(N, L) logits of every run of a role."""
        return [run.logits for run in self.by_role[role]]


def model_table(
    predictions: SplitPredictions,
    facts: LabelFacts,
    *,
    min_positives: int,
    min_train_positives: int,
) -> pd.DataFrame:
    """One row per role: mean AP with interval, and scores of decisions, means over its runs.

    ``map_supported`` is over labels with ``min_positives`` in this split, ``map_trained`` over
    those with ``min_train_positives`` in training. ``*_seed_sd`` are standard deviations between
    seeds, NaN with one seed.
    """
    trained = np.asarray(facts.train_positives) >= min_train_positives
    rows = [
        _model_row(predictions, role, trained=trained, min_positives=min_positives)
        for role in predictions.by_role
    ]
    return pd.DataFrame(rows)


def _model_row(
    predictions: SplitPredictions, role: str, *, trained: np.ndarray, min_positives: int
) -> dict[str, object]:
    logits, targets = predictions.logits(role), predictions.targets
    ranking = label_ranking(logits, targets, min_positives=min_positives)
    return {
        "split": predictions.split,
        "role": role,
        "runs": len(logits),
        "mean_average_precision": ranking.mean_ap.value,
        "map_low": ranking.mean_ap.low,
        "map_high": ranking.mean_ap.high,
        "map_seed_sd": ranking.mean_ap.seed_sd,
        "map_supported": ranking.mean_ap_supported.value,
        **_trained_columns(logits, targets, trained),
        **_decision_columns(logits, targets),
        "mean_prevalence": float(ranking.table["prevalence"].mean()),
        "n_images": len(targets),
        "n_labels": targets.shape[1],
    }


def _trained_columns(
    logits: list[np.ndarray], targets: np.ndarray, trained: np.ndarray
) -> dict[str, object]:
    """Mean AP over the labels that were trained on enough images; NaN if there are none."""
    if not trained.any():
        return {"map_trained": np.nan, "map_trained_seed_sd": np.nan, "n_trained": 0}
    mean = label_ranking([run[:, trained] for run in logits], targets[:, trained]).mean_ap
    return {
        "map_trained": mean.value,
        "map_trained_seed_sd": mean.seed_sd,
        "n_trained": int(trained.sum()),
    }


def _decision_columns(logits: list[np.ndarray], targets: np.ndarray) -> dict[str, float]:
    """CP, CR, CF1, OP, OR, OF1 at probability 0.5, and the F1s of the top 3 labels."""
    even = [
        summarise_decisions(counts_at_thresholds(run, targets, thresholds=EVEN_ODDS))
        for run in logits
    ]
    top = [summarise_decisions(counts_in_top(run, targets, k=3)) for run in logits]
    columns = {
        name: float(np.mean([getattr(decided, name) for decided in even]))
        for name in ("cp", "cr", "cf1", "op", "or_", "of1")
    }
    for name in ("cf1", "of1"):
        columns[f"{name}_top3"] = float(np.mean([getattr(decided, name) for decided in top]))
        spread = [getattr(decided, name) for decided in even]
        columns[f"{name}_seed_sd"] = float(np.std(spread, ddof=1)) if len(even) > 1 else np.nan
    return columns


def gain_table(predictions: SplitPredictions) -> pd.DataFrame:
    """One row: the gain in mean AP with its interval; no row without a distilled student."""
    if "distilled" not in predictions.by_role:
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
    predictions: SplitPredictions, facts: LabelFacts, *, min_positives: int
) -> pd.DataFrame:
    """One row per label: support, AP of every role, gain with its evidence, difficulty, causes.

    Difficulty is the teacher's. It is not taken from the students, whose difference is the gain:
    else gain and difficulty would be correlated by construction.
    """
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
    columns["train_positives"] = facts.train_positives
    columns |= _gain_columns(predictions, min_positives=min_positives)
    return _with_difficulty(pd.DataFrame(columns), predictions.by_role["teacher"][0], facts)


def _with_difficulty(table: pd.DataFrame, teacher: Predictions, facts: LabelFacts) -> pd.DataFrame:
    """Difficulty, its causes and their evidence beside what the table has already."""
    probs = teacher.probs()
    difficulty = label_difficulty(
        [probs], teacher.targets, label_names=teacher.label_names, facts=facts
    )
    new = [c for c in difficulty.columns if c not in table.columns or c == "column"]
    table["entropy"] = binary_entropy(probs).mean(axis=0)
    if teacher.disagreement is not None:
        table["disagreement"] = np.asarray(teacher.disagreement).mean(axis=0)
    new = [c for c in new if c not in ("entropy", "disagreement", "average_precision")]
    return table.merge(difficulty[new], on="column", validate="one_to_one")


def _calibration_error(runs: list[Predictions], targets: np.ndarray) -> np.ndarray:
    """(L,) expected calibration error, mean over runs."""
    errors = [expected_calibration_error(reliability_bins(r.probs(), targets)) for r in runs]
    mean: np.ndarray = np.stack(errors).mean(axis=0)
    return mean


def _gain_columns(predictions: SplitPredictions, *, min_positives: int) -> dict[str, object]:
    if "distilled" not in predictions.by_role:
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
