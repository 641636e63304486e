"""New rows of the users' tables: many by one statement, and each by itself where the server refuses one of them.

Of the keys that it generates for the rows of one statement the server tells the first alone. Both servers take
consecutive numbers, auto_increment_increment apart, for rows whose number is known beforehand, whatever
innodb_autoinc_lock_mode says; a trigger or another engine may not. So what stands under those keys is read back, and
where that is not what was written the rows are inserted one by one, each with the key that the server tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from adapters.mysql_connection import quote
from adapters.mysql_rows import Rows, from_table, mark, stated, table_name, to_table, written_columns
from adapters.mysql_statements import Statement, check_text, packets
from core.errors import Unfit
from core.model import Key, Link, LinkedColumn
from core.ports import TableRow
from core.values import Canonical

SINGLY_MAX = 8
"""So many rows are not worth a statement of their own: they go one by one, in one round trip."""


@dataclass(frozen=True, slots=True)
class _NewRow:
    """An INSERT of one row, that of its neighbours may be joined with."""

    values: TableRow
    head: str
    one: str
    params: list[Any]

    @property
    def statement(self) -> Statement:
        return f"{self.head} VALUES {self.one}", self.params


class Inserts(Rows):
    """Part of a transaction: new rows of the linked table."""

    def insert_row(self, link: Link, values: TableRow) -> Key:
        """Insert and return the key, generated or given; raise Unfit with the server's reason in plain words."""
        answer = self.insert_rows(link, [values])[0]
        if isinstance(answer, Unfit):
            raise answer
        return answer

    def insert_rows(self, link: Link, rows: Sequence[TableRow]) -> list[Key | Unfit]:
        """Insert many in few statements; per row, in order, its key or why it does not fit."""
        made = [stated(_new_row, link, row) for row in self._with_keys(link, rows)]
        answers: list[Key | Unfit] = []
        for some in _alike(made):
            answers += self._insert_alike(link, some) if isinstance(some, list) else [some]
        return answers

    def _insert_alike(self, link: Link, rows: list[_NewRow]) -> Iterator[Key | Unfit]:
        """Rows that fill the same columns."""
        done = 0
        for piece in packets([row.params for row in rows]):
            yield from self._insert_piece(link, rows[done : done + len(piece)])
            done += len(piece)

    def _insert_piece(self, link: Link, rows: list[_NewRow]) -> list[Key | Unfit]:
        """All by one statement; of a piece that the server refuses each half by itself."""
        if len(rows) <= SINGLY_MAX:
            return self._insert_singly(link, rows)
        ran = self._run_whole(
            f"{rows[0].head} VALUES {', '.join([rows[0].one] * len(rows))}", [v for row in rows for v in row.params]
        )
        if ran is None:
            half = len(rows) // 2
            return [*self._insert_piece(link, rows[:half]), *self._insert_piece(link, rows[half:])]
        keys = self._keys_of_inserted(link, [row.values for row in rows], ran.last_id)
        if keys is not None:
            return list(keys)
        self._undo_whole()
        return self._insert_singly(link, rows)

    def _insert_singly(self, link: Link, rows: list[_NewRow]) -> list[Key | Unfit]:
        return [
            answer if isinstance(answer, Unfit) else _key_of_inserted(link, row.values, answer.last_id)
            for row, answer in zip(rows, self._run_each([row.statement for row in rows]), strict=True)
        ]

    def _keys_of_inserted(self, link: Link, rows: Sequence[TableRow], first_id: int) -> list[Key] | None:
        """The keys of rows that one statement has inserted; ``None`` where nobody can be sure of them."""
        if not any(c.column.auto_increment and rows[0].get(c.name) is None for c in link.key_columns):
            return [_key_of_inserted(link, row, 0) for row in rows]
        ((step,),) = self._select("SELECT @@auto_increment_increment")
        keys = [_key_of_inserted(link, row, first_id + i * step) for i, row in enumerate(rows)]
        try:
            there = self.rows(link.unfiltered, keys)
        except Unfit:
            return None
        are_these = all(key in there and _holds(link, there[key], row) for key, row in zip(keys, rows, strict=True))
        return keys if are_these else None

    def _with_keys(self, link: Link, rows: Sequence[TableRow]) -> list[TableRow]:
        """The rows with every key column that the table would fill by a default expression, e.g. a UUID.

        MySQL does not tell which value a default gave, so it is asked for before and written like any other.
        """
        filled = list(rows)
        for column in link.key_columns:
            lacking = [i for i, row in enumerate(filled) if row.get(column.name) is None]
            if column.column.has_default and not column.column.auto_increment and lacking:
                for i, value in zip(lacking, self._defaults(link, column, len(lacking)), strict=True):
                    filled[i] = {**filled[i], column.name: value}
        return filled

    def _defaults(self, link: Link, column: LinkedColumn, count: int) -> list[Canonical]:
        """What the table would give to so many rows."""
        found = self._select(
            "SELECT COLUMN_DEFAULT, EXTRA, VERSION() LIKE '%MariaDB%' FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND COLUMN_NAME = %s",
            (link.schema, link.table, column.name),
        )
        if not found or found[0][0] is None:
            return [None] * count
        text, extra, is_mariadb = found[0]
        if is_mariadb or "DEFAULT_GENERATED" in extra:  # the table's own expression, as an INSERT would run it
            return [from_table(column, self._select(f"SELECT {text}")[0][0]) for _ in range(count)]
        return [from_table(column, text)] * count


def _alike(made: Sequence[_NewRow | Unfit]) -> Iterator[list[_NewRow] | Unfit]:
    """Runs of rows that fill the same columns; in between, as they come, those that do not fit."""
    for _, some in groupby(made, key=lambda new: new.head if isinstance(new, _NewRow) else None):
        run = list(some)
        rows = [new for new in run if isinstance(new, _NewRow)]
        if rows:
            yield rows
        yield from (new for new in run if isinstance(new, Unfit))


def _new_row(link: Link, values: TableRow) -> _NewRow:
    """A generated key that is empty is left out, so that the table gives one."""
    written = [(c, v) for c, v in written_columns(link, values) if v is not None or not c.key]
    names = ", ".join(quote(c.name) for c, _ in written)
    marks = ", ".join(mark(c) for c, _ in written)
    params = [to_table(c, v) for c, v in written]
    check_text(params)
    return _NewRow(values, f"INSERT INTO {table_name(link)} ({names})", f"({marks})", params)


def _key_of_inserted(link: Link, values: TableRow, last_id: int) -> Key:
    return tuple(
        values.get(c.name) or (from_table(c, last_id) if c.column.auto_increment else "") or ""
        for c in link.key_columns
    )


def _holds(link: Link, there: TableRow, values: TableRow) -> bool:
    """Whether a row of the table holds what was written into it."""
    return all(c.codec.same(there.get(c.name), value) for c, value in written_columns(link, values))
