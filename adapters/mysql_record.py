"""Part of a transaction: the record of what was applied, contested and refused.

What changes in it is told to whoever marks cells, by a message of kind ``marks``. It is gathered and written at the
end of the transaction, in as few statements and round trips as fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from adapters.compact_json import dump
from adapters.mysql_connection import MysqlAddress
from adapters.mysql_statements import Statement, Statements, chunks, cut, marks, naive_utc, of_cells, of_rows
from core.events import TABLE_CHANGED, marks_changed
from core.model import Key
from core.ports import ConflictEntry, HistoryEntry, Json, RejectionEntry
from core.ports.record import NAMED, NAMED_WITHIN

_HISTORY = (
    "INSERT INTO history"
    " (link, row_id, key_json, column_name, old_value, new_value, side, actor, what, edited_at, event, once, way)"
)
EVENT_HASH = "CRC32(SUBSTRING_INDEX(SUBSTRING_INDEX(%s, ' ', -1), '_', 2))"
"""Of an event, as the column of that name has it; the parts of a large paste have one."""
MONTHS_BACK = 2
"""An event that is told again is looked for in so many months before; Kafka keeps none as long."""
TOLD_AGAIN_WITHIN = timedelta(days=1)
"""So much later the sheet may send an event again that Kafka has already; clocks differ by less."""
# The unique key guards within a month. It leads to the months before, one look per event where they know none of it.
_TAKE_BACK_TOLD = (
    "DELETE again FROM history AS known STRAIGHT_JOIN history AS again ON again.event_hash = known.event_hash"
    " AND again.once = known.once AND again.month > known.month"
    " WHERE known.month BETWEEN PERIOD_ADD(EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP(6)), %s)"
    " AND PERIOD_ADD(EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP(6)), -1) AND known.event_hash IN ({})"
)
_CONFLICT = (
    "INSERT INTO conflict (link, row_id, key_json, column_name, base_value, sheet_value, table_value, winner, rule,"
    " sheet_at, table_at, time_guessed, sheet_actor, event, settled)"
)
_REJECTION = "INSERT INTO rejection (link, row_id, key_json, column_name, value, reason, actor, event)"
# Columns are set from left to right: what stays the same is compared before it is set.
_SAME = "value <=> VALUES(value) AND reason = VALUES(reason)"
_REPLACE_REJECTION = (
    f"ON DUPLICATE KEY UPDATE at = IF({_SAME}, at, CURRENT_TIMESTAMP(6)), actor = IF({_SAME}, actor, VALUES(actor)),"
    f" event = IF({_SAME}, event, VALUES(event)), key_json = IF({_SAME}, key_json, VALUES(key_json)),"
    " reason = VALUES(reason), value = VALUES(value)"
)


_TELL_NEW = (
    "INSERT INTO outbox (link, topic, body) SELECT %s, %s, %s FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM rejection"
    " WHERE link = %s AND row_id = %s AND column_name = %s AND is_open AND value <=> %s AND reason = %s)"
)
_TELL_OPEN = (
    'INSERT INTO outbox (link, topic, body) SELECT DISTINCT link, %s, CONCAT(\'{{"kind":"marks","link":\','
    " JSON_QUOTE(link), ',\"rows\":[', JSON_QUOTE(row_id), ']}}') FROM {} WHERE {} AND link = %s"
)


_NAME_ACTOR = (
    "UPDATE history SET actor = %s, edited_at = %s"  # noqa: S608  (constants only)
    " WHERE link = %s AND row_id = %s AND side = 'sheet' AND actor = ''"
    f" AND what IN ({marks(len(NAMED))}) AND (column_name = %s AND new_value <=> %s OR column_name IS NULL)"
    " AND month >= EXTRACT(YEAR_MONTH FROM CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND)"
    " AND at > CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND"
)


class Record(Statements):
    """The tables ``history``, ``conflict``, ``rejection`` and ``outbox``."""

    def __init__(self, connection: Any, address: MysqlAddress) -> None:
        super().__init__(connection, address)
        self._history: list[tuple[str, HistoryEntry]] = []
        self._ways: dict[tuple[str, str], tuple[datetime | None, datetime]] = {}
        self._conflicts: list[tuple[Any, ...]] = []
        self._outbox: list[tuple[Any, ...]] = []
        self._to_mark: dict[str, set[str]] = {}
        self._refused: set[str] = set()
        """Links of which this transaction has put rejections."""

    def add_history(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        """Record each once, as :attr:`HistoryEntry.once` has it."""
        self._history.extend((link, e) for e in entries)

    def name_actors(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        """Add who and when to what a scan has told of these cells; see :class:`core.ports.Transaction`."""
        within_s = int(NAMED_WITHIN.total_seconds())
        for e in entries:
            who = (cut(e.actor, 320), e.edited_at, link, e.row_id)
            self._postpone([(_NAME_ACTOR, (*who, *NAMED, e.column, e.new, within_s, within_s))])

    def note_way(self, link: str, event: str, received_at: datetime | None, queued_at: datetime) -> None:
        """When this event was received and queued: its entries that this transaction records tell it."""
        self._ways[link, event] = (received_at, queued_at)

    def add_conflicts(self, link: str, entries: Iterable[ConflictEntry]) -> None:
        """Record each."""
        known = list(entries)
        self._conflicts.extend(_conflict(link, e) for e in known)
        self._tell(link, (e.row_id for e in known))

    def put_rejections(self, link: str, entries: Iterable[RejectionEntry]) -> None:
        """One open rejection per cell: the same value and reason again changes nothing, another replaces it."""
        latest = {(e.row_id, e.column): e for e in entries}
        self._refused.add(link)
        self._postpone(_tell_new(link, e) for _, e in sorted(latest.items()))
        rows = [
            (link, e.row_id, _key(e.key), e.column, e.value, e.reason, cut(e.actor, 320), cut(e.event, 128))
            for _, e in sorted(latest.items())
        ]
        self._postpone(of_rows(_REJECTION, f"({marks(8)})", rows, _REPLACE_REJECTION))

    def mend_rejections(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Close the open rejections of these (row id, column); whoever marks the cells hears of those that were.

        Most links have none, which is asked before thousands of cells are looked for.
        """
        known = set(cells)
        if not known or not self._has_rejections(link):
            return
        self._tell_open("rejection", "is_open", link, known)
        mend = "UPDATE rejection SET is_open = NULL, mended_at = CURRENT_TIMESTAMP(6) WHERE link = %s AND is_open"
        self._postpone(of_cells(mend, link, known))

    def _has_rejections(self, link: str) -> bool:
        """Whether any may be open; those that this transaction has put count before they are written."""
        sql = "SELECT 1 FROM rejection WHERE link = %s AND is_open = TRUE LIMIT 1"
        return link in self._refused or bool(self._select(sql, (link,)))

    def send(self, topic: str, link: str, body: Json) -> None:
        """Put a message into the outbox: published in commit order, after the commit."""
        self._outbox.append((link, topic, dump(body)))

    def _tell_open(self, table: str, is_open: str, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Of the cells those that have something open in that table, as of when this is run."""
        told = of_cells(_TELL_OPEN.format(table, is_open), link, cells)
        self._postpone((sql, (TABLE_CHANGED, *params)) for sql, params in told)

    def _tell(self, link: str, row_ids: Iterable[str]) -> None:
        self._to_mark.setdefault(link, set()).update(row_ids)

    def _doubtful(self, history: Iterable[tuple[str, HistoryEntry]]) -> set[str]:
        """Events that may have been recorded in a month before: all but those that Kafka first had in this one."""
        month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        found = set()
        for link, entry in history:
            _, queued_at = self._ways.get((link, entry.event), (None, entry.queued_at))
            if entry.event and (queued_at is None or queued_at < month + TOLD_AGAIN_WITHIN):
                found.add(cut(entry.event, 128))
        return found

    def write_record(self) -> None:
        """Write what was gathered; the store calls it before it commits."""
        for link, row_ids in self._to_mark.items():
            if row_ids:
                self.send(TABLE_CHANGED, link, marks_changed(link, sorted(row_ids)))
        self._to_mark = {}
        history, self._history = self._history, []
        conflicts, self._conflicts = self._conflicts, []
        outbox, self._outbox = self._outbox, []
        rows = [_history(link, e, self._ways.get((link, e.event))) for link, e in history]
        self._postpone(of_rows(_HISTORY, f"({marks(13)})", rows, "ON DUPLICATE KEY UPDATE side = VALUES(side)"))
        self._postpone(_take_back(self._doubtful(history)))
        self._postpone(of_rows(_CONFLICT, f"({marks(15)})", conflicts))
        self._postpone(of_rows("INSERT INTO outbox (link, topic, body)", "(%s, %s, %s)", outbox))
        self._run_postponed()


def _tell_new(link: str, entry: RejectionEntry) -> Statement:
    """Whoever marks cells hears of a rejection that is not open with that value and reason."""
    body = dump(marks_changed(link, [entry.row_id]))
    cell = (link, entry.row_id, entry.column, entry.value, entry.reason)
    return _TELL_NEW, (link, TABLE_CHANGED, body, *cell)


def _take_back(events: Collection[str]) -> Iterator[Statement]:
    """What these events had been told to say in a month before is taken out again."""
    for some in chunks(sorted(events)):
        hashes = ", ".join([EVENT_HASH] * len(some))
        yield _TAKE_BACK_TOLD.format(hashes), (-MONTHS_BACK, *some)


def _history(link: str, entry: HistoryEntry, way: tuple[datetime | None, datetime] | None) -> tuple[Any, ...]:
    return (
        link,
        entry.row_id,
        _key(entry.key),
        entry.column,
        entry.old,
        entry.new,
        entry.side,
        cut(entry.actor, 320),
        entry.what,
        entry.edited_at,
        cut(entry.event, 128),
        _once(link, entry),
        _way(cut(entry.via, 200), entry.committed_at, *(way or (entry.received_at, entry.queued_at))),
    )


@lru_cache(maxsize=16)
def _way(via: str, *times: datetime | None) -> str | None:
    """What is known of it, the same for all that one event tells."""
    if not via and not any(times):
        return None
    return dump([via, *(None if at is None else naive_utc(at).isoformat() for at in times)])


def _once(link: str, entry: HistoryEntry) -> bytes | None:
    """``None`` where no event is named: two such entries are two."""
    if not entry.event:
        return None
    named = dump([link, *entry.once])
    return hashlib.sha256(named.encode("utf-8", "replace")).digest()


def _conflict(link: str, entry: ConflictEntry) -> tuple[Any, ...]:
    return (
        link,
        entry.row_id,
        _key(entry.key),
        entry.column,
        entry.base,
        entry.sheet,
        entry.table,
        entry.winner,
        cut(entry.rule, 200),
        entry.sheet_at,
        entry.table_at,
        entry.time_guessed,
        cut(entry.sheet_actor, 320),
        cut(entry.event, 128),
        entry.settled,
    )


def _key(key: Key | None) -> str | None:
    return dump(list(key)) if key is not None else None
