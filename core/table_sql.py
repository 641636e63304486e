"""The CREATE TABLE of a linked table, as far as the link knows it (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from core.model import Link, TableColumn
from core.values.json_text import JSON_AS_TEXT


def create_table(link: Link) -> str:
    """The statement that makes a table fit for the link again.

    Columns that are not linked, defaults, and indexes besides the primary key are not known, and left out.
    """
    columns = [f"  {_column(c.column)}" for c in link.columns]
    key = ", ".join(_quoted(c.name) for c in link.key_columns)
    lines = ",\n".join([*columns, f"  PRIMARY KEY ({key})"])
    return f"CREATE TABLE {_quoted(link.schema)}.{_quoted(link.table)} (\n{lines}\n)"


def _column(column: TableColumn) -> str:
    return " ".join([_quoted(column.name), column.column_type, *_attributes(column)])


def _attributes(column: TableColumn) -> Iterator[str]:
    if column.charset and column.collation and column.column_type != JSON_AS_TEXT:
        yield f"CHARACTER SET {column.charset} COLLATE {column.collation}"
    yield "NULL" if column.nullable else "NOT NULL"
    if column.auto_increment:
        yield "AUTO_INCREMENT"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
