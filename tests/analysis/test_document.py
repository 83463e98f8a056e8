from pathlib import Path

from udviz.analysis.document import tables_page
from udviz.analysis.schema.tables import TABLES

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_of_tables_is_that_of_the_schema():
    assert PAGE.read_text(encoding="utf-8") == tables_page(), (
        "Make it anew: python -m udviz.analysis.document > docs/tables.md"
    )


def test_names_are_unique_and_keys_are_columns():
    assert len({table.name for table in TABLES}) == len(TABLES)
    for table in TABLES:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert set(table.key) <= set(names)
        assert all(column.meaning.endswith(".") for column in table.columns)
