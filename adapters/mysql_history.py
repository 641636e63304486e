"""Searches the history, newest first: each search by an index of its own, each page within a bounded number of
rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.compact_json import dump, load
from adapters.mysql_bases import hash_of_key
from adapters.mysql_connection import MysqlSession, ThreadSessions
from adapters.mysql_record import EVENT_HASH
from adapters.mysql_statements import Row, chunks, marks, naive_utc, utc
from core.history import Entry, HistoryFilter, HistoryPlace, way_of

Item = dict[str, Any]

WINDOW_ROWS = 5_000
"""So many entries are looked at for one page where an index alone does not tell what was asked."""

INDEX_WINDOW_ROWS = 20_000
"""And so many where one does that leads to more than what was asked."""

NEIGHBOUR_WITHIN = timedelta(days=3)
"""An undo is on its way into the sheet for seconds; for longer where Google or a service cannot be reached."""

_FIELDS = (
    "id", "link", "row_id", "key_json", "column_name", "at", "old_value", "new_value", "side", "actor", "event",
    "what", "edited_at", "way",
)  # fmt: skip
_NAMES = ("id", "link", "row_id", "key", "column", "at", "old", "new", *_FIELDS[8:])
_WAY_TIMES = ("committed_at", "received_at", "queued_at")
_OF_EVENT = f"event_hash = {EVENT_HASH} AND (event = %s OR SUBSTRING_INDEX(event, ' ', -1) = %s)"
_INDEXES = {"row_id": "of_row", "actor": "of_actor", "link": "of_link"}
_COVERED = {
    "of_row": ("link", "column_name"),
    "of_actor": ("link",),
    "of_link": ("column_name", "side", "what"),
}
"""What an index holds behind the place: an entry that is not meant is passed over without being read."""
_BY_TIME = "at DESC, id DESC"

Condition = tuple[str, tuple[Any, ...]]
Cell = tuple[str, str, str | None]
"""Link, row id and column."""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, newest first, and how far the search has come."""

    items: list[Item]
    reached: HistoryPlace | None
    """Everything from here on was looked at; ``None`` where nothing is left."""


@dataclass(frozen=True, slots=True)
class _Search:
    """An index with what it leads to, and what has to be looked at entry by entry."""

    index: str
    leading: list[Condition]
    covered: list[Condition]
    """What the index tells as well."""
    others: list[Condition]

    @property
    def window_rows(self) -> int:
        """How far one page looks: further where the index alone is looked at."""
        return WINDOW_ROWS if self.others else INDEX_WINDOW_ROWS

    @property
    def order(self) -> str:
        """As the index holds the entries."""
        return f"month DESC, {_BY_TIME}" if self.index == "PRIMARY" else _BY_TIME


class _Places:
    """Where the entries of one cell stand."""

    def __init__(self) -> None:
        self._places: list[HistoryPlace] = []

    def add(self, place: HistoryPlace) -> None:
        insort(self._places, place)

    def after(self, place: HistoryPlace) -> HistoryPlace | None:
        return next(iter(self._places[bisect_right(self._places, place) :]), None)

    def before(self, place: HistoryPlace) -> HistoryPlace | None:
        return next(iter(self._places[: bisect_left(self._places, place)][-1:]), None)


class HistorySearch:
    """Questions to the table ``history``.

    Args:
        session: with the twinsheet schema as its default; MysqlSession with autocommit, or ThreadSessions.
    """

    def __init__(self, session: MysqlSession | ThreadSessions) -> None:
        self._session = session

    def page(self, asked: HistoryFilter, before: HistoryPlace | None, limit: int) -> Found:
        """The newest entries that lie before a place; fewer than ``limit`` where a window ended.

        Args:
            asked: which ones.
            before: the place reached; ``None`` to begin at the newest.
            limit: at most so many.
        """
        search, floor = self._furthest(asked, before)
        items = [_item(row) for row in self._session.query(*_select(search, asked, before, floor, limit))]
        return Found(items, _place(items[-1]) if len(items) == limit else floor)

    def next_of_cells(self, later: Sequence[Entry], earlier: Sequence[Entry]) -> dict[int, Item]:
        """The next entries of the same cells in the history, by the number of the entry that they are next to; those
        within NEIGHBOUR_WITHIN, of rows with many entries perhaps none.

        Args:
            later: entries of which the next later one is meant.
            earlier: those of which the next earlier one is.
        """
        if not later and not earlier:
            return {}
        known = self._cells_around(later, earlier)
        beside = {one["id"]: known[_cell(one)].after(_place(one)) for one in later}
        beside |= {one["id"]: known[_cell(one)].before(_place(one)) for one in earlier}
        return self._entries_at({number: place for number, place in beside.items() if place is not None})

    def _cells_around(self, later: Sequence[Entry], earlier: Sequence[Entry]) -> Mapping[Cell, _Places]:
        """Where the entries of these entries' cells stand, out of the index alone."""
        every = [*later, *earlier]
        first = min(one["at"] for one in every) - (NEIGHBOUR_WITHIN if earlier else timedelta())
        last = max(one["at"] for one in every) + (NEIGHBOUR_WITHIN if later else timedelta())
        where, params = _all_of(_within(first, last))
        found: defaultdict[Cell, _Places] = defaultdict(_Places)
        for row_ids in chunks(sorted({one["row_id"] for one in every})):
            rows = self._session.query(
                "SELECT link, row_id, column_name, at, id FROM history FORCE INDEX (of_row)"  # noqa: S608  (constants only)
                f" WHERE row_id IN ({marks(len(row_ids))}) AND {where} LIMIT {INDEX_WINDOW_ROWS}",
                (*row_ids, *params),
            )
            for link, row_id, column, at, number in rows:
                found[link, row_id, column].add(HistoryPlace(utc(at) or at, number))
        return found

    def _entries_at(self, places: Mapping[int, HistoryPlace]) -> dict[int, Item]:
        """The entries that stand there, by the same numbers."""
        found: dict[int, Item] = {}
        for some in chunks(sorted(places.values())):
            where, params = _all_of(_within(some[0].at, some[-1].at))
            rows = self._session.query(
                f"SELECT {', '.join(_FIELDS)} FROM history FORCE INDEX (by_id)"  # noqa: S608  (constants only)
                f" WHERE id IN ({marks(len(some))}) AND {where}",
                (*(place.number for place in some), *params),
            )
            found |= {row[0]: _item(row) for row in rows}
        return {number: found[place.number] for number, place in places.items() if place.number in found}

    def _furthest(self, asked: HistoryFilter, before: HistoryPlace | None) -> tuple[_Search, HistoryPlace | None]:
        """The search that comes furthest back within one window, with the place that it comes to."""
        found: list[tuple[HistoryPlace, _Search]] = []
        for one in self._searches(asked):
            floor = self._floor(one, asked, before) if one.others or one.covered else None
            if floor is None:
                return one, None
            found.append((floor, one))
        floor, search = min(found, key=lambda place: place[0])
        return search, floor

    def _searches(self, asked: HistoryFilter) -> list[_Search]:
        """The indexes that may lead to the fewest entries."""
        row_id = asked.row_id or self._row_of(asked)
        named = {"row_id": row_id, "actor": asked.actor, "link": asked.link, "column_name": asked.column,
                 "side": asked.side, "what": asked.what}  # fmt: skip
        known = {name: (f"{name} = %s", (value,)) for name, value in named.items() if value is not None}
        if asked.key is not None and row_id is None:
            known["key_json"] = ("key_json = %s", (dump(list(asked.key)),))
        if asked.number is not None:
            return [_Search("by_id", [("id = %s", (asked.number,)), *known.values()], [], [])]
        if asked.event is not None:
            return [_Search("once", [(_OF_EVENT, (asked.event,) * 3), *known.values()], [], [])]
        led = {name: index for name, index in _INDEXES.items() if name in known}
        if "row_id" in led:
            led = {"row_id": led["row_id"]}
        return [_by(index, name, known) for name, index in led.items()] or [_by("PRIMARY", "", known)]

    def _row_of(self, asked: HistoryFilter) -> str | None:
        """The row that has that key now."""
        if asked.key is None:
            return None
        sql = "SELECT row_id FROM row_base WHERE link = %s AND key_hash = %s"
        rows = self._session.query(sql, (asked.link, hash_of_key(asked.key)))
        return str(rows[0][0]) if rows else None

    def _floor(self, search: _Search, asked: HistoryFilter, before: HistoryPlace | None) -> HistoryPlace | None:
        """The last entry of the window; ``None`` where all that is left lies in it."""
        rows = self._session.query(*_select(search, asked, before, None, 1, only_place=True))
        return HistoryPlace(utc(rows[0][0]) or rows[0][0], rows[0][1]) if rows else None


def _by(index: str, leading: str, known: Mapping[str, Condition]) -> _Search:
    leads = [known[leading]] if leading else []
    left = {name: condition for name, condition in known.items() if name != leading}
    covered = [left.pop(name) for name in _COVERED.get(index, ()) if name in left]
    return _Search(index, leads, covered, list(left.values()))


def _select(
    search: _Search,
    asked: HistoryFilter,
    before: HistoryPlace | None,
    floor: HistoryPlace | None,
    limit: int,
    *,
    only_place: bool = False,
) -> tuple[str, tuple[Any, ...]]:
    """The statement of a page, or of the place at which its window ends, with its parameters."""
    ranged = [*search.leading, *_bounds(asked, before, floor)]
    if only_place:
        where, params = _all_of(ranged)
        return f"{_places(search, where)} OFFSET {search.window_rows - 1}", (*params, limit)
    if not search.covered:
        where, params = _all_of([*ranged, *search.others])
        return _entries(search, ", ".join(_FIELDS), where), (*params, limit)
    inner, params = _all_of([*ranged, *search.covered])
    outer, more = _all_of(search.others)
    sql = (
        f"SELECT {', '.join(f'h.{name}' for name in _FIELDS)} FROM ({_places(search, inner)}) AS places"  # noqa: S608  (constants only)
        " STRAIGHT_JOIN history AS h ON h.month = places.month AND h.at = places.at AND h.id = places.id"
        f" WHERE {outer} ORDER BY h.at DESC, h.id DESC LIMIT %s"
    )
    return sql, (*params, search.window_rows if search.others else limit, *more, limit)


def _places(search: _Search, where: str) -> str:
    """Where entries stand, out of the index alone."""
    return _entries(search, "at, id, month", where)


def _entries(search: _Search, fields: str, where: str) -> str:
    found = f"SELECT {fields} FROM history FORCE INDEX ({search.index}) WHERE {where}"  # noqa: S608  (constants only)
    return f"{found} ORDER BY {search.order} LIMIT %s"


def _all_of(conditions: Sequence[Condition]) -> tuple[str, tuple[Any, ...]]:
    where = " AND ".join(sql for sql, _ in conditions) or "TRUE"
    return where, tuple(value for _, values in conditions for value in values)


def _bounds(asked: HistoryFilter, before: HistoryPlace | None, floor: HistoryPlace | None) -> list[Condition]:
    """What lies between two moments and two places; the months say which partitions are opened."""
    found: list[Condition] = []
    for at, sign in ((asked.since, ">="), (asked.until, "<")):
        if at is not None:
            found.append((f"at {sign} %s", (naive_utc(at),)))
    if before is not None:
        at = naive_utc(before.at)
        found.append(("at <= %s AND (at < %s OR id < %s)", (at, at, before.number)))
    if floor is not None:
        at = naive_utc(floor.at)
        found.append(("at >= %s AND (at > %s OR id >= %s)", (at, at, floor.number)))
    firsts = [at for at in (asked.since, floor.at if floor else None) if at is not None]
    lasts = [at for at in (asked.until, before.at if before else None) if at is not None]
    if firsts:
        found.append(("month >= %s", (month_of(naive_utc(max(firsts))),)))
    if lasts:
        found.append(("month <= %s", (month_of(naive_utc(min(lasts))),)))
    return found


def month_of(at: datetime) -> int:
    """As the column of that name has it, e.g. 202611."""
    return int(at.year * 100 + at.month)


def _within(first: datetime, last: datetime) -> list[Condition]:
    start, end = naive_utc(first), naive_utc(last)
    return [("at BETWEEN %s AND %s", (start, end)), ("month BETWEEN %s AND %s", (month_of(start), month_of(end)))]


def _cell(item: Entry) -> Cell:
    return item["link"], item["row_id"], item["column"]


def _place(item: Entry) -> HistoryPlace:
    return HistoryPlace(item["at"], item["id"])


def _item(row: Row) -> Item:
    item = dict(zip(_NAMES, row, strict=True))
    item |= told_of_way(item.pop("way"))
    item |= {"at": utc(item["at"]), "edited_at": utc(item["edited_at"])}
    item["key"] = load(item["key"]) if item["key"] is not None else None
    return {**item, "way": way_of(item)}


def told_of_way(kept: str | None) -> Item:
    """What the column of that name tells: ``via``, and the times ``committed_at``, ``received_at``, ``queued_at``."""
    via, *times = load(kept or '["",null,null,null]')
    known = [None if at is None else datetime.fromisoformat(at) for at in times]
    return {"via": via, **dict(zip(_WAY_TIMES, map(utc, known), strict=True))}
