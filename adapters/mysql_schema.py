"""What a table is made of, and why it may not be fit for a link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from adapters.mysql_connection import quote
from adapters.mysql_ddl import checked_as_json, table_statement
from adapters.mysql_grants import TABLE_RIGHTS, Grant, quoted
from adapters.mysql_query import Query
from adapters.mysql_statements import Row
from core.errors import LinkRefused
from core.model import TableColumn
from core.values.json_text import JSON_AS_TEXT

_SYSTEM_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys")
_TABLE_TYPES = ("BASE TABLE", "SYSTEM VERSIONED")
_TRANSACTIONAL = ("InnoDB", "ROCKSDB", "TokuDB")
_SHOWN = {"''": "'", r"\\": "\\", r"\n": "\n", r"\r": "\r", r"\0": "\0"}


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table that a link may use."""

    schema: str
    table: str
    columns: tuple[TableColumn, ...]
    """In the table's order."""
    key_columns: tuple[str, ...]
    """Of the primary key, in its order."""
    engine: str
    unique_keys: Mapping[str, tuple[str, ...]]
    """Columns of the other unique keys, by the key's name."""

    @property
    def auto_increment(self) -> str | None:
        """The column whose value the table generates, if there is one."""
        return next((c.name for c in self.columns if c.auto_increment), None)

    def column(self, name: str) -> TableColumn:
        """A column by its name; upper and lower case count as in the table.

        Raises:
            LinkRefused: there is none; the message names the nearest.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = [c.name for c in self.columns]
        raise LinkRefused(
            f"The table {self.schema}.{self.table} has no column {name}.",
            f"{_nearest(name, names)}It has: {', '.join(names)}.",
        )


def describe_table(session: Query, schema: str, table: str, *, state_schema: str = "twinsheet") -> TableDescription:
    """Everything about a table that a link rests on.

    Args:
        session: runs single statements.
        schema: the table's schema (database).
        table: the table.
        state_schema: where Twinsheet keeps its own state, which cannot be linked.

    Raises:
        LinkRefused: no such schema or table, a view, no primary key, an engine without transactions.
        MysqlUnavailable, MysqlRefused
    """
    if schema.lower() in (*_SYSTEM_SCHEMAS, state_schema.lower()):
        raise LinkRefused(f"The schema {schema} cannot be linked.", "It is the server's or Twinsheet's own.")
    engine = _engine(session, schema, table)
    keys = _unique_keys(session, schema, table)
    key = keys.pop("PRIMARY", ())
    if not key:
        raise LinkRefused(
            f"The table {schema}.{table} has no primary key, so its rows cannot be told apart.",
            f"ALTER TABLE {quoted(schema)}.{quoted(table)}"
            " ADD COLUMN id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY FIRST;",
        )
    return TableDescription(schema, table, _columns(session, schema, table), key, engine, keys)


def is_there(session: Query, schema: str, table: str) -> bool:
    """Whether the session's account sees a table, or a view, of that name."""
    sql = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    return bool(session.query(sql, (schema, table)))


def has_schema(session: Query, schema: str) -> bool:
    """Whether the session's account sees a schema of that name."""
    return bool(session.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (schema,)))


def has_rows(session: Query, schema: str, table: str) -> bool:
    """Whether a table holds a row at least."""
    return bool(session.query(f"SELECT 1 FROM {quote(schema)}.{quote(table)} LIMIT 1"))  # noqa: S608  (quoted names)


def _engine(session: Query, schema: str, table: str) -> str:
    sql = "SELECT TABLE_TYPE, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    found = session.query(sql, (schema, table))
    if not found:
        raise _no_such_table(session, schema, table)
    kind, engine = found[0]
    if kind not in _TABLE_TYPES:
        raise LinkRefused(
            f"{schema}.{table} is a {str(kind).lower()}, not a table; changes to it are not in the binlog.",
            "Link the table that it is made from.",
        )
    if engine not in _TRANSACTIONAL:
        raise LinkRefused(
            f"The table {schema}.{table} uses the engine {engine}, which has no transactions.",
            f"ALTER TABLE {quoted(schema)}.{quoted(table)} ENGINE = InnoDB;",
        )
    return str(engine)


def _no_such_table(session: Query, schema: str, table: str) -> LinkRefused:
    rows = session.query("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES")
    tables = [(s, t) for s, t in rows if str(s).lower() not in _SYSTEM_SCHEMAS]
    schemas = sorted({s for s, _ in tables})
    account = _text(session.query("SELECT CURRENT_USER()")[0][0])
    grant = f"If it is there: {Grant(TABLE_RIGHTS, schema, table).statement(account)}"
    if schema not in schemas and not has_schema(session, schema):
        elsewhere = [f"{s}.{t}" for s, t in tables if t == table]
        near = f"There is {', '.join(elsewhere)}. " if elsewhere else _nearest(schema, schemas)
        return LinkRefused(f"MySQL has no schema {schema}, or the user may not see it.", near + grant)
    near = _nearest(table, [t for s, t in tables if s == schema])
    return LinkRefused(f"The schema {schema} has no table {table}, or the user may not see it.", near + grant)


def _nearest(name: str, names: list[str]) -> str:
    lower = {n.lower(): n for n in names}
    near = [lower[n] for n in get_close_matches(name.lower(), list(lower), n=3)]
    return f"Did you mean {' or '.join(near)}? " if near else ""


def _unique_keys(session: Query, schema: str, table: str) -> dict[str, tuple[str, ...]]:
    rows = session.query(
        "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        (schema, table),
    )
    keys: dict[str, tuple[str, ...]] = {}
    for name, column in rows:
        keys[name] = (*keys.get(name, ()), column)
    return keys


def _columns(session: Query, schema: str, table: str) -> tuple[TableColumn, ...]:
    rows = session.query(
        "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, CHARACTER_MAXIMUM_LENGTH,"
        " NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME"
        " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
        (schema, table),
    )
    columns = [_with_members(session, schema, table, _column(row)) for row in rows]
    is_json = _json_columns(session, schema, table, columns)
    return tuple(replace(c, column_type=JSON_AS_TEXT) if c.name in is_json else c for c in columns)


def _json_columns(session: Query, schema: str, table: str, columns: Sequence[TableColumn]) -> set[str]:
    """Columns that were declared as JSON and are text with a check to MariaDB."""
    texts = [c.name for c in columns if c.data_type == "longtext"]
    if not texts or not session.query("SELECT 1 WHERE VERSION() LIKE '%MariaDB%'"):
        return set()
    statement = table_statement(session, schema, table)
    return {name for name in texts if checked_as_json(statement, name)}


def _with_members(session: Query, schema: str, table: str, column: TableColumn) -> TableColumn:
    """The column with the members that it really has.

    information_schema shows ``?`` for every character outside the basic plane, such as an emoji. The column itself
    spells its members out when it is given their numbers, one after the other, which a recursion does for no row
    of the table at all. A column whose members nobody can spell has none then, and is refused by whoever needs them:
    MariaDB keeps a SET in a recursion to eight members.
    """
    count = len(column.options)
    if not any("?" in member for member in column.options):
        return column
    after = "i + 1" if column.data_type == "enum" else "1 << i"
    name = quote(column.name)
    rows = session.query(
        f"WITH RECURSIVE members AS (SELECT 0 AS i, t.{name} AS member FROM (SELECT 1) AS one"  # noqa: S608  (quoted names)
        f" LEFT JOIN {quote(schema)}.{quote(table)} AS t ON FALSE"
        f" UNION ALL SELECT i + 1, {after} FROM members WHERE i < {count}) SELECT CAST(member AS CHAR) FROM members"
        " WHERE i > 0 ORDER BY i"
    )
    members = tuple(_text(member) for (member,) in rows)
    return replace(column, options=members if len(members) == count and all(members) else ())


def _column(row: Row) -> TableColumn:
    name, data_type, column_type, nullable, default, extra, length, precision, scale, digits, charset, collation = row
    column_type, extra = _text(column_type), _text(extra).lower()
    is_nullable = nullable == "YES"
    is_generated = "virtual generated" in extra or "stored generated" in extra or "persistent generated" in extra
    counts = "auto_increment" in extra
    return TableColumn(
        name=_text(name),
        data_type=_text(data_type).lower(),
        column_type=column_type,
        nullable=is_nullable,
        has_default=default is not None or is_nullable or counts or is_generated,
        auto_increment=counts,
        generated=is_generated,
        length_chars=length,
        precision=precision,
        scale=scale,
        fraction_digits=digits or 0,
        charset=charset,
        collation=collation,
        options=_options(column_type),
    )


def _text(value: Any) -> str:
    """information_schema gives some texts as bytes."""
    return value.decode() if isinstance(value, bytes | bytearray) else str(value or "")


def _options(column_type: str) -> tuple[str, ...]:
    """Members of an ENUM or SET; information_schema shows quotes doubled and a few characters behind a backslash."""
    if not column_type.lower().startswith(("enum(", "set(")):
        return ()
    members = re.findall(r"'((?:[^']|'')*)'", column_type)
    return tuple(re.sub(r"''|\\[\\nr0]", lambda found: _SHOWN[found[0]], m) for m in members)
