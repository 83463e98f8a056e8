"""`docs/tables.md`, made from the schema.

Run with ``python -m udviz.analysis.document > docs/tables.md``.
"""

from udviz.analysis.schema.columns import Column, Table
from udviz.analysis.schema.tables import TABLES, VERSION

_HEAD = f"""# Tables of an analysis

<!-- Made by `python -m udviz.analysis.document > docs/tables.md`; change the schema instead. -->

Schema version {VERSION}. `runs/<study>/analysis/` holds one Parquet file per table and
`manifest.json`: the schema version, the revision of the code, what the tables were made from, and
size and checksum of each. Every file carries the meanings and units below in the metadata of its
fields. Tables are long: another model or comparison adds rows, never columns. Read them with
pandas, or with checks:

```python
from pathlib import Path

from udviz.analysis.store import read_table

gains = read_table(
    Path("runs/demo"),
    "comparisons",
    columns=["label", "gain", "q", "verdict"],
    where=[("split", ["test"]), ("metric", ["average_precision"]), ("scope", ["label"])],
)
```

*Number* is float64, NaN where unknown. *Model* is the name of a model, whose numbers are means over
its seeds unless said otherwise. A table that a study has nothing to say of has no rows.
"""


def tables_page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *(_section(table) for table in TABLES)])


def _section(table: Table) -> str:
    lines = [
        f"## `{table.name}`",
        "",
        f"One row per {table.row}.",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
        *(_line(column, table) for column in table.columns),
        "",
    ]
    return "\n".join(lines)


def _line(column: Column, table: Table) -> str:
    name = f"**`{column.name}`**" if column.name in table.key else f"`{column.name}`"
    meaning = column.meaning + (" Left out where not known." if column.optional else "")
    return f"| {name} | {column.type} | {column.unit} | {meaning} |"


if __name__ == "__main__":
    print(tables_page(), end="")
