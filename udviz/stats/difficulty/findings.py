"""What several questions about one model's labels rest on, found once: pairs, fit and doubts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.stats.calibration.platt import fit_platt_to_probs
from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.difficulty.look_alikes import look_alikes
from udviz.stats.label_errors.suspects import Suspects, find_suspects


@dataclass(frozen=True, eq=False, kw_only=True)
class Findings:
    """Look-alikes, recalibration and suspects of one model on images it did not train on.

    Attributes:
        look_alikes: Pairs where one label sets off false alarms of the other.
        recalibration: ``fit_platt_to_probs`` of these images: a timid judge would doubt everything.
        suspects: Doubted targets, by the probabilities put right.
    """

    look_alikes: pd.DataFrame
    recalibration: Recalibration
    suspects: Suspects


def find(probs: np.ndarray, targets: np.ndarray, *, label_names: Sequence[str]) -> Findings:
    """Find them.

    Args:
        probs: (N, L) probabilities in [0, 1].
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.

    Raises:
        TypeError: If ``probs`` are no floating-point numpy array.
        ValueError: If shapes differ, a probability leaves [0, 1], a target is none of 1, 0, -1, or
            names and labels differ in number.
    """
    pairs = look_alikes(probs, targets)
    recalibration = fit_platt_to_probs(probs, targets)
    suspects = find_suspects(
        probs, targets, label_names=label_names, partners=pairs, recalibration=recalibration
    )
    return Findings(look_alikes=pairs, recalibration=recalibration, suspects=suspects)
