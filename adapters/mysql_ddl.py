"""What only the statement that makes a table again tells everybody who may see the table.

MariaDB shows checks and the rules of foreign keys in information_schema only to those with rights on the whole
schema. SHOW CREATE TABLE asks for no more than any right on that one table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.mysql_connection import quote
from adapters.mysql_query import Query

_NAME = r"`(?:[^`]|``)+`"
_NAMES = rf"{_NAME}(?:, ?{_NAME})*"
_NAME_OR_STRING = re.compile(rf"({_NAME})|'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_RULE = "(CASCADE|SET NULL|SET DEFAULT|RESTRICT|NO ACTION)"
_FOREIGN_KEY = re.compile(
    rf"FOREIGN KEY \({_NAMES}\) REFERENCES (?:({_NAME})\.)?({_NAME}) \(({_NAMES})\)"
    rf"(?: ON DELETE {_RULE})?(?: ON UPDATE {_RULE})?"
)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One foreign key, seen from the table that has it."""

    parent: tuple[str, str]
    columns: frozenset[str]
    """The parent's columns that are referred to."""
    on_delete: str
    on_update: str

    def is_met_by(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
        """Whether a change of a parent's row may be what rows wait for that refer to it: it came, or another column
        of those that are referred to."""
        if after is None:
            return False
        return before is None or any(before.get(c) != after.get(c) for c in self.columns)


def table_statement(session: Query, schema: str, table: str) -> str:
    """The statement that makes the table again, with every text in it (comments, defaults) emptied.

    Raises:
        MysqlRefused: no such table, or the user has no right to it.
        MysqlUnavailable
    """
    shown = session.query(f"SHOW CREATE TABLE {quote(schema)}.{quote(table)}")[0][1]
    text = shown.decode() if isinstance(shown, bytes | bytearray) else str(shown)
    return _NAME_OR_STRING.sub(lambda found: found[1] or "''", text)


def foreign_keys(statement: str, schema: str) -> list[ForeignKey]:
    """The foreign keys of a table.

    Args:
        statement: from :func:`table_statement`.
        schema: the table's own.
    """
    return [
        ForeignKey(
            parent=(_bare(parent_schema) if parent_schema else schema, _bare(parent)),
            columns=frozenset(_bare(name) for name in re.findall(_NAME, columns)),
            on_delete=on_delete or "RESTRICT",
            on_update=on_update or "RESTRICT",
        )
        for parent_schema, parent, columns, on_delete, on_update in _FOREIGN_KEY.findall(statement)
    ]


def checked_as_json(statement: str, column: str) -> bool:
    """Whether a check of the table is that the column holds JSON and nothing else."""
    return f"CHECK (json_valid({quote(column)}))" in statement


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`")
