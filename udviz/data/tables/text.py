"""One opener of text files: encoding, compression and delimiter are found; guesses are said."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from udviz.checks import shown
from udviz.data.problems import ProblemLog
from udviz.roots import check_place

DELIMITERS = (",", ";", "\t", "|")
OLD_CODE_PAGE = "cp1252"  # what Excel writes in most of Europe and America where it is not UTF-8
MOST_BYTES = 8 * 2**30  # of a file once it is unpacked
_BLOCK = 2**20
_SAMPLE_LINES = 50
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """A text file and how it is read.

    Attributes:
        path: The file.
        encoding: Python's name of its encoding.
        compressed: Whether it is packed by gzip.
    """

    path: Path
    encoding: str
    compressed: bool

    def open(self) -> TextIO:
        """Its text, line ends as they are."""
        return io.TextIOWrapper(_open_bytes(self.path), encoding=self.encoding, newline="")

    def read(self) -> str:
        """All of its text."""
        with self.open() as file:
            return file.read()

    def lines(self) -> list[str]:
        """Its lines without their ends."""
        return self.read().splitlines()


def text_file(path: Path, log: ProblemLog, *, encoding: str = "") -> TextFile:
    """Find out how a text file is to be read: as ``encoding`` says, else by its content.

    UTF-8 and UTF-16 are recognised; what is neither is read by the old Windows code page, and that
    is noted as a guess.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no text, of another encoding than asked for, or too large.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file at {path}.")
    check_place(path, name=path.name)
    found = encoding or _encoding_of(path)
    if not found:
        found = OLD_CODE_PAGE
        what = f"{path.name} is not UTF-8, so it is read as Windows-1252; check names with accents"
        log.guess(what, flag="--data.encoding")
    _check_decodes(path, found)
    return TextFile(path=path, encoding=found, compressed=_is_compressed(path))


def find_delimiter(file: TextFile) -> str:
    """The delimiter under which the first lines have the most columns, the same in every line.

    Excel's own first line, ``sep=;``, is believed.
    """
    with file.open() as opened:
        sample = list(islice(opened, _SAMPLE_LINES))
    if sample and (said := said_delimiter(sample[0])):
        return said
    usual = "\t" if ".tsv" in file.path.suffixes else ","
    order = [usual, *(mark for mark in DELIMITERS if mark != usual)]
    return max(order, key=lambda mark: _regular_columns(sample, mark))  # the first of equals


def said_delimiter(line: str) -> str:
    """The delimiter that a line ``sep=;`` names; empty if it is another line."""
    head, _, mark = line.rstrip("\r\n").partition("=")
    return mark if head.lower() == "sep" and mark in DELIMITERS else ""


def files_here(folder: Path, suffixes: tuple[str, ...]) -> str:
    """A sentence that names files of the folder; empty if there are none."""
    found = sorted(p.name for p in folder.glob("*") if p.name.lower().endswith(suffixes))
    return f"There is {shown(', '.join(found[:5]))}." if found else ""


def _regular_columns(sample: list[str], delimiter: str) -> int:
    """Columns of the header, if all lines have as many; else 1."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return 1
    if len(sample) == _SAMPLE_LINES:
        rows = rows[:-1]  # a quoted cell may be cut there
    return len(rows[0]) if rows and len({len(row) for row in rows}) == 1 else 1


def _encoding_of(path: Path) -> str:
    """UTF-8 or UTF-16 if the file is that; empty if it is neither."""
    start = next(_blocks(path), b"")[:4096]
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[0::2].count(0) > len(start) // 4:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return ""
    return "utf-8"


def _check_decodes(path: Path, encoding: str) -> None:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        for block in _blocks(path):
            if "\0" in decoder.decode(block):
                raise ValueError(f"{path} must be a text file, but it holds zero bytes.")
        decoder.decode(b"", final=True)
    except (LookupError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} cannot be read as {shown(encoding)}: {shown(str(error))}. Save it as UTF-8, "
            "or pass the name of its encoding as --data.encoding."
        ) from error


def _blocks(path: Path) -> Iterator[bytes]:
    """The unpacked bytes of a file, a block at a time."""
    total = 0
    try:
        with _open_bytes(path) as file:
            while block := file.read(_BLOCK):
                total += len(block)
                if total > MOST_BYTES:
                    raise ValueError(f"{path} must hold at most {MOST_BYTES:,} bytes of text.")
                yield block
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be unpacked: {error}.") from error


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _open_bytes(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if _is_compressed(path) else path.open("rb")
