"""What the page does to a table: one row by its primary key, with parameters; and the SQL that it suggests."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapters.mysql_connection import MysqlAddress, MysqlSession, quote, translated
from adapters.mysql_cursor import Cursor
from core.errors import Unfit
from core.model import Key, Link, LinkedColumn
from core.values import Canonical

NUMERIC = frozenset(
    {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year", "bit"}
)  # fmt: skip

Statement = tuple[str, list[Any]]


def run(address: MysqlAddress, statements: Sequence[Statement]) -> int:
    """Run statements in one transaction.

    Returns:
        How many rows they found.

    Raises:
        MysqlRefused, MysqlUnavailable
    """
    session = MysqlSession(address)
    try:
        connection = session.connection()
        with translated(address):
            cursor = Cursor(connection)
            count = 0
            for sql, params in statements:
                cursor.execute(sql, params)
                count += cursor.rowcount
            connection.commit()
        return count
    finally:
        session.drop()


def update(link: Link, key: Key, values: Mapping[str, str | None]) -> Statement:
    """Set columns of one row. Raises Unfit."""
    written = _typed(link, values)
    sets = ", ".join(f"{quote(c.name)} = %s" for c, _ in written)
    where, params = _where(link, key)
    return f"UPDATE {_table(link)} SET {sets} WHERE {where}", [v for _, v in written] + params  # noqa: S608  # quoted names


def insert(link: Link, values: Mapping[str, str | None]) -> Statement:
    """Add a row; columns that are left out take their defaults. Raises Unfit."""
    written = _typed(link, {name: text for name, text in values.items() if text not in {None, ""}})
    names = ", ".join(quote(c.name) for c, _ in written)
    marks = ", ".join(["%s"] * len(written))
    return f"INSERT INTO {_table(link)} ({names}) VALUES ({marks})", [v for _, v in written]  # noqa: S608  # quoted names


def delete(link: Link, key: Key) -> Statement:
    """Delete a row. Raises Unfit."""
    where, params = _where(link, key)
    return f"DELETE FROM {_table(link)} WHERE {where}", params  # noqa: S608  # quoted names


def shown(statement: Statement) -> str:
    """The statement as a person would type it; for reading, never run."""
    sql, params = statement
    parts = sql.split("%s")
    values = [*(_literal(p) for p in params), ""]
    return "".join(part + value for part, value in zip(parts, values, strict=True)).replace("`", "") + ";"


def suggestions(link: Link, rows: Sequence[Mapping[str, Canonical]]) -> list[str]:
    """Three statements to try: a change, a new row, a deletion."""
    if not rows:
        return [_example_insert(link, {})]
    first, last = rows[0], rows[-1]
    return [
        _example_update(link, first),
        _example_insert(link, last),
        shown(delete(link, link.key_of(last))),
    ]


def _example_update(link: Link, row: Mapping[str, Canonical]) -> str:
    free = [c for c in link.columns if not c.key and not c.read_only]
    if not free:
        return shown(delete(link, link.key_of(row)))
    column = next((c for c in free if c.column.options), None) or next(
        (c for c in free if c.column.data_type in {"varchar", "char", "text"}), free[0]
    )
    new = next((o for o in reversed(column.column.options) if o != row.get(column.name)), None)
    if new is None:
        numeric = column.column.data_type in NUMERIC
        new = row.get(column.name) if numeric else "Hello from SQL"
    try:
        return shown(update(link, link.key_of(row), {column.name: new}))
    except Unfit:  # a time, a JSON document: what would fit is not for us to make up
        return shown(delete(link, link.key_of(row)))


def _example_insert(link: Link, row: Mapping[str, Canonical]) -> str:
    wanted = [c for c in link.columns if c.required]
    sample = {c.name: row.get(c.name) or _sample_value(c) for c in wanted}
    try:
        return shown(insert(link, sample))
    except Unfit:
        return f"INSERT INTO {link.schema}.{link.table} VALUES (…);"  # noqa: S608  # shown, not run


def _sample_value(column: LinkedColumn) -> str:
    if column.column.options:
        return column.column.options[0]
    if column.column.data_type in NUMERIC:
        return "1"
    return "2026-01-31" if column.column.data_type.startswith("date") else "new"


def _typed(link: Link, values: Mapping[str, str | None]) -> list[tuple[LinkedColumn, Any]]:
    found = []
    for name, text in values.items():
        column = link.by_name(name)
        if column is None:
            raise Unfit(f"{link.schema}.{link.table} has no linked column {name}.")
        canonical = None if text is None else column.codec.from_sheet(text)
        found.append((column, column.codec.to_table(canonical)))
    return found


def _where(link: Link, key: Key) -> tuple[str, list[Any]]:
    columns = link.key_columns
    if len(key) != len(columns):
        raise Unfit(f"A key of {link.schema}.{link.table} has {len(columns)} values.")
    params = [c.codec.to_table(v) for c, v in zip(columns, key, strict=True)]
    return " AND ".join(f"{quote(c.name)} = %s" for c in columns), params


def _table(link: Link) -> str:
    return f"{quote(link.schema)}.{quote(link.table)}"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float | Decimal):
        return str(int(value) if isinstance(value, bool) else value)
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
