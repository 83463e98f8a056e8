"""The wall: what training leaves for the app, as plain arrays on disk.

A cache is written beside its place and renamed when complete, so a reader sees all of it or
nothing. Matrices are Fortran-ordered: one label's column is contiguous and can be read alone.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from udviz.bounded import NO_PARQUET, check_parquet
from udviz.predictions.manifest import (
    IMAGES,
    MANIFEST,
    SCHEMA_VERSION,
    Manifest,
    check_file,
    file_crc32,
    read_manifest,
    refused,
)
from udviz.scratch import reserve
from udviz.stats.labels.probabilities import logit_probs

SLICE = "slice "  # what the name of a column of slices begins with
MOST_IMAGES = 2**40  # more cannot be found in any file
_KINDS = {"targets": "i", "difficult": "b"}  # kind of an array's values; else floating point
_NO_ARRAY = (ValueError, TypeError, EOFError, OSError, SyntaxError, OverflowError, TokenError)
VERIFY_UP_TO = 256 * 2**20  # bytes; larger caches are checked by size unless asked


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """Predictions of one run on one split; arrays are read-only and memory-mapped.

    Attributes:
        manifest: Where they come from.
        images: One row per image: ``image_id``, ``row``, its index in the data set, ``group``
            where images come in groups (a film, a patient), and ``slice NAME`` where predictions
            were brought with metadata.
        targets: (N, L) int8: 1 present, 0 absent, -1 unknown.
        difficult: (N, L) bool flags of the annotator.
        logits: (N, L) float32 logits of the classification branch.
        calibration_logits: (N, L) float32, or None without a calibration branch. Their softmax
            is not the probability of a label.
        disagreement: (N, L) float32 in nats, sums to the image's uncertainty; or None.
        attention: (N, h, w) float32 uncertainty attention maps, or None.
    """

    manifest: Manifest
    images: pd.DataFrame
    targets: np.ndarray
    difficult: np.ndarray
    logits: np.ndarray
    calibration_logits: np.ndarray | None
    disagreement: np.ndarray | None
    attention: np.ndarray | None

    @property
    def split(self) -> str:
        """Split the images belong to."""
        return self.manifest.split

    @property
    def label_names(self) -> tuple[str, ...]:
        """The L labels in column order."""
        return tuple(self.manifest.label_names)

    @property
    def groups(self) -> np.ndarray | None:
        """(N,) names of the groups the images come in; None if each is its own."""
        return self.images["group"].to_numpy() if "group" in self.images else None

    @property
    def slices(self) -> pd.DataFrame | None:
        """(N,) slices, a column per metadata column that was brought; None without any."""
        own = self.images.filter(regex=f"^{SLICE}").rename(columns=lambda c: c[len(SLICE) :])
        return own.astype("category") if len(own.columns) else None

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The N image ids."""
        return tuple(self.images["image_id"])

    def probs(self, label: int) -> np.ndarray:
        """(N,) P(label present) = sigmoid(logits) of one label."""
        return logit_probs(self.logits[:, label])

    def image_probs(self, place: int) -> np.ndarray:
        """(L,) P(label present) of all labels in one image."""
        return logit_probs(self.logits[place])


class PredictionWriter:
    """Writes a cache batch by batch; use it as a context.

    The directory appears, replacing an older one, when the context ends without an error. One
    process at a time may write it; what a killed one left of it is cleared.

    Args:
        directory: Where the cache is to be, ``.../predictions/<split>``.
        split: Name of the split.
        images: One row per image: ``image_id``, ``row``, and ``group`` where there are groups.
        label_names: The L label names.
        dataset_fingerprint: Of the data set.
        checkpoint_digest: SHA-256 of the weights.
        dataset_parts: Digest of each part of the data set by name, where they are known.
    """

    def __init__(
        self,
        directory: Path,
        *,
        split: str,
        images: pd.DataFrame,
        label_names: tuple[str, ...],
        dataset_fingerprint: str,
        checkpoint_digest: str,
        dataset_parts: Mapping[str, str] | None = None,
    ) -> None:
        self._directory = directory
        self._draft = directory.with_name(f".{directory.name}.draft")
        self._identity = {
            "schema_version": SCHEMA_VERSION,
            "split": split,
            "label_names": list(label_names),
            "n_images": len(images),
            "dataset_fingerprint": dataset_fingerprint,
            "checkpoint_digest": checkpoint_digest,
            "dataset_parts": dict(dataset_parts or {}),
        }
        self._images, self._n_labels = images, len(label_names)
        self._arrays: dict[str, np.memmap[Any, Any]] = {}

    def __enter__(self) -> "PredictionWriter":
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)
        return self

    def write(self, rows: slice, **parts: np.ndarray | None) -> None:
        """Store some rows of arrays by name, e.g. ``logits`` (B, L); None is left out."""
        for name, part in parts.items():
            if part is None:
                continue
            if name not in self._arrays:
                shape = (self._identity["n_images"], *part.shape[1:])
                self._arrays[name] = _reserve(self._draft / f"{name}.npy", part.dtype, shape)
            self._arrays[name][rows] = part

    def write_label(self, label: int, **parts: np.ndarray) -> None:
        """Store (N,) values of one label in (N, L) arrays by name: the columns of a file."""
        for name, part in parts.items():
            if name not in self._arrays:
                shape = (len(self._images), self._n_labels)
                self._arrays[name] = _reserve(self._draft / f"{name}.npy", part.dtype, shape)
            self._arrays[name][:, label] = part

    def written(self, name: str) -> np.ndarray:
        """What was stored of an array so far."""
        return self._arrays[name]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._commit()
        finally:
            self._arrays.clear()
            shutil.rmtree(self._draft, ignore_errors=True)

    def _commit(self) -> None:
        for array in self._arrays.values():
            array.flush()
        self._arrays.clear()
        self._images.to_parquet(self._draft / IMAGES, index=False)
        files = {
            path.name: {"bytes": path.stat().st_size, "crc32": file_crc32(path)}
            for path in sorted(self._draft.iterdir())
        }
        manifest = json.dumps({**self._identity, "files": files}, indent=1, ensure_ascii=False)
        (self._draft / MANIFEST).write_text(manifest, encoding="utf-8")
        retired = self._directory.with_name(f".{self._directory.name}.old")
        shutil.rmtree(retired, ignore_errors=True)
        if self._directory.exists():
            self._directory.rename(retired)
        self._draft.rename(self._directory)
        shutil.rmtree(retired, ignore_errors=True)


def open_predictions(directory: Path, *, verify: bool | None = None) -> Predictions:
    """Open a prediction cache; its arrays are read from disk when they are used.

    Args:
        directory: ``runs/<study>/<run>/predictions/<split>``.
        verify: Whether to compare every file with its checksum; None = if that takes
            less than about a second.

    Raises:
        FileNotFoundError: If there is no cache.
        ValueError: If it is of another version or damaged; names the file.
    """
    manifest = read_manifest(directory)
    shape = (manifest.n_images, len(manifest.label_names))
    if verify is None:
        verify = sum(entry["bytes"] for entry in manifest.files.values()) <= VERIFY_UP_TO
    for name, entry in manifest.files.items():
        check_file(directory / name, entry, verify=verify)

    def array(name: str) -> np.ndarray | None:
        if f"{name}.npy" not in manifest.files:
            return None
        return _open_array(directory / f"{name}.npy", name, shape)

    def required(name: str) -> np.ndarray:
        found = array(name)
        if found is None:
            raise refused(directory / f"{name}.npy", "is missing")
        return found

    return Predictions(
        manifest=manifest,
        images=_read_images(directory / IMAGES, manifest.n_images),
        targets=required("targets"),
        difficult=required("difficult"),
        logits=required("logits"),
        calibration_logits=array("calibration_logits"),
        disagreement=array("disagreement"),
        attention=array("attention"),
    )


def _reserve(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """A new ``.npy`` whose disk space is taken now: a full disk is an error, not a crash later."""
    array = np.lib.format.open_memmap(
        path, mode="w+", dtype=dtype, shape=shape, fortran_order=len(shape) == 2
    )
    with path.open("r+b") as file:
        reserve(file.fileno(), path.stat().st_size)
    return array


def _open_array(path: Path, name: str, shape: tuple[int, int]) -> np.ndarray:
    """An array of the cache, mapped; refused unless it is what the manifest and its name say."""
    try:
        # unlike `np.load`, this knows neither zip files nor pickles
        found: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except _NO_ARRAY as error:
        raise refused(path, "is no array of plain numbers") from error
    expected = (shape[0], *found.shape[1:]) if name == "attention" else shape
    kind = _KINDS.get(name, "f")
    if found.dtype.kind != kind or found.shape != expected:
        what = f"{found.dtype.str} of shape {found.shape}"  # `str` without the names of fields
        raise refused(path, f"holds {what}, not {kind} of shape {expected}")
    return found


def _read_images(path: Path, n_images: int) -> pd.DataFrame:
    try:
        check_parquet(path)
        images = pd.read_parquet(path)
    except NO_PARQUET as error:
        raise refused(path, "is no Parquet table") from error
    if not {"image_id", "row"} <= set(images) or len(images) != n_images:
        raise refused(path, f"lacks `image_id` or `row`, or has not {n_images} rows")
    rows = images["row"]
    if rows.dtype.kind not in "iu" or (rows < 0).any() or (rows >= MOST_IMAGES).any():
        raise refused(path, "holds rows that are no places in a data set")
    for column in (name for name in images if name == "group" or str(name).startswith(SLICE)):
        if not all(isinstance(name, str) for name in images[column]):
            raise refused(path, "holds groups that are no words")
    return images
