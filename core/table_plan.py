"""From what was seen in one row of the sheet to what happens in the table (pure).

Gathered first: the row's base, its row in the table, the cells that wait, the open write. Decided here and
in cell_plan (cells of a row that both sides know) and row_plan (rows that come and go). Applied by
consumers/table_writer in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from core import cell_plan, row_plan
from core.contents import differs, shows
from core.errors import Unfit
from core.freshness import age, is_newer, is_subsumed, says_nothing
from core.model import ROW_ID_PREFIX, CellBase, Key, Link, Observed, RowBase
from core.row_view import ComputeRule, RowPlan, RowView, overtaken


def plan_row(view: RowView, compute_rule: ComputeRule) -> RowPlan:
    """Decide on one row of the sheet."""
    plan = RowPlan(view.row_id)
    base = view.base if view.base is not None and not view.base.gone else None
    if view.busy:
        plan.wait = [view.put_off(o) for o in _candidates(view, plan).values()]
        return plan
    if view.vanished:
        return _plan_missed(view, plan, base)
    seen = _candidates(view, plan)
    if view.base is None and not view.row_id.startswith(ROW_ID_PREFIX):
        return plan  # somebody has damaged the id of a row: a scan tells which
    if base is None:
        row_plan.plan_new_row(view, plan, seen)
    elif view.table is None or _is_cleared_whole(view, seen) or _shows_owner(view, seen):
        # The row left the table, or its key changed, and the change feed has not said so yet; or it leaves the
        # sheet, or somebody has sorted past the ids, and a scan has to tell.
        plan.wait = [view.put_off(o) for o in seen.values()]
    else:
        cell_plan.plan_known_row(view, plan, seen, compute_rule)
    return plan


def _plan_missed(view: RowView, plan: RowPlan, base: RowBase | None) -> RowPlan:
    """A scan has missed the row. What our own write has found as it removed it is no less true for that: the row is
    tried once more where it is yet to come back into the table."""
    if base is None and any(w.observed.source == "swap" for w in view.waiting):
        row_plan.plan_new_row(view, plan, _candidates(view, plan))
        if plan.insert is not None or (plan.wait and not view.is_last_try):
            return plan
        plan = RowPlan(view.row_id)
    row_plan.plan_vanished(view, plan, base)
    return plan


def _is_cleared_whole(view: RowView, seen: Mapping[str, Observed]) -> bool:
    """Whether somebody has emptied every cell of the row: that is a delete, and scans alone tell of those."""
    columns = [c.name for c in view.link.columns if not c.read_only]
    return bool(columns) and all(
        name in seen and seen[name].source == "edit" and seen[name].cell.value in (None, "") for name in columns
    )


def key_seen(link: Link, base: RowBase, seen: Iterable[Observed]) -> Key | None:
    """The key that stands in a row by what was seen of it, and by base; ``None`` where a part does not fit."""
    known = {c.name: base.cells.get(c.name, CellBase(None)) for c in link.key_columns}
    cells = {name: cell.value for name, cell in known.items()}
    told = [o for o in seen if o.column in known and not says_nothing(o, known[o.column])]
    try:
        cells.update(
            {o.column: c.codec.from_sheet(o.cell.value) for o in told for c in link.key_columns if c.name == o.column}
        )
    except Unfit:
        return None
    parts = tuple(part for part in cells.values() if part is not None)
    return parts if len(parts) == len(cells) else None


def _shows_owner(view: RowView, seen: Mapping[str, Observed]) -> bool:
    """Whether an edit event has found the key of another row beside this one's id, and something else of it."""
    owner, base = view.owner, view.base
    told = [c for c in view.link.columns if c.name in seen and seen[c.name].source == "edit"]
    if owner is None or base is None or not any(c.key for c in told):
        return False
    others = [c for c in told if not c.key and owner.cells.get(c.name, CellBase(None)).value]
    return any(
        not differs(c, seen[c.name].cell, owner.cells[c.name])
        and differs(c, seen[c.name].cell, base.cells.get(c.name, CellBase(None)))
        for c in others
    )


def _candidates(view: RowView, plan: RowPlan) -> dict[str, Observed]:
    """The newest observation of each linked column; those that have no say any more go to the history, but for cells
    that were yet to be filled of a row that is typed."""
    best: dict[str, Observed] = {w.observed.column: w.observed for w in view.waiting}
    for seen in view.observed:
        if view.link.by_name(seen.column) is None:
            continue
        known = best.get(seen.column)
        if known is not None and known.source == "swap" and _shows_our_write(view, seen):
            continue
        is_late = known is not None and (
            not is_newer(seen, known) or _precedes_our_write(view, seen) or _has_spoken(view, seen)
        )
        stays, goes = (known, seen) if known is not None and is_late else (seen, known)
        best[seen.column] = stays if goes is None else _dated(stays, goes)
        if goes is not None and goes.cell != stays.cell and (view.base is not None or goes.cell.value is not None):
            plan.history.append(overtaken(view, goes))
    return best


def _dated(stays: Observed, goes: Observed) -> Observed:
    """A scan that saw what an edit had told does not make anybody forget when and by whom it was typed."""
    if stays.source == "scan" and goes.source == "edit" and stays.cell == goes.cell:
        return replace(stays, edited_at=goes.edited_at, actor=goes.actor, event=goes.event)
    return stays


def _precedes_our_write(view: RowView, seen: Observed) -> bool:
    """Whether our last write has looked at the cell since: what waits may be what it found there."""
    base = view.base.cells.get(seen.column) if view.base else None
    return base is not None and seen.source != "swap" and is_subsumed(seen, base)


def _has_spoken(view: RowView, seen: Observed) -> bool:
    """Whether the very edit has decided on the cell before, or a later look has: what waits has come since, however
    many scans have begun when it is told again."""
    base = view.base.cells.get(seen.column) if view.base else None
    return base is not None and seen.source == "edit" and age(seen).place <= base.age.place


def _shows_our_write(view: RowView, seen: Observed) -> bool:
    """Whether a late event only saw what our write had put over the unseen edit that it was sent for."""
    base = view.base.cells.get(seen.column) if view.base else None
    column = view.link.by_name(seen.column)
    return base is not None and column is not None and shows(column, seen.cell, base.value)
