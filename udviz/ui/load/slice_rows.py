"""What pages share about slices: their rows, and how they are said."""

import pandas as pd

from udviz.figures.style.text import MISSING, number
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows

LEVEL = 0.05  # of q
Q = "p, corrected (Benjamini-Hochberg) for all labels and slices of this split and measure."
COLUMNS = [
    *("split", "slice_column", "slice", "metric", "scope", "label", "known", "positives"),
    *("rest_known", "rest_positives", "value", "value_low", "value_high"),
    *("rest", "rest_low", "rest_high", "difference", "difference_low", "difference_high"),
    *("p", "q", "n_labels"),
]


def slice_rows(view: View, **wanted: str) -> pd.DataFrame:
    """Rows of the table ``slices`` where columns have the values ``wanted``; none without slices.

    Raises:
        StudyError: If the analysis is missing or damaged.
    """
    where = tuple((column, (value,)) for column, value in wanted.items())
    return analysis_rows(view.study, "slices", columns=COLUMNS, where=where)


def others_of(rows: pd.DataFrame, name: str) -> str:
    """What the images outside of a slice are called: by their value where they share one.

    Args:
        rows: Of one slice column.
        name: The slice.
    """
    others = [other for other in rows["slice"].unique() if other != name]
    return others[0] if len(others) == 1 else "all other images"


def unmirrored(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one slice column: of two slices those of the first, as the other is its rest."""
    names = rows["slice"].unique()
    return rows[rows["slice"] == names[0]] if len(names) == 2 else rows


def strongest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` by the strength of the evidence for a difference; untested ones last."""
    size = rows["difference"].abs()
    return (
        rows.assign(_size=-size)
        .sort_values(["p", "_size"], kind="stable", na_position="last")
        .drop(columns="_size")
    )


def percent(share: float) -> str:
    """A share as 19 % or 1.9 %."""
    if pd.isna(share):
        return MISSING
    return f"{number(100 * share, digits=0 if share >= 0.0995 else 1)} %"
