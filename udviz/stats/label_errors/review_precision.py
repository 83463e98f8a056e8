"""How many of the doubted targets were really wrong, as people found them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.checks import check_choice
from udviz.stats.inference.intervals import wilson_interval

WRONG, RIGHT, UNSURE = "wrong", "right", "unsure"


def precision_of_doubts(
    labels: Sequence[str], verdicts: Sequence[str | None], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Share of the reviewed doubts that were right to doubt, per label.

    It speaks of the targets that were reviewed. Where these are the most suspect ones, the share
    among the others is lower.

    Args:
        labels: (n,) label of every doubted target.
        verdicts: (n,) *wrong*, *right* or *unsure*: what a person said of the target; None or NaN
            where nobody has looked.
        confidence: Coverage of the intervals in (0, 1), each label on its own.

    Returns:
        One row per label, in order of first appearance: ``label``, ``doubted``, ``reviewed``,
        ``wrong``, ``right``, ``unsure`` (counts), ``share`` (wrong over wrong and right, in
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
        check_choice(verdict, (WRONG, RIGHT, UNSURE), name="verdicts")
    for verdict in (WRONG, RIGHT, UNSURE):
        table[verdict] = table["verdict"] == verdict
    groups = table.groupby("label", sort=False)
    counts = groups[[WRONG, RIGHT, UNSURE]].sum().astype(np.int64)
    counts.insert(0, "doubted", groups.size())
    counts.insert(1, "reviewed", groups["verdict"].count())
    wrong = counts[WRONG].to_numpy(float)
    decided = wrong + counts[RIGHT].to_numpy(float)
    low, high = wilson_interval(wrong, decided, confidence)
    share = np.divide(wrong, decided, out=np.full_like(wrong, np.nan), where=decided > 0)
    return counts.assign(share=share, low=low, high=high).reset_index()
