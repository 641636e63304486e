"""One more column of a link: what both sides hold in it, and what they are taken to share (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.compare import Difference
from core.contents import fitting_or_none, shows
from core.model import CellBase, Key, LinkedColumn, RowBase, SheetCell
from core.ports import TableRow
from core.row_view import value_text

_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What linking the column means for the rows that both sides have."""

    equal: Mapping[str, CellBase]
    """By row id what is shared already."""
    sheet_writes: int
    """Cells that the sheet lacks."""
    table_writes: int
    """Cells that the table lacks."""
    differences: tuple[Difference, ...]
    """Cells that both sides fill, and differently."""


def plan_column(
    column: LinkedColumn,
    cells: Mapping[str, SheetCell],
    bases: Iterable[RowBase],
    rows: Mapping[Key, TableRow],
) -> ColumnPlan:
    """Compare both sides in one column that is about to be linked.

    Args:
        column: the column.
        cells: by row id what stands below its header; blank ones may be left out.
        bases: the live rows of the link.
        rows: of the table, with that column.
    """
    equal: dict[str, CellBase] = {}
    lacking = {"sheet": 0, "table": 0}
    differences = []
    for base in bases:
        if base.key is None or base.key not in rows:
            continue
        cell, stored = cells.get(base.row_id, _BLANK), rows[base.key][column.name]
        if shows(column, cell, stored):
            equal[base.row_id] = CellBase(stored, formula=cell.formula is not None)
        elif cell.value in (None, ""):
            lacking["sheet"] += 1
        elif stored is None:
            lacking["table"] += 1
        else:
            differences.append(Difference(base.row_id, base.key, column.name, value_text(cell.value), stored))
    return ColumnPlan(equal, lacking["sheet"], lacking["table"], tuple(differences))


def shared_cells(plan: ColumnPlan, column: LinkedColumn, prefer: str | None) -> dict[str, CellBase]:
    """By row id what both sides are taken to share in the column; ``prefer`` is whose value stays where they differ.

    A cell that is left out is blank to base, so that the side which fills it is carried over.
    """
    found = dict(plan.equal)
    for one in plan.differences:
        value = one.table if prefer == "sheet" else fitting_or_none(column.codec, one.sheet)
        if one.row_id is not None:
            found[one.row_id] = CellBase(value)
    return found


def with_column(base: RowBase, name: str, cell: CellBase | None) -> RowBase:
    """A base with what is shared in one column more."""
    return replace(base, cells={**base.cells, name: cell or CellBase(None)})


def with_renamed(base: RowBase, renamed: Mapping[str, str]) -> RowBase:
    """A base once columns of the table have other names."""
    return replace(base, cells={renamed.get(name, name): cell for name, cell in base.cells.items()})
