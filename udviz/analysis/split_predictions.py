"""The predictions of all models of a study on one split."""

import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from udviz.checks import shown
from udviz.predictions.cache import Predictions, open_predictions

Directories = dict[str, dict[int, Path]]  # model -> seed -> cache


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitPredictions:
    """Predictions of all runs of a study on one split.

    Attributes:
        split: Its name.
        directories: Model -> seed -> cache of that run.
        models: Those caches, opened.
    """

    split: str
    directories: Directories
    models: dict[str, dict[int, Predictions]]

    @classmethod
    def open(cls, split: str, directories: Directories) -> "SplitPredictions":
        """Open the caches; their arrays are read when they are used.

        Raises:
            FileNotFoundError: If a cache is missing; names the command that makes it.
            ValueError: If one is damaged, or they are not of the same images, labels and targets.
        """
        models = {
            name: {seed: open_predictions(directory) for seed, directory in runs.items()}
            for name, runs in directories.items()
        }
        opened = cls(split=split, directories=directories, models=models)
        opened._check_alike()
        return replace(opened, models=_with_one_list(models))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the files itself, wherever it is; their content does not travel."""
        places = tuple(
            (name, seed, str(path.absolute()), _identity(self.models[name][seed]))
            for name, runs in self.directories.items()
            for seed, path in runs.items()
        )
        return _opened_once, (self.split, places)

    @property
    def first(self) -> Predictions:
        """The first run of the first model: images, labels and targets are the same for all."""
        return next(iter(next(iter(self.models.values())).values()))

    @property
    def targets(self) -> np.ndarray:
        """(N, L) targets."""
        return self.first.targets

    @property
    def label_names(self) -> tuple[str, ...]:
        """The L labels."""
        return self.first.label_names

    @property
    def groups(self) -> np.ndarray | None:
        """(N,) names of the groups the images come in; None if each is its own."""
        return self.first.groups

    @property
    def runs(self) -> tuple[Predictions, ...]:
        """The runs of all models."""
        return tuple(run for of_model in self.models.values() for run in of_model.values())

    def first_run(self, model: str) -> Predictions:
        """The run of a model with its first seed."""
        return next(iter(self.models[model].values()))

    def logits(self) -> dict[str, dict[int, np.ndarray]]:
        """Model -> seed -> (N, L) logits."""
        return {
            name: {seed: run.logits for seed, run in runs.items()}
            for name, runs in self.models.items()
        }

    def _check_alike(self) -> None:
        for name, runs in self.models.items():
            for seed, run in runs.items():
                if not _is_alike(run, self.first):
                    raise ValueError(
                        f"{shown(str(self.directories[name][seed]))} must be about the same "
                        f"images, labels and targets as the other runs of the {self.split} split. "
                        "Predict it again from the same data."
                    )


@lru_cache(maxsize=2)  # a process works on many blocks of labels of the same two splits
def _opened_once(split: str, places: tuple[tuple[str, int, str, int], ...]) -> SplitPredictions:
    """The predictions of another process.

    Args:
        split: Its name.
        places: Model, seed and folder of each cache, and the `_identity` that it had there.

    Raises:
        ValueError: If one is not what it was there.
    """
    directories: Directories = {}
    for name, seed, path, _ in places:
        directories.setdefault(name, {})[seed] = Path(path)
    opened = SplitPredictions.open(split, directories)
    for name, seed, path, identity in places:
        if _identity(opened.models[name][seed]) != identity:
            raise ValueError(
                f"{shown(path)} must hold the predictions that the analysis began with, got "
                "others. Start the analysis again."
            )
    return opened


def _identity(run: Predictions) -> int:
    """What tells predictions apart: a checksum of all that their manifest says."""
    return zlib.crc32(repr(run.manifest).encode())


def _with_one_list(models: dict[str, dict[int, Predictions]]) -> dict[str, dict[int, Predictions]]:
    """The same runs, with one list of images in memory where theirs are equal."""
    first = next(iter(next(iter(models.values())).values())).images
    return {
        name: {
            seed: replace(run, images=first) if run.images.equals(first) else run
            for seed, run in runs.items()
        }
        for name, runs in models.items()
    }


def _is_alike(run: Predictions, other: Predictions) -> bool:
    """Whether two caches are about the same images, in the same groups, labels and targets."""
    own, theirs = (each.manifest.files["targets.npy"] for each in (run, other))
    ids, other_ids = (each.images.drop(columns="row") for each in (run, other))
    return run.label_names == other.label_names and own == theirs and ids.equals(other_ids)
