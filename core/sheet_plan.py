"""From what differs between table and base to one write to the sheet (pure).

Gathered first: the rows in question from base and table, where they stand in the tab, what waits.
Decided here. Sent and settled by consumers/sheet_writer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.dirty import TOLD_MAX
from core.errors import Unfit
from core.freshness import newest_age, tells_of_going
from core.model import ROW_ID_PREFIX, CellBase, Key, Link, LinkedColumn, Observed, RowBase, SheetCell, Stamp
from core.ports import RejectionEntry, TableRow
from core.renames import is_as_known, is_recognized, print_of
from core.sheet import CellWrite, IdWrite, Positions, RowDelete, RowInsert
from core.texts import mark_of
from core.values import Canonical, SheetValue

NameRow = tuple[str | None, str | None]
"""The id that stands in a row now, and the one to give it; ``None`` for none, and for a fresh one."""


@dataclass(frozen=True, slots=True)
class SheetView:
    """Everything that a decision on a batch of rows rests on."""

    link: Link
    keys: Iterable[Key]
    """Keys in question, in the order in which they changed."""
    bases: Mapping[Key, RowBase]
    rows: Mapping[Key, TableRow]
    positions: Positions
    waiting: frozenset[tuple[str, str]] = frozenset()
    """(row id, column) that a decision of the table writer is open on; they are left alone."""
    came: Collection[Key] | None = None
    """Keys of rows that the change feed has told to be new; ``None`` where every row without a base is."""
    went: Collection[Key] | None = None
    """Keys of rows that the change feed has told to be gone; ``None`` where every row missing in the table is."""
    told: Mapping[Key, Collection[str]] | None = None
    """What the table held under keys when the change feed was asked about them (:func:`core.renames.print_of`);
    ``None`` where it need not be asked."""
    missed: Mapping[str, Stamp] = field(default_factory=dict)
    """Row id to the stamp of a scan that found neither the row nor one that holds its key."""
    to_name: Collection[tuple[int, NameRow]] = ()
    """Rows of the tab that need an id."""
    outdated: Collection[str] = frozenset()
    """Ids to be given back of which what the scan told is so no longer."""
    own_ids: Mapping[Key, str] = field(default_factory=dict)
    """Ids under which rows stood in the tab before they were lost from it."""


@dataclass(slots=True)
class SheetPlan:
    """What is to be written, and what the table writer has to look at instead."""

    cells: list[CellWrite] = field(default_factory=list)
    inserts: list[RowInsert] = field(default_factory=list)
    deletes: list[RowDelete] = field(default_factory=list)
    ids: list[IdWrite] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    """Row id to key, of inserted and deleted rows."""
    read_back: dict[str, dict[str, Canonical]] = field(default_factory=dict)
    """Of inserted rows, by row id and column, what their cells will be read as."""
    gone: list[RowBase] = field(default_factory=list)
    """Bases of rows that stand on neither side any more."""
    formula_conflicts: list[Observed] = field(default_factory=list)
    """Cells that the sheet computes and the table has changed: the formula wins."""
    unfit: list[RejectionEntry] = field(default_factory=list)
    """Values of the table that a cell cannot hold."""
    doubtful: list[tuple[Key, str]] = field(default_factory=list)
    """Keys that seem to have come (``i``), gone (``d``) or changed all over (``u``); each may be half of a changed
    key that the feed is yet to tell of."""
    absent: list[Key] = field(default_factory=list)
    """Keys of rows that were not found in the tab, or of any while the header row is not: a scan has to tell why."""

    @property
    def is_idle(self) -> bool:
        """Whether table and base agree in every row in question."""
        return self.is_empty and not (self.gone or self.formula_conflicts or self.unfit or self.absent)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be sent to the sheet."""
        return not (self.cells or self.inserts or self.deletes or self.ids)


def plan_sheet(view: SheetView, new_row_id: Callable[[], str]) -> SheetPlan:
    """Decide what the sheet needs for the rows in question."""
    plan = SheetPlan(ids=_plan_ids(view, new_row_id))
    for key in dict.fromkeys(view.keys):
        base, row = view.bases.get(key), view.rows.get(key)
        if base is not None and row is not None and _may_be_another(view, key, base, row):
            plan.doubtful.append((key, "u"))
        elif base is not None and row is not None:
            _plan_row(view, plan, key, base, row)
        elif row is not None and not _has_come(view, key, row):
            plan.doubtful.append((key, "i"))
        elif base is not None and row is None and view.went is not None and key not in view.went:
            plan.doubtful.append((key, "d"))
        elif row is not None and not view.positions.header_row:
            plan.absent.append(key)
        elif row is not None:
            _plan_insert(view, plan, key, row, _own_id(view, key) or new_row_id())
        elif base is not None:
            _plan_delete(view, plan, key, base)
    return plan


def _own_id(view: SheetView, key: Key) -> str | None:
    """The id that a row had in the tab, unless it stands there."""
    row_id = view.own_ids.get(key)
    return None if row_id is None or row_id in view.positions.rows else row_id


def _plan_ids(view: SheetView, new_row_id: Callable[[], str]) -> list[IdWrite]:
    """Ids to give; what asks for them may come late, or again, when rows have moved or have their ids."""
    if not view.to_name or not view.positions.header_row:
        return []
    asked = {row: named for row, named in view.to_name if named[1] not in view.outdated}
    at = view.positions.rows.standing_in(asked)
    leaving = {expected for expected, _ in asked.values()}
    writes = []
    for row, (expected, row_id) in asked.items():
        unknown = expected if row_id is None or expected in view.positions.repeated else None
        is_another = at.get(row, _mark(unknown)) != _mark(expected)
        is_id = expected is not None and expected.startswith(ROW_ID_PREFIX)  # else it is what somebody typed there
        is_told_apart = row_id is None and is_id and expected not in view.positions.repeated
        stands_elsewhere = row_id in view.positions.rows and row_id not in leaving
        is_above = row <= view.positions.header_row  # it has moved down since
        if not (is_another or is_told_apart or stands_elsewhere or is_above):
            writes.append(IdWrite(row, row_id or new_row_id(), expected))
    return writes


def _mark(row_id: str | None) -> int | None:
    return None if row_id is None else mark_of(row_id)


def _may_be_another(view: SheetView, key: Key, base: RowBase, row: TableRow) -> bool:
    """Whether another row may have got the key: nobody knows yet what the table holds there. One that changes all the
    time is known by what it shares with base."""
    if is_as_known(view.link, base, row) or _is_told(view, key, row):
        return False
    return not (_is_busy(view, key) and is_recognized(view.link, base, row))


def _is_told(view: SheetView, key: Key, row: TableRow) -> bool:
    """Whether the feed has told of all that came to what the row holds."""
    return view.told is None or print_of(row) in view.told.get(key, ())


def _has_come(view: SheetView, key: Key, row: TableRow) -> bool:
    return view.came is None or (key in view.came and (_is_told(view, key, row) or _is_busy(view, key)))


def _is_busy(view: SheetView, key: Key) -> bool:
    """Whether the row is another each time that the feed has told of it."""
    return view.told is not None and len(view.told.get(key, ())) >= TOLD_MAX


def _plan_row(view: SheetView, plan: SheetPlan, key: Key, base: RowBase, row: TableRow) -> None:
    position = _place(view, plan, base.row_id)
    for column in view.link.columns:
        held = base.cells.get(column.name, CellBase(None))
        value = row.get(column.name)
        is_left_alone = not column.follows_table or (base.row_id, column.name) in view.waiting
        if is_left_alone or column.codec.same(value, held.value):
            continue
        if held.formula:
            plan.formula_conflicts.append(_formula_conflict(base, column, held))
            continue
        try:
            shown, _ = _shown(column, value)
        except Unfit as reason:
            plan.unfit.append(_unfit(base.row_id, base.key, column, value, reason))
            continue
        if position is None:
            plan.absent.append(key)
            return
        plan.cells.append(CellWrite(base.row_id, position, column.header, shown))


def _place(view: SheetView, plan: SheetPlan, row_id: str) -> int | None:
    """Where a row stands; nowhere as long as a copy cannot be told from it, or its id is yet to move to it, or nobody
    knows where the table begins: it may be a copy that a person has put above the header row."""
    is_elsewhere = row_id in view.positions.repeated or any(row_id == i.expected for i in plan.ids)
    return None if is_elsewhere or not view.positions.header_row else view.positions.rows.get(row_id)


def _formula_conflict(base: RowBase, column: LinkedColumn, held: CellBase) -> Observed:
    """What the formula shows, as an observation made just now; its base is older than the table's change."""
    return Observed(
        row_id=base.row_id,
        column=column.name,
        cell=SheetCell(column.codec.to_sheet(held.value), formula="="),
        stamp=Stamp(n=held.n, q=held.age.place // 2, scan=held.age.after.scan),
        source="scan",
        base=held.value,
    )


def _shown(column: LinkedColumn, value: Canonical) -> tuple[SheetValue, Canonical]:
    """What a cell is to hold, and what it will be read as; raises Unfit for what it cannot hold, and for what could
    not be read back, which would not be known again."""
    shown = column.codec.to_sheet(value)
    return shown, column.codec.from_sheet(shown)


def _unfit(row_id: str, key: Key | None, column: LinkedColumn, value: Canonical, reason: Unfit) -> RejectionEntry:
    return RejectionEntry(row_id, key, column.name, (value or "")[:1000], reason.message)


def _plan_insert(view: SheetView, plan: SheetPlan, key: Key, row: TableRow, row_id: str) -> None:
    cells: dict[str, SheetValue] = {}
    plan.read_back[row_id] = read = {}
    for column in view.link.columns:
        value = row.get(column.name)
        try:
            shown, read[column.name] = _shown(column, value)
        except Unfit as reason:
            plan.unfit.append(_unfit(row_id, key, column, value, reason))
            shown, read[column.name] = _shown(column, None)
        if shown is not None:
            cells[column.header] = shown
    plan.inserts.append(RowInsert(row_id, cells))
    plan.keys[row_id] = key


def _plan_delete(view: SheetView, plan: SheetPlan, key: Key, base: RowBase) -> None:
    position = _place(view, plan, base.row_id)
    if position is not None:
        plan.deletes.append(RowDelete(base.row_id, position))
        plan.keys[base.row_id] = key
    elif base.row_id in view.missed and tells_of_going(view.missed[base.row_id], base):
        # past everything that has spoken: told again, it must not bring the row back
        plan.gone.append(replace(base, gone=True, key=None, age=newest_age(base).after))
    else:
        plan.absent.append(key)  # without its id, or beside a copy of it, it may stand there all the same
