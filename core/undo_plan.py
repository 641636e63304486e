"""What taking back does with one row, as both sides hold it now (pure).

What was shown to the person may have changed since: then that cell, or that row, is left alone and told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from core.errors import Unfit
from core.model import CellBase, Key, LinkedColumn, RowBase
from core.ports import HistoryEntry, TableRow
from core.renames import may_be_another
from core.row_view import RowView
from core.take_plan import FORMULA, fitted, why_one_way
from core.undo import SIDE, UNDONE, AskedCell, AskedRow, LeftAlone, OpenUndo, RowOutcome
from core.undo_steps import CAME, WENT
from core.values import Canonical

ON_ITS_WAY = (
    "something of it is being carried over right now, or another transaction has it locked: look again in a moment"
)
_HIDDEN = "the row stands in the table, and the link shows it no longer: change there what its filter asks for"
_CHANGED = "it has changed meanwhile"
_FOR_A_PERSON = {
    "manual": "it is in conflict: settle that first (twinsheet conflicts)",
    "parent": "the sheet holds a value there that waits for a row of another table",
}
"""Cells that wait for somebody, not for Twinsheet."""


@dataclass(frozen=True, slots=True)
class UndoView:
    """One row, and what stands in its way."""

    row: RowView
    is_coming: bool = False
    """It stands in the table and is on its way back into the sheet."""
    is_key_taken: bool = False
    """The key that it is to have again belongs to another row."""
    is_key_leaving: bool = False
    """The row that has it goes, and stands in the sheet as yet."""
    is_hidden: bool = False
    """The row stands in the table under that key, and the link does not show it."""


@dataclass(slots=True)
class RowUndo:
    """What is to be done about one row."""

    row_id: str
    key: Key | None
    update: dict[str, AskedCell] = field(default_factory=dict)
    insert: dict[str, Canonical] | None = None
    delete: dict[str, Canonical] | None = None
    """What the row holds that is to go."""
    old_key: Key | None = None
    """A generated key that the row cannot have again."""
    left: list[LeftAlone] = field(default_factory=list)
    already: int = 0
    """Cells, or the row, that are as they are to be."""

    @property
    def kind(self) -> str:
        """As :attr:`core.undo.RowOutcome.kind`."""
        if self.insert is not None:
            return "back"
        return "away" if self.delete is not None else "change" if self.update else "none"

    @property
    def cells(self) -> dict[str, AskedCell]:
        """What is written."""
        if self.insert is not None:
            return {name: AskedCell(None, value) for name, value in self.insert.items() if value is not None}
        if self.delete is not None:
            return {name: AskedCell(value, None) for name, value in self.delete.items()}
        return self.update

    @property
    def outcome(self) -> RowOutcome:
        """For the record."""
        return RowOutcome(self.row_id, self.key, self.kind, self.cells, tuple(self.left), self.old_key)


def shown(done: RowUndo, asked: AskedRow, table: TableRow | None) -> AskedRow:
    """What a person who says yes has asked for: what is to be written, where all stands as it does now."""
    now = table or {}
    cells = {
        "change": done.update,
        "back": {name: replace(cell, now=None) for name, cell in asked.cells.items()},
        "away": {name: AskedCell(value, None) for name, value in now.items()},
        "none": {},
    }[done.kind]
    return AskedRow(done.row_id, done.key or asked.key, asked.exists, done.kind != "back", cells)


def over_others(asked: AskedRow, view: UndoView) -> AskedRow:
    """The same for who is told that others have changed it since, and means it all the same."""
    table = view.row.table or {}
    return replace(asked, cells={name: replace(cell, now=table.get(name)) for name, cell in asked.cells.items()})


def decide(view: UndoView, asked: AskedRow) -> RowUndo | None:
    """Decide on one row; ``None`` while it has to wait, because what it holds is being found out."""
    row, base = view.row, view.row.base
    is_live = base is not None and not base.gone
    done = RowUndo(asked.row_id, base.key if base is not None and is_live else asked.key)
    if asked.refusal:
        done.left.append(LeftAlone.whole_row(asked.refusal))
        return done
    if row.busy or view.is_coming or view.is_key_leaving or (is_live and not _is_known(view)):
        return None
    if is_live not in (asked.was_there, asked.exists):
        what = "is there again" if is_live else "was deleted"
        done.left.append(LeftAlone.whole_row(f"the row {what} since{_by(asked.changed_by)}"))
    elif not is_live and not asked.exists:
        done.already += 1
    elif not is_live:
        _insert(view, asked, done)
    elif asked.exists and not asked.was_there:
        done.already += 1
    elif _is_unsettled(row, asked.cells if asked.exists else row.table or {}):
        return None
    elif asked.exists:
        _update(row, asked, done)
    else:
        _delete(row, asked, done)
    return done


def _is_known(view: UndoView) -> bool:
    """Whether the row stands in the table, and the row there is this one as far as anybody can tell: cell by cell it
    is seen then what has changed."""
    row, base = view.row, view.row.base
    return base is not None and row.table is not None and not may_be_another(row.link, base, row.table, row.parked)


def _is_unsettled(row: RowView, columns: Collection[str]) -> bool:
    return any(w.observed.column in columns and w.reason not in _FOR_A_PERSON for w in row.waiting)


def _update(row: RowView, asked: AskedRow, done: RowUndo) -> None:
    table = row.table or {}
    for name, cell in asked.cells.items():
        column, now = row.link.by_name(name), table.get(name)
        if column is None:
            done.left.append(LeftAlone(name, None, cell.then, f"the column {name} is linked no longer"))
        elif column.codec.same(now, cell.then):
            done.already += 1
        elif (why := _in_the_way(row, column, cell, now)) is not None:
            done.left.append(LeftAlone(name, now, cell.then, why))
        else:
            done.update[name] = AskedCell(now, fitted(column, cell.then))


def _in_the_way(row: RowView, column: LinkedColumn, cell: AskedCell, now: Canonical) -> str | None:
    if (one_way := why_one_way(column)) is not None:
        return one_way
    if row.base is not None and row.base.cells.get(column.name, CellBase(None)).formula:
        return FORMULA
    waiting = next((w.reason for w in row.waiting if w.observed.column == column.name), "")
    if waiting in _FOR_A_PERSON:
        return _FOR_A_PERSON[waiting]
    if not column.codec.same(now, cell.now):
        return f"changed since{_by(cell.changed_by)}" if cell.changed_by else _CHANGED
    try:
        fitted(column, cell.then)
    except Unfit as reason:
        return reason.message
    return None


def _insert(view: UndoView, asked: AskedRow, done: RowUndo) -> None:
    link, values = view.row.link, {}
    for column in link.columns:
        cell = asked.cells.get(column.name)
        if cell is None or column.column.generated or (cell.then is None and not column.column.nullable):
            continue
        try:
            values[column.name] = fitted(column, cell.then)
        except Unfit as reason:
            done.left.append(LeftAlone.whole_row(reason.message))
            return
    if not values:
        done.left.append(LeftAlone.whole_row("what it held is not in the history"))
        return
    if view.is_hidden:
        done.left.append(LeftAlone.whole_row(_HIDDEN))
        return
    generated = next((c for c in link.key_columns if c.column.auto_increment), None)
    if view.is_key_taken and generated is None:
        done.left.append(LeftAlone.whole_row(f"its key {'/'.join(asked.key or ())} belongs to another row now"))
        return
    if view.is_key_taken and generated is not None:
        done.old_key, done.key = asked.key, None
        values.pop(generated.name, None)
    done.insert = values


def _delete(row: RowView, asked: AskedRow, done: RowUndo) -> None:
    table, base = row.table or {}, row.base
    waiting = next((w.reason for w in row.waiting if w.reason in _FOR_A_PERSON), "")
    if waiting:
        done.left.append(LeftAlone.whole_row(_FOR_A_PERSON[waiting]))
    for column in row.link.columns:
        now, cell = table.get(column.name), asked.cells.get(column.name)
        expected = cell.now if cell is not None else _shared(base, column.name)
        if column.column.generated or (cell is None and not column.follows_table) or column.codec.same(now, expected):
            continue
        by = _by(cell.changed_by) if cell is not None else ""
        done.left.append(LeftAlone(column.name, now, None, f"the row was changed since{by}"))
    if not done.left:
        done.delete = {c.name: table.get(c.name) for c in row.link.columns}


def _shared(base: RowBase | None, column: str) -> Canonical:
    cell = base.cells.get(column) if base is not None else None
    return cell.value if cell is not None else None


def _by(who: str) -> str:
    return f" by {who}" if who else ""


def history_of(done: RowUndo, undo: OpenUndo) -> list[HistoryEntry]:
    """What was written, as entries that can be taken back in their turn."""
    what = {"back": CAME, "away": WENT}.get(done.kind, UNDONE)
    return [
        HistoryEntry(
            row_id=done.row_id,
            key=done.key,
            column=name,
            old=cell.now,
            new=cell.then,
            side=SIDE,
            what=what,
            actor=undo.actor,
            edited_at=undo.at,
            event=undo.event,
        )
        for name, cell in done.cells.items()
    ]
