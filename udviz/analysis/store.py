"""Where an analysis lies on disk: written whole, read with checks, never a mixture.

``analysis/`` holds one Parquet file per table and ``manifest.json``. A new analysis is written
beside it and renamed into place. For the instant between the two renames the old one is found under
``.analysis.old``, and it is brought back if the writer dies there.
"""

import json
import os
import shlex
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import ArrowException

from udviz.analysis.parquet import TableError, as_arrow, from_parquet, to_parquet
from udviz.analysis.schema.tables import BY_NAME, VERSION
from udviz.checks import shown
from udviz.installation import code_version
from udviz.studies.files import own_bytes, sync_directory

FOLDER, MANIFEST = "analysis", "manifest.json"
MOST_BYTES = 2**28  # of a table; a longer file is cut there, and then not that of its manifest
MOST_MANIFEST_BYTES = 2**24

Where = Sequence[tuple[str, Sequence[object]]]  # column, the values that are wanted


class AnalysisError(Exception):
    """An analysis is missing, damaged, or of another version.

    Attributes:
        command: What makes it anew.
    """

    def __init__(self, problem: str, study: Path) -> None:
        self.command = remake_command(study)
        super().__init__(f"{problem} Make it anew with: {self.command}")


@dataclass(frozen=True, kw_only=True)
class AnalysisManifest:
    """What an analysis says of itself.

    Attributes:
        schema_version: `schema.VERSION` of its tables.
        code_revision: Git revision of the program that wrote it; empty if unknown.
        inputs: What it was made from: the caches of every run, and the settings.
        tables: Per table its ``bytes``, ``crc32`` and ``rows``.
        identity: Digest of all this: another one is another analysis.
    """

    schema_version: int
    code_revision: str
    inputs: dict[str, str]
    tables: dict[str, dict[str, int]]
    identity: str


def remake_command(study: Path) -> str:
    """The command that makes a study's analysis anew; what is done is skipped."""
    recipe = shlex.quote(str(study / "study.toml"))
    return f"python -m pipelines.study --recipe {recipe} --out {shlex.quote(str(study))}"


def write_analysis(
    study: Path, tables: Mapping[str, pd.DataFrame], *, inputs: Mapping[str, str]
) -> None:
    """Write all tables of a study, replacing those that are there in one step.

    Args:
        study: Folder of the study.
        tables: Name -> rows; a table of the schema that is left out is written empty.
        inputs: What the tables were made from, as `AnalysisManifest.inputs`.

    Raises:
        ValueError: If a table is not what the schema says: a column is missing, unknown or of
            another type, a key is missing or not unique, or a value lies outside its unit.
        OSError: If it cannot be written; the old analysis is then as it was.
    """
    if unknown := sorted(tables.keys() - BY_NAME.keys()):
        raise ValueError(f"`tables` must be of {sorted(BY_NAME)}, got {unknown}.")
    made = {name: as_arrow(tables.get(name), table) for name, table in BY_NAME.items()}
    draft, old = study / ".analysis.draft", study / ".analysis.old"
    restore(study)
    shutil.rmtree(draft, ignore_errors=True)
    try:
        _write(draft, made, inputs)
        if (study / FOLDER).exists():
            (study / FOLDER).rename(old)
        draft.rename(study / FOLDER)
    except BaseException:
        restore(study)
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync_directory(study)
    shutil.rmtree(old, ignore_errors=True)


def restore(study: Path) -> None:
    """Bring the old analysis back if a writer died between the two renames."""
    if not (study / FOLDER).exists() and (study / ".analysis.old").exists():
        (study / ".analysis.old").rename(study / FOLDER)
    shutil.rmtree(study / ".analysis.old", ignore_errors=True)


def read_manifest(study: Path) -> AnalysisManifest:
    """What the analysis of a study says of itself.

    Raises:
        AnalysisError: If it is missing, damaged, or its tables are of another schema version.
    """
    path = analysis_folder(study) / MANIFEST
    if not path.is_file() or path.is_symlink():
        raise AnalysisError(f"{shown(str(study))} must hold an analysis, but has none.", study)
    try:
        text = own_bytes(path, last=MOST_MANIFEST_BYTES)
        found = json.loads(text)
        version = found["schema_version"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise AnalysisError(f"{shown(str(path))} is damaged.", study) from error
    if type(version) is not int or version != VERSION:
        said = version if type(version) is int else "?"
        raise AnalysisError(
            f"The tables of {shown(str(study))} have schema version {said}, this program reads "
            f"{VERSION}.",
            study,
        )
    try:
        manifest = AnalysisManifest(**found, identity=f"{zlib.crc32(text):08x}")
        whole = _is_whole(manifest)
    except (TypeError, AttributeError):
        whole = False
    if not whole:
        raise AnalysisError(f"{shown(str(path))} is damaged.", study)
    return manifest


def read_table(
    study: Path,
    name: str,
    *,
    columns: Sequence[str] | None = None,
    where: Where = (),
    identity: str | None = None,
) -> pd.DataFrame:
    """Rows of one table.

    Args:
        study: Folder of the study.
        name: Of the table.
        columns: To read; all if None.
        where: Columns and the values they may have; all rows if empty.
        identity: `AnalysisManifest.identity` that the table must belong to, where several tables
            are read that must be of one analysis; any if None.

    Raises:
        AnalysisError: If the analysis is missing, damaged or of another version, or the table is
            not the one that its manifest speaks of, or too large.
        ValueError: If the schema knows no such table or column.
    """
    if name not in BY_NAME:
        raise ValueError(f"`name` must be one of {sorted(BY_NAME)}, got {name!r}.")
    manifest = read_manifest(study)
    if identity is not None and manifest.identity != identity:
        raise AnalysisError(f"The analysis of {shown(str(study))} was replaced meanwhile.", study)
    path, entry = analysis_folder(study) / f"{name}.parquet", manifest.tables[name]
    try:
        content = own_bytes(path, last=MOST_BYTES)
    except OSError as error:
        raise AnalysisError(f"{shown(str(path))} cannot be read.", study) from error
    if len(content) != entry["bytes"] or zlib.crc32(content) != entry["crc32"]:
        raise AnalysisError(f"{shown(str(path))} is not the file its {MANIFEST} speaks of.", study)
    try:
        return from_parquet(content, BY_NAME[name], columns=columns, where=where)
    except (TableError, ArrowException, OSError) as error:
        raise AnalysisError(
            f"{shown(str(path))} is damaged: {shown(str(error))}.", study
        ) from error


def analysis_folder(study: Path) -> Path:
    """Where the analysis lies: for an instant while it is replaced, the old one lies aside."""
    folder, old = study / FOLDER, study / ".analysis.old"
    return old if not folder.exists() and old.exists() else folder


def is_current(study: Path, *, inputs: Mapping[str, str]) -> bool:
    """Whether a whole analysis of exactly these inputs is there."""
    try:
        manifest = read_manifest(study)
        for name, entry in manifest.tables.items():
            content = own_bytes(analysis_folder(study) / f"{name}.parquet", last=MOST_BYTES)
            if zlib.crc32(content) != entry["crc32"]:
                return False
    except (AnalysisError, OSError):
        return False
    return manifest.inputs == dict(inputs)


def _write(draft: Path, tables: Mapping[str, pa.Table], inputs: Mapping[str, str]) -> None:
    draft.mkdir(parents=True)
    entries = {}
    for name, table in tables.items():
        content = to_parquet(table)
        _write_file(draft / f"{name}.parquet", content)
        entries[name] = {
            "bytes": len(content),
            "crc32": zlib.crc32(content),
            "rows": table.num_rows,
        }
    manifest = {
        "schema_version": VERSION,
        "code_revision": code_version(),
        "inputs": dict(inputs),
        "tables": entries,
    }
    _write_file(draft / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    sync_directory(draft)


def _write_file(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _is_whole(manifest: AnalysisManifest) -> bool:
    entries = manifest.tables
    return (
        entries.keys() == BY_NAME.keys()
        and all(entry.keys() == {"bytes", "crc32", "rows"} for entry in entries.values())
        and all(type(number) is int for entry in entries.values() for number in entry.values())
        and all(isinstance(item, str) for pair in manifest.inputs.items() for item in pair)
        and isinstance(manifest.code_revision, str)
    )
