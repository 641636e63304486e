"""Both sides before they are linked: rows matched by key, and what base is to say of them (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.compare import key_in_sheet
from core.errors import Unfit
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, Canonical, CellBase, Key, Link, LinkedColumn, RowBase, SheetCell
from core.ports import TableRow
from core.sheet import TabImage, TabRow

_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class Match:
    """A row that both sides have."""

    row: TabRow
    key: Key
    table: TableRow


def match_rows(link: Link, image: TabImage, table: Mapping[Key, TableRow]) -> list[Match]:
    """The rows that show a key of the table; of a key that stands twice the first."""
    found: dict[Key, Match] = {}
    for row in image.rows:
        key = key_in_sheet(link, row)
        if key is not None and key in table and key not in found:
            found[key] = Match(row, key, table[key])
    return list(found.values())


def differing(link: Link, match: Match) -> Iterable[tuple[LinkedColumn, SheetCell]]:
    """Cells of the tab that hold another value than the table; what does not fit its column is no value."""
    for column in link.columns:
        cell = match.row.cells.get(column.header, _BLANK)
        try:
            value = column.codec.from_sheet(cell.value)
        except Unfit:
            continue
        if not column.codec.same(value, match.table.get(column.name)):
            yield column, cell


def shared_bases(link: Link, matches: Iterable[Match], prefer: str | None) -> list[RowBase]:
    """Bases that let the ordinary flow copy what differs: from the table where base is the sheet's value, from
    the sheet where base is the table's."""
    return [
        RowBase(m.row.row_id, m.key, {c.name: _base(c, m.row, m.table, prefer) for c in link.columns})
        for m in matches
        if m.row.row_id
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


def as_named(image: TabImage) -> TabImage:
    """The tab as the first scan will see it, once every row has an id; the ids are made up."""
    columns = {ROW_ID_HEADER: max(image.columns.values(), default=-1) + 1, **image.columns}
    rows = tuple(r if r.row_id else replace(r, row_id=f"{ROW_ID_PREFIX}row{r.row}") for r in image.rows)
    return replace(image, stamp=replace(image.stamp, scan=1), columns=columns, rows=rows)
