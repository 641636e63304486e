"""The rows of the users' tables: read under lock, written so that one that does not fit leaves its neighbours.

Values pass through each column's codec; what is compared and returned are canonical texts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from adapters.mysql_connection import quote
from adapters.mysql_statements import Row, Statement, Statements, chunks
from core.errors import Unfit
from core.model import Canonical, Key, Link, LinkedColumn
from core.ports import TableRow

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
            sql = f"SELECT {_columns(link)} FROM {_table(link)} WHERE {where} ORDER BY {order} {how}"  # noqa: S608  (quoted names, values as parameters)
            for row in self._select(sql, params):
                read = read_row(link, row)
                found[link.key_of(read)] = read
        return {key: row for key, row in found.items() if link.shows(row)} if link.is_filtered else found

    def all_keys(self, link: Link) -> list[Key]:
        """Not locked, in ascending order of the key's columns."""
        asked = [c for c in link.columns if c.key or c.where is not None]
        order = ", ".join(quote(c.name) for c in link.key_columns)
        where, params = narrowed(link)
        rows = self._select(f"SELECT {_asked(asked)} FROM {_table(link)}{where} ORDER BY {order}", params)  # noqa: S608  (quoted names, values as parameters)
        found = ({c.name: _from_table(c, v) for c, v in zip(asked, row, strict=True)} for row in rows)
        is_filtered = link.is_filtered
        return [link.key_of(row) for row in found if not is_filtered or link.shows(row)]

    def insert_row(self, link: Link, values: TableRow) -> Key:
        """Insert and return the key, generated or given; raise Unfit with the server's reason in plain words."""
        answer = self.insert_rows(link, [values])[0]
        if isinstance(answer, Unfit):
            raise answer
        return answer

    def insert_rows(self, link: Link, rows: Sequence[TableRow]) -> list[Key | Unfit]:
        """Insert many in few round trips; per row, in order, its key or why it does not fit.

        Each row is a statement of its own, so every generated key is known for certain whatever
        innodb_autoinc_lock_mode and auto_increment_increment say.
        """
        filled = [self._with_key(link, row) for row in rows]
        answers = self._run_each([_stated(_insert, link, row) for row in filled])
        return [
            answer if isinstance(answer, Unfit) else _key_of_inserted(link, row, answer.last_id)
            for row, answer in zip(filled, answers, strict=True)
        ]

    def update_row(self, link: Link, key: Key, values: TableRow) -> None:
        """Set columns of one row, the key's own included; raise Unfit, also when the row is gone."""
        _raise_unfit(self.update_rows(link, [(key, values)])[0])

    def update_rows(self, link: Link, rows: Sequence[tuple[Key, TableRow]]) -> list[Unfit | None]:
        """Update many in few round trips; per row, in order, ``None`` or why it does not fit."""
        answers = self._run_each([_stated(_update, link, key, values) for key, values in rows])
        return [_refused_or_gone(answer) for answer in answers]

    def delete_row(self, link: Link, key: Key) -> None:
        """Delete one row; one that is gone already is no fault. Raise Unfit (e.g. another table refers to it)."""
        _raise_unfit(self.delete_rows(link, [key])[0])

    def delete_rows(self, link: Link, keys: Sequence[Key]) -> list[Unfit | None]:
        """Delete many in few round trips; per row, in order, ``None`` or why it must stay."""
        answers = self._run_each([_stated(_delete, link, key) for key in keys])
        return [answer if isinstance(answer, Unfit) else None for answer in answers]

    def _with_key(self, link: Link, values: TableRow) -> TableRow:
        """The row with every key column that the table would fill by a default expression, e.g. a UUID.

        MySQL does not tell which value a default gave, so it is asked for before and written like any other.
        """
        missing = [c for c in link.key_columns if values.get(c.name) is None and not c.column.auto_increment]
        if not missing:
            return values
        return {**values, **{c.name: self._default(link, c) for c in missing if c.column.has_default}}

    def _default(self, link: Link, column: LinkedColumn) -> Canonical:
        found = self._select(
            "SELECT COLUMN_DEFAULT, EXTRA, VERSION() LIKE '%MariaDB%' FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND COLUMN_NAME = %s",
            (link.schema, link.table, column.name),
        )
        if not found or found[0][0] is None:
            return None
        text, extra, is_mariadb = found[0]
        if is_mariadb or "DEFAULT_GENERATED" in extra:
            text = self._select(f"SELECT {text}")[0][0]  # the table's own expression, as an INSERT would run it
        return _from_table(column, text)


def read_row(link: Link, row: Row) -> dict[str, Canonical]:
    """A row as :func:`select_rows` asks for it, as canonical texts by column name."""
    return {c.name: _from_table(c, v) for c, v in zip(link.columns, row, strict=True)}


def select_rows(link: Link) -> tuple[str, list[Any]]:
    """The statement that reads a link's rows in the order of the key, and perhaps others, with its parameters."""
    order = ", ".join(quote(c.name) for c in link.key_columns)
    where, params = narrowed(link)
    return f"SELECT {_columns(link)} FROM {_table(link)}{where} ORDER BY {order}", params  # noqa: S608  (quoted names, values as parameters)


def narrowed(link: Link) -> tuple[str, list[Any]]:
    """A WHERE that leaves out what the server can tell not to be shown; :meth:`Link.shows` decides on the rest.

    Only where the server takes for equal at least what the column's codec does: a collation may take more.
    """
    told = [(c, c.where.values) for c in link.columns if c.where is not None and _is_told_by_server(c)]
    if not told:
        return "", []
    where = " AND ".join(f"{quote(c.name)} IN ({', '.join([_mark(c)] * len(values))})" for c, values in told)
    return f" WHERE {where}", [_to_table(c, value) for c, values in told for value in values]


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


def _from_table(column: LinkedColumn, value: object) -> Canonical:
    if value is None:
        return None
    try:
        return column.codec.from_table(value)
    except Unfit as reason:
        raise Unfit(f"{column.name} in the table: {reason.message}", reason.hint) from reason


def _to_table(column: LinkedColumn, value: Canonical) -> Any:
    parameter = None if value is None else column.codec.to_table(value)
    return parameter.hex() if isinstance(parameter, bytes) else parameter


def _mark(column: LinkedColumn) -> str:
    """The place of a parameter; bytes go as hexadecimal digits, because the client library sends them as text."""
    return "UNHEX(%s)" if column.codec.read_only else "%s"


def _table(link: Link) -> str:
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
    params = [_to_table(c, v) for key in keys for c, v in zip(columns, key, strict=True)]
    if len(columns) == 1:
        return f"{quote(columns[0].name)} IN ({', '.join([_mark(columns[0])] * len(keys))})", params
    return " OR ".join([f"({_is_key(link)})"] * len(keys)), params


def _is_key(link: Link) -> str:
    return " AND ".join(f"{quote(c.name)} = {_mark(c)}" for c in link.key_columns)


def _key_params(link: Link, key: Key) -> list[Any]:
    return [_to_table(c, v) for c, v in zip(link.key_columns, key, strict=True)]


def _written(link: Link, values: Mapping[str, Canonical]) -> list[tuple[LinkedColumn, Canonical]]:
    columns = [(link.by_name(name), value) for name, value in values.items()]
    return [(c, value) for c, value in columns if c is not None and not c.column.generated]


def _stated(make: Callable[..., Statement], *args: Any) -> Statement | Unfit:
    """The statement, or why a value of it cannot be one's parameter."""
    try:
        return make(*args)
    except Unfit as reason:
        return reason


def _insert(link: Link, values: TableRow) -> Statement:
    """A generated key that is empty is left out, so that the table gives one."""
    written = [(c, v) for c, v in _written(link, values) if v is not None or not c.key]
    names = ", ".join(quote(c.name) for c, _ in written)
    sql = f"INSERT INTO {_table(link)} ({names}) VALUES ({', '.join(_mark(c) for c, _ in written)})"  # noqa: S608  (quoted names, values as parameters)
    return sql, [_to_table(c, v) for c, v in written]


def _update(link: Link, key: Key, values: TableRow) -> Statement:
    written = _written(link, values)
    first = quote(link.key_columns[0].name)
    sets = ", ".join(f"{quote(c.name)} = {_mark(c)}" for c, _ in written) or f"{first} = {first}"
    sql = f"UPDATE {_table(link)} SET {sets} WHERE {_is_key(link)}"  # noqa: S608  (quoted names, values as parameters)
    return sql, [_to_table(c, v) for c, v in written] + _key_params(link, key)


def _delete(link: Link, key: Key) -> Statement:
    return f"DELETE FROM {_table(link)} WHERE {_is_key(link)}", _key_params(link, key)  # noqa: S608  (quoted names, values as parameters)


def _key_of_inserted(link: Link, values: TableRow, last_id: int) -> Key:
    return tuple(
        values.get(c.name) or (_from_table(c, last_id) if c.column.auto_increment else "") or ""
        for c in link.key_columns
    )


def _refused_or_gone(answer: Any) -> Unfit | None:
    if isinstance(answer, Unfit):
        return answer
    return Unfit(GONE) if answer.rows == 0 else None


def _raise_unfit(answer: Unfit | None) -> None:
    if answer is not None:
        raise answer
