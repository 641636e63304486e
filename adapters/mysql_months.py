"""The months of the history: the next ones made ahead, old ones dropped as a whole; and undos that are over,
forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from adapters.mysql_connection import MysqlAddress, connect, quote, translated
from adapters.mysql_cursor import Cursor
from adapters.mysql_migrations import DEFAULT_SCHEMA

AHEAD = 3
"""Months that are made before they begin: so long may nobody come by."""
LOCK_WAIT_S = 10
"""So long a transaction that is open may keep a month from being made or dropped, and others behind it waiting."""
LATER = "later"
UNDO_KEPT_DAYS = 7
"""What came of an undo is in the history; whoever asked for it waits for seconds."""
_FORGET = (
    "DELETE u, r FROM undo_request AS u LEFT JOIN undo_row AS r ON r.event = u.event"
    " LEFT JOIN undo_row AS o ON o.event = u.event AND o.is_open"
    " WHERE u.asked_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY AND o.id IS NULL"
)


@dataclass(frozen=True, slots=True)
class Tidied:
    """What has been done."""

    made: list[int]
    """Months, as 202611."""
    dropped: list[int]
    forgotten: int = 0
    """Rows of undos that are over."""


class HistoryMonths:
    """The partitions of the table ``history``, and the undos that it tells of.

    Args:
        address: where the server is.
        schema: the twinsheet schema.
    """

    def __init__(self, address: MysqlAddress, schema: str = DEFAULT_SCHEMA) -> None:
        self._address = address
        self._schema = schema

    def tidy(self, kept_months: int) -> Tidied:
        """Make the months that are needed, drop those that lie further back, and forget undos that are over; nothing
        while another process does it.

        Args:
            kept_months: whole months before this one that are kept.

        Raises:
            MysqlUnavailable: also where a long transaction was in the way.
            MysqlRefused
        """
        with (
            translated(self._address),
            closing(connect(self._address, schema=self._schema, autocommit=True)) as found,
        ):
            cursor, lock = Cursor(found), f"{self._schema}.history"[:64]
            if cursor.query("SELECT GET_LOCK(%s, 0)", (lock,))[0][0] != 1:
                return Tidied([], [])
            cursor.execute("SET SESSION lock_wait_timeout = %s", (LOCK_WAIT_S,))
            this = cursor.query("SELECT EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP)")[0][0]
            oldest = _moved(this, -kept_months)
            made = self._make(cursor, this, oldest)
            dropped = self._drop(cursor, oldest)
            cursor.execute(_FORGET, (UNDO_KEPT_DAYS,))
            forgotten = cursor.rowcount
            cursor.execute("DO RELEASE_LOCK(%s)", (lock,))  # the server sees the connection's end some time later
            return Tidied(made, dropped, forgotten)

    def _make(self, cursor: Cursor, this: int, oldest: int) -> list[int]:
        """The months behind the last one, and those of entries that came before any was made."""
        known = self._months(cursor)
        first = cursor.query(f"SELECT MIN(month) FROM history PARTITION ({LATER})")[0][0] or this  # noqa: S608  (a constant)
        start = _moved(known[-1], 1) if known else max(min(first, this), _moved(oldest, -1))
        months = list(_from_to(start, _moved(this, AHEAD)))
        if months:
            parts = [f"PARTITION {_name(m)} VALUES LESS THAN ({_moved(m, 1)})" for m in months]
            parts.append(f"PARTITION {LATER} VALUES LESS THAN MAXVALUE")
            cursor.execute(f"ALTER TABLE history REORGANIZE PARTITION {LATER} INTO ({', '.join(parts)})")
        return months

    def _drop(self, cursor: Cursor, oldest: int) -> list[int]:
        old = [month for month in self._months(cursor) if month < oldest]
        if old:
            cursor.execute(f"ALTER TABLE history DROP PARTITION {', '.join(quote(_name(m)) for m in old)}")
        return old

    def _months(self, cursor: Cursor) -> list[int]:
        """Those that there are, in order."""
        rows = cursor.query(
            "SELECT PARTITION_NAME FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = %s"
            " AND TABLE_NAME = 'history' AND PARTITION_NAME <> %s ORDER BY PARTITION_ORDINAL_POSITION",
            (self._schema, LATER),
        )
        return [int(name[1:]) for (name,) in rows]


def _name(month: int) -> str:
    return f"m{month}"


def _moved(month: int, by: int) -> int:
    """A month so many months later."""
    year, number = divmod(month // 100 * 12 + month % 100 - 1 + by, 12)
    return year * 100 + number + 1


def _from_to(first: int, last: int) -> Iterator[int]:
    while first <= last:
        yield first
        first = _moved(first, 1)
