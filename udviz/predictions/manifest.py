"""What a prediction cache says of itself, and whether that is true of its files."""

import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from udviz.bounded import MOST_RECORD, read_text
from udviz.installation import called

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
IMAGES = "images.parquet"
_FILE, _WORD = re.compile(r"\w+\.(npy|parquet)"), re.compile(r"[\w-]{1,128}")
_ENTRY = {"bytes", "crc32"}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a cache says of itself.

    Attributes:
        schema_version: Layout of the cache.
        split: ``train``, ``val`` or ``test``.
        label_names: The L labels in column order.
        n_images: Number N of images.
        dataset_fingerprint: Of the data set the predictions belong to.
        checkpoint_digest: SHA-256 of the weights that made them.
        files: Per file its size in bytes and its CRC-32.
        dataset_parts: Digest of each part of that data set by name; empty in a cache of version 1.
    """

    schema_version: int
    split: str
    label_names: list[str]
    n_images: int
    dataset_fingerprint: str
    checkpoint_digest: str
    files: dict[str, dict[str, int]]
    dataset_parts: dict[str, str] = field(default_factory=dict)


def read_manifest(directory: Path) -> Manifest:
    """What the cache in ``directory`` says of itself; its arrays are not looked at.

    Raises:
        FileNotFoundError: If there is no cache.
        ValueError: If it is of another version or damaged; names the file.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"`{directory}` must be a prediction cache, but holds no {MANIFEST}. "
            f"{_remake(directory)}"
        )
    try:
        manifest = Manifest(**json.loads(read_text(path, most=MOST_RECORD)))
    except (ValueError, TypeError, RecursionError) as error:
        raise refused(path, "is damaged or of another version") from error
    if manifest.schema_version != SCHEMA_VERSION:
        version = manifest.schema_version if isinstance(manifest.schema_version, int) else "?"
        raise refused(path, f"has schema version {version}, not {SCHEMA_VERSION}")
    if not (_is_well_typed(manifest) and _names_only_its_own(manifest)):
        raise refused(path, "holds something else than a manifest does")
    return manifest


def _is_well_typed(manifest: Manifest) -> bool:
    entries = manifest.files.values() if isinstance(manifest.files, dict) else [None]
    return (
        isinstance(manifest.label_names, list)
        and all(isinstance(label, str) for label in manifest.label_names)
        and all(isinstance(entry, dict) and entry.keys() == _ENTRY for entry in entries)
        and all(type(number) is int for entry in entries for number in entry.values())
        and type(manifest.n_images) is int
        and isinstance(manifest.dataset_parts, dict)
        and all(isinstance(digest, str) for digest in manifest.dataset_parts.values())
    )


def _names_only_its_own(manifest: Manifest) -> bool:
    """Whether all that becomes part of a path is a plain word: no way leads out of the cache."""
    words = (manifest.split, manifest.dataset_fingerprint, manifest.checkpoint_digest)
    plain = all(isinstance(word, str) and _WORD.fullmatch(word) for word in words)
    return plain and IMAGES in manifest.files and all(map(_FILE.fullmatch, manifest.files))


def check_file(path: Path, entry: dict[str, int], *, verify: bool) -> None:
    """Raise if a file is not the one that the manifest's ``entry`` is about.

    Args:
        path: The file.
        entry: Its ``bytes`` and ``crc32``.
        verify: Whether to compare the checksum, too.

    Raises:
        ValueError: Names the file.
    """
    if not path.is_file():
        raise refused(path, "is missing")
    size = path.stat().st_size
    if size != entry["bytes"]:
        raise refused(path, f"has {size} bytes instead of {entry['bytes']}")
    if verify and file_crc32(path) != entry["crc32"]:
        raise refused(path, "does not match its checksum")


def refused(path: Path, what: str) -> ValueError:
    """An error that names a file of a cache, what is wrong, and how to remake it."""
    return ValueError(f"`{path}` {what}. {_remake(path.parent)}")


def _remake(directory: Path) -> str:
    study = directory.parents[2] if len(directory.parents) > 2 else directory
    return f"Remake it with: {called('study')} --recipe {study / 'study.toml'} --out {study}"


def file_crc32(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            value = zlib.crc32(block, value)
    return value
