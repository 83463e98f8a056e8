"""What a data set is, as digests by name: so that one that changed is noticed and named."""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from udviz.data.dataset import Boxes, Dataset
from udviz.data.images.files import sample_digest

# Part of a data set -> what a person calls it. Everything that results depend on is in a part.
PARTS = {
    "ids": "image ids",
    "labels": "label names",
    "splits": "splits",
    "targets": "targets",
    "difficult": "*difficult* flags",
    "images": "image files",
    "masks": "masks",
    "boxes": "boxes",
}


@dataclass(frozen=True, kw_only=True)
class DataRecord:
    """What is kept of a data set beside what was made from it.

    Attributes:
        fingerprint: Of the data set.
        parts: Digest of each of its parts by name; empty if only the whole is known.
    """

    fingerprint: str
    parts: Mapping[str, str] = field(default_factory=dict)


def fingerprint_parts(
    dataset: Dataset, *, images: Iterable[bytes], masks: Iterable[bytes]
) -> dict[str, str]:
    """Digest of each part of a data set; where its files are and how old is no part of it.

    Args:
        dataset: Its fingerprint is not looked at.
        images: What tells the content of each image apart, in order.
        masks: The same of the masks, and of what their pixel values mean.

    Returns:
        32 hexadecimal digits by name, one for each of `PARTS`.
    """
    return {
        "ids": _digest_of_names(dataset.image_ids),
        "labels": _digest_of_names(dataset.label_names),
        "splits": _digest_of_names(dataset.splits.tolist()),
        "targets": _digest_of_arrays(dataset.targets.astype(np.int8)),
        "difficult": _digest_of_arrays(dataset.difficult.astype(bool)),
        "images": _digest(images),
        "masks": _digest(masks),
        "boxes": _digest_of_boxes(dataset.boxes),
    }


def joined(parts: Mapping[str, str]) -> str:
    """The fingerprint of a data set with these parts: 32 hexadecimal digits."""
    return _digest(f"{name} {parts[name]}\n".encode() for name in PARTS)


def record_of(dataset: Dataset) -> DataRecord:
    """What to keep of a data set."""
    return DataRecord(fingerprint=dataset.fingerprint, parts=dict(dataset.parts))


def differences(dataset: Dataset, record: DataRecord) -> list[str]:
    """What a data set differs in from the one that something was made from; none = the same."""
    if record.parts and dataset.parts:
        then, now = record.parts, dataset.parts
        return [word for name, word in PARTS.items() if then.get(name) != now[name]]
    if record.fingerprint in (dataset.fingerprint, earlier_fingerprint(dataset)):
        return []
    return ["images, labels or splits"]


@functools.lru_cache(maxsize=1)  # asked for once per cache of a study
def earlier_fingerprint(dataset: Dataset) -> str:
    """The fingerprint that version 1 gave a data set of files; empty if there is none.

    It saw size, first, middle and last KiB of each image, and no masks, boxes or flags.
    """
    if dataset.paths is None:
        return ""
    digest = hashlib.blake2b(digest_size=16)
    for names in (dataset.image_ids, dataset.label_names, dataset.splits.tolist()):
        digest.update(repr(list(names)).encode("utf-8", "backslashreplace"))
    digest.update(np.ascontiguousarray(dataset.targets, dtype=np.int8).tobytes())
    for path in dataset.paths:
        digest.update(sample_digest(path))
    return digest.hexdigest()


def _digest_of_boxes(boxes: Boxes | None) -> str:
    if boxes is None:
        return _digest(())
    return _digest_of_arrays(
        *(boxes.image.astype(np.int64), boxes.label.astype(np.int64)),
        *(boxes.corners.astype(np.float64), boxes.visible.astype(np.float64)),
        boxes.difficult.astype(bool),
    )


def _digest_of_names(names: Iterable[str]) -> str:
    return _digest([repr(list(names)).encode("utf-8", "backslashreplace")])


def _digest_of_arrays(*arrays: np.ndarray) -> str:
    return _digest(
        content for array in arrays for content in (repr(array.shape).encode(), array.tobytes())
    )


def _digest(contents: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for content in contents:
        digest.update(content)
    return digest.hexdigest()
