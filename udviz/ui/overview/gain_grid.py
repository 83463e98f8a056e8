"""What every comparison of the study does to every label, in one picture."""

import pandas as pd

from udviz.figures.style.text import number, one_line
from udviz.figures.style.theme import VERDICTS, verdict_style
from udviz.ui.frame.view import View
from udviz.vocabulary import AVERAGE_PRECISION

MOST_LABELS = 40  # beyond which marks and names run into each other


def gains_of(view: View) -> pd.DataFrame:
    """Rows of ``comparisons`` of every label in average precision, on the split of the view."""
    rows = view.study.comparisons
    chosen = (rows["split"] == view.split) & (rows["scope"] == "label")
    return rows[chosen & (rows["metric"] == AVERAGE_PRECISION)]


def gain_table(gains: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """The gains as text, a row per label in the order of ``labels``, a column per comparison."""
    cells = gains.assign(
        pair=[
            f"{one_line(before)} → {one_line(after)}"
            for before, after in zip(gains["before"], gains["after"], strict=True)
        ],
        told=[
            f"{verdict_style(verdict).glyph} {number(gain, sign=True)}" if pd.notna(gain) else ""
            for verdict, gain in zip(gains["verdict"], gains["gain"], strict=True)
        ],
    )
    table = cells.pivot(index="label", columns="pair", values="told").reindex(labels)
    return table[cells["pair"].drop_duplicates()].rename_axis(index="Label", columns=None)


def alt(gains: pd.DataFrame, labels: list[str]) -> str:
    """How many labels each comparison helped and hurt, for a person who cannot see the picture."""
    drawn = gains[gains["label"].isin(labels)]
    told = [
        f"{one_line(str(before))} to {one_line(str(after))}: "
        + ", ".join(f"{(rows['verdict'] == verdict).sum()} {verdict}" for verdict in VERDICTS)
        for (before, after), rows in drawn.groupby(["before", "after"], sort=False)
    ]
    return f"Gains of {len(labels)} labels under {len(told)} comparisons. {'; '.join(told)}."
