"""What linking would write where (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.compare import key_in_sheet
from core.errors import Unfit
from core.model import Canonical, CellBase, Key, Link, LinkedColumn, RowBase, SheetCell
from core.ports import TableRow
from core.row_view import value_text
from core.sheet import TabImage, TabRow

_BLANK = SheetCell(None)


@dataclass(slots=True)
class LinkPlan:
    """Both sides before they are linked."""

    matched: list[tuple[TabRow, Key, TableRow]] = field(default_factory=list)
    sheet_only: int = 0
    """Rows that the table lacks."""
    table_only: int = 0
    """Rows that the sheet lacks."""
    differences: list[dict[str, Any]] = field(default_factory=list)
    unfit: list[dict[str, Any]] = field(default_factory=list)
    """Values of the sheet that their columns cannot hold; they become rejections."""

    def to_json(self, prefer: str | None) -> dict[str, Any]:
        """The report's ``plan``."""
        to_sheet = len(self.differences) if prefer == "table" else 0
        to_table = len(self.differences) if prefer == "sheet" else 0
        return {
            "sheet_writes": self.table_only + to_sheet,
            "table_writes": self.sheet_only + to_table,
            "differences": self.differences,
            "unfit": self.unfit,
        }


def plan_link(link: Link, image: TabImage, table: Iterable[tuple[Key, TableRow]]) -> LinkPlan:
    """Match the rows of both sides by key."""
    plan = LinkPlan()
    rows = dict(table)
    taken: set[Key] = set()
    for tab_row in image.rows:
        key = key_in_sheet(link, tab_row)
        plan.unfit.extend(_unfit(link, tab_row))
        if key is None or key not in rows or key in taken:
            plan.sheet_only += 1
            continue
        taken.add(key)
        plan.matched.append((tab_row, key, rows[key]))
        plan.differences.extend(_differences(link, tab_row, key, rows[key]))
    plan.table_only = len(rows) - len(taken)
    return plan


def shared_bases(link: Link, plan: LinkPlan, prefer: str | None) -> list[RowBase]:
    """Bases that let the ordinary flow copy what differs: from the table where base is the sheet's value, from
    the sheet where base is the table's."""
    return [
        RowBase(row.row_id, key, {c.name: _base(c, row, table, prefer) for c in link.columns})
        for row, key, table in plan.matched
        if row.row_id
    ]


def _base(column: LinkedColumn, row: TabRow, table: Mapping[str, Canonical], prefer: str | None) -> CellBase:
    cell = row.cells.get(column.header, _BLANK)
    value = table.get(column.name)
    if prefer == "table":
        try:
            value = column.codec.from_sheet(cell.value)
        except Unfit:
            value = None
    return CellBase(value, formula=cell.formula is not None)


def _unfit(link: Link, row: TabRow) -> Iterable[dict[str, Any]]:
    for column in link.columns:
        cell = row.cells.get(column.header, _BLANK)
        try:
            column.codec.from_sheet(cell.value)
        except Unfit as reason:
            yield {"row": row.row, "column": column.name, "value": value_text(cell.value), "reason": reason.message}


def _differences(link: Link, row: TabRow, key: Key, table: TableRow) -> Iterable[dict[str, Any]]:
    for column in link.columns:
        cell = row.cells.get(column.header, _BLANK)
        try:
            value = column.codec.from_sheet(cell.value)
        except Unfit:
            continue
        if not column.codec.same(value, table.get(column.name)):
            yield {
                "row_id": row.row_id,
                "row": row.row,
                "key": list(key),
                "column": column.name,
                "sheet": value_text(cell.value),
                "table": table.get(column.name),
            }
