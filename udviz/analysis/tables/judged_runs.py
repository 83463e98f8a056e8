"""What was found of runs' probabilities and decisions, collected label after label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.calibration.recalibration_tables import CalibrationWalk
from udviz.stats.calibration.sorted_probs import SortedProbs
from udviz.stats.decisions.f1_scores import DecisionCounts
from udviz.stats.decisions.thresholds import Thresholds

Counts = tuple[int, int]  # present, and all
EVEN_ODDS = 0.0  # the logit of probability 0.5


class Judged:
    """What was found of one run on one split, label after label.

    Args:
        recalibrations: Name -> map fitted on the run's validation predictions.
        edges: Name of a map, ``none`` too, -> edges of its pooled bins of equal mass.
    """

    def __init__(
        self, recalibrations: Mapping[str, Recalibration], edges: Mapping[str, np.ndarray]
    ) -> None:
        self._walk = CalibrationWalk(recalibrations, pooled_edges=edges)
        self._auroc: list[float] = []
        self._even: list[Counts] = []
        self._chosen: list[Counts] = []
        self._sizes: list[Counts] = []  # images that are known, and present
        self._rows: list[pd.DataFrame] = []  # of ``calibration``, a table for each block

    def add(self, logit: SortedProbs, label: int, threshold: float) -> None:
        """Take in the sorted logits of the next label."""
        self._walk.add(logit, label)
        self._auroc.append(logit.auroc)
        self._sizes.append((logit.size, logit.present.size))
        self._even.append(logit.at_or_above(EVEN_ODDS))
        self._chosen.append(logit.at_or_above(threshold))

    def close(self, labels: range, label_names: Sequence[str]) -> None:
        """End a block: what its rows of ``calibration`` need of null levels takes a while."""
        rows = self._walk.rows([label_names[label] for label in labels])
        self._rows.append(rows.assign(column=rows["column"] + labels.start))

    def extend(self, other: "Judged") -> None:
        """Take in the labels that come next."""
        self._rows += other._rows
        self._walk.extend(other._walk)
        self._auroc += other._auroc
        self._sizes += other._sizes
        self._even += other._even
        self._chosen += other._chosen

    @property
    def calibration(self) -> pd.DataFrame:
        """A row per recalibration of all labels pooled, then one of each and label."""
        pooled = self._walk.pooled().assign(scope="pooled", label="", column=-1)
        rows = pd.concat(self._rows, ignore_index=True).assign(scope="label")
        in_order = rows["method"].map({name: k for k, name in enumerate(pooled["method"])})
        rows = rows.iloc[np.lexsort((rows["column"], in_order))]
        return pd.concat([pooled, rows], ignore_index=True)

    @property
    def auroc(self) -> np.ndarray:
        """(L,) area under the ROC curve."""
        return np.array(self._auroc)

    @property
    def known(self) -> np.ndarray:
        """(L,) images whose target is known."""
        return np.array(self._sizes)[:, 0]

    @property
    def even(self) -> DecisionCounts:
        """Decisions at probability 0.5."""
        return self._decided(self._even)

    @property
    def chosen(self) -> DecisionCounts:
        """Decisions at the run's thresholds."""
        return self._decided(self._chosen)

    def _decided(self, counts: Sequence[Counts]) -> DecisionCounts:
        correct, predicted = np.array(counts).T
        return DecisionCounts(
            correct=correct, predicted=predicted, present=np.array(self._sizes)[:, 1]
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """What a run's own validation predictions give, and what pooled bins need of all labels.

    Attributes:
        thresholds: Of its decisions; even odds without a validation split.
        recalibrations: Name -> map; none without a validation split.
        edges: Split -> name of a map, ``none`` too -> edges of pooled bins of equal mass.
    """

    thresholds: Thresholds
    recalibrations: Mapping[str, Recalibration]
    edges: Mapping[str, Mapping[str, np.ndarray]]

    def judging(self, split: str) -> Judged:
        """Nothing judged so far on a split; maps are not judged where they were fitted."""
        edges = self.edges[split]
        return Judged({name: self.recalibrations[name] for name in edges if name != "none"}, edges)


@dataclass(frozen=True, eq=False)
class JudgedRuns:
    """All runs of a model on all splits.

    Attributes:
        found: Split and seed -> what was found.
    """

    found: dict[tuple[str, int], Judged]

    def extend(self, other: "JudgedRuns") -> None:
        """Take in the labels that come next."""
        for key, judged in self.found.items():
            judged.extend(other.found[key])

    def of(self, split: str) -> list[Judged]:
        """The runs on one split."""
        return [judged for (name, _), judged in self.found.items() if name == split]
