"""What restoring a held link brings back, and from where (pure).

Damage in the sheet is made good from the table (:mod:`core.restore_sheet`). Damage in the table: rows that it lacks
are inserted as base tells them. What somebody did on the healthy side since then is newer, and stays.
"""

from __future__ import annotations

from core import guards, restore_sheet
from core.contents import key_in_row
from core.freshness import is_past_writes
from core.model import CellBase, Link, RowBase
from core.ports import TableRow
from core.renames import is_recognized
from core.restore_view import RestorePlan, RestoreView, in_key_order


def plan_restore(view: RestoreView) -> RestorePlan:
    """Decide what is to be brought back."""
    side = guards.damaged_side(view.guard) or guards.TABLE
    plan = RestorePlan(side)
    if side == guards.TABLE:
        _plan_table(view, plan)
    else:
        restore_sheet.plan_sheet(view, plan)
    return plan


def _plan_table(view: RestoreView, plan: RestorePlan) -> None:
    ids = {row.row_id for row in view.image.rows if row.cells}
    keys = {key_in_row(view.link, row.cells) for row in view.image.rows}
    gone = others = outside = 0
    for base in in_key_order(view.link, view.bases):
        row = view.table.get(base.key) if base.key is not None else None
        if row is not None and not view.link.shows(row):
            outside += 1
        elif row is not None:
            others += not is_recognized(view.link, base, row)
        elif base.row_id in ids or base.key in keys or not is_past_writes(view.image.stamp, base):
            plan.insert.append((base, _values(view.link, base)))
        else:
            gone += 1
    left = {
        "rows that have left the tab as well stay away.": gone,
        "keys hold other rows in the table by now: those are newer, and stay.": others,
        "rows are in the table, and left the link's filter: approve lets them leave the tab.": outside,
    }
    plan.cannot.extend(f"{count} {why}" for why, count in left.items() if count)
    if plan.insert:
        plan.cannot.extend(_not_known(view))


def _values(link: Link, base: RowBase) -> TableRow:
    """A row as both sides shared it; what the table computes, or has a default for and nobody filled, is left out."""
    held = {c: base.cells.get(c.name, CellBase(None)).value for c in link.columns if not c.column.generated}
    return {c.name: value for c, value in held.items() if value is not None or c.column.nullable}


def _not_known(view: RestoreView) -> list[str]:
    told = []
    if view.unlinked:
        told.append(f"Columns that are not linked take their defaults: {', '.join(view.unlinked)}.")
    if view.referring:
        told.append(f"Rows of {', '.join(view.referring)} that went or changed with them do not come back.")
    return told
