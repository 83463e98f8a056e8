"""Were cells that list labels cut where they should be? The names of the labels tell."""

import re
from collections.abc import Sequence

from udviz.checks import shown
from udviz.data.tables.label_lists import made_of_words

ODD_SHARE = 0.5  # of the labels
_SCORED = re.compile(r".*[^\d.][:=]\s*\d*\.?\d+")  # cat:0.9
_PUNCTUATION = re.compile(r"[\[\]{}\"|;]|^'|'$|^\(.*\)$|,\s*\S")


def check_listed_names(names: Sequence[str], *, separator: str = "", divides: bool = False) -> None:
    """Raise if names of labels, all from cells that list them, look like something else.

    Args:
        names: The labels.
        separator: The one that a person named: words that it does not divide are one label.
        divides: Whether it stands in some cell: what it leaves whole is one label, whatever that
            holds.

    Raises:
        ValueError: Names what is odd, the likely cause and the flag.
    """
    if names and all(set(name) <= {"0", "1"} for name in names):
        raise ValueError(
            f"The labels are {shown(', '.join(names[:5]))}: cells of the label column look like 0 "
            "and 1 for a list of labels that is not named. Give each label a column of its own."
        )
    odd = [name for name in names if _PUNCTUATION.search(name)]
    if not divides and len(odd) > ODD_SHARE * len(names):
        raise ValueError(
            f"{len(odd)} of {len(names)} labels hold brackets, quotes or separators, such as "
            f"{shown(repr(odd[0]))}: cells of the label column were not split as they should be. "
            "Name what stands between labels: --data.separator ','."
        )
    scored = [name for name in names if _SCORED.fullmatch(name)]
    if len(scored) > ODD_SHARE * len(names):
        raise ValueError(
            f"{len(scored)} of {len(names)} labels end in a number, such as "
            f"{shown(repr(scored[0]))}: they look like labels with scores. Make a table with a row "
            "per image and label, and the score in a column `confidence`."
        )
    combined = made_of_words(names)
    if not separator and len(combined) > ODD_SHARE * len(names):
        raise ValueError(
            f"{len(combined)} of {len(names)} labels look like several labels in one, such as "
            f"{shown(repr(combined[0]))}. If so, name what stands between them: --data.separator "
            "space; if not, pass --data.separator '|'."
        )
