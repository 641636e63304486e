"""The rows of the users' tables: read under lock, written so that one that does not fit leaves its neighbours.

Values pass through each column's codec; what is compared and returned are canonical texts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from adapters.mysql_connection import quote
from adapters.mysql_statements import Row, Statement, Statements, chunks
from core.errors import Unfit
from core.model import Key, Link, LinkedColumn
from core.ports import TableRow
from core.values import Canonical

Made = TypeVar("Made")

GONE = "the row is no longer in the table"
_AS_TEXT = frozenset({"date", "datetime", "timestamp", "time", "set"})
"""Types that the client library would return changed: NULL for 2024-05-00, a set without its order."""
_EXACT = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "enum", "varchar"})
"""Types in which the server finds by ``=`` whatever is one value to the codec."""


class Rows(Statements):
    """Part of a transaction: the linked table."""

    def rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """Locked, in ascending order of key; found by the key's exact canonical texts.

        A key that the table's collation takes for equal to an asked one ('ABC' for 'abc') is found under its own
        texts, not under the asked ones.
        """
        return self._locked(link, keys, "FOR UPDATE")

    def free_rows(self, link: Link, keys: Collection[Key]) -> tuple[dict[Key, TableRow], frozenset[Key]]:
        """Locked without waiting: the rows, and the keys whose rows another transaction holds now."""
        found = self._locked(link, keys, "FOR UPDATE SKIP LOCKED")
        missing = [key for key in keys if key not in found]
        return found, frozenset(self._locked(link, missing, "") if missing else ())

    def _locked(self, link: Link, keys: Collection[Key], how: str) -> dict[Key, TableRow]:
        found: dict[Key, TableRow] = {}
        order = ", ".join(quote(c.name) for c in link.key_columns)
        for some in chunks(sorted(set(keys))):
            where, params = _where_keys(link, some)
            sql = f"SELECT {_columns(link)} FROM {table_name(link)} WHERE {where} ORDER BY {order} {how}"  # noqa: S608  (quoted names, values as parameters)
            for row in self._select(sql, params):
                read = read_row(link, row)
                found[link.key_of(read)] = read
        return {key: row for key, row in found.items() if link.shows(row)} if link.is_filtered else found

    def look_at_rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """As :meth:`rows`, not locked."""
        return self._locked(link, keys, "")

    def all_keys(self, link: Link) -> Iterator[Key]:
        """Not locked, in ascending order of the key's columns, a piece at a time."""
        columns, statement = _select_keys(link)
        return _shown_keys(link, columns, self._each(*statement))

    def update_row(self, link: Link, key: Key, values: TableRow) -> None:
        """Set columns of one row, the key's own included; raise Unfit, also when the row is gone."""
        _raise_unfit(self.update_rows(link, [(key, values)])[0])

    def update_rows(self, link: Link, rows: Sequence[tuple[Key, TableRow]]) -> list[Unfit | None]:
        """Update many in few round trips; per row, in order, ``None`` or why it does not fit."""
        answers = self._run_each([stated(_update, link, key, values) for key, values in rows])
        return [_refused_or_gone(answer) for answer in answers]

    def delete_row(self, link: Link, key: Key) -> None:
        """Delete one row; one that is gone already is no fault. Raise Unfit (e.g. another table refers to it)."""
        _raise_unfit(self.delete_rows(link, [key])[0])

    def delete_rows(self, link: Link, keys: Sequence[Key]) -> list[Unfit | None]:
        """Delete many in few round trips; per row, in order, ``None`` or why it must stay."""
        answers = self._run_each([stated(_delete, link, key) for key in keys])
        return [answer if isinstance(answer, Unfit) else None for answer in answers]


def read_row(link: Link, row: Row) -> dict[str, Canonical]:
    """A row as :func:`select_rows` asks for it, as canonical texts by column name."""
    cells = zip(link.columns, row, strict=True)
    try:
        return {c.name: None if value is None else c.codec.from_table(value) for c, value in cells}
    except Unfit:  # once more, in the words that name the column
        return {c.name: from_table(c, value) for c, value in zip(link.columns, row, strict=True)}


def select_rows(link: Link) -> tuple[str, list[Any]]:
    """The statement that reads a link's rows in the order of the key, and perhaps others, with its parameters."""
    order = ", ".join(quote(c.name) for c in link.key_columns)
    where, params = narrowed(link)
    return f"SELECT {_columns(link)} FROM {table_name(link)}{where} ORDER BY {order}", params  # noqa: S608  (quoted names, values as parameters)


def narrowed(link: Link) -> tuple[str, list[Any]]:
    """A WHERE that leaves out what the server can tell not to be shown; :meth:`Link.shows` decides on the rest.

    Only where the server takes for equal at least what the column's codec does: a collation may take more.
    """
    told = [(c, c.where.values) for c in link.columns if c.where is not None and _is_told_by_server(c)]
    if not told:
        return "", []
    where = " AND ".join(f"{quote(c.name)} IN ({', '.join([mark(c)] * len(values))})" for c, values in told)
    return f" WHERE {where}", [to_table(c, value) for c, values in told for value in values]


def _is_told_by_server(column: LinkedColumn) -> bool:
    where = column.where
    if where is None or where.negated or column.column.data_type not in _EXACT:
        return False
    return all(value and "\n" not in value and "\r" not in value for value in where.values)


def stream_rows(link: Link, cursor: Any, rows_per_fetch: int = 1000) -> Iterator[tuple[Key, TableRow]]:
    """Read the whole table without holding it in memory."""
    cursor.execute(*select_rows(link))
    is_filtered = link.is_filtered  # asked once, not of each of a million rows
    while rows := cursor.fetchmany(rows_per_fetch):
        for row in rows:
            read = read_row(link, row)
            if not is_filtered or link.shows(read):
                yield link.key_of(read), read


def stream_keys(link: Link, cursor: Any, rows_per_fetch: int = 1000) -> Iterator[Key]:
    """Read the keys of the whole table without holding them in memory."""
    columns, statement = _select_keys(link)
    cursor.execute(*statement)
    while rows := cursor.fetchmany(rows_per_fetch):
        yield from _shown_keys(link, columns, rows)


def _select_keys(link: Link) -> tuple[list[LinkedColumn], Statement]:
    """The columns that tell the keys of a link's rows, and perhaps of others, and the statement that reads them."""
    asked = [c for c in link.columns if c.key or c.where is not None]
    order = ", ".join(quote(c.name) for c in link.key_columns)
    where, params = narrowed(link)
    return asked, (f"SELECT {_asked(asked)} FROM {table_name(link)}{where} ORDER BY {order}", params)  # noqa: S608  (quoted names, values as parameters)


def _shown_keys(link: Link, columns: Sequence[LinkedColumn], rows: Iterable[Row]) -> Iterator[Key]:
    found = ({c.name: from_table(c, v) for c, v in zip(columns, row, strict=True)} for row in rows)
    is_filtered = link.is_filtered  # asked once, not of each of a million rows
    return (link.key_of(row) for row in found if not is_filtered or link.shows(row))


def from_table(column: LinkedColumn, value: object) -> Canonical:
    """Canonical text of what the server told of a column; raises Unfit."""
    if value is None:
        return None
    try:
        return column.codec.from_table(value)
    except Unfit as reason:
        raise Unfit(f"{column.name} in the table: {reason.message}", reason.hint) from reason


def to_table(column: LinkedColumn, value: Canonical) -> Any:
    """The parameter at the :func:`mark` of a column; raises Unfit."""
    parameter = None if value is None else column.codec.to_table(value)
    return parameter.hex() if isinstance(parameter, bytes) else parameter


def mark(column: LinkedColumn) -> str:
    """The place of a parameter; bytes go as hexadecimal digits, because the client library sends them as text."""
    return "UNHEX(%s)" if column.codec.read_only else "%s"


def table_name(link: Link) -> str:
    """The linked table as a statement names it."""
    return f"{quote(link.schema)}.{quote(link.table)}"


def _columns(link: Link) -> str:
    return _asked(link.columns)


def _asked(columns: Sequence[LinkedColumn]) -> str:
    """Columns as a SELECT asks for them."""
    names = ((quote(c.name), c.column.data_type in _AS_TEXT) for c in columns)
    return ", ".join(f"CAST({name} AS CHAR)" if as_text else name for name, as_text in names)


def _where_keys(link: Link, keys: Sequence[Key]) -> tuple[str, list[Any]]:
    """IN for one column; for several an OR of ANDs, which MariaDB finds by the index and row constructors not."""
    columns = link.key_columns
    params = [to_table(c, v) for key in keys for c, v in zip(columns, key, strict=True)]
    if len(columns) == 1:
        return f"{quote(columns[0].name)} IN ({', '.join([mark(columns[0])] * len(keys))})", params
    return " OR ".join([f"({_is_key(link)})"] * len(keys)), params


def _is_key(link: Link) -> str:
    return " AND ".join(f"{quote(c.name)} = {mark(c)}" for c in link.key_columns)


def _key_params(link: Link, key: Key) -> list[Any]:
    return [to_table(c, v) for c, v in zip(link.key_columns, key, strict=True)]


def written_columns(link: Link, values: Mapping[str, Canonical]) -> list[tuple[LinkedColumn, Canonical]]:
    """The columns among these values that can be written, each with its value."""
    columns = [(link.by_name(name), value) for name, value in values.items()]
    return [(c, value) for c, value in columns if c is not None and not c.column.generated]


def stated(make: Callable[..., Made], *args: Any) -> Made | Unfit:
    """The statement that ``make`` makes, or why a value of it cannot be one's parameter."""
    try:
        return make(*args)
    except Unfit as reason:
        return reason


def _update(link: Link, key: Key, values: TableRow) -> Statement:
    written = written_columns(link, values)
    first = quote(link.key_columns[0].name)
    sets = ", ".join(f"{quote(c.name)} = {mark(c)}" for c, _ in written) or f"{first} = {first}"
    sql = f"UPDATE {table_name(link)} SET {sets} WHERE {_is_key(link)}"  # noqa: S608  (quoted names, values as parameters)
    return sql, [to_table(c, v) for c, v in written] + _key_params(link, key)


def _delete(link: Link, key: Key) -> Statement:
    return f"DELETE FROM {table_name(link)} WHERE {_is_key(link)}", _key_params(link, key)  # noqa: S608  (quoted names, values as parameters)


def _refused_or_gone(answer: Any) -> Unfit | None:
    if isinstance(answer, Unfit):
        return answer
    return Unfit(GONE) if answer.rows == 0 else None


def _raise_unfit(answer: Unfit | None) -> None:
    if answer is not None:
        raise answer
