"""Decisions on the cells of a row that both sides know (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core import planner
from core.contents import shows
from core.errors import Unfit
from core.freshness import age, must_wait, says_nothing, tells_who_it_was
from core.model import CellBase, LinkedColumn, Observed
from core.one_way import READ_ONLY, fitting, is_formula_instead, others_than
from core.planner import Resolution, Times, Verdict
from core.ports import ConflictEntry, TableRow
from core.renames import is_as_known, is_recognized
from core.row_view import ComputeRule, RowPlan, RowView, applied, overtaken, rejection, value_text
from core.values import Canonical

_ENDS = {
    Verdict.AGREE: ("none", "both sides came to the same value"),
    Verdict.TO_TABLE: ("sheet", "the table went back to the value before"),
    Verdict.TO_SHEET: ("table", "the sheet went back to the value before"),
}
"""How a conflict ends that a person was to settle, where both sides do not differ from base any more."""


@dataclass(frozen=True, slots=True)
class CellCase:
    """One observed cell with the three values that decide on it."""

    view: RowView
    plan: RowPlan
    column: LinkedColumn
    seen: Observed
    before: CellBase
    sheet: Canonical
    table: Canonical
    told: Canonical
    """What people are told that the sheet holds."""

    @property
    def from_swap(self) -> bool:
        """Whether our own write found the value, and has replaced it."""
        return self.seen.source == "swap"

    @property
    def base(self) -> Canonical:
        """What both sides shared when the value came into the sheet."""
        return self.seen.base if self.from_swap else self.before.value

    @property
    def holds(self) -> Canonical:
        """What the sheet holds now: a value that our own write has replaced is there no longer."""
        return self.before.value if self.from_swap else self.sheet

    def same(self, one: Canonical, other: Canonical) -> bool:
        """Equality in the column's type."""
        return self.column.codec.same(one, other)

    @property
    def settled_base(self) -> CellBase:
        """The base once this observation has decided."""
        stays = self.plan.update.get(self.column.name, self.table)
        is_taken = self.column.name in self.plan.update or self.same(stays, self.sheet)
        is_owed = self.from_swap and is_taken and not self.same(stays, self.holds)
        return self.before._replace(
            value=self.holds,
            age=max(self.before.age, age(self.seen)),
            formula=self.seen.cell.formula is not None,
            owed=(stays,) if is_owed else (),
        )


def plan_known_row(view: RowView, plan: RowPlan, seen: Mapping[str, Observed], compute_rule: ComputeRule) -> None:
    """Decide on every observed cell of a row that stands in the table."""
    if view.base is None or view.table is None:
        raise ValueError("a known row has a base and a row in the table")
    cells = dict(view.base.cells)
    for column in view.link.columns:
        if column.name not in seen:
            continue
        before = cells.get(column.name, CellBase(None))
        after = _plan_cell(view, plan, column, seen[column.name], before, view.table, compute_rule)
        cells[column.name] = after
        if view.waits(column.name) and not any(o.column == column.name for o, _ in plan.wait):
            plan.drop.append(column.name)
            stays = plan.update.get(column.name, view.table.get(column.name))
            # the sheet writer left the cell alone while it waited
            plan.wake_sheet |= not column.codec.same(after.value, stays)
            if not any(one.column == column.name for one in plan.settled):
                plan.end_conflict(column.name, "none", "another look at the cell has decided")
    if cells != view.base.cells:
        plan.base = replace(view.base, cells=cells)


def _plan_cell(  # noqa: PLR0917 -- gathers the case that everything below takes as one
    view: RowView,
    plan: RowPlan,
    column: LinkedColumn,
    seen: Observed,
    before: CellBase,
    table: TableRow,
    compute_rule: ComputeRule,
) -> CellBase:
    """Decide on one cell; the answer is its base afterwards."""
    if says_nothing(seen, before):
        if not shows(column, seen.cell, before.value):
            plan.history.append(overtaken(view, seen))
        return before
    try:
        sheet = told = fitting(column, seen, before.value)
    except Unfit as reason:
        others = others_than(column, seen, table.get(column.name))
        if not others:
            was_left_alone = seen.source == "swap" or before.formula
            plan.wake_sheet |= was_left_alone and not column.codec.same(before.value, table.get(column.name))
            return _reject(view, plan, seen, before, reason)
        sheet, told = others[0], value_text(seen.cell.value)
    if seen.source != "swap" and must_wait(seen, sheet, view.open_write):
        plan.wait.append(view.put_off(seen))
        return before
    if is_formula_instead(column, seen, sheet, table.get(column.name)):
        stays = Unfit(f"{column.header} is read-only in the sheet; clear the formula")
        return _reject(view, plan, seen, before, stays)._replace(value=table.get(column.name))
    plan.observed[column.name] = seen
    after = _decide(CellCase(view, plan, column, seen, before, sheet, table.get(column.name), told), compute_rule)
    if (seen, "commit_time") not in plan.wait:  # what was refused stays refused until that is decided
        plan.mended.append(column.name)
    return after


def _decide(case: CellCase, compute_rule: ComputeRule) -> CellBase:
    verdict = planner.compare(case.sheet, case.base, case.table, case.same)
    if not case.column.follows_table:
        verdict = planner.to_table_alone(verdict)
    if verdict is Verdict.TO_SHEET and case.seen.cell.formula is not None:
        verdict = Verdict.CONFLICT  # the sheet computes this cell: the table's change cannot be written into it
    if case.column.read_only and verdict in (Verdict.TO_TABLE, Verdict.CONFLICT):
        rule = "generated" if case.column.column.generated else READ_ONLY
        _record(case, Resolution("table", rule, case.table))
        case.plan.wake_sheet = True
    elif verdict in (Verdict.TO_TABLE, Verdict.CONFLICT) and _is_another_row(case):
        case.plan.wait.append((case.seen, "commit_time"))
        case.plan.ask_feed = not case.view.is_late
        return case.before
    elif verdict is Verdict.TO_TABLE:
        _write(case, case.sheet)
    elif verdict is Verdict.CONFLICT and not _settle_conflict(case, compute_rule):
        return case.before
    elif verdict is Verdict.AGREE and not case.same(case.sheet, case.base):
        case.plan.history.append(applied(case.view, case.seen, case.base, case.sheet, "agreed"))
    elif verdict is Verdict.AGREE and tells_who_it_was(case.seen, case.before):
        case.plan.named.append(applied(case.view, case.seen, None, case.base))
    if verdict in _ENDS and case.view.waits(case.column.name):
        case.plan.end_conflict(case.column.name, *_ENDS[verdict])
    stays = case.plan.update.get(case.column.name, case.table)
    if case.from_swap and not case.same(case.holds, stays):
        case.plan.wake_sheet = True
    return case.settled_base


def _is_another_row(case: CellCase) -> bool:
    """Whether the row under that key may be another: only when the change feed has told of what it holds, base has
    followed its row. One that changes all the time is known by what it shares with base."""
    view = case.view
    if view.is_told or view.base is None or view.table is None:
        return False
    if view.is_answered:
        return not is_recognized(view.link, view.base, view.table)
    return not is_as_known(view.link, view.base, view.table, view.parked)


def _reject(view: RowView, plan: RowPlan, seen: Observed, before: CellBase, reason: Unfit) -> CellBase:
    """The cell keeps its base; an unfit value that our own write has replaced is only recorded."""
    if seen.source == "swap":
        plan.history.append(overtaken(view, seen))
        return before
    plan.rejections.append(rejection(view, seen, reason.message))
    if view.waits(seen.column):
        plan.end_conflict(seen.column, "none", "the sheet's value was replaced by one that the table cannot hold")
    # The next scan sees the same value and finds nothing to record.
    newest = age(seen) if age(seen).place > before.age.place else before.age
    return before._replace(age=newest, formula=seen.cell.formula is not None)


def _write(case: CellCase, value: Canonical) -> None:
    case.plan.update[case.column.name] = value
    case.plan.history.append(applied(case.view, case.seen, case.table, value))


def _settle_conflict(case: CellCase, compute_rule: ComputeRule) -> bool:
    """Whether the conflict is settled now; otherwise the cell waits."""
    column, plan = case.column, case.plan
    unreported = case.from_swap and case.seen.edited_at is None
    times = Times(
        case.seen.edited_at,
        case.view.table_times.get(column.name),
        newest_is_sheet=unreported,
        exact=case.view.times_exact,
    )
    was_never_shared = case.before == CellBase(None)  # both sides were filled before they were linked
    if was_never_shared and case.view.is_parked(case.seen):
        plan.wait.append((case.seen, planner.MANUAL))
        return False
    if case.seen.cell.formula is not None:
        resolution = Resolution("sheet", "formula", case.sheet)
    elif _lacks_time(case, times):
        plan.wait.append((case.seen, "commit_time"))
        plan.ask_times = True
        return False
    else:
        resolution = _resolve(case, times, compute_rule)
    if resolution.winner == "none":
        return _park(case, resolution, times)
    _record(case, resolution, times)
    if case.view.waits(column.name):
        plan.end_conflict(column.name, resolution.winner, resolution.rule)
    if not case.same(resolution.value, case.table):
        _write(case, resolution.value)
    if not case.same(resolution.value, case.sheet):
        plan.wake_sheet = True
    return True


def _lacks_time(case: CellCase, times: Times) -> bool:
    """Whether the table's commit time is to be asked for: every conflict records it, and rules may go by it."""
    if times.table_at is not None or case.view.times_final:
        return False
    by_time = case.column.policy == planner.LAST_WRITE_WINS
    return not times.newest_is_sheet if by_time else not case.view.is_parked(case.seen)


def _park(case: CellCase, resolution: Resolution, times: Times) -> bool:
    if not case.view.is_parked(case.seen):
        _record(case, resolution, times)
        if case.view.waits(case.column.name):
            case.plan.end_conflict(case.column.name, "none", "a newer conflict of the cell took its place")
    case.plan.wait.append((case.seen, "manual"))
    return False


def _resolve(case: CellCase, times: Times, compute_rule: ComputeRule) -> Resolution:
    policy = case.column.policy
    try:
        return planner.resolve(
            policy,
            case.sheet,
            case.table,
            times,
            lambda: compute_rule(case.column, case.view, case.seen, case.sheet),
        )
    except Exception as fault:  # noqa: BLE001 -- a user's rule may raise anything; the cell is parked with the reason
        return Resolution("none", f"{policy} failed: {fault}"[:200], None)


def _record(case: CellCase, resolution: Resolution, times: Times | None = None) -> None:
    case.plan.conflicts.append(
        ConflictEntry(
            row_id=case.view.row_id,
            key=case.view.key,
            column=case.column.name,
            base=case.base,
            sheet=case.told,
            table=case.table,
            winner=resolution.winner,
            rule=resolution.rule,
            sheet_at=case.seen.edited_at,
            table_at=times.table_at if times else None,
            time_guessed=resolution.time_guessed,
            sheet_actor=case.seen.actor,
            event=case.seen.event,
            settled=resolution.winner != "none",
        )
    )
