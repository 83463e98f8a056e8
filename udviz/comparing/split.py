"""The predictions of all models on one split, joined with its targets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.predictions.brought.branches import write_branch
from udviz.predictions.brought.joined import Joined, joined
from udviz.predictions.brought.maps import Maps
from udviz.predictions.brought.matrix import Matrix
from udviz.predictions.brought.reading import (
    read_maps,
    read_scores,
    read_targets,
    target_values,
)
from udviz.predictions.brought.scores import Scores, judged_scores
from udviz.predictions.cache import SLICE, PredictionWriter
from udviz.studies.directory import RunDirectory
from udviz.vocabulary import Scale, Split


@dataclass(frozen=True, eq=False, kw_only=True)
class BroughtSplit:
    """Targets and scores of the images and labels that all of them have.

    Attributes:
        targets: (N', L) int8 targets of all N' images that have some.
        models: Model -> scores, one per seed.
        groups: (N',) names of the groups that images come in; None if each is its own.
        slices: (N,) slices of the common images, a column per metadata column; None without any.
        joined: Where the N common images are in the targets (the first), then in each scores,
            then in each logits of a calibration branch.
        calibration: Model -> logits of its calibration branch, one per seed; of those that have
            one.
        attention: Model -> attention maps, one per seed; of those that have some.
    """

    targets: np.ndarray
    models: Mapping[str, tuple[Scores, ...]]
    groups: np.ndarray | None
    joined: Joined
    slices: pd.DataFrame | None = None
    calibration: Mapping[str, tuple[Scores, ...]] = field(default_factory=dict)
    attention: Mapping[str, tuple[Maps, ...]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was recognised, left out or taken on trust, a sentence each."""
        runs = [run for runs in self.models.values() for run in runs]
        return (*(note for run in runs for note in run.notes), *self.joined.notes)

    def write(
        self,
        study: Path,
        split: Split,
        *,
        data: str,
        digests: Mapping[str, str],
        first_row: int = 0,
    ) -> None:
        """Write a prediction cache per run.

        Args:
            study: Folder of the study.
            split: Name of the split.
            data: Digest of the targets.
            digests: Name of a run, as ``before-0`` -> digest of its scores.
            first_row: Of its images among those of all splits.
        """
        rows = first_row + np.arange(len(self.joined.ids))
        images = pd.DataFrame({"image_id": self.joined.ids, "row": rows})
        if self.groups is not None:
            images["group"] = self.groups[self.joined.rows[0]]
        if self.slices is not None:
            images = images.join(self.slices.add_prefix(SLICE))
        places = self._places()
        for name, runs in self.models.items():
            for seed, scores in enumerate(runs):
                run = RunDirectory(study / f"{name}-{seed}")
                with PredictionWriter(
                    run.predictions(split),
                    split=split,
                    images=images,
                    label_names=tuple(self.joined.label_names),
                    dataset_fingerprint=data,
                    checkpoint_digest=digests[run.name],
                ) as writer:
                    self._write_labels(writer, scores, places[scores])
                    if name in self.calibration:
                        branch = self.calibration[name][seed]
                        write_branch(writer, self._columns(branch, places[branch]))
                    if name in self.attention:
                        maps = self.attention[name][seed]
                        maps.write(writer, self._rows_of(maps))

    def _places(self) -> dict[Scores, int]:
        """Where in `joined` each file is."""
        files = [
            run for of in (self.models, self.calibration) for runs in of.values() for run in runs
        ]
        return {file: place for place, file in enumerate(files, start=1)}

    def _rows_of(self, maps: Maps) -> np.ndarray:
        """(N,) places of the common images in maps."""
        return maps.rows_of(self.joined.ids, self.joined.rows[0], len(self.targets))

    def _write_labels(self, writer: PredictionWriter, scores: Scores, place: int) -> None:
        rows, columns = self.joined.rows[0], self.joined.columns[0]
        none = np.zeros(len(rows), dtype=bool)
        for label, logits in enumerate(self._columns(scores, place)):
            writer.write_label(
                label, targets=self.targets[rows, columns[label]], difficult=none, logits=logits
            )

    def _columns(self, scores: Scores, place: int) -> Iterator[np.ndarray]:
        """(N,) logits of each label in turn."""
        for column in self.joined.columns[place]:
            yield scores.logits(column)[self.joined.rows[place]]


def read_split(
    targets: Path,
    models: Mapping[str, Sequence[Path]],
    *,
    told: Scale | None,
    calibration: Mapping[str, Sequence[Path]] | None = None,
    attention: Mapping[str, Sequence[Path]] | None = None,
    groups: str = "",
) -> BroughtSplit:
    """Read the files of one split.

    Args:
        targets: File of the targets.
        models: Model -> files of its scores, one per seed.
        told: What the scores are; None = recognised.
        calibration: Model -> files of logits of its calibration branch, one per seed.
        attention: Model -> files of its attention maps, one per seed.
        groups: Column of the targets that says which images belong together; empty = none.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one cannot be used, or they do not fit together.
    """
    given, values = read_targets(targets, groups=groups)
    runs, branches = (
        {name: [read_scores(file) for file in files] for name, files in of.items()}
        for of in (models, calibration or {})
    )
    split = as_split(given, runs, branches, values=values, told=told)
    maps = {name: tuple(map(read_maps, files)) for name, files in (attention or {}).items()}
    for own in (own for of_model in maps.values() for own in of_model):
        split._rows_of(own)  # refused before anything is written
    return replace(split, attention=maps)


def as_split(
    targets: Matrix,
    models: Mapping[str, Sequence[Matrix]],
    calibration: Mapping[str, Sequence[Matrix]] | None = None,
    *,
    values: np.ndarray | None = None,
    told: Scale | None = None,
) -> BroughtSplit:
    """Join targets, scores, and logits of calibration branches.

    Raises:
        ValueError: As `read_split`.
    """
    both = (models, calibration or {})
    matched = joined([targets, *(run for of in both for runs in of.values() for run in runs)])
    scales: tuple[Scale | None, ...] = (told, "logits")
    judged, branches = (
        {name: tuple(judged_scores(run, told=scale) for run in runs) for name, runs in of.items()}
        for of, scale in zip(both, scales, strict=True)
    )
    return BroughtSplit(
        targets=target_values(targets) if values is None else values,
        models=judged,
        groups=targets.groups,
        joined=matched,
        calibration=branches,
    )


def scale_of(name: str, runs: Sequence[Scores]) -> Scale:
    """What the scores of a model are, the same in all its files.

    Raises:
        ValueError: If they differ.
    """
    scales = {run.scale for run in runs}
    if len(scales) > 1:
        raise ValueError(
            f"`{name}` must have probabilities in all its files or logits in all, got both. "
            "Pass --scores probabilities or --scores logits."
        )
    return runs[0].scale
