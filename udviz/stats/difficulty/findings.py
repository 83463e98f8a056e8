"""What several causes rest on, found once in one model: confused pairs, doubts and entropy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.difficulty.confusions import confused_pairs
from udviz.stats.label_errors.suspects import Doubting, Suspects, partner_present
from udviz.stats.labels.label_columns import LabelColumn, label_columns
from udviz.stats.labels.probabilities import check_label_names, logit_probs
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Basis:
    """What the doubts of each label need to know of all labels.

    Attributes:
        confusions: Pairs where one label sets off false positives of the other.
        recalibration: Platt's, on these images: a timid judge would doubt everything.
    """

    confusions: pd.DataFrame
    recalibration: Recalibration


def find_basis(logits: np.ndarray, targets: np.ndarray) -> Basis:
    """Find it, from arguments as those of `find`."""
    return Basis(
        confusions=confused_pairs(logits, targets), recalibration=fit_platt(logits, targets)
    )


def find(logits: np.ndarray, targets: np.ndarray, *, label_names: Sequence[str]) -> Findings:
    """Find confusions, doubts and entropy.

    Args:
        logits: (N, L) logits.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite, a target is none of 1, 0, -1, names and
            labels differ in number, or the logits are probabilities.
    """
    check_label_names(label_names, targets.shape[1])
    basis = find_basis(logits, targets)
    return find_labels(logits, targets, basis, label_names=label_names).result(basis)


def find_labels(
    logits: np.ndarray,
    targets: np.ndarray,
    basis: Basis,
    *,
    label_names: Sequence[str],
    labels: range | None = None,
) -> "Finding":
    """What is found of the columns ``labels``, all if None; the rest as in `find`."""
    finding = Finding(len(targets), label_names)
    for column in label_columns([logits], targets, labels=labels, name="logits"):
        finding.add(column, basis, targets)
    return finding


class Finding:
    """Collects doubts and entropies, label after label; arguments as those of `find`."""

    def __init__(self, n_images: int, label_names: Sequence[str]) -> None:
        self._doubting = Doubting(n_images, label_names)
        self._entropies: list[tuple[float, float]] = []
        self._low, self._high = np.inf, -np.inf

    def add(self, column: LabelColumn, basis: Basis, targets: np.ndarray) -> None:
        """Take in the next label."""
        logit = column.scores[0]
        prob, judged = logit_probs(logit), basis.recalibration.apply_label(logit, column.label)
        explained = partner_present(targets, column.label, basis.confusions)
        self._doubting.add(column, prob, judged, explained=explained)
        self._entropies.append(_entropies(prob, judged, column.positive))
        if logit.size:
            self._low = min(self._low, float(logit.min()))
            self._high = max(self._high, float(logit.max()))

    def extend(self, other: "Finding") -> None:
        """Take in the labels that come next."""
        self._doubting.extend(other._doubting)
        self._entropies += other._entropies
        self._low, self._high = min(self._low, other._low), max(self._high, other._high)

    def result(self, basis: Basis) -> Findings:
        """What was found, once all labels are in.

        Raises:
            ValueError: If the logits are probabilities.
        """
        if 0 <= self._low < self._high <= 1:
            raise ValueError(
                f"`logits` must be logits, got values from {self._low:.3g} to {self._high:.3g} "
                "only, as probabilities are. Turn them into logits with `prob_logits`."
            )
        return Findings(
            confusions=basis.confusions,
            suspects=self._doubting.result(),
            entropy=pd.DataFrame(self._entropies, columns=["entropy", "entropy_share"]),
        )


def _entropies(prob: np.ndarray, judged: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Mean entropy of the (n,) probabilities of a label, and its share as in `Findings`."""
    if target.size == 0:
        return np.nan, np.nan
    base = np.array([target.mean()])
    stated, left, total = (float(binary_entropy(p[:, None]).mean()) for p in (prob, judged, base))
    return stated, left / total if total > 0 else np.nan
