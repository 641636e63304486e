"""From what a person has chosen for a conflict to what happens with its cell (pure).

``sheet`` and ``table`` mean what that side holds when the choice is carried out, so that no newer edit is put back;
for a conflict that had been settled they mean the values that it records. A value of the table that is newer than the
conflict and loses is a conflict of its own, so that it can be brought back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.conflicts import TAKEN_BY, Choice, KnownConflict
from core.errors import Unfit
from core.freshness import age
from core.model import CellBase, LinkedColumn, RowBase
from core.one_way import check_shown, fitting
from core.ports import ConflictEntry, HistoryEntry, TableRow, Waiting
from core.renames import may_be_another
from core.row_plan import ROW_GONE
from core.row_view import RowPlan, RowView
from core.values import Canonical

FORMULA = "the sheet computes this cell by a formula: replace the formula instead"
WINNERS = {"sheet": "sheet", "table": "table", "value": "person"}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a choice cannot be carried out, now or ever."""

    reason: str
    ends: bool = False
    """There is nothing left to choose: the conflict is over."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell in conflict, as both sides hold it now."""

    column: LinkedColumn
    base: RowBase
    table_row: TableRow
    parked: Waiting | None
    """The sheet's value that waits for a person; ``None`` where the conflict had been settled."""

    @property
    def before(self) -> CellBase:
        return self.base.cells.get(self.column.name, CellBase(None))

    @property
    def table(self) -> Canonical:
        return self.table_row.get(self.column.name)

    @property
    def sheet(self) -> Canonical:
        """What a person typed; raises Unfit where the column was altered since."""
        return fitting(self.column, self.parked.observed, self.before.value) if self.parked else self.before.value

    @property
    def after(self) -> CellBase:
        """Base tells what the sheet holds: a value that our own write has replaced is there no longer."""
        if self.parked is None:
            return self.before
        seen = self.parked.observed
        holds = self.before.value if seen.source == "swap" else self.sheet
        return self.before._replace(value=holds, age=max(self.before.age, age(seen)))


def plan_take(view: RowView, conflict: KnownConflict) -> RowPlan | Refused | None:
    """Decide on one choice; ``None`` while it has to wait, because what the cell holds is being found out.

    Args:
        view: the row with its base, its row in the table and the cells that wait.
        conflict: open, with what a person has chosen.
    """
    if conflict.choice is None:
        raise ValueError("nobody has chosen anything for this conflict")
    column = view.link.by_name(conflict.column or "")
    if view.base is None or view.base.gone:
        return Refused(ROW_GONE, ends=True)
    if column is None:
        return Refused(f"the column {conflict.column} is linked no longer", ends=True)
    waits = next((w for w in view.waiting if w.observed.column == column.name), None)
    is_open = waits is not None and waits.reason != "manual"
    if view.busy or view.table is None or is_open or may_be_another(view.link, view.base, view.table, view.parked):
        return None
    cell = _Cell(column, view.base, view.table, waits)
    refusal = _refusal(cell, conflict.choice)
    if refusal is not None:
        return refusal
    try:
        return _taken(view, cell, conflict, conflict.choice)
    except Unfit as reason:
        return Refused(reason.message)


def _refusal(cell: _Cell, choice: Choice) -> Refused | None:
    if (one_way := why_one_way(cell.column)) is not None:
        return Refused(one_way, ends=True)
    if cell.before.formula:
        return Refused(FORMULA)
    if choice.was is None and cell.parked is None:
        return Refused("the cell was decided meanwhile", ends=True)
    if choice.was is not None and cell.parked is not None:
        return Refused("another conflict of this cell is open")
    return None


def why_one_way(column: LinkedColumn) -> str | None:
    """Why nobody but one side alone gives the column its values; ``None`` where both do."""
    if column.column.generated:
        return "the table computes this column"
    if column.read_only:
        return f"{column.name} is read-only in the sheet: change it in the table"
    return None if column.follows_table else f"{column.name} goes from the sheet to the table alone: type it there"


def _taken(view: RowView, cell: _Cell, conflict: KnownConflict, choice: Choice) -> RowPlan:
    """Raises Unfit where the column cannot hold what was chosen."""
    name, value = cell.column.name, _value(cell, conflict, choice)
    plan, after = RowPlan(view.row_id), cell.after
    in_table = cell.column.codec.same(value, cell.table)
    if not in_table:
        plan.update[name] = value
    plan.wake_sheet = not cell.column.codec.same(value, after.value)
    after = after._replace(owed=(value,) if plan.wake_sheet else ())
    plan.base = replace(cell.base, cells={**cell.base.cells, name: after})
    plan.drop = [name] if cell.parked else []
    plan.history.append(
        HistoryEntry(
            row_id=view.row_id,
            key=view.key,
            column=name,
            old=cell.sheet if in_table else cell.table,
            new=value,
            side="person" if choice.take == "value" else choice.take,
            what="taken",
            actor=choice.actor,
            edited_at=choice.at,
            event=choice.event,
        )
    )
    person = choice.actor or "a person"
    plan.end_conflict(name, WINNERS[choice.take], f"{TAKEN_BY}{person}")
    known = conflict.table if cell.parked else after.value
    if not in_table and not cell.column.codec.same(cell.table, known):
        plan.conflicts.append(_newer_loser(view, cell, choice, f"newer than what {person} had seen"))
    return plan


def _newer_loser(view: RowView, cell: _Cell, choice: Choice, rule: str) -> ConflictEntry:
    """The table has moved on since the conflict was recorded: what loses now can be brought back like any loser."""
    seen = cell.parked.observed if cell.parked else None
    return ConflictEntry(
        row_id=view.row_id,
        key=view.key,
        column=cell.column.name,
        base=cell.before.value,
        sheet=cell.sheet,
        table=cell.table,
        winner=WINNERS[choice.take],
        rule=rule,
        sheet_at=seen.edited_at if seen else None,
        sheet_actor=seen.actor if seen else "",
        event=choice.event,
    )


def _value(cell: _Cell, conflict: KnownConflict, choice: Choice) -> Canonical:
    """What both sides are to hold. What the table itself holds is taken as it is."""
    if choice.take == "table" and cell.parked:
        return cell.table
    recorded = {"sheet": conflict.sheet, "table": conflict.table}.get(choice.take, choice.value)
    return fitted(cell.column, cell.sheet if choice.take == "sheet" and cell.parked else recorded)


def fitted(column: LinkedColumn, text: str | None) -> Canonical:
    """The canonical text of what a person chose.

    Raises:
        Unfit: the column cannot hold it; the message says what it can.
    """
    value = column.codec.from_sheet(text)
    if value is None and not column.column.nullable:
        raise Unfit(f"{column.header} cannot be empty")
    check_shown(column, value)
    column.codec.to_table(value)
    return value
