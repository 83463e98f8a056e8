"""On how many labels a teacher has something to teach."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """How far a teacher is ahead of a model that it did not teach.

    Attributes:
        better: Labels on which the teacher is clearly better.
        rest: The others whose gap is known, the smallest gap first.
    """

    better: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def n_labels(self) -> int:
        """Labels whose gap is known."""
        return len(self.better) + len(self.rest)

    @property
    def is_little(self) -> bool:
        """Whether the teacher is clearly better on less than half of the labels."""
        return 2 * len(self.better) < self.n_labels


def headroom(gaps: pd.DataFrame) -> Headroom:
    """Headroom of the gaps of one teacher to one model.

    Args:
        gaps: One row per label with ``label``, ``gap`` (teacher minus the model, NaN where not
            known) and ``bounded`` (whether it is surely not 0), of images that chose nothing.
    """
    known = gaps[gaps["gap"].notna()].sort_values("gap", kind="stable")
    is_better = known["bounded"] & (known["gap"] > 0)
    better, rest = known.loc[is_better, "label"], known.loc[~is_better, "label"]
    return Headroom(better=tuple(map(str, better)), rest=tuple(map(str, rest)))
