"""Confident learning for one label, present or absent: which targets does a model doubt?

The rule is cleanlab's (`find_label_issues` with its defaults, and its adjusted self-confidence),
written for two classes: no (n, 2) arrays, no sort of all images and no Python loop over them, so
that a million images take milliseconds. A test keeps the two equal.
"""

from dataclasses import dataclass

import numpy as np

TOLERANCE = 1e-6  # cleanlab's, where probabilities are compared
LEAST_THRESHOLD = 2e-6  # below it a class would count every image as confident


@dataclass(frozen=True, eq=False, kw_only=True)
class Doubts:
    """Doubted targets of one label.

    Attributes:
        rows: (D,) positions in [0, n), ascending.
        quality: (D,) adjusted self-confidence of each in [0, 1]: low is suspect.
    """

    rows: np.ndarray
    quality: np.ndarray


def doubted_targets(prob: np.ndarray, target: np.ndarray) -> Doubts:
    """Targets that the model contradicts, as many per direction as are estimated to be wrong.

    Among equal probabilities at the last place the first images are taken, where cleanlab leaves
    the choice to its sort.

    Args:
        prob: (n,) float64 probabilities of presence in [0, 1], out of sample.
        target: (n,) bool, with at least two images of either kind.

    Source:
        Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset
        labels", section 3: confident joint, calibration and *prune by noise rate*.
    """
    thresholds = np.array([(1 - prob[~target]).mean(), prob[target].mean()])
    thresholds = np.maximum(thresholds, LEAST_THRESHOLD)  # absent, present
    n_wrong = _wrong_counts(prob, target, thresholds)
    chosen = []
    for given, contradicts in (
        (False, prob > (1 - prob) + TOLERANCE),
        (True, 1 - prob >= prob + TOLERANCE),
    ):
        rows = np.flatnonzero(contradicts & (target == given))
        against = (1 - prob[rows]) - prob[rows] if given else prob[rows] - (1 - prob[rows])
        chosen.append(rows[np.argsort(-against, kind="stable")[: n_wrong[int(given)]]])
    rows = np.sort(np.concatenate(chosen))
    return Doubts(rows=rows, quality=_adjusted_confidence(prob[rows], target[rows], thresholds))


def _wrong_counts(prob: np.ndarray, target: np.ndarray, thresholds: np.ndarray) -> list[int]:
    """How many absences and how many presences are estimated to be wrong."""
    absence = 1 - prob
    sure_absent, sure_present = (
        absence >= thresholds[0] - TOLERANCE,
        prob >= thresholds[1] - TOLERANCE,
    )
    sure = sure_absent | sure_present
    present = sure_present & (~sure_absent | (prob > absence))  # sure of both: the larger decides
    joint = np.empty((2, 2), order="F")  # given, true; summed below in cleanlab's order
    for given in (0, 1):
        of_given = target == bool(given)
        joint[given, 1] = np.count_nonzero(present & of_given)
        joint[given, 0] = np.count_nonzero(sure & ~present & of_given)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    n_present = np.count_nonzero(target)
    n_given = np.array([target.size - n_present, n_present])
    # another order of operations would round some counts to their neighbour
    joint = (joint.T / joint.sum(axis=1) * n_given).T
    joint = joint / joint.sum() * target.size
    return [_rounded(joint[given])[1 - given] for given in (0, 1)]


def _rounded(pair: np.ndarray) -> tuple[int, int]:
    """Two counts rounded so that their sum stays the rounded sum."""
    counts = pair.round()
    short = round(float(pair.sum())) - counts.sum()
    order = np.argsort(pair - counts)
    counts[order[-1] if short > 0 else order[0]] += short
    return int(counts[0]), int(counts[1])


def _adjusted_confidence(
    prob: np.ndarray, target: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Probability of the given target, minus how sure the model is of such targets on average."""
    pair = np.stack([1 - prob, prob], axis=1) - thresholds + thresholds.max()  # (D, 2)
    confidence: np.ndarray = np.where(target, pair[:, 1], pair[:, 0]) / (pair[:, 0] + pair[:, 1])
    return confidence
