"""Scores and targets from a file or folder of any format that is read without running anything."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from udviz.checks import shown
from udviz.predictions.brought.arrays import ARRAYS, read_matrix
from udviz.predictions.brought.coco import read_results
from udviz.predictions.brought.folders import read_folder, shards_of
from udviz.predictions.brought.maps import Maps, maps_in
from udviz.predictions.brought.matrix import Matrix, refused
from udviz.predictions.brought.tables import read_csv, read_parquet

FORMATS = (".npz", ".npy", ".safetensors", ".csv", ".tsv", ".parquet", ".json")
_TABLES = (".csv", ".tsv", ".parquet")
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib")
_LOADERS = {
    **dict.fromkeys((".pt", ".pth"), "import torch; scores = torch.load({path!r})"),
    **dict.fromkeys(
        (".pkl", ".pickle"),
        "import pathlib, pickle; scores = pickle.loads(pathlib.Path({path!r}).read_bytes())",
    ),
    ".joblib": "import joblib; scores = joblib.load({path!r})",
}
_CONVERT = """{path} must not be a pickle: opening one runs what is in it. Convert your own:
  {load}
  import numpy as np
  np.savez({out!r}, scores=np.asarray(scores))  # and image_ids=..., label_names=..."""


def read_scores(path: Path) -> Matrix:
    """Scores of one run; its numbers are read when they are used.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of no format that is read, a pickle, cut or too large; says what to do.
    """
    return _read(path, targets=False)


def read_targets(path: Path, *, groups: str = "") -> tuple[Matrix, np.ndarray]:
    """The targets, (N, L) int8: 1 present, 0 absent, -1 or blank unknown.

    Args:
        path: Their file.
        groups: Column of a table that says which images belong together; empty = none.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `read_scores`, and if a value is none of these; names its place.
    """
    found = _read(path, targets=True, groups=groups)
    return found, target_values(found)


def read_maps(path: Path) -> Maps:
    """Attention maps of one run; they are read when they are used.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file of arrays, a pickle, cut, or holds no maps; says what to do.
    """
    _kind_of(path, ARRAYS, "maps")
    return maps_in(path)


def files_of(path: Path) -> list[Path]:
    """The files that are read where ``path`` is given: itself, or the shards in a folder.

    Raises:
        ValueError: If the folder holds none.
    """
    return shards_of(path) if path.is_dir() else [path]


def target_values(matrix: Matrix) -> np.ndarray:
    """(N, L) int8 targets, Fortran-ordered.

    Raises:
        ValueError: If a value is none of 1, 0, -1 and blank; names its place.
    """
    targets = np.empty(matrix.shape, dtype=np.int8, order="F")
    for place in range(matrix.shape[1]):
        given = matrix.column(place).astype(np.float64)
        given = np.where(np.isnan(given), -1.0, given)
        if (wrong := ~np.isin(given, (-1.0, 0.0, 1.0))).any():
            row = int(np.flatnonzero(wrong)[0])
            raise refused(
                matrix.source,
                "hold targets that are 1, 0, or -1 or blank for unknown",
                f"{given[row]:g} for {place_of(matrix, row, place)}",
            )
        targets[:, place] = given
    return targets


def place_of(matrix: Matrix, row: int, place: int) -> str:
    """Image and label of one cell, in words."""
    image = f"row {row}" if matrix.ids is None else f"image {shown(matrix.ids[row])}"
    names = matrix.label_names
    return f"{image}, " + (f"column {place}" if names is None else f"label {shown(names[place])}")


def _read(path: Path, *, targets: bool, groups: str = "") -> Matrix:
    if path.is_dir() and not groups:
        return read_folder(path, targets=targets)
    kind = _kind_of(path, FORMATS, "scores")
    if groups and kind not in _TABLES:
        raise refused(path, f"be one of {', '.join(_TABLES)} to have a column of groups", kind)
    if kind in ARRAYS:
        return read_matrix(path, targets=targets)
    match kind:
        case ".parquet":
            return read_parquet(path, groups=groups)
        case ".json":
            return read_results(path)
    return read_csv(path, targets=targets, groups=groups)


def _kind_of(path: Path, formats: Sequence[str], what: str) -> str:
    """The ending of a file of ``what``, if it is one of ``formats`` and no pickle in disguise."""
    kind = path.suffix.lower()
    if kind in _PICKLES:
        raise ValueError(_pickle(path, kind))
    if kind not in formats:
        raise refused(path, f"be one of {', '.join(formats)}", kind or "no ending")
    if not path.is_file():
        raise FileNotFoundError(f"{shown(str(path))} must be a file of {what}, got none there.")
    with path.open("rb") as file:
        if file.read(2) in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
            raise ValueError(_pickle(path, ".pkl"))
    return kind


def _pickle(path: Path, kind: str) -> str:
    load = _LOADERS[kind].format(path=path.name)
    return _CONVERT.format(path=shown(str(path)), load=load, out=f"{path.stem}.npz")
