"""How many of the possible annotation errors are errors, as people found them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.checks import check_choice
from udviz.stats.inference.intervals import wilson_interval
from udviz.vocabulary import REVIEW_VERDICTS, RIGHT, WRONG


def review_precision(
    labels: Sequence[str], verdicts: Sequence[str | None], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Precision of the suspects that were reviewed, per label: the share that are errors.

    It speaks of the targets that were reviewed. Where these are the most suspect ones, the share
    among the others is lower.

    Args:
        labels: (n,) label of every suspect.
        verdicts: (n,) *wrong*, *right* or *unsure*: what a person said of its target; None or NaN
            where nobody has looked.
        confidence: Coverage of the intervals in (0, 1), each label on its own.

    Returns:
        One row per label, in order of first appearance: ``label``, ``suspects``, ``reviewed``,
        ``wrong``, ``right``, ``unsure`` (counts), ``precision`` (wrong over wrong and right, in
        [0, 1]), ``low``, ``high``: NaN where nobody has decided.

    Raises:
        ValueError: If the numbers of labels and verdicts differ, or a verdict is none of these.

    Source:
        Wilson (1927), for the interval.
    """
    if len(labels) != len(verdicts):
        raise ValueError(
            "`labels` and `verdicts` must have the same length, "
            f"got {len(labels)} and {len(verdicts)}."
        )
    table = pd.DataFrame(
        {"label": list(labels), "verdict": pd.Series(list(verdicts), dtype=object)}
    )
    for verdict in table["verdict"].dropna().unique():
        check_choice(verdict, REVIEW_VERDICTS, name="verdicts")
    for verdict in REVIEW_VERDICTS:
        table[verdict] = table["verdict"] == verdict
    groups = table.groupby("label", sort=False)
    counts = groups[list(REVIEW_VERDICTS)].sum().astype(np.int64)
    counts.insert(0, "suspects", groups.size())
    counts.insert(1, "reviewed", groups["verdict"].count())
    wrong = counts[WRONG].to_numpy(float)
    decided = wrong + counts[RIGHT].to_numpy(float)
    low, high = wilson_interval(wrong, decided, confidence)
    precision = np.divide(wrong, decided, out=np.full_like(wrong, np.nan), where=decided > 0)
    return counts.assign(precision=precision, low=low, high=high).reset_index()
