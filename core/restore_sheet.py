"""How damage in the sheet is made good (pure).

Base is made to say what the sheet holds now, so that the ordinary way from the table writes the table's values again,
and rows that left the tab stand in it again under their own ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core import scan, scan_guards
from core.contents import key_in_row
from core.errors import Unfit
from core.findings import Findings
from core.freshness import newest_age, scan_age
from core.model import NEVER, ROW_ID_HEADER, CellBase, Link, LinkedColumn, RowBase, SheetCell
from core.restore_view import CellBack, RestorePlan, RestoreView, in_key_order
from core.sheet import TabImage, TabRow
from core.values import Canonical

_BLANK = SheetCell(None)


def plan_sheet(view: RestoreView, plan: RestorePlan) -> None:
    """Add to the plan what brings the sheet back."""
    link, image = view.link, view.image
    plan.columns = [h for h in (*link.headers, ROW_ID_HEADER) if h not in image.columns]
    plan.header = scan_guards.header_is_damaged(link, image)
    if ROW_ID_HEADER in plan.columns and any(c.header in plan.columns for c in link.key_columns):
        plan.refusal = "The tab has lost the row ids and the key: nobody can tell its rows apart."
        return
    known = {b.row_id: _forgotten(b) if view.guard == "version_restored" else b for b in view.bases}
    found = scan.compare(link, _as_mended(link, image), known, (), 0)
    for base in in_key_order(link, [known[row_id] for row_id in found.missing if row_id in known]):
        if base.row_id != image.titles.get(ROW_ID_HEADER) and base.key in view.table:
            _place(view, plan, base)
    _plan_cells(view, plan, found, known)
    if view.guard == "version_restored":
        _plan_former(view, plan, known)
    _tell_of_columns(plan)


def _as_mended(link: Link, image: TabImage) -> TabImage:
    """The tab once its columns are there again, blank, and its header row is in place."""
    columns = {**dict.fromkeys((*link.headers, ROW_ID_HEADER), 0), **image.columns}
    return replace(image, columns=columns, titles={})


def _place(view: RestoreView, plan: RestorePlan, base: RowBase) -> None:
    """Base forgets the row, and nothing that saw it before it stands there again has a say."""
    plan.place.append(base)
    age = max(newest_age(base), scan_age(view.image.stamp))
    n = max([view.next_n, base.n, *(c.n for c in base.cells.values())])
    plan.bases[base.row_id] = replace(base, gone=True, key=None, n=n, age=age)
    plan.drop.extend(view.waiting.get(base.row_id, ()))


def _plan_cells(view: RestoreView, plan: RestorePlan, found: Findings, known: Mapping[str, RowBase]) -> None:
    damaged, left = _damaged_headers(view, known), Counter[str]()
    for tab_row, column, cell in found.cells():
        base = known.get(tab_row.row_id or "")
        row = view.table.get(base.key) if base is not None and base.key is not None else None
        if base is None or row is None or column.header not in damaged or _is_edit(view, base.row_id, column, cell):
            continue
        value = row.get(column.name)
        shown = _shown(view, column, cell, value)
        if cell.formula is not None or shown is _NO_VALUE:
            left[_MISFITS if cell.formula is None else _FORMULAS] += 1
            continue
        _note_cell(view, plan, base, column, shown)
        if column.follows_table:
            plan.cells.append(CellBack(base.row_id, base.key, column.name, cell, value))
        else:
            left[_ONE_WAY] += 1
    plan.cannot.extend(f"{count} cells {why}" for why, count in left.items())


_FORMULAS = "hold formulas now, which are never overwritten: clear those cells first."
_MISFITS = "are empty in the table and hold what it refuses: clear those cells."
_ONE_WAY = "of columns that go to the table alone stay as they are in the sheet, and in the table."


def _damaged_headers(view: RestoreView, known: Mapping[str, RowBase]) -> set[str]:
    """Headers in whose columns a difference that nobody has told of is damage, not an edit that is yet to be told."""
    link, rows = view.link, view.image.rows
    if view.guard in ("changed_in_sheet", "version_restored"):
        return set(link.headers)
    if view.guard not in ("columns_missing", "sheet_refused"):
        return set()
    filled = {header for row in rows for header in row.cells}
    shared = {c.header for c in link.columns for b in known.values() if _held(b, c.name).value is not None}
    return {h for h in link.headers if h not in view.image.columns or (h in shared and h not in filled)}


def _is_edit(view: RestoreView, row_id: str, column: LinkedColumn, cell: SheetCell) -> bool:
    """Whether the value was told of, and waits to be carried over, or was refused."""
    waiting = [w for w in view.waiting.get(row_id, ()) if w.observed.column == column.name]
    if waiting:
        return waiting[0].observed.cell == cell
    return (row_id, column.name) in view.refused


_NO_VALUE = object()


def _shown(view: RestoreView, column: LinkedColumn, cell: SheetCell, value: Canonical) -> Any:
    """What base is to say that the cell holds; where that is no value of the column, one that the table's differs
    from, so that the table's is written."""
    try:
        return column.codec.from_sheet(cell.value)
    except Unfit:
        if not column.codec.same(value, None):
            return None
    others = (row.get(column.name) for row in view.table.values())
    return next((other for other in others if not column.codec.same(other, None)), _NO_VALUE)


def _note_cell(view: RestoreView, plan: RestorePlan, base: RowBase, column: LinkedColumn, shown: Canonical) -> None:
    before = plan.bases.get(base.row_id, base)
    cell = _held(before, column.name)
    age = max(cell.age, scan_age(view.image.stamp))
    after = cell._replace(value=shown, age=age, formula=False)
    plan.bases[base.row_id] = replace(before, cells={**before.cells, column.name: after})
    plan.drop.extend(w for w in view.waiting.get(base.row_id, ()) if w.observed.column == column.name)


def _plan_former(view: RestoreView, plan: RestorePlan, known: Mapping[str, RowBase]) -> None:
    """Rows that had gone and that the older version holds: base takes them for rows that the table has deleted."""
    taken = {b.key for b in known.values()}
    doubled = 0
    for row in view.image.rows:
        if row.row_id is None or row.row_id not in view.former or row.row_id in known or not row.cells:
            continue
        key, cells = key_in_row(view.link, row.cells), _cells_of(view, row)
        if key is None or key in taken or cells is None:
            doubled += 1
            continue
        taken.add(key)
        plan.remove.append(row)
        plan.bases[row.row_id] = RowBase(row.row_id, key, cells, age=scan_age(view.image.stamp))
    if doubled:
        plan.cannot.append(f"{doubled} rows of the older version cannot be told from others: delete them by hand.")


def _cells_of(view: RestoreView, row: TabRow) -> dict[str, CellBase] | None:
    """What stands in a row of the tab, as base tells it; ``None`` where a value is none of its column."""
    try:
        return {
            c.name: CellBase(c.codec.from_sheet(cell.value), formula=cell.formula is not None)
            for c in view.link.columns
            for cell in [row.cells.get(c.header, _BLANK)]
        }
    except Unfit:
        return None


def _tell_of_columns(plan: RestorePlan) -> None:
    if plan.columns:
        plan.cannot.append("A lost column comes back beside the row ids, without its formulas and formats.")
    if plan.place:
        plan.cannot.append(
            "Formulas and formats of lost rows, and what stood beside them in columns that are not linked, do not."
        )


def _held(base: RowBase, column: str) -> CellBase:
    return base.cells.get(column, CellBase(None))


def _forgotten(base: RowBase) -> RowBase:
    """As :meth:`core.ports.Transaction.forget_stamps` leaves it: the sheet's counters have begun anew."""
    return replace(base, n=0, age=NEVER, cells={name: CellBase(cell.value) for name, cell in base.cells.items()})
