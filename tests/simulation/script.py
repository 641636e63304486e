"""The Apps Script's handlers, call by call as in apps_script/*.gs; people may act between any two calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.sheets_header import header_among
from core.events import SHEET_OBSERVED, cell_to_json, value_to_json
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, SheetCell, Stamp
from core.values import SheetValue
from tests.fakes.sheet import FakeRow

if TYPE_CHECKING:
    from tests.simulation.twin import Twin

READ_ROUNDS_MAX = 5
LOCK_WAIT_S = 20.0


@dataclass(frozen=True)
class EditEvent:
    """What Google tells of an edit: a range, and for a single cell its values."""

    first: int
    last: int
    headers: tuple[str, ...]
    """Edited columns; the id column is one of them when whole rows were pasted."""
    value: SheetValue = None
    old_value: SheetValue = None
    user: str = "ann@example.com"

    @property
    def single(self) -> bool:
        return self.first == self.last and len(self.headers) == 1


@dataclass
class Span:
    """Rows as read in one piece."""

    first: int
    ids: list[str]
    cells: list[dict[str, SheetCell]]
    rows: list[FakeRow]


@dataclass
class Seen:
    """What was seen of an edit."""

    cells: list[dict[str, Any]]
    is_header: bool = False
    """The headers were edited, too."""


class ScriptRun:
    """One run of a handler."""

    def __init__(self, twin: Twin) -> None:
        self._twin, self._world = twin, twin.world
        self._tab, self._target = twin.tab, twin.target

    def handle_edit(self, e: EditEvent) -> None:
        edited_at = self._world.sheet_time()
        bodies = self._under_lock(lambda: self._observe(e, edited_at))
        self._deliver(bodies)

    def handle_change(self) -> None:
        edited_at = self._world.sheet_time()
        bodies = self._under_lock(lambda: [self._body("structure", self._next_stamp(), edited_at, [])])
        self._deliver(bodies)

    # --- the lock, the counters

    def _under_lock(self, work: Any) -> list[dict[str, Any]]:
        world = self._world
        until = world.clock.now_s + LOCK_WAIT_S
        while world.locked:
            if world.clock.now_s > until:
                world.hub.tell("gives up waiting for the lock")
                return []
            world.hub.sleep(0.2)
        world.locked = True
        try:
            found: list[dict[str, Any]] = work()
            return found
        finally:
            world.locked = False

    def _call(self, what: str) -> None:
        self._world.pause(f"script {what}")

    def _next_stamp(self) -> Stamp:
        tab = self._tab
        self._call("reads q")
        q = tab.stamp.q
        self._call("writes q + 1")
        tab.stamp = Stamp(tab.stamp.n, q + 1, tab.stamp.epoch)
        self._call("reads the counters")
        return tab.stamp

    # --- reading and naming

    def _observe(self, e: EditEvent, edited_at: str) -> list[dict[str, Any]]:
        stamp = self._next_stamp()
        self._call("reads the last row")
        last = min(e.last, self._tab.last_row)
        seen = self._observe_rows(e, e.first, last) if e.first <= last else Seen([])
        bodies, cells = [], seen.cells if seen is not None else []
        holds_ids = ROW_ID_HEADER in e.headers
        if seen is None or seen.is_header or (holds_ids and not cells and not self._is_above(last)):
            bodies.append(self._body("structure", stamp, edited_at, [], e.user))
        return bodies + ([self._body("edit", stamp, edited_at, cells, e.user)] if cells else [])

    def _observe_rows(self, e: EditEvent, first: int, last: int) -> Seen | None:
        given: dict[str, dict[str, SheetCell]] = {}
        for _ in range(READ_ROUNDS_MAX):
            span = self._read_span(first, last)
            if self._have_strayed(span, given):
                return None
            fresh = self._ids_to_give(e, span, given)
            if fresh and not self._leave_above(span, fresh):
                return None
            if fresh:
                if not self._give_ids(span, fresh):
                    return None
                given.update((row_id, span.cells[index]) for index, row_id in fresh.items() if row_id)
                continue
            self._call("reads formulas")
            self._call("reads ids again")
            above = self._rows_above(span)
            if above is not None and not above:
                return Seen(self._bodies(e, span, given), ROW_ID_HEADER in span.ids)
            if above and not self._take_away(span, above):
                return None
        return None

    def _rows_above(self, span: Span) -> list[int] | None:
        """See Observe.gs."""
        there = span.first - 1
        ids = self._all_ids()[: there + len(span.ids)]
        if ids[there:] != span.ids:
            return None
        header = ids.index(ROW_ID_HEADER) if ROW_ID_HEADER in ids else len(ids)
        return [i for i, row_id in enumerate(span.ids) if row_id.startswith(ROW_ID_PREFIX) and there + i < header]

    def _take_away(self, span: Span, above: list[int]) -> bool:
        header = self._header_row({span.first + index for index in above})
        ids = {index: "" for index in above if span.first + index < header}
        return bool(ids) and self._give_ids(span, ids)

    def _is_above(self, last: int) -> bool:
        return last < self._header_row()

    def _header_row(self, aside: Collection[int] = ()) -> int:
        """Where the header row is by now, the rows with those numbers left aside; 0 when nobody knows."""
        if self._world.profile.header_row > 1:
            self._call("looks for the header row")
        lines = enumerate(self._tab.lines(), start=1)
        return header_among("" if number in aside else row.row_id or "" for number, row in lines)

    def _leave_above(self, span: Span, fresh: dict[int, str]) -> bool:
        header = self._header_row({span.first + index for index in fresh})
        for index in list(fresh) if header else ():
            if span.first + index > header:
                continue
            if span.ids[index]:
                fresh[index] = ""
            else:
                del fresh[index]
        return header > 0

    def _all_ids(self) -> list[str]:
        return [row.row_id or "" for row in self._tab.lines()]

    def _read_span(self, first: int, last: int) -> Span:
        self._call(f"reads rows {first} to {last}")
        rows = [self._tab.row(r) for r in range(first, last + 1)]
        return Span(first, [r.row_id or "" for r in rows], [dict(r.cells) for r in rows], rows)

    def _have_strayed(self, span: Span, given: Mapping[str, dict[str, SheetCell]]) -> bool:
        """See RowIds.gs."""
        rows = zip(span.ids, span.cells, strict=True)
        named = [(cells, given[row_id]) for row_id, cells in rows if row_id in given and cells]
        suspects = [(likeness, meant) for cells, meant in named if (likeness := _likeness(cells, meant)) < len(meant)]
        if not suspects:
            return False
        self._call("reads the rows around")
        lines = self._tab.lines()
        return any(_likeness(row.cells, meant) > likeness for likeness, meant in suspects for row in lines)

    def _ids_to_give(self, e: EditEvent, span: Span, given: Collection[str]) -> dict[int, str]:
        fresh: dict[int, str] = {}
        holds_ids = ROW_ID_HEADER in e.headers
        taken: set[str] = set()
        if holds_ids:
            self._call("reads all ids")
            last = span.first + len(span.ids) - 1
            numbers = [r for r in range(1, self._tab.last_row + 1) if not span.first <= r <= last]
            taken = {self._tab.row(r).row_id or "" for r in numbers}
        for index, row_id in enumerate(span.ids):
            content = bool(span.cells[index])
            if row_id in given and not content:
                fresh[index] = ""
            elif content if not row_id else row_id in taken and row_id not in given:
                fresh[index] = self._world.new_row_id()
            elif holds_ids and row_id:
                taken.add(row_id)
        return fresh

    def _give_ids(self, span: Span, fresh: dict[int, str]) -> bool:
        self._call("reads ids around")
        before, there = self._all_ids(), span.first - 1
        if before[there : there + len(span.ids)] != span.ids:
            return True
        self._write_ids(span.first, fresh)
        given, had_title = set(fresh.values()), ROW_ID_HEADER in before
        for round_ in range(READ_ROUNDS_MAX):
            self._call("reads ids after")
            misplaced = self._misplaced_ids(given, self._all_ids(), had_title=had_title, is_first=round_ == 0)
            if not misplaced:
                return round_ == 0
            self._write_ids(1, misplaced)
        return False

    def _misplaced_ids(
        self, given: Collection[str], ids: list[str], *, had_title: bool, is_first: bool
    ) -> dict[int, str]:
        """See RowIds.gs."""
        header = header_among("" if row_id in given else row_id for row_id in ids) - 1
        is_unclear = had_title and (header < 0 or not is_first)
        shown = self._titles_shown(len(ids)) if is_unclear else []
        belongs = _header_shown(shown, ids, given) if is_unclear else header
        misplaced = {} if belongs < 0 or ids[belongs] == ROW_ID_HEADER else {belongs: ROW_ID_HEADER}
        for at, row_id in enumerate(ids):
            is_new = row_id != "" and row_id in given and ids.count(row_id) == 1 and at < belongs
            is_title = row_id == ROW_ID_HEADER and is_unclear and belongs >= 0 and not shown[at]
            if (is_new or is_title) and at != belongs:
                misplaced[at] = ""
        return misplaced

    def _titles_shown(self, count: int) -> list[int]:
        self._call("reads titles")
        rows = (self._tab.row(number).cells for number in range(1, 1 + count))
        return [sum(str(cell.value) == header for header, cell in cells.items()) for cells in rows]

    def _write_ids(self, first: int, ids: dict[int, str]) -> None:
        indexes = sorted(ids)
        while indexes:
            run = [indexes.pop(0)]
            while indexes and indexes[0] == run[-1] + 1:
                run.append(indexes.pop(0))
            self._call("writes ids " + ", ".join(f"{ids[i][-3:]}@{first + i}" for i in run))
            for i in run:
                row = self._row(first + i)
                self._twin.ledger.rob(row)
                row.row_id = ids[i] or None
        self._twin.ledger.see_ids()

    def _row(self, number: int) -> FakeRow:
        return self._tab.row(number)

    # --- telling

    def _bodies(self, e: EditEvent, span: Span, given: Collection[str]) -> list[dict[str, Any]]:
        bodies = []
        for index, row_id in enumerate(span.ids):
            if not row_id or row_id == ROW_ID_HEADER:
                continue
            self._twin.ledger.tell_beside(row_id, span.rows[index], e.headers)
            for header in self._target.headers:
                cell = span.cells[index].get(header)
                is_edited = header in e.headers
                if not is_edited and row_id not in given:
                    continue
                body = {
                    "row_id": row_id,
                    "row": span.first + index,
                    "column": header,
                    **cell_to_json(cell or SheetCell(None)),
                }
                if is_edited and e.single and e.value is not None:
                    body["event_value"] = value_to_json(e.value)
                bodies.append(body)
        return bodies

    def _body(self, kind: str, stamp: Stamp, at: str, cells: list[dict[str, Any]], user: str = "") -> dict[str, Any]:
        return {
            "link": self._target.link,
            "kind": kind,
            "stamp": {"n": stamp.n, "q": stamp.q, "epoch": stamp.epoch},
            "edited_at": at,
            "editor": user,
            "cells": cells,
            "event": self._world.new_event(),
        }

    def _deliver(self, bodies: list[dict[str, Any]]) -> None:
        world = self._world
        for body in bodies:
            self._call("is about to send")
            if world.chance("event_lost"):
                world.hub.tell("could not send")
                return
            world.hub.tell("sends")
            world.log.append(SHEET_OBSERVED, self._target.link, body)
            if world.chance("event_doubled"):
                world.hub.sleep(world.rng.uniform(0, 5))
                world.hub.tell("sends again")
                world.log.append(SHEET_OBSERVED, self._target.link, body)


def _likeness(one: Mapping[str, SheetCell], other: Mapping[str, SheetCell]) -> int:
    return len(one.items() & other.items())


def _header_shown(shown: list[int], ids: list[str], given: Collection[str]) -> int:
    """See RowIds.gs."""
    titled = [at for at, row_id in enumerate(ids) if row_id == ROW_ID_HEADER and shown[at]]
    if titled:
        return titled[0]
    free = [count if not ids[at] or ids[at] in given else 0 for at, count in enumerate(shown)]
    most = max(free, default=0)
    return free.index(most) if most else -1
