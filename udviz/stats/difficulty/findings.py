"""What several causes rest on, found once in one model: confused pairs, doubts and entropy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.difficulty.confusions import confused_pairs
from udviz.stats.label_errors.suspects import Suspects, find_suspects
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import logit_probs
from udviz.stats.uncertainty.measures import binary_entropy


@dataclass(frozen=True, eq=False, kw_only=True)
class Findings:
    """Confusions, doubts and entropy of one model on images it did not train on.

    Attributes:
        confusions: Pairs where one label sets off false positives of the other, see
            `confusions.confused_pairs`.
        suspects: Doubted targets, by recalibrated probabilities.
        entropy: One row per label in column order: ``entropy``, the mean in nats as the model
            states it, and ``entropy_share``: what is left, of the entropy of always saying the
            prevalence, once the probabilities are recalibrated on these images.
    """

    confusions: pd.DataFrame
    suspects: Suspects
    entropy: pd.DataFrame


def find(logits: np.ndarray, targets: np.ndarray, *, label_names: Sequence[str]) -> Findings:
    """Find them. Recalibration is Platt's, on these images: a timid judge would doubt everything.

    Args:
        logits: (N, L) logits.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite, a target is none of 1, 0, -1, names and
            labels differ in number, or the logits are probabilities.
    """
    pairs = confused_pairs(logits, targets)
    recalibration = fit_platt(logits, targets)
    return Findings(
        confusions=pairs,
        suspects=find_suspects(
            logits, targets, label_names=label_names, partners=pairs, recalibration=recalibration
        ),
        entropy=_entropies(logits, targets, recalibration),
    )


def _entropies(
    logits: np.ndarray, targets: np.ndarray, recalibration: Recalibration
) -> pd.DataFrame:
    rows: list[tuple[float, float]] = []
    low, high = np.inf, -np.inf
    for column in label_columns([logits], targets, name="logits"):
        logit, target = column.scores[0], column.positive
        if target.size == 0:
            rows.append((np.nan, np.nan))
            continue
        low, high = min(low, float(logit.min())), max(high, float(logit.max()))
        probs = logit_probs(logit), recalibration.apply_label(logit, column.label)
        base = np.array([target.mean()])
        stated, left, total = (float(binary_entropy(p[:, None]).mean()) for p in (*probs, base))
        rows.append((stated, left / total if total > 0 else np.nan))
    if 0 <= low < high <= 1:
        raise ValueError(
            f"`logits` must be logits, got values from {low:.3g} to {high:.3g} only, as "
            "probabilities are. Turn them into logits with `prob_logits`."
        )
    return pd.DataFrame(rows, columns=["entropy", "entropy_share"])
