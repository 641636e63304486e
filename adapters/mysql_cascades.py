"""Foreign keys through which a server changes rows without a word in its binlog.

MariaDB, and MySQL before 9.6, let the storage engine delete and change the rows that refer to a deleted or
changed row; only the statement's own table is in the binlog.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from adapters.binlog_events import RowChange, Table
from adapters.mysql_ddl import ForeignKey, foreign_keys, table_statement
from adapters.mysql_query import Query
from core.errors import MysqlRefused

_CARRIED = ("CASCADE", "SET NULL", "SET DEFAULT")


@dataclass(frozen=True, slots=True)
class Cascade:
    """A table whose changes reach another one silently."""

    parent: Table
    columns: frozenset[str]
    """The parent's columns that are referred to."""
    on_delete: bool
    on_update: bool

    def carries(self, change: RowChange) -> bool:
        """Whether this change of a parent's row may have changed rows that refer to it."""
        if change.before is None:
            return False
        if change.after is None:
            return self.on_delete
        return self.on_update and any(change.before.get(c) != change.after.get(c) for c in self.columns)


def silent_cascades(session: Query, tables: Collection[Table]) -> dict[Table, tuple[Cascade, ...]]:
    """For each table that has any, the cascades that reach it, through other tables as well.

    Args:
        session: of a user who may see the tables; above one that the user may not see, nothing is found.
        tables: linked tables, as (schema, table).

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    native = session.query("SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'")
    if native and str(native[0][1]).upper() == "OFF":
        return {}  # the server itself carries changes over, and writes them down
    found = {table: tuple(_reaching(table, session)) for table in tables}
    return {table: cascades for table, cascades in found.items() if cascades}


def _reaching(table: Table, session: Query) -> list[Cascade]:
    found: list[Cascade] = []
    seen, todo = {table}, [table]
    while todo:
        for cascade in _above(todo.pop(), session):
            found.append(cascade)
            if cascade.parent not in seen:
                seen.add(cascade.parent)
                todo.append(cascade.parent)
    return found


def _above(table: Table, session: Query) -> list[Cascade]:
    return [
        Cascade(key.parent, key.columns, on_delete=key.on_delete in _CARRIED, on_update=key.on_update in _CARRIED)
        for key in _foreign_keys(table, session)
        if key.on_delete in _CARRIED or key.on_update in _CARRIED
    ]


def parents_of(session: Query, tables: Collection[Table]) -> dict[Table, tuple[ForeignKey, ...]]:
    """For each table that has any, the foreign keys by which its rows refer to others.

    Args:
        session: of a user who may see the tables.
        tables: linked tables, as (schema, table).

    Raises:
        MysqlUnavailable
    """
    found = {table: tuple(_foreign_keys(table, session)) for table in tables}
    return {table: keys for table, keys in found.items() if keys}


def _foreign_keys(table: Table, session: Query) -> list[ForeignKey]:
    """None of a table that is gone, or not ours to see: its link is held for that, and the others go on."""
    try:
        statement = table_statement(session, *table)
    except MysqlRefused:
        return []
    return foreign_keys(statement, table[0])


def referring_tables(session: Query, table: Table) -> list[str]:
    """Tables whose rows go or change with rows of this one, by foreign key; whole names, in order.

    Args:
        session: of a user who may see them.
        table: (schema, table).

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    rows = session.query(
        "SELECT DISTINCT CONSTRAINT_SCHEMA, TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS"
        " WHERE UNIQUE_CONSTRAINT_SCHEMA = %s AND REFERENCED_TABLE_NAME = %s AND DELETE_RULE IN (%s, %s, %s)"
        " ORDER BY 1, 2",
        (*table, *_CARRIED),
    )
    return [f"{schema}.{name}" for schema, name in rows]
