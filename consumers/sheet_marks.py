"""Notes and colours beside one link's cells: compare what is to be told with what is shown, and write the difference.

Values go first. Nothing rests on a mark, so what may
have gone wrong with one (a lost reply, rows that moved, a crash between two steps) is looked for in the tab again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from core.errors import SheetsRefused, SheetsUnavailable
from core.marks import (
    Cell,
    Mark,
    amends,
    differing,
    given_back,
    has_left,
    plan_marks,
    shows_ours,
    still_due,
    wanted_marks,
)
from core.model import Link
from core.ports import Clock, SheetMarks, ShownMark, Store, Transaction
from core.sheet import MarksLook, MarkWrite, Positions, SheetTarget

ROWS_PER_MARKING_MAX = 90
NEWS_S = 24 * 3600.0
"""For so long a settled conflict is told beside its cell."""
LOOK_OVER_S = 3600.0
"""So often everything that is shown is compared with what is to be told, and the tab searched for notes of ours
that do not belong there: copied ones, and those of rows that came back from the version history."""
MOVED_LOOK_OVER_S = 5.0
"""So soon after rows or ids have moved, where a link shows marks, or seem to have moved."""
ASTRAY_PAUSE_S = 2.0
ASTRAY_PAUSE_S_MAX = 60.0
"""A row that cannot be found, or be told from its copy, is looked for again after these, more and more seldom."""
STATES = ("live", "linking")

T = TypeVar("T")

log = structlog.get_logger("sheet_writer")


class _Later(Exception):
    """Nothing more can be done in this round."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told beside the cells of some rows, and what is."""

    wanted: Mapping[Cell, Mark]
    shown: Mapping[Cell, ShownMark]


class MarkWriter:
    """Marks one link's cells.

    Args:
        link: as resolved now; replaced when links.yaml or the table changes.
        store: where reasons and shown marks are kept.
        marks: notes and backgrounds in the sheet.
        clock: when a look-over is due.
        may_call: takes a token of the quota for a ``read`` or ``write``; whether it was in hand.
        back_off: Google did not take a call.
    """

    def __init__(  # noqa: PLR0917 -- what it works with
        self,
        link: Link,
        store: Store,
        marks: SheetMarks,
        clock: Clock,
        may_call: Callable[[str], bool],
        back_off: Callable[[SheetsUnavailable], None],
    ) -> None:
        self.link = link
        self._store = store
        self._marks = marks
        self._clock = clock
        self._may_call = may_call
        self._back_off = back_off
        self._rows: dict[str, None] = {}
        """Row ids to compare, in the order in which they were named."""
        self._later: dict[str, float] = {}
        """Row ids to compare from that time on, in monotonic seconds."""
        self._marked: set[str] = set()
        """Row ids that show a mark."""
        self._away: set[str] = set()
        """Row ids that were to show a mark and stood nowhere in the tab."""
        self._all = False
        self._search = False
        self._found: dict[int, None] = {}
        """Rows of the tab that hold notes of ours, as the search found them."""
        self._left: set[int] = set()
        """Those of them that showed none beside a linked cell when they were looked at."""
        self._unseen: set[str] = set()
        """Row ids that show a mark and were not looked at since a search, or since they came or went: another row may
        stand there by now, such as a copy that carries the id."""
        self._owed: list[MarkWrite] = []
        """What another marking has replaced by mistake."""
        self._leaving: set[Cell] = set()
        """Cells that are to show nothing any more: kept in mind, so that whoever starts anew searches the tab, until
        no note of ours may be left astray."""
        self._not_before = 0.0
        self._pause_s = ASTRAY_PAUSE_S
        self._look_over_at = math.inf

    # --- what the events say

    def wake(self, row_ids: Iterable[str], after_s: float = 0) -> None:
        """What is to be told beside these rows' cells may have changed; look ``after_s`` seconds from now."""
        if after_s > 0:
            self._later.update(dict.fromkeys(row_ids, self._clock.monotonic() + after_s))
        else:
            self._rows.update(dict.fromkeys(row_ids))

    def changed(self, row_ids: Iterable[str]) -> None:
        """Values of these rows have changed; what is told of one that shows a mark may be news no longer."""
        self.wake(self._marked.intersection(row_ids))

    def came_or_went(self, row_ids: Collection[str]) -> None:
        """A write of ours has brought or deleted these rows: what was put beside their cells has gone with them."""
        self._unseen |= self._marked.intersection(row_ids)
        self.wake(self._away.intersection(row_ids))
        self._away.difference_update(row_ids)

    def wake_all(self) -> None:
        """Everything may differ."""
        self._all = True

    def rows_moved(self) -> None:
        """Rows or ids have moved in the tab: what could not be told apart may be so now, and a note of ours may stand
        beside another id than before."""
        self._not_before, self._pause_s = 0.0, ASTRAY_PAUSE_S
        self.wake(self._away)
        self._away.clear()
        if self._marked:
            self._look_over_within(MOVED_LOOK_OVER_S)

    def look_over(self) -> None:
        """Notes of ours may stand where they do not belong: search the tab for them."""
        self._look_over_within(0)

    def _look_over_within(self, seconds: float) -> None:
        self._look_over_at = min(self._look_over_at, self._clock.monotonic() + seconds)

    def forget(self) -> None:
        """The link is paused, held or removed: :meth:`wake_all` when it goes on."""
        self._rows.clear()
        self._later.clear()
        self._found.clear()
        self._unseen.clear()
        self._owed.clear()
        self._away.clear()
        self._leaving.clear()
        self._all = self._search = False

    @property
    def has_work(self) -> bool:
        """Whether there is anything to look at now."""
        now = self._clock.monotonic()
        to_look_at = self._found or self._unseen or self._owed
        asked = self._rows or self._all or self._search or to_look_at or self._due(now)
        return (bool(asked) and now >= self._not_before) or now >= self._look_over_at

    def _due(self, now: float) -> list[str]:
        return [row_id for row_id, at in self._later.items() if at <= now]

    # --- one round

    def work(self, target: SheetTarget, positions: Positions | None, *, fresh: bool) -> bool:
        """Mark some rows, by at most one read and one write; whether it takes (fresher) positions to go on.

        Raises:
            MysqlUnavailable: nothing is forgotten.
        """
        try:
            return self._work(target, positions, fresh=fresh)
        except _Later:
            return False
        except SheetsRefused as error:
            if not fresh:
                return True  # rows may have left the tab: look where they stand
            log.warning("marks_refused", link=self.link.name, reason=error.message)
            self.forget()
            return False

    def _work(self, target: SheetTarget, positions: Positions | None, *, fresh: bool) -> bool:
        now = self._clock.monotonic()
        if now >= self._look_over_at:
            self._look_over_at = math.inf
            self._all = self._search = True
            self._left.clear()
        for row_id in self._due(now):
            del self._later[row_id]
            self._rows[row_id] = None
        differ = self._store.run(self._differing)
        if differ is None:
            self.forget()
            return False
        if self._search:
            self._found = dict.fromkeys(self._call("read", lambda: self._marks.marked(target)))
            self._unseen = set(self._marked)
            self._search = False
        self._forget_leaving()
        if not (differ or self._found or self._unseen or self._owed):
            return False
        if positions is None:
            return True
        return self._look_at(target, positions, differ, fresh=fresh)

    def _look_at(self, target: SheetTarget, positions: Positions, differ: set[str], *, fresh: bool) -> bool:
        """As many of the rows that differ, or were not seen since the search, as one marking takes, and of those that
        it has found; whether it takes fresher positions to go on."""
        if fresh:
            self._let_go(target, {i for i in self._unseen - differ if i not in positions.rows}, is_lost=False)
            self._let_go(target, {i for i in differ if i not in positions.rows}, is_lost=True)
        wanted = (differ & self._rows.keys()) | self._unseen
        placed = [i for i in sorted(wanted) if i in positions.rows and i not in positions.repeated]
        room = ROWS_PER_MARKING_MAX - len({w.row for w in self._owed})
        at = {positions.rows[row_id]: row_id for row_id in placed[:room]}
        found = [row for row in self._found if row in at]
        found += [row for row in self._found if row not in at][: room - len(at)]
        astray = self._mark(target, at, found) or len(placed) < len(wanted)
        self._forget_leaving()
        if fresh:
            self._pause_if(astray)
        return astray and not fresh

    def _pause_if(self, astray: bool) -> None:
        """Copies that have no id of their own yet cannot be told apart; scans name them sooner or later."""
        if not astray:
            self._pause_s = ASTRAY_PAUSE_S
            return
        self._not_before = self._clock.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, ASTRAY_PAUSE_S_MAX)

    def _differing(self, tx: Transaction) -> set[str] | None:
        """Row ids of which some cell does not show what it is to show; ``None`` where nothing is to be written."""
        state = tx.link_state(self.link.name)
        if state is None or state.state not in STATES:
            return None
        if self._all:
            self.wake(tx.marked_rows(self.link.name, self._since()))
        told = self._tell(tx, self._rows.keys())
        if told.wanted or told.shown:
            self._look_over_within(LOOK_OVER_S)
        self._search |= any(self._all or not mark.is_sure for mark in told.shown.values())
        self._all = False
        self._marked -= self._rows.keys()
        self._marked |= {row_id for row_id, _ in told.shown}
        differ = differing(told.wanted, told.shown)
        self._rows = {row_id: None for row_id in self._rows if row_id in differ}
        return differ

    def _since(self) -> datetime:
        return self._clock.now() - timedelta(seconds=NEWS_S)

    def _tell(self, tx: Transaction, row_ids: Collection[str]) -> Told:
        name = self.link.name
        bases, waiting = tx.bases(name, row_ids), tx.waiting(name, row_ids)
        conflicts = tx.told_conflicts(name, row_ids, self._since())
        wanted = wanted_marks(self.link, tx.open_rejections(name, row_ids), conflicts, waiting, bases)
        return Told(wanted, {(m.row_id, m.column): m for m in tx.shown_marks(name, row_ids)})

    def _let_go(self, target: SheetTarget, row_ids: set[str], *, is_lost: bool) -> None:
        """Rows that the tab does not hold take their marks with them, or (``is_lost``) another id may stand beside
        these since the last search. A marking that is on its way to one would hit another row: after an empty one it
        cannot land."""
        if row_ids:
            shown = self._store.run(lambda tx: tx.shown_marks(self.link.name, row_ids))
            if not all(mark.is_sure for mark in shown):
                look = self._call("read", lambda: self._marks.look(target, []))
                self._call("write", lambda: self._marks.mark(target, look, []))
            self._leave({(mark.row_id, mark.column) for mark in shown}, is_lost=is_lost)
            self._rows = {row_id: None for row_id in self._rows if row_id not in row_ids}
            self._unseen -= row_ids
            self._marked -= row_ids
            self._away.update(row_ids)

    def _leave(self, cells: set[Cell], *, is_lost: bool) -> None:
        """These show nothing any more; what was beside one of them is searched for, once, if it ``is_lost``."""
        self._search |= is_lost and not cells <= self._leaving
        self._leaving |= cells
        self._rows = {row_id: None for row_id in self._rows if row_id not in {left for left, _ in cells}}

    def _forget_leaving(self) -> None:
        if self._leaving and not (self._search or self._found or self._owed):
            self._store.run(lambda tx: tx.forget_marks(self.link.name, list(self._leaving)))
            self._leaving.clear()

    # --- look, plan, write, remember

    def _mark(self, target: SheetTarget, at: Mapping[int, str], found: Sequence[int]) -> bool:
        """Mark the rows ``at`` these places and clear up the ``found`` ones; whether some stood elsewhere."""
        rows = {*at, *found, *(w.row for w in self._owed)}
        if not rows:
            return False
        look = self._call("read", lambda: self._marks.look(target, rows))
        self._see_left(found, look)
        seen = {r.row_id for r in look.rows if r.row_id is not None}
        told = self._store.run(lambda tx: self._tell(tx, seen))
        owed = still_due(self._owed, look)
        columns = {c.header: c.name for c in self.link.columns}
        plan = plan_marks(columns, given_back(look, owed), at, told.wanted, told.shown)
        writes = _without_doubles([*plan.writes, *owed])
        missed = self._write(target, look, [*plan.show, *(told.shown[cell] for cell in plan.forget)], writes)
        if missed is None:
            return False
        shown = [mark for mark in plan.show if mark.row_id not in missed]
        self._marked |= {mark.row_id for mark in plan.show}
        self._unseen -= set(at.values()) - plan.astray - missed
        self._search |= plan.is_elsewhere or not plan.strays <= set(found)
        self._store.run(lambda tx: tx.save_marks(self.link.name, shown))
        self._leaving.difference_update(told.wanted)  # a row that was away may stand here again
        self._leave({cell for cell in plan.forget if cell[0] not in missed}, is_lost=plan.is_lost)
        for row in found:
            self._found.pop(row, None)
        return bool(plan.astray or missed)

    def _see_left(self, found: Sequence[int], look: MarksLook) -> None:
        """A note that was found and is not there any more went elsewhere, or somebody has removed it: search once
        more. One beside a cell that is not linked is found each time, and is a person's copy."""
        left = set(found).difference(row.row for row in look.rows if shows_ours(row))
        self._search |= not left <= self._left
        self._left |= left

    def _write(
        self, target: SheetTarget, look: MarksLook, marks: Sequence[ShownMark], writes: Sequence[MarkWrite]
    ) -> set[str | None] | None:
        """Row ids that the marking missed; ``None`` where it did nothing, and is planned anew.

        The marks that come or go are doubtful until it is known to have landed, and what is owed stays so.
        """
        if not writes:
            self._owed = []
            return set()
        doubtful = [replace(mark, is_sure=False) for mark in marks]
        self._store.run(lambda tx: tx.save_marks(self.link.name, doubtful))
        hit = self._call("write", lambda: self._marks.mark(target, look, writes))
        if hit is None:
            return None
        self._owed = amends(writes, hit, look)
        self._search |= has_left(writes, hit, look)
        ids = {r.row: r.row_id for r in hit}
        return {w.row_id for w in writes if ids[w.row] != w.row_id}

    def _call(self, kind: str, call: Callable[[], T]) -> T:
        """One call of Google's, if the quota has a token for it.

        Raises:
            _Later: no token, or Google was not there.
        """
        if not self._may_call(kind):
            raise _Later
        try:
            return call()
        except SheetsUnavailable as error:
            self._back_off(error)
            raise _Later from error


def _without_doubles(writes: Iterable[MarkWrite]) -> list[MarkWrite]:
    """Of two writes to one cell the first."""
    found: dict[tuple[int, str], MarkWrite] = {}
    for write in writes:
        found.setdefault((write.row, write.header), write)
    return list(found.values())
