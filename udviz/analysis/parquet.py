"""One table as a Parquet file that says what its columns mean, checked both ways.

Files come from other people's studies, too: how much a file would unfold to is asked before it is
read, and what does not agree with the schema is refused.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from udviz.analysis.schema.columns import Column, Table
from udviz.analysis.schema.tables import VERSION

MOST_CELLS = 50_000_000
MOST_TEXT = 2**28  # bytes of one column of words
_ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
_KINDS = {"integer": "iu", "number": "f", "boolean": "b"}  # of numpy
_RANGES = {"[0, 1]": (0.0, 1.0), "[-1, 1]": (-1.0, 1.0)}
_ROUNDING = 1e-6


class TableError(ValueError):
    """A table is not what the schema says."""


def as_arrow(rows: pd.DataFrame | None, table: Table) -> pa.Table:
    """The rows of ``table`` with its columns in order; no rows if None.

    Raises:
        TableError: If a column is missing, unknown or of another type, a key is missing or not
            unique, or a value lies outside its unit.
    """
    if rows is None or rows.empty:
        held = [c for c in table.columns if not c.optional or (rows is not None and c.name in rows)]
        return pa.Table.from_arrays(
            [pa.array([], _ARROW[column.type]) for column in held], schema=_schema(table, held)
        )
    names = [column.name for column in table.columns]
    lacking = [c.name for c in table.columns if c.name not in rows and not c.optional]
    if lacking or (unknown := rows.columns.difference(names).tolist()):
        said = f"lacks {lacking}" if lacking else f"does not know {unknown}"
        raise TableError(f"The table `{table.name}` {said}. Change the schema or the rows.")
    held = [column for column in table.columns if column.name in rows]
    for column in held:
        _check_type(rows[column.name], column, table)
    if rows.duplicated(list(table.key)).any():
        row = rows.loc[rows.duplicated(list(table.key)), list(table.key)].iloc[0].to_dict()
        raise TableError(f"The key of `{table.name}` must be unique, got {row} twice.")
    made = pa.Table.from_pandas(
        rows[[column.name for column in held]], schema=_schema(table, held), preserve_index=False
    ).replace_schema_metadata(_schema(table, held).metadata)
    _check_values(made, table)
    return made


def to_parquet(table: pa.Table) -> bytes:
    """Content of a Parquet file."""
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def from_parquet(
    content: bytes,
    table: Table,
    *,
    columns: Sequence[str] | None = None,
    where: Sequence[tuple[str, Sequence[object]]] = (),
) -> pd.DataFrame:
    """Rows of ``table`` from the content of a file.

    Args:
        content: Of the file.
        table: What it should be.
        columns: To read; all if None.
        where: Columns and the values they may have.

    Raises:
        TableError: If it is not, or unfolds to more than ``MOST_CELLS``.
        ValueError: If the schema does not know a column.
    """
    filtered = [name for name, _ in where]
    for name in (*(columns or ()), *filtered):
        table.column(name)  # refuses a name that the schema does not know
    file = pq.ParquetFile(BytesIO(content))
    _check_columns(file.schema_arrow, table)
    held = [c.name for c in table.columns if c.name in file.schema_arrow.names]
    wanted = [name for name in (held if columns is None else columns) if name in held]
    read = list(dict.fromkeys([*wanted, *filtered]))
    n_cells = file.metadata.num_rows * max(1, len(read))
    if n_cells > MOST_CELLS:
        raise TableError(f"it unfolds to {n_cells:,} cells, more than {MOST_CELLS:,}")
    words = [name for name in read if table.column(name).type == "text"]
    found = pq.read_table(BytesIO(content), columns=read, read_dictionary=words)
    for name in words:
        if (size := _text_bytes(found[name])) > MOST_TEXT:
            raise TableError(f"its column {name} unfolds to {size:,} bytes")
    for name in words:
        place = found.schema.get_field_index(name)
        found = found.set_column(place, name, found[name].cast(pa.string()))
    for name, values in where:
        allowed = pa.array(list(values), type=_ARROW[table.column(name).type])
        found = found.filter(pc.is_in(found[name], value_set=allowed))
    _check_values(found, table)
    rows: pd.DataFrame = found.select(wanted).to_pandas()
    return rows


def _schema(table: Table, held: Sequence[Column]) -> pa.Schema:
    """With what each column means, and in which unit."""
    fields = [
        pa.field(
            column.name,
            _ARROW[column.type],
            nullable=column.type == "number",
            metadata={"meaning": column.meaning, "unit": column.unit},
        )
        for column in held
    ]
    about = {
        "udviz.table": table.name,
        "udviz.row": table.row,
        "udviz.key": ", ".join(table.key),
        "udviz.schema_version": str(VERSION),
    }
    return pa.schema(fields, metadata=about)


def _check_type(values: pd.Series, column: Column, table: Table) -> None:
    if column.type == "text":
        right = all(isinstance(value, str) for value in values)
    else:
        right = isinstance(values.dtype, np.dtype) and values.dtype.kind in _KINDS[column.type]
    if not right:
        raise TableError(
            f"The column `{column.name}` of `{table.name}` must hold {column.type} values, got "
            f"{values.dtype}{' with missing values' if values.isna().any() else ''}."
        )


def _check_columns(found: pa.Schema, table: Table) -> None:
    if len(set(found.names)) < len(found.names):
        raise TableError("it holds a column twice")
    for column in table.columns:
        if column.name not in found.names:
            if not column.optional:
                raise TableError(f"it lacks the column {column.name}")
        elif not _holds(found.field(column.name).type, column):
            raise TableError(f"its column {column.name} does not hold {column.type} values")


def _holds(type_: pa.DataType, column: Column) -> bool:
    is_words = column.type == "text" and pa.types.is_large_string(type_)
    return is_words or bool(type_ == _ARROW[column.type])


def _check_values(found: pa.Table, table: Table) -> None:
    """Nothing is missing but numbers, and these lie inside their unit."""
    for name in found.column_names:
        column, values = table.column(name), found[name]
        if column.type != "number":
            if values.null_count:
                raise TableError(f"its column {name} has missing values")
        elif column.unit in _RANGES and len(values):
            low, high = _RANGES[column.unit]
            ends = pc.min_max(pc.if_else(pc.is_nan(values), None, values)).as_py()
            if ends["min"] is not None and not (
                low - _ROUNDING <= ends["min"] <= ends["max"] <= high + _ROUNDING
            ):
                raise TableError(
                    f"its column {name} must lie in {column.unit}, got {ends['min']:.6g} to "
                    f"{ends['max']:.6g}"
                )


def _text_bytes(values: pa.ChunkedArray) -> int:
    """Bytes of a column of words once each row has its own copy."""
    total = 0
    for chunk in values.chunks:
        lengths = pc.binary_length(chunk.dictionary)
        total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total
