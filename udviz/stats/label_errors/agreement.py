"""Whether people who reviewed the same targets said the same of them."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from udviz.checks import check_choice
from udviz.stats.inference.intervals import share, wilson_interval
from udviz.vocabulary import REVIEW_VERDICTS


def reviewer_agreement(
    reviewers: Sequence[str],
    targets: Sequence[int],
    verdicts: Sequence[str],
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Share of the common targets on which two reviewers agree, and Cohen's kappa.

    Kappa is (share - chance) / (1 - chance), where chance is the share expected of two reviewers
    who give their verdicts as often, but independently of the target. Its interval is that of the
    share, with chance as observed: at ten targets it still covers 88 % or more where the usual
    standard error of kappa covers 18 to 97 % (docs/statistics.md), and is 0 where all verdicts
    agree. Targets are taken as independent of each other.

    Args:
        reviewers: (n,) who made each review.
        targets: (n,) what it speaks of, as a number; at most one review of each by a reviewer.
        verdicts: (n,) *wrong*, *right* or *unsure*, of which none is nearer to another.
        confidence: Coverage of the intervals in (0, 1), each pair on its own.

    Returns:
        One row per pair of reviewers with common targets, most of these first: ``first``,
        ``second``, ``both`` (targets), ``agreed`` (of these), ``share`` in [0, 1], ``low``,
        ``high``, ``kappa`` in [-1, 1], ``kappa_low``, ``kappa_high``; NaN where both gave one and
        the same verdict throughout, so that chance explains all.

    Raises:
        ValueError: If the lengths differ, a verdict is none of these, or a reviewer has reviewed a
            target twice.

    Source:
        Cohen (1960), "A coefficient of agreement for nominal scales"; Wilson (1927).
    """
    if not len(reviewers) == len(targets) == len(verdicts):
        raise ValueError(
            "`reviewers`, `targets` and `verdicts` must have the same length, got "
            f"{len(reviewers)}, {len(targets)} and {len(verdicts)}."
        )
    for verdict in set(verdicts):
        check_choice(verdict, REVIEW_VERDICTS, name="verdicts")
    reviews = pd.DataFrame({"by": reviewers, "target": targets, "said": verdicts}, dtype=object)
    if reviews.duplicated(["by", "target"]).any():
        raise ValueError("`targets` must hold each target once per reviewer. Pass the last review.")
    said = reviews.pivot(index="target", columns="by", values="said")
    rows = [
        {"first": first, "second": second} | _counts(said[[first, second]].dropna().to_numpy())
        for first, second in combinations(sorted(set(reviewers)), 2)
    ]
    columns = ["first", "second", "both", "agreed", "chance"]
    table = pd.DataFrame(rows, columns=columns).astype({"both": int, "agreed": int})
    table = table[table["both"] > 0].sort_values("both", ascending=False, kind="stable")
    counts = (table[name].to_numpy(float) for name in ("agreed", "both", "chance"))
    found = agreement_beyond_chance(*counts, confidence=confidence)
    return table.drop(columns="chance").assign(**found).reset_index(drop=True)


def agreement_beyond_chance(
    agreed: np.ndarray, both: np.ndarray, chance: np.ndarray, *, confidence: float = 0.95
) -> dict[str, np.ndarray]:
    """Shares of targets on which two agree, and kappas, with intervals: see `reviewer_agreement`.

    Args:
        agreed: (P,) targets on which each pair agrees.
        both: (P,) targets that both reviewed, at least ``agreed``.
        chance: (P,) share expected by chance, in [0, 1].
        confidence: Coverage of the intervals in (0, 1).

    Returns:
        (P,) ``share``, ``low``, ``high``, ``kappa``, ``kappa_low``, ``kappa_high``.
    """
    low, high = wilson_interval(agreed, both, confidence)
    ends = {"": share(agreed, both), "_low": low, "_high": high}
    kappas = {f"kappa{end}": _beyond(found, chance) for end, found in ends.items()}
    return {"share": ends[""], "low": low, "high": high} | kappas


def _counts(said: np.ndarray) -> dict[str, float]:
    """Of (n, 2) verdicts: how many targets, on how many both agree, and the share by chance."""
    if not len(said):
        return {"both": 0, "agreed": 0, "chance": np.nan}
    used = np.array([(said == verdict).mean(axis=0) for verdict in REVIEW_VERDICTS])  # (3, 2)
    chance = float(used.prod(axis=1).sum())
    return {"both": len(said), "agreed": int((said[:, 0] == said[:, 1]).sum()), "chance": chance}


def _beyond(agreement: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Agreement beyond chance in [-1, 1]; NaN where chance is all there is."""
    found: np.ndarray = np.maximum(share(agreement - chance, 1 - chance), -1.0)
    return found
