"""Which score set belongs to which run of which model, and which runs are compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Runs = Mapping[str, Mapping[int, np.ndarray]]  # model -> seed -> (N, L) scores


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreSets:
    """Which of M score sets belongs to which run.

    Attributes:
        runs: Model -> seed -> place in [0, M).
        fixed: Models with one run that stands for every seed.
    """

    runs: Mapping[str, Mapping[int, int]]
    fixed: frozenset[str]

    @classmethod
    def of(cls, models: Runs, *, fixed: frozenset[str] = frozenset()) -> "ScoreSets":
        """Number the runs of ``models`` in their order."""
        places = iter(range(sum(len(runs) for runs in models.values())))
        runs = {name: {seed: next(places) for seed in of} for name, of in models.items()}
        return cls(runs=runs, fixed=fixed)

    @property
    def size(self) -> int:
        """Number M of score sets."""
        return sum(len(runs) for runs in self.runs.values())

    def paired(self, *models: str) -> np.ndarray:
        """(S, models) places of the runs that all of ``models`` have with the same seed.

        Raises:
            ValueError: If they have no seed in common.
        """
        seeds = [set(self.runs[name]) for name in models if name not in self.fixed]
        shared = sorted(set.intersection(*seeds)) if seeds else [0]
        if not shared:
            had = " and ".join(f"{sorted(self.runs[name])} of {name}" for name in models)
            raise ValueError(f"Seeds must be paired, got {had}. Train them with the same seeds.")
        rows = [[self._place(name, seed) for name in models] for seed in shared]
        return np.array(rows, dtype=np.intp)

    def _place(self, model: str, seed: int) -> int:
        runs = self.runs[model]
        return next(iter(runs.values())) if model in self.fixed else runs[seed]
