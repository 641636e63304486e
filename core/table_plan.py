"""From what was seen in one row of the sheet to what happens in the table (pure).

Gathered first: the row's base, its row in the table, the cells that wait, the open write. Decided here.
Applied by consumers/table_writer in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core import planner
from core.errors import Unfit
from core.freshness import OpenWrite, age, is_newer, is_overtaken, is_subsumed, must_wait
from core.model import Canonical, CellBase, CellError, Link, LinkedColumn, Observed, RowBase, Serial, SheetValue
from core.planner import Times, Verdict
from core.ports import ConflictEntry, HistoryEntry, RejectionEntry, TableRow, Waiting

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
    table_times: Mapping[str, datetime] = field(default_factory=dict)
    """Commit time of the table's last change, by column."""
    times_final: bool = False
    """No better times will come: decide with what is known."""
    vanished: bool = False
    """One whole scan, stamped past our last write to the row, did not hold it."""
    event: str = ""
    """Id of the scan that missed the row."""
    age: int = 0
    """Age of that scan."""


@dataclass(slots=True)
class RowPlan:
    """What is to be done about one row; each part is data that a test can read."""

    row_id: str
    insert: dict[str, Canonical] | None = None
    update: dict[str, Canonical] = field(default_factory=dict)
    delete: bool = False
    base: RowBase | None = None
    wait: list[tuple[Observed, str]] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    conflicts: list[ConflictEntry] = field(default_factory=list)
    rejections: list[RejectionEntry] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    ask_times: bool = False
    """The table's commit times are needed before the row can be decided."""
    wake_sheet: bool = False
    """Base and table differ after this, and no change of the table will say so."""
    in_sheet: bool = True
    """An inserted row stands in the sheet; else our own delete has just removed it there."""
    observed: dict[str, Observed] = field(default_factory=dict)
    """What each column's decision rests on, for a rejection that only the server can speak."""


def value_text(value: SheetValue) -> str | None:
    """What a cell holds, as text for rejections and history."""
    if value is None:
        return None
    if isinstance(value, Serial):
        return repr(value.days)
    if isinstance(value, CellError):
        return value.text
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def plan_row(view: RowView, compute_rule: ComputeRule) -> RowPlan:
    """Decide on one row of the sheet."""
    plan = RowPlan(view.row_id)
    alive = view.base is not None and not view.base.gone
    if view.vanished:
        if alive:
            _plan_vanished(view, plan)
        return plan
    seen = _candidates(view, plan)
    if alive and view.table is not None:
        _plan_known_row(view, plan, seen, compute_rule)
    elif alive:
        # The row left the table, or its key changed, and the change feed has not said so yet.
        plan.wait = [(o, "intent") for o in seen.values()]
    else:
        _plan_new_row(view, plan, seen)
    return plan


# --- which observations speak ------------------------------------------------------


def _candidates(view: RowView, plan: RowPlan) -> dict[str, Observed]:
    """The newest observation of each linked column; those that have no say any more go to the history."""
    best: dict[str, Observed] = {w.observed.column: w.observed for w in view.waiting}
    for seen in view.observed:
        if view.link.by_name(seen.column) is None:
            continue
        known = best.get(seen.column)
        if known is not None and known.source == "swap" and _shows_our_write(view, seen):
            continue
        stays, goes = (seen, known) if known is None or is_newer(seen, known) else (known, seen)
        best[seen.column] = stays
        if goes is not None and goes.cell != stays.cell:
            plan.history.append(_overtaken(view, goes))
    return best


def _shows_our_write(view: RowView, seen: Observed) -> bool:
    """Whether a late event only saw what our write had put over the unseen edit that it was sent for."""
    base = view.base.cells.get(seen.column) if view.base else None
    column = view.link.by_name(seen.column)
    if base is None or column is None:
        return False
    try:
        return column.codec.same(column.codec.from_sheet(seen.cell.value), base.value)
    except Unfit:
        return False


def _overtaken(view: RowView, seen: Observed) -> HistoryEntry:
    return HistoryEntry(
        row_id=view.row_id,
        key=view.base.key if view.base else None,
        column=seen.column,
        old=None,
        new=value_text(seen.cell.value),
        side="sheet",
        what="overtaken",
        actor=seen.actor,
        edited_at=seen.edited_at,
        event=seen.event,
    )


# --- a row that both sides know -------------------------------------------------------


def _plan_known_row(view: RowView, plan: RowPlan, seen: Mapping[str, Observed], compute_rule: ComputeRule) -> None:
    assert view.base is not None
    cells = dict(view.base.cells)
    waiting_columns = {w.observed.column for w in view.waiting}
    for column in view.link.columns:
        observed = seen.get(column.name)
        if observed is None:
            continue
        before = cells.get(column.name, CellBase(None))
        after = _plan_cell(view, plan, column, observed, before, compute_rule)
        if after is not None:
            cells[column.name] = after
        if column.name in waiting_columns and not any(o.column == column.name for o, _ in plan.wait):
            plan.drop.append(column.name)
    if cells != view.base.cells:
        plan.base = replace(view.base, cells=cells)


def _plan_cell(
    view: RowView,
    plan: RowPlan,
    column: LinkedColumn,
    seen: Observed,
    before: CellBase,
    compute_rule: ComputeRule,
) -> CellBase | None:
    """Decide on one cell; the answer is its new base, ``None`` where it stays."""
    from_swap = seen.source == "swap"
    if not from_swap and (is_subsumed(seen, before) or is_overtaken(seen, before)):
        if value_text(seen.cell.value) != before.value:
            plan.history.append(_overtaken(view, seen))
        return None
    try:
        sheet = _fitting(column, seen)
    except Unfit as reason:
        return _reject(view, plan, column, seen, before, reason)
    if not from_swap and must_wait(seen, sheet, view.open_write):
        plan.wait.append((seen, "intent"))
        return None
    assert view.table is not None
    table = view.table.get(column.name)
    same = column.codec.same
    reference = seen.base if from_swap else before.value
    verdict = planner.compare(sheet, reference, table, same)
    plan.mended.append(column.name)
    plan.observed[column.name] = seen
    # Base tells what the sheet holds. A value that our own write has replaced is in the sheet no longer.
    holds = before.value if from_swap else sheet
    after = replace(before, value=holds, age=max(before.age, age(seen)), formula=seen.cell.formula is not None)
    if column.column.generated and verdict is not Verdict.AGREE and not same(sheet, table):
        if not same(sheet, before.value):
            _record_conflict(view, plan, column, seen, sheet, table, planner.Resolution("table", "generated", table))
        plan.wake_sheet = True
        return after
    if verdict is Verdict.TO_TABLE:
        _write(view, plan, column, seen, table, sheet)
    elif verdict is Verdict.CONFLICT:
        if not _settle_conflict(view, plan, column, seen, sheet, table, compute_rule):
            return None
    elif verdict is Verdict.TO_SHEET and any(w.observed.column == column.name for w in view.waiting):
        plan.wake_sheet = True  # the sheet writer left the cell alone while it waited
    if from_swap and not same(holds, plan.update.get(column.name, table)):
        plan.wake_sheet = True
    return after


def _fitting(column: LinkedColumn, seen: Observed) -> Canonical:
    """Canonical text of what was seen; raises Unfit also for an emptied cell that must not be empty."""
    value = column.codec.from_sheet(seen.cell.value)
    if value is None and not column.column.nullable and not column.column.generated:
        raise Unfit(f"{column.header} cannot be empty")
    return value


def _write(
    view: RowView, plan: RowPlan, column: LinkedColumn, seen: Observed, old: Canonical, new: Canonical
) -> None:
    plan.update[column.name] = new
    assert view.base is not None
    plan.history.append(
        HistoryEntry(
            row_id=view.row_id,
            key=view.base.key,
            column=column.name,
            old=old,
            new=new,
            side="sheet",
            actor=seen.actor,
            edited_at=seen.edited_at,
            event=seen.event,
        )
    )


def _reject(
    view: RowView, plan: RowPlan, column: LinkedColumn, seen: Observed, before: CellBase, reason: Unfit
) -> CellBase:
    """The cell keeps its base; an unfit value that our own write has replaced is only recorded."""
    after = replace(before, age=max(before.age, age(seen)), formula=seen.cell.formula is not None)
    if seen.source == "swap":
        plan.history.append(_overtaken(view, seen))
        return replace(after, formula=before.formula)
    plan.rejections.append(
        RejectionEntry(
            row_id=view.row_id,
            key=view.base.key if view.base else None,
            column=column.name,
            value=value_text(seen.cell.value),
            reason=reason.message,
            actor=seen.actor,
            event=seen.event,
        )
    )
    return after


# --- conflicts --------------------------------------------------------------------------


def _settle_conflict(
    view: RowView,
    plan: RowPlan,
    column: LinkedColumn,
    seen: Observed,
    sheet: Canonical,
    table: Canonical,
    compute_rule: ComputeRule,
) -> bool:
    """Whether the conflict is settled now; otherwise the cell waits."""
    times = Times(seen.edited_at, view.table_times.get(column.name), newest_is_sheet=seen.source == "swap")
    needs_time = column.policy == planner.LAST_WRITE_WINS and not times.newest_is_sheet
    if seen.cell.formula is not None:
        resolution = planner.Resolution("sheet", "formula", sheet)
    elif needs_time and times.table_at is None and not view.times_final:
        plan.wait.append((seen, "commit_time"))
        plan.ask_times = True
        return False
    else:
        resolution = _resolve(view, column, seen, sheet, table, times, compute_rule)
    if resolution.winner == "none":
        if not any(w.reason == "manual" and w.observed.cell == seen.cell for w in view.waiting):
            _record_conflict(view, plan, column, seen, sheet, table, resolution, times)
        plan.wait.append((seen, "manual"))
        return False
    _record_conflict(view, plan, column, seen, sheet, table, resolution, times)
    if not column.codec.same(resolution.value, table):
        _write(view, plan, column, seen, table, resolution.value)
    if not column.codec.same(resolution.value, sheet):
        plan.wake_sheet = True
    return True


def _resolve(
    view: RowView,
    column: LinkedColumn,
    seen: Observed,
    sheet: Canonical,
    table: Canonical,
    times: Times,
    compute_rule: ComputeRule,
) -> planner.Resolution:
    try:
        return planner.resolve(column.policy, sheet, table, times, lambda: compute_rule(column, view, seen, sheet))
    except Exception as fault:  # noqa: BLE001 -- a user's rule may raise anything; the cell is parked with the reason
        return planner.Resolution("none", f"{column.policy} failed: {fault}"[:200], None)


def _record_conflict(
    view: RowView,
    plan: RowPlan,
    column: LinkedColumn,
    seen: Observed,
    sheet: Canonical,
    table: Canonical,
    resolution: planner.Resolution,
    times: Times | None = None,
) -> None:
    assert view.base is not None
    before = view.base.cells.get(column.name, CellBase(None))
    plan.conflicts.append(
        ConflictEntry(
            row_id=view.row_id,
            key=view.base.key,
            column=column.name,
            base=seen.base if seen.source == "swap" else before.value,
            sheet=sheet,
            table=table,
            winner=resolution.winner,
            rule=resolution.rule,
            sheet_at=seen.edited_at,
            table_at=times.table_at if times else None,
            time_guessed=resolution.time_guessed,
            sheet_actor=seen.actor,
            event=seen.event,
            settled=resolution.winner != "none",
        )
    )


# --- rows that come and go ---------------------------------------------------------------


def _plan_vanished(view: RowView, plan: RowPlan) -> None:
    """A row that left the sheet: delete it, unless the table has changed it since (then it comes back)."""
    base = view.base
    assert base is not None
    plan.base = replace(base, gone=True, key=None, age=max(base.age, view.age))
    plan.drop = [w.observed.column for w in view.waiting]
    if view.table is None:
        return
    changed = [c for c in view.link.columns if not c.codec.same(view.table.get(c.name), _base_value(base, c.name))]
    entry = HistoryEntry(view.row_id, base.key, None, None, None, side="sheet", what="deleted", event=view.event)
    if not changed:
        plan.delete = True
        plan.history.append(entry)
        plan.history.extend(
            HistoryEntry(
                view.row_id, base.key, c.name, view.table.get(c.name), None, "sheet", "deleted", event=view.event
            )
            for c in view.link.columns
        )
        return
    plan.wake_sheet = True
    plan.conflicts.extend(
        ConflictEntry(
            row_id=view.row_id,
            key=base.key,
            column=c.name,
            base=_base_value(base, c.name),
            sheet=None,
            table=view.table.get(c.name),
            winner="table",
            rule="change_beats_delete",
            event=view.event,
        )
        for c in changed
    )


def _base_value(base: RowBase, column: str) -> Canonical:
    cell = base.cells.get(column)
    return cell.value if cell else None


def _plan_new_row(view: RowView, plan: RowPlan, seen: dict[str, Observed]) -> None:
    """A row that the table does not have: insert it as soon as what it requires is there."""
    waiting_columns = {w.observed.column for w in view.waiting}
    live = {name: o for name, o in seen.items() if _still_speaks(view, plan, o)}
    plan.drop = [name for name in waiting_columns if name not in live]
    filled = {name: o for name, o in live.items() if o.cell.value not in (None, "")}
    if not filled:
        plan.drop = list(waiting_columns)
        plan.mended = list(live)
        return
    values: dict[str, Canonical] = {}
    unfit: set[str] = set()
    for column in view.link.columns:
        observed = live.get(column.name)
        if observed is None:
            continue
        try:
            value = column.codec.from_sheet(observed.cell.value)
        except Unfit as reason:
            unfit.add(column.name)
            _reject(view, plan, column, observed, CellBase(None), reason)
            continue
        plan.mended.append(column.name)
        if value is not None and not column.column.generated:
            values[column.name] = value
    missing = [c.name for c in view.link.columns if c.required and c.name not in values]
    must_not_wait = not missing and not any(c.name in unfit for c in view.link.key_columns)
    intent = view.open_write is not None and view.row_id in view.open_write.row_ids
    if not must_not_wait or intent:
        plan.wait = [(o, "intent" if intent else "incomplete") for o in live.values()]
        return
    plan.insert = values
    plan.in_sheet = all(o.source != "swap" for o in live.values())
    plan.observed = dict(live)
    plan.drop = list(waiting_columns)


def _still_speaks(view: RowView, plan: RowPlan, seen: Observed) -> bool:
    """Whether an observation of a row that is gone came after it went."""
    base = view.base
    if base is None or seen.source == "swap":
        return True
    late = seen.stamp.n < base.n or age(seen) < base.age
    if late and seen.cell.value is not None:
        plan.history.append(_overtaken(view, seen))
    return not late


def base_of_inserted(view: RowView, plan: RowPlan, key: tuple[str, ...]) -> RowBase:
    """The base of a row just inserted: what the sheet holds, so that defaults and generated keys follow."""
    cells: dict[str, CellBase] = {}
    for column in view.link.columns:
        seen = plan.observed.get(column.name)
        value: Canonical = None
        if seen is not None:
            try:
                value = column.codec.from_sheet(seen.cell.value)
            except Unfit:
                value = None
        cells[column.name] = CellBase(
            value,
            age=age(seen) if seen else 0,
            formula=seen is not None and seen.cell.formula is not None,
        )
    return RowBase(view.row_id, key, cells, age=max((age(o) for o in plan.observed.values()), default=0))
