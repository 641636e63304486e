"""What an answer of the Sheets API tells of sheets: their pieces, and of these rows and cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.sheets_cells import decode_cell
from adapters.sheets_json import cells_in
from core.errors import SheetsRefused
from core.model import STATE_TAB, SheetCell
from core.sheet import SheetTarget

Json = dict[str, Any]
Row = Sequence[SheetCell | None]


@dataclass(frozen=True, slots=True)
class Grid:
    """One contiguous piece of a sheet out of an answer."""

    row: int
    """1-based first row."""
    column: int
    """0-based first column."""
    rows: Sequence[Any]
    """As :func:`adapters.sheets_json.parse` keeps them."""
    metadata: Sequence[Any]

    def raw(self, row: int) -> Sequence[Any]:
        """Google's JSON of the cells of a 1-based row, from ``column`` on; trailing blanks may be left out."""
        index = row - self.row
        return cells_in(self.rows[index]) if 0 <= index < len(self.rows) else ()

    def line(self, row: int) -> Row:
        """The cells of a 1-based row, from ``column`` on; trailing blanks may be left out."""
        return [decode_cell(raw) for raw in self.raw(row)]

    def cell(self, row: int, column: int) -> SheetCell | None:
        """One cell by 1-based row and 0-based column of the sheet."""
        cells, across = self.raw(row), column - self.column
        return decode_cell(cells[across]) if 0 <= across < len(cells) else None

    def told(self, rows: range) -> range:
        """Those of these rows that the answer tells of."""
        return range(max(rows.start, self.row), min(rows.stop, self.last_row + 1))

    @property
    def last_row(self) -> int:
        """1-based last row that the answer tells of."""
        return self.row + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class SheetPart:
    """What an answer tells of one sheet."""

    sheet_id: int
    title: str
    row_count: int
    column_count: int
    grids: tuple[Grid, ...]
    metadata: tuple[Json, ...] = ()
    """Developer metadata of the sheet as a whole."""

    def grid_at(self, row: int, column: int) -> Grid:
        """The piece that begins at the 1-based row and 0-based column; an empty one where there is none."""
        found = (g for g in self.grids if (g.row, g.column) == (row, column))
        return next(found, Grid(row, column, (), ()))

    def rows_from(self, row: int) -> Grid:
        """Of the pieces of whole rows that begin at the 1-based row the one that tells of most; pieces of one column
        may begin there, too."""
        held = [g for g in self.grids if (g.row, g.column) == (row, 0) and len(g.metadata) != 1]
        return max(held, key=lambda g: len(g.rows), default=Grid(row, 0, (), ()))

    def from_the_top(self, column: int) -> Grid | None:
        """Of the pieces that hold the 0-based column from its first row on the one that tells most."""
        holding = (g for g in self.grids if g.row == 1 and g.column <= column < g.column + max(len(g.metadata), 1))
        return max(holding, key=lambda g: g.last_row, default=None)


def parts(answer: Mapping[str, Any]) -> tuple[SheetPart, ...]:
    """The sheets of an answer; of doubled ones (a sheet may answer to two filters) the pieces together."""
    found: dict[int, SheetPart] = {}
    for raw in answer.get("sheets") or ():
        properties, size = raw["properties"], raw["properties"].get("gridProperties") or {}
        sheet_id = int(properties.get("sheetId") or 0)
        pieces = tuple(_grid(g or {}) for g in raw.get("data") or ())
        before = found[sheet_id].grids if sheet_id in found else ()
        found[sheet_id] = SheetPart(
            sheet_id=sheet_id,
            title=properties.get("title") or "",
            row_count=int(size.get("rowCount") or 0),
            column_count=int(size.get("columnCount") or 0),
            grids=before + pieces,
            metadata=tuple(raw.get("developerMetadata") or ()),
        )
    return tuple(found.values())


def state_part(found: Iterable[SheetPart]) -> SheetPart:
    """The hidden tab.

    Raises:
        SheetsRefused: it is gone.
    """
    for part in found:
        if part.title == STATE_TAB:
            return part
    raise SheetsRefused(
        f"The hidden tab {STATE_TAB} is gone from the spreadsheet.", "Link the tab again: twinsheet link add …"
    )


def tab_part(found: Iterable[SheetPart], target: SheetTarget) -> SheetPart:
    """The link's tab.

    Raises:
        SheetsRefused: it is gone.
    """
    for part in found:
        if part.sheet_id == target.sheet_id:
            return part
    raise SheetsRefused(
        f"The tab of link {target.link} is gone from the spreadsheet.",
        "Bring it back with File → Version history, or link another tab.",
    )


def _grid(raw: Mapping[str, Any]) -> Grid:
    return Grid(
        row=int(raw.get("startRow") or 0) + 1,
        column=int(raw.get("startColumn") or 0),
        rows=raw.get("rowData") or (),
        metadata=raw.get("columnMetadata") or (),
    )
