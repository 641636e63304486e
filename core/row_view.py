"""What a decision on one row of the sheet rests on, and what it decides, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.conflicts import ConflictOutcome
from core.freshness import OpenWrite
from core.model import NEVER, Age, Key, Link, LinkedColumn, Observed, RowBase
from core.ports import ConflictEntry, HistoryEntry, RejectionEntry, TableRow, Waiting
from core.undo_steps import OVERTAKEN
from core.values import Canonical, CellError, Serial, SheetValue

ComputeRule = Callable[[LinkedColumn, "RowView", Observed, Canonical], Canonical]
"""Computes a rule's value for a conflict: column, row, what was seen, its canonical text."""


@dataclass(frozen=True, slots=True)
class RowView:
    """Everything that the decision on one row rests on."""

    link: Link
    row_id: str
    base: RowBase | None
    table: TableRow | None
    """The row of the table under the base's key; ``None`` when there is none."""
    observed: Sequence[Observed] = ()
    waiting: Sequence[Waiting] = ()
    open_write: OpenWrite | None = None
    busy: bool = False
    """Another transaction holds the row of the table: nothing is known of it, and nothing can be written now."""
    table_times: Mapping[str, datetime] = field(default_factory=dict)
    """Commit time of the table's last change, by column."""
    times_exact: bool = True
    """They are the server's own; else the server tells the second alone, and they are guessed within it."""
    times_final: bool = False
    """No better times will come: decide with what is known."""
    is_told: bool = False
    """The change feed has told of all that came to what the row of the table holds."""
    is_late: bool = False
    """It was asked about the row, and has been waited for longer than it takes to tell: nothing is asked again."""
    is_answered: bool = False
    """It has told of all that came to what the row held a moment ago, or has been silent for too long."""
    restored_n: int = 0
    """Number of the last write that took a mistake of ours back (:attr:`core.ports.LinkState.restored_n`)."""
    first_scans: int = 1
    """Number of the last look of the link's first scan (:attr:`core.ports.LinkState.first_scans`)."""
    owner: RowBase | None = None
    """Another row whose key stands in this one, by what was seen."""
    vanished: bool = False
    """One whole scan, stamped past our last write to the row, did not hold it."""
    is_last_try: bool = False
    """The scan did, and what the table refuses of the row has been refused for a while."""
    event: str = ""
    """Id of the scan that missed the row."""
    age: Age = NEVER
    """Age of that scan."""

    @property
    def key(self) -> tuple[str, ...] | None:
        """The row's key in the table, as base knows it."""
        return self.base.key if self.base else None

    @property
    def parked(self) -> frozenset[str]:
        """Columns whose cells wait for a person to choose."""
        return frozenset(w.observed.column for w in self.waiting if w.reason == "manual")

    def is_parked(self, seen: Observed) -> bool:
        """Whether this very value waits for a person to choose."""
        parked = [w.observed for w in self.waiting if w.reason == "manual"]
        return any((o.column, o.cell) == (seen.column, seen.cell) for o in parked)

    def put_off(self, seen: Observed) -> tuple[Observed, str]:
        """Nothing can be decided about it now. What waits for a person goes on doing so: the sheet writer leaves that
        alone, and would put the table's value over anything that waits for a write of its own."""
        return seen, "manual" if self.is_parked(seen) else "intent"

    def waits(self, column: str) -> bool:
        """Whether a cell of that column has been waiting."""
        return any(w.observed.column == column for w in self.waiting)


@dataclass(slots=True)
class RowPlan:
    """What is to be done about one row; each part is data that a test can read."""

    row_id: str
    insert: dict[str, Canonical] | None = None
    in_sheet: bool = True
    """An inserted row stands in the sheet; else our own delete has just removed it there."""
    update: dict[str, Canonical] = field(default_factory=dict)
    delete: bool = False
    comes_back: Key | None = None
    """The row stands in the table under this key, and in the sheet no longer: it comes back there, with its id."""
    base: RowBase | None = None
    wait: list[tuple[Observed, str]] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    named: list[HistoryEntry] = field(default_factory=list)
    """Who typed what a scan had found before anybody told of it."""
    conflicts: list[ConflictEntry] = field(default_factory=list)
    settled: list[ConflictOutcome] = field(default_factory=list)
    """How earlier conflicts end that wait for a person."""
    rejections: list[RejectionEntry] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    ask_times: bool = False
    """The table's commit times are needed before the row can be decided."""
    ask_feed: bool = False
    """The row of the table may be another that got the key: the sheet writer follows the change feed in that."""
    wake_sheet: bool = False
    """Base and table differ after this, and no change of the table will say so."""
    observed: dict[str, Observed] = field(default_factory=dict)
    """What each column's decision rests on, for a refusal that only the server can speak."""

    def unsay(self, column: str | None = None) -> None:
        """What was recorded as carried out, in that column or in all, was not; what had given way to a newer value
        has done so all the same."""
        self.history = [h for h in self.history if h.what == OVERTAKEN or column not in (None, h.column)]

    def end_conflict(self, column: str, winner: str, rule: str) -> None:
        """An earlier conflict of that cell, if it is open, needs no person any more."""
        self.settled.append(ConflictOutcome(self.row_id, column, winner, rule))


def applied(view: RowView, seen: Observed, old: Canonical, new: Canonical, what: str = "applied") -> HistoryEntry:
    """The record of a value of the sheet that both sides hold from now on."""
    return HistoryEntry(
        row_id=view.row_id,
        key=view.key,
        column=seen.column,
        old=old,
        new=new,
        side="sheet",
        what=what,
        actor=seen.actor,
        edited_at=seen.edited_at,
        event=seen.event,
    )


def overtaken(view: RowView, seen: Observed) -> HistoryEntry:
    """The record of a value that stood in the sheet and decides nothing any more."""
    return overtaken_in(seen, view.key)


def overtaken_in(seen: Observed, key: Key | None) -> HistoryEntry:
    """The same, of a row that has this key in the table."""
    return HistoryEntry(
        row_id=seen.row_id,
        key=key,
        column=seen.column,
        old=None,
        new=value_text(seen.cell.value),
        side="sheet",
        what=OVERTAKEN,
        actor=seen.actor,
        edited_at=seen.edited_at,
        event=seen.event,
    )


def replaced(seen: Iterable[Observed], waiting: Iterable[Waiting]) -> list[HistoryEntry]:
    """The record of values that wait and are about to give way to newer ones: one may wait in a cell."""
    newer = {(o.row_id, o.column): o for o in seen}
    old = [w.observed for w in waiting]
    return [
        overtaken_in(o, None)
        for o in old
        if (by := newer.get((o.row_id, o.column))) is not None and by.cell != o.cell
    ]


def rejection(view: RowView, seen: Observed, reason: str) -> RejectionEntry:
    """The record of a value that the table cannot hold."""
    return RejectionEntry(
        row_id=view.row_id,
        key=view.key,
        column=seen.column,
        value=value_text(seen.cell.value),
        reason=reason,
        actor=seen.actor,
        event=seen.event,
    )


def value_text(value: SheetValue) -> str | None:
    """What a cell holds, as text for rejections and history."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Serial):
        return repr(value.days)
    if isinstance(value, CellError):
        return value.text
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
