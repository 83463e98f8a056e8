"""Arrays of numpy and safetensors: mapped or bounded by what their headers say; never a pickle."""

import json
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO, TypeVar

import numpy as np

from udviz.bounded import MOST_RECORD
from udviz.predictions.brought.matrix import MOST_NAMES, Matrix, of_array, refused
from udviz.vocabulary import Scale

MOST_PACKED = 2**32  # bytes of an array that is read whole, as a zip file's are
SCALES: dict[str, Scale | None] = {  # names of the array of scores
    **{"scores": None, "logits": "logits", "probabilities": "probabilities"},
    **{"probs": "probabilities", "pred_probs": "probabilities"},
}
TARGETS = ("targets", "y_true", "labels")
IDS = ("image_ids", "image_id", "ids", "images", "image")
_NAMES = ("label_names", "class_names", "classes", "labels")
_NO_HEADER = (ValueError, EOFError, SyntaxError, TypeError, OverflowError, TokenError)
_NO_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
_TYPES |= {"I8": "i1", "U8": "u1", "BOOL": "?", "BF16": "<u2"}

Arrays = Mapping[str, Callable[[], np.ndarray]]  # name -> reads it
Found = TypeVar("Found")
ARRAYS = (".npy", ".npz", ".safetensors")


def read_arrays(path: Path, choose: Callable[[Arrays], Found]) -> Found:
    """What ``choose`` makes of the arrays of a file, by their names; that of a ``.npy`` is ``""``.

    Raises:
        ValueError: If the file is cut, or its arrays are not of plain numbers or words.
    """
    match path.suffix.lower():
        case ".npy":
            return choose({"": partial(_read_npy, path)})
        case ".npz":
            return _read_npz(path, choose)
    return choose(_safetensors(path))


def _read_npy(path: Path) -> np.ndarray:
    """The array of a ``.npy`` file, mapped."""
    try:
        # unlike `np.load`, this knows neither zip files nor pickles
        values: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except (*_NO_HEADER, OSError) as error:
        raise refused(path, "be a whole .npy array of plain numbers", "none") from error
    return values


def _read_npz(path: Path, choose: Callable[[Arrays], Found]) -> Found:
    """Each array of a ``.npz`` file is read after its header was believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {
                item.filename.removesuffix(".npy"): item.file_size
                for item in archive.infolist()
                if item.filename.endswith(".npy")
            }
            arrays = {name: partial(_member, archive, name, size) for name, size in sizes.items()}
            return choose(arrays)
    except _NO_ZIP as error:
        raise refused(path, "be a whole .npz file of numpy", "none") from error


def _safetensors(path: Path) -> Arrays:
    """Tensors of a ``.safetensors`` file, mapped; names as JSON lists in its metadata."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, MOST_RECORD):
            raise refused(path, "be a whole .safetensors file", "none")
        try:
            header: dict[str, Any] = json.loads(file.read(length))
            metadata = header.pop("__metadata__", {})
            names = {k: json.loads(v) for k, v in metadata.items() if k in (*IDS, *_NAMES)}
            parts = {
                name: (_TYPES[about["dtype"]], about["shape"], *about["data_offsets"])
                for name, about in header.items()
            }
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise refused(path, "have a header of .safetensors", "another") from error
    start = 8 + length
    arrays: dict[str, Callable[[], np.ndarray]] = {
        name: partial(np.array, words, dtype=str) for name, words in names.items()
    }
    for name, (kind, shape, begin, end) in parts.items():
        n_bytes = math.prod(shape) * np.dtype(kind).itemsize
        if min([begin, *shape], default=0) < 0 or end - begin != n_bytes or start + end > size:
            raise refused(path, f"hold all of the tensor {name!r}", "a part")
        is_half = header[name]["dtype"] == "BF16"
        arrays[name] = partial(_mapped, path, kind, tuple(shape), start + begin, is_half)
    return arrays


def _mapped(
    path: Path, kind: str, shape: tuple[int, ...], offset: int, is_half: bool
) -> np.ndarray:
    if not math.prod(shape):
        return np.zeros(shape, dtype=kind)
    values: np.ndarray = np.memmap(path, dtype=kind, mode="r", offset=offset, shape=shape)
    if is_half:  # bfloat16: the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


def read_matrix(path: Path, *, targets: bool) -> Matrix:
    """The scores or targets of a file of arrays, with their ids and label names.

    Raises:
        ValueError: As `read_arrays`, and if it holds no such array.
    """

    def choose(arrays: Arrays) -> Matrix:
        name = only(path, arrays, TARGETS if targets else tuple(SCALES))
        names = named(arrays, _NAMES, besides=name)
        if names is not None and names.ndim != 1:  # cleanlab's `labels` are targets
            names = None
        return of_array(
            arrays[name](),
            source=path.name,
            ids=named(arrays, IDS, besides=name),
            label_names=names,
            scale=SCALES.get(name),
        )

    return read_arrays(path, choose)


def only(path: Path, arrays: Arrays, wanted: Sequence[str]) -> str:
    """Name of the array that is called as ``wanted``, or of the only one.

    Raises:
        ValueError: If there are several, or none.
    """
    found = [name for name in wanted if name in arrays]
    if not found and len(arrays) == 1:
        found = list(arrays)
    if len(found) != 1:
        raise refused(
            path,
            f"hold one array called {', '.join(wanted)}",
            ", ".join(found or sorted(arrays)[:8]) or "no array",
        )
    return found[0]


def named(arrays: Arrays, known: Sequence[str], *, besides: str) -> np.ndarray | None:
    """The first array that is called as ``known``; None if there is none ``besides`` that one."""
    return next((arrays[name]() for name in known if name in arrays and name != besides), None)


def _member(archive: zipfile.ZipFile, name: str, size: int) -> np.ndarray:
    """One array of a zip file, refused unless its header and its size agree and are bounded."""
    source = f"{Path(str(archive.filename)).name}[{name}]"
    with archive.open(f"{name}.npy") as stream:
        try:
            dtype, shape, fortran = _header(stream)  # type: ignore[arg-type]
        except _NO_HEADER as error:
            raise refused(source, "be an array of plain numbers or words", "another") from error
        n_bytes = math.prod(shape) * dtype.itemsize
        most = MOST_NAMES * 4 if dtype.kind in "US" else MOST_PACKED
        if dtype.hasobject or dtype.kind not in "biufUS":
            raise refused(source, "be plain numbers or words, as nothing else is read", dtype.str)
        if not n_bytes <= min(size, most):
            raise refused(source, f"have at most {most:,} bytes, and all of them", f"{n_bytes:,}")
        content = stream.read(n_bytes)
        if len(content) != n_bytes or stream.read(1):
            raise refused(source, f"hold {n_bytes:,} bytes", "another number")
    order = "F" if fortran else "C"
    array: np.ndarray = np.frombuffer(content, dtype=dtype).reshape(shape, order=order)  # type: ignore[call-overload]
    return array.astype(str) if dtype.kind == "S" else array


def _header(stream: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version}")
    shape, fortran, dtype = readers[version](stream)
    return dtype, shape, fortran
