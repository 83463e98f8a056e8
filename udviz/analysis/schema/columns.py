"""What a table is: its key, and each column with its type, unit and meaning."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "integer", "number", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name.
        type: ``text``, ``integer``, ``number`` (float64; NaN = unknown) or ``boolean``.
        meaning: One sentence.
        unit: ``[0, 1]``, ``nats``, ``images``, ...; empty for text and plain truth.
        optional: Whether it may be absent from a study that has nothing to say of it.
    """

    name: str
    type: Type
    meaning: str
    unit: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Attributes:
        name: Name of its file without the suffix.
        row: What one row is about.
        key: Columns that tell rows apart.
        columns: All columns, the key first.
    """

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column called ``name``.

        Raises:
            ValueError: If there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.columns)
        raise ValueError(f"The table `{self.name}` has the columns {names}, got {name!r}.")


def text(name: str, meaning: str, *, optional: bool = False) -> Column:
    """A column of words."""
    return Column(name=name, type="text", meaning=meaning, optional=optional)


def integer(name: str, meaning: str, unit: str = "", *, optional: bool = False) -> Column:
    """A column of whole numbers."""
    return Column(name=name, type="integer", meaning=meaning, unit=unit, optional=optional)


def number(name: str, meaning: str, unit: str = "[0, 1]", *, optional: bool = False) -> Column:
    """A column of real numbers."""
    return Column(name=name, type="number", meaning=meaning, unit=unit, optional=optional)


def boolean(name: str, meaning: str) -> Column:
    """A column of yes or no."""
    return Column(name=name, type="boolean", meaning=meaning)


def interval(name: str, meaning: str, unit: str = "[0, 1]") -> tuple[Column, Column, Column]:
    """A number and the two ends of its 95 % interval: ``name``, ``name_low``, ``name_high``."""
    return (
        number(name, meaning, unit),
        number(f"{name}_low", f"Lower end of the 95 % interval of `{name}`.", unit),
        number(f"{name}_high", f"Upper end of the 95 % interval of `{name}`.", unit),
    )


SPLIT = text("split", "Split the images belong to: train, val or test.")
MODEL = text("model", "Name of the model; numbers are means over its seeds unless said otherwise.")
LABEL = text("label", "Name of the label.")
COLUMN = integer("column", "Index of the label in [0, L), the order of the data set.")
BEFORE = text("before", "Name of the model that is compared with.")
AFTER = text("after", "Name of the model that is compared.")
