"""Which data a study was made from: kept in each checkpoint and cache, and never rewritten."""

import contextlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

from udviz.data.dataset import Dataset
from udviz.data.fingerprint import DataRecord, differences
from udviz.data.source import load_dataset
from udviz.predictions.manifest import Manifest, read_manifest
from udviz.recipe.schema import Recipe
from udviz.studies.directory import RunDirectory, decoded_root
from udviz.studies.files import own_bytes, own_json

CHECKPOINTS = ("last", "previous", "best")
DATA = "data.json"  # not in a checkpoint of version 1


def load_study_data(recipe: Recipe, study: Path) -> Dataset:
    """The data set of a study, which is still the one that its runs were made from.

    Raises:
        ValueError: If it cannot be read, or is another one; names what differs.
    """
    dataset = load_dataset(recipe.data, memory=decoded_root(study))
    check_same_data(study, dataset)
    return dataset


def check_same_data(study: Path, dataset: Dataset) -> None:
    """Raise unless all checkpoints and caches of a study were made from ``dataset``.

    Raises:
        ValueError: Names what differs.
    """
    for path, record in _records(study):
        if changed := differences(dataset, record):
            raise ValueError(
                f"`{path}` was made from other data: its {_listed(changed)} differ from what "
                "the data set holds now. Put the data back as they were, or choose another --out."
            )


def _records(study: Path) -> Iterator[tuple[Path, DataRecord]]:
    """Which data each checkpoint and cache is of; what is damaged is left out, as it is made anew.

    A checkpoint of version 1 does not say: what its run recorded counts. Predictions that were
    brought from elsewhere lie beside no record, and are none of ours.
    """
    for run in (RunDirectory(path) for path in sorted(study.iterdir()) if path.is_dir()):
        for checkpoint in (run.checkpoints / name for name in CHECKPOINTS):
            record = (data_of(checkpoint) or _of_run(run)) if checkpoint.is_dir() else None
            if record is not None:
                yield checkpoint, record
        is_ours = run.record.is_file() or run.checkpoints.is_dir()
        for cache in sorted(run.path.glob("predictions/[!.]*")) if is_ours else ():
            with contextlib.suppress(OSError, ValueError):
                yield cache, manifest_record(read_manifest(cache))


def data_of(directory: Path) -> DataRecord | None:
    """The data set that a checkpoint was trained on; None if it does not say, or not legibly."""
    try:
        found = own_json(directory / DATA)
        parts = {str(name): str(digest) for name, digest in found["parts"].items()}
        return DataRecord(fingerprint=str(found["fingerprint"]), parts=parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _of_run(run: RunDirectory) -> DataRecord | None:
    try:
        record = tomllib.loads(own_bytes(run.record).decode())
        return DataRecord(fingerprint=str(record["dataset_fingerprint"]))
    except (OSError, ValueError, KeyError, RecursionError):
        return None


def manifest_record(manifest: Manifest) -> DataRecord:
    """The data set that a prediction cache is of."""
    return DataRecord(fingerprint=manifest.dataset_fingerprint, parts=manifest.dataset_parts)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
