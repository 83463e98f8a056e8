"""What every comparison of the study does to every label, in one picture."""

import pandas as pd

from udviz.figures.style.text import interval, number, one_line
from udviz.figures.style.theme import VERDICTS, verdict_style
from udviz.ui.frame.view import View
from udviz.vocabulary import AVERAGE_PRECISION

MEAN, ENDS = "Mean over labels", "Its 95 % interval"
MOST_LABELS = 40  # beyond which marks and names run into each other


def gains_of(view: View) -> pd.DataFrame:
    """Rows of ``comparisons`` of every label in average precision, on the split of the view."""
    return _rows(view, "label")


def means_of(view: View) -> pd.DataFrame:
    """The same of the means over labels, a row per comparison."""
    return _rows(view, "mean")


def _rows(view: View, scope: str) -> pd.DataFrame:
    rows = view.study.comparisons
    chosen = (rows["split"] == view.split) & (rows["scope"] == scope)
    return rows[chosen & (rows["metric"] == AVERAGE_PRECISION)]


def gain_table(gains: pd.DataFrame, means: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """The gains as text, a column per comparison: their mean, then ``labels`` in their order."""
    ends = [interval(*row, sign=True) for row in means[["gain_low", "gain_high"]].to_numpy()]
    cells = pd.concat(
        [
            means.assign(label=MEAN, told=_told(means)),
            means.assign(label=ENDS, told=ends),
            gains.assign(told=_told(gains)),
        ]
    )
    pairs = zip(cells["before"], cells["after"], strict=True)
    cells["pair"] = [f"{one_line(before)} → {one_line(after)}" for before, after in pairs]
    table = cells.pivot(index="label", columns="pair", values="told").reindex([MEAN, ENDS, *labels])
    return table[cells["pair"].drop_duplicates()].rename_axis(index="Label", columns=None)


def _told(rows: pd.DataFrame) -> list[str]:
    return [
        f"{verdict_style(verdict).glyph} {number(gain, sign=True)}" if pd.notna(gain) else ""
        for verdict, gain in zip(rows["verdict"], rows["gain"], strict=True)
    ]


def alt(gains: pd.DataFrame, labels: list[str]) -> str:
    """How many labels each comparison helped and hurt, for a person who cannot see the picture."""
    drawn = gains[gains["label"].isin(labels)]
    told = [
        f"{one_line(str(before))} to {one_line(str(after))}: "
        + ", ".join(f"{(rows['verdict'] == verdict).sum()} {verdict}" for verdict in VERDICTS)
        for (before, after), rows in drawn.groupby(["before", "after"], sort=False)
    ]
    return f"Gains of {len(labels)} labels under {len(told)} comparisons. {'; '.join(told)}."
