"""What makes a decision about a label worthless, said beside it."""

from collections.abc import Mapping

import pandas as pd

from udviz.figures.style.text import number, safe_markdown
from udviz.stats.decisions.confusion import Confusion

NEARLY_ALL = 0.8  # share of all images, from which on a threshold predicts nearly everything
TIMES_TOO_MANY = 2.0  # and so many times as many as carry the label
NEARLY_NONE = 0.05  # of the images with the label


def flags(points: Mapping[str, Confusion], scores: pd.DataFrame, *, chance: float) -> list[str]:
    """Warnings about the decisions on one label, as Markdown; none where all is well.

    Args:
        points: Model -> its decisions at its threshold.
        scores: Rows of the table ``scores`` of the label.
        chance: Expected average precision of a random ranking.
    """
    found = []
    for name, point in points.items():
        known = point.predicted + point.false_negatives + point.true_negatives
        share, model = point.predicted / max(known, 1), safe_markdown(name)
        if share >= max(NEARLY_ALL, TIMES_TOO_MANY * point.prevalence):
            found.append(
                f"{model} predicts **{share:.0%} of all images**, where {point.prevalence:.0%} "
                "carry the label: recall is high for free."
            )
        elif point.present and point.true_positives < NEARLY_NONE * point.present:
            found.append(
                f"{model} predicts {point.true_positives:,} of the {point.present:,} images with "
                "the label: this threshold decides nearly nothing."
            )
    for _, row in scores[scores["model"].isin(list(points))].iterrows():
        if row["average_precision_low"] <= chance:
            found.append(
                f"{safe_markdown(row['model'])} ranks this label **not clearly better than at "
                f"random** (AP {number(row['average_precision'])}, random {number(chance)}): "
                "neither its threshold nor its uncertainty means much."
            )
    return found
