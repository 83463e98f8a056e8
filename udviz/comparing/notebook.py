"""Comparing arrays from a notebook, with the tables of a whole study."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from udviz.analysis.schema.tables import BY_NAME
from udviz.analysis.store import read_table
from udviz.comparing.split import as_split, scale_of
from udviz.comparing.study import check_free, write_study
from udviz.comparing.verdict import sentence
from udviz.given import Given, as_scores, as_targets, names_of, runs_of
from udviz.predictions.brought.matrix import Matrix, of_array
from udviz.recipe.brought import BroughtModel, BroughtStudy, Source
from udviz.vocabulary import AVERAGE_PRECISION, MIN_POSITIVES, Scale

Scored = Any  # an array, data frame, tensor, or lists of numbers
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """What a study of two models says.

    Attributes:
        verdict: How many labels were helped and hurt, the mean gain, the smallest gain that could
            have been found: one sentence or two.
        tables: The tables of a study by name (docs/tables.md).
        notes: What was recognised, left out or taken on trust, a sentence each.
    """

    verdict: str
    tables: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]

    @property
    def gains(self) -> pd.DataFrame:
        """One row per label of the table ``comparisons`` in average precision, in column order."""
        rows = self.tables["comparisons"]
        rows = rows[rows["metric"] == AVERAGE_PRECISION]
        return rows[rows["scope"] == "label"].reset_index(drop=True)

    @property
    def labels(self) -> pd.DataFrame:
        """One row per label: how difficult it is for the model before, and why."""
        return self.tables["labels"]


def compare(
    before: Scored,
    after: Scored,
    targets: Scored,
    *,
    label_names: Sequence[str] | None = None,
    scores: Scale | None = None,
    min_positives: int = MIN_POSITIVES,
    out: Path | str | None = None,
) -> Comparison:
    """Compare two models label by label, as ``udviz compare`` does with files.

    Args:
        before: (N, L) probabilities or logits, or a list of them, one per training seed: arrays,
            tensors, lists or data frames, whose rows are joined by their index, columns by their
            names. (N,) is one label.
        after: The same of the other model.
        targets: (N, L) ground truth: 1 present, 0 absent, -1, NaN or masked unknown.
        label_names: Of the columns of arrays; those of data frames name themselves.
        scores: ``probabilities`` or ``logits``; None = recognised.
        min_positives: From how many positives on a label counts as supported.
        out: Folder in which the study is kept, for the app; must not exist yet. None = nowhere.

    Returns:
        The verdict and the tables.

    Raises:
        TypeError: If something holds no numbers.
        ValueError: If a score is NaN, or they do not fit together; says where.

    Example:
        >>> import udviz
        >>> targets = np.tile([[1, 0], [0, 1], [0, 0], [0, 0]], (40, 1))
        >>> noise = np.random.default_rng(0).normal(size=targets.shape)
        >>> found = udviz.compare(
        ...     targets + noise, [3.0, 1.0] * targets + noise, targets, label_names=["cat", "dog"]
        ... )
        >>> found.gains[["label", "gain", "verdict"]].round(2)
          label  gain       verdict
        0   cat  0.36        helped
        1   dog  0.00  inconclusive
    """
    notes: list[str] = []
    known = as_targets(targets, nan_is_unknown=True)
    given = {
        name: [
            as_scores(run, name=f"{name}[{seed}]", say=notes.append)
            for seed, run in enumerate(runs_of(runs, known))
        ]
        for name, runs in ((BEFORE, before), (AFTER, after))
    }
    models = {
        name: [_matrix(run, f"{name}[{seed}]", label_names) for seed, run in enumerate(runs)]
        for name, runs in given.items()
    }
    split = as_split(_matrix(known, "targets", label_names), models, told=scores)
    study = BroughtStudy(
        name=Path(out).name if out else "compare",
        description="udviz.compare(before, after, targets)",
        targets=_source("targets", known),
        brought={
            name: BroughtModel(
                scale=scale_of(name, split.models[name]),
                test=tuple(_source(f"{name}[{k}]", run) for k, run in enumerate(runs)),
            )
            for name, runs in given.items()
        },
        min_positives=min_positives,
        notes=(*notes, *split.notes),
    )
    if out is not None:
        check_free(Path(out))
    with TemporaryDirectory() as folder:
        place = Path(folder) / "study" if out is None else Path(out)
        write_study(place, study, {"test": split})
        tables = {name: read_table(place, name) for name in BY_NAME}
    verdict = sentence(tables["comparisons"])
    return Comparison(verdict=verdict, tables=tables, notes=study.notes)


def _matrix(given: Given, name: str, label_names: Sequence[str] | None) -> Matrix:
    named = given.columns if names_of(given) or label_names is None else label_names
    return of_array(given.values, source=name, ids=given.rows, label_names=named)


def _source(name: str, given: Given) -> Source:
    content = np.ascontiguousarray(given.values).tobytes()
    return Source(file=name, sha256=hashlib.sha256(content).hexdigest())
