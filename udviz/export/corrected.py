"""The table that a person brought, with the targets that reviews call wrong turned round.

A target on which reviewers differ stays as it is, and is counted. Nothing else of the file changes,
not a byte: the cells are found in its text and replaced there.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from udviz.checks import shown
from udviz.data.problems import ProblemLog
from udviz.data.tables.text import find_delimiter, said_delimiter, text_file
from udviz.data.tables.words import ABSENT, PRESENT, Coding, word_of
from udviz.figures.style.text import plural
from udviz.recipe.brought import BROUGHT, BroughtStudy, Source
from udviz.recipe.files import read_recipe, recipe_values
from udviz.roots import check_data
from udviz.studies.directory import STUDY_FILE
from udviz.studies.files import file_digest
from udviz.studies.reviews import ReviewedTarget, verdicts_of_targets
from udviz.vocabulary import WRONG

_TEXTS = (".csv", ".tsv", ".txt")
_ELSE = "Use --to huggingface, whose column `reviewed_targets` holds the same targets."


@dataclass(frozen=True)
class Cell:
    """A cell and where it stands in the text.

    Attributes:
        start: Place of its first character.
        raw: As it is written, with quotes and spaces.
        text: What it says, stripped.
    """

    start: int
    raw: str
    text: str


def correct(study: Path, folder: Path, *, split: str) -> str:
    """Write the table of a study with its reviews applied into a new folder.

    Args:
        study: Folder of the study.
        folder: Must not exist yet.
        split: Whose table, of a study that was brought; a table of images has all splits.

    Returns:
        What was changed, in a sentence.

    Raises:
        ValueError: If its targets came from no table, or the table is none that can be corrected.
        OSError: If it cannot be read or written.
    """
    said = verdicts_of_targets(study)
    wrong = [of for of, verdicts in said.items() if verdicts == {WRONG}]
    differ = [of for of, verdicts in said.items() if len(verdicts) > 1]
    values = recipe_values(study / STUDY_FILE)
    if BROUGHT in values:
        record = BroughtStudy.model_validate(values)
        source = record.val_targets if split == "val" else record.targets
        if source is None:
            raise ValueError("`--split` must be test, got val, which was not brought.")
        wrong, differ = ([of for of in kept if of.split == split] for kept in (wrong, differ))
        told = write_corrected(_unchanged(source), folder, wrong, coding=Coding())
        return told + _left_alone(differ)
    data = read_recipe(study / STUDY_FILE).data
    if data.kind != "table":
        raise ValueError(
            f"The targets of this study must come from a table to be corrected in it, got "
            f"--data.kind {data.kind}. {_ELSE}"
        )
    check_data(data)
    coding = Coding(blank_means=data.blank_means, minus_one_means=data.minus_one_means)
    table = data.folder / data.labels
    told = write_corrected(table, folder, wrong, coding=coding, encoding=data.encoding)
    return told + _left_alone(differ)


def _left_alone(differ: Sequence[ReviewedTarget]) -> str:
    """That targets stay as they are, as the reviewers differ; empty without any."""
    return f"; {plural(len(differ), 'target')} left: reviewers differ" if differ else ""


def _unchanged(source: Source) -> Path:
    path = Path(source.file)
    if not path.is_file():
        raise ValueError(f"The targets must come from a file here, got {source.file}. {_ELSE}")
    if file_digest(path) != source.sha256:
        raise ValueError(f"{path.name} must be the file that was brought, but has changed since.")
    return path


def write_corrected(
    table: Path,
    folder: Path,
    wrong: Sequence[ReviewedTarget],
    *,
    coding: Coding,
    encoding: str = "",
) -> str:
    """Write the table into a new folder, under its own name.

    Args:
        table: A CSV or TSV with a row per image and a 0/1 column per label.
        folder: Must not exist yet.
        wrong: Targets that are to be turned round.
        coding: What its blanks and -1 mean.
        encoding: Python's name of its encoding; empty to find it.

    Returns:
        What was changed, in a sentence.

    Raises:
        ValueError: If it is another kind of table, or a cell does not say what was reviewed:
            nothing is written then.
        OSError: If it cannot be read or written.
    """
    if table.suffix.lower() not in _TEXTS:
        raise ValueError(f"Only a CSV or TSV can be corrected here, got {table.name}. {_ELSE}")
    file = text_file(table, ProblemLog(), encoding=encoding)
    text = file.read()
    if text.encode(file.encoding) != table.read_bytes():
        raise ValueError(f"{table.name} cannot be written again byte for byte in {file.encoding}.")
    rows = list(_rows(text, find_delimiter(file)))
    changed = _changed(text, _replacements(rows, wrong, coding, table.name))
    folder.mkdir(parents=True)
    (folder / table.name).write_bytes(changed.encode(file.encoding))
    return f"{plural(len(wrong), 'target')} changed"


def _replacements(
    rows: Sequence[Sequence[Cell]], wrong: Sequence[ReviewedTarget], coding: Coding, name: str
) -> dict[Cell, str]:
    """Each cell that changes, and what it becomes."""
    header, *body = rows[1:] if rows and said_delimiter(",".join(c.raw for c in rows[0])) else rows
    column_of = {cell.text: place for place, cell in enumerate(header)}
    if unknown := sorted({of.label for of in wrong} - column_of.keys()):
        raise ValueError(
            f"{name} must have a column per label, but has none for {shown(unknown[0])}. {_ELSE}"
        )
    rows_of = _rows_by_image(body, {of.image_id for of in wrong}, name)
    found: dict[Cell, str] = {}
    for of in wrong:
        column = column_of[of.label]
        other = _usual_word(body, column, 1 - of.target)
        for row in rows_of[of.image_id]:
            cell = row[column]
            if _value(cell.text, coding) != of.target:
                raise ValueError(
                    f"{name} must say {of.target} of {shown(of.label)} in {shown(of.image_id)}, "
                    f"as when it was reviewed, got {shown(repr(cell.text))}. Put the table back."
                )
            found[cell] = cell.raw.replace(cell.text, other, 1) if cell.text else other
    return found


def _rows_by_image(
    body: Sequence[Sequence[Cell]], images: set[str], name: str
) -> dict[str, list[Sequence[Cell]]]:
    """The rows of each image: of the first column that names all of them."""
    for place in range(max(map(len, body), default=0)):
        rows: dict[str, list[Sequence[Cell]]] = {}
        for row in body:
            if place < len(row) and row[place].text in images:
                rows.setdefault(row[place].text, []).append(row)
        if rows.keys() == images:
            return rows
    raise ValueError(
        f"{name} must name every reviewed image in one column, such as "
        f"{shown(min(images, default=''))}, but has no such column."
    )


def _usual_word(body: Sequence[Sequence[Cell]], column: int, value: int) -> str:
    """How the column, else the table, mostly writes present or absent."""
    words = PRESENT if value else ABSENT
    for cells in ([row[column] for row in body if column < len(row)], (c for r in body for c in r)):
        if usual := Counter(c.text for c in cells if word_of(c.text) in words).most_common(1):
            return usual[0][0]
    return str(value)


def _value(text: str, coding: Coding) -> int | None:
    """What a cell says: 1, 0, or None for anything else."""
    word = word_of(text)
    absent = {
        *ABSENT,
        *([""] if coding.blank_means == "absent" else []),
        *(["-1"] if coding.minus_one_means == "absent" else []),
    }
    return 1 if word in PRESENT else 0 if word in absent else None


def _changed(text: str, replacements: dict[Cell, str]) -> str:
    parts, end = [], 0
    for cell in sorted(replacements, key=lambda cell: cell.start):
        parts += [text[end : cell.start], replacements[cell]]
        end = cell.start + len(cell.raw)
    return "".join([*parts, text[end:]])


def _rows(text: str, delimiter: str) -> Iterator[list[Cell]]:
    """The cells of every row that is not blank, as the module csv tells them apart."""
    mark = re.escape(delimiter)
    pattern = re.compile(rf'((?:"(?:[^"]|"")*")?[^{mark}\r\n]*)({mark}|\r\n|\r|\n|\Z)')
    row: list[Cell] = []
    for match in pattern.finditer(text):
        raw, after = match.groups()
        if row or raw or after == delimiter:
            row.append(Cell(match.start(), raw, _said(raw)))
        if after != delimiter:
            if row:
                yield row
            row = []


def _said(raw: str) -> str:
    return (
        "".join(next(csv.reader([raw], delimiter="\0"), [""])).strip()
        if '"' in raw
        else (raw.strip())
    )
