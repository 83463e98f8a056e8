"""Words and numbers that say whether a label is present: yes, 1.0, x, +, ..."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

PRESENT = (
    *("1", "true", "t", "yes", "y", "x", "+", "present", "positive", "pos", "on"),
    *("\u2713", "\u2714", "\u2611", "\u25cf"),  # ticks and a full circle
)
ABSENT = (
    *("0", "false", "f", "no", "n", "absent", "not present", "negative", "neg", "off"),
    *("\u2717", "\u2718", "\u2610", "\u25cb"),  # crosses, an empty box and circle
)
UNKNOWN = ("", "nan", "none", "null", "na", "n/a", "<na>", "?", "unknown")
MINUS_ONE, MINUS = "-1", "-"
READ = f"{', '.join(PRESENT)} (present); {', '.join(ABSENT)} (absent); blank, ?, NaN, -1 (unknown)"
_UNREADABLE = -2


@dataclass(frozen=True, kw_only=True)
class Coding:
    """What cells mean that are used in different ways.

    Attributes:
        blank_means: ``unknown`` or ``absent``.
        minus_one_means: ``unknown`` or ``absent``.
    """

    blank_means: str = "unknown"
    minus_one_means: str = "unknown"


def word_of(cell: object) -> str:
    """A cell as one of the words above where it is one: stripped, lower case, 1.0 and 1,0 as 1."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    text = str(cell).strip().lower()
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return text
    return str(int(value)) if value in (1.0, 0.0, -1.0) else text


def is_word(cell: object) -> bool:
    """Whether a cell says present, absent or unknown."""
    return word_of(cell) in {*PRESENT, *ABSENT, *UNKNOWN, MINUS_ONE, MINUS}


def read_words(
    columns: list[pd.Series], coding: Coding, n_rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Targets of columns of words.

    A lone ``-`` is absent where nothing else says so (as beside ``+``); next to 0 or no it is not
    read, since it may mean unknown.

    Args:
        columns: L columns of R cells.
        coding: What blanks and -1 mean.
        n_rows: R, also where there is no column.

    Returns:
        (R, L) int8 targets, 1, 0 or -1, and the (R, L) bool cells that could not be read.
    """
    factorised = [pd.factorize(column, use_na_sentinel=False) for column in columns]
    words = [[word_of(cell) for cell in uniques] for _, uniques in factorised]
    met = {word for of_column in words for word in of_column}
    value = dict.fromkeys(PRESENT, 1) | dict.fromkeys(ABSENT, 0)
    value |= dict.fromkeys(UNKNOWN, 0 if coding.blank_means == "absent" else -1)
    value[MINUS_ONE] = 0 if coding.minus_one_means == "absent" else -1
    if not met & set(ABSENT):
        value[MINUS] = 0
    targets = np.empty((n_rows, len(columns)), dtype=np.int8)
    for place, ((codes, _), of_column) in enumerate(zip(factorised, words, strict=True)):
        of_code = np.array([value.get(word, _UNREADABLE) for word in of_column], dtype=np.int8)
        targets[:, place] = of_code[codes] if len(of_code) else -1
    unreadable = targets == _UNREADABLE
    targets[unreadable] = -1
    return targets, unreadable
