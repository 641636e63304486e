"""The rows of one tab: reading cells and replacing them, with every replacement noted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import is_not
from typing import TYPE_CHECKING, Any

from sandbox.google import formats, typed
from sandbox.google.area import Area
from sandbox.google.cells import EMPTY, Cell, Column, ErrorValue, Row, Value, alike
from sandbox.google.change import SheetProps

if TYPE_CHECKING:
    from sandbox.google.document import Document

CELLS_MAX = 10_000_000
"""Google's limit of cells per spreadsheet."""


COLUMNS_MAX = 18_278
"""Google's limit of columns in a tab."""

CHARACTERS_MAX = 50_000
"""Google's limit of characters in a cell."""


class GridError(ValueError):
    """Cells, rows or columns outside the grid, or more than a spreadsheet holds."""


class Grid:
    """Rows, columns and cells of one tab; places count from 0."""

    def __init__(self, document: Document, props: SheetProps, rows: Iterable[Row]) -> None:
        self.document = document
        self.props = props
        self.rows: list[Row] = sorted(rows, key=lambda r: r.rank)
        self.formulas: dict[int, tuple[int, ...]] = {}
        """Column uids of the formulas in a row, by row uid."""
        self.spills: dict[int, tuple[int, ...]] = {}
        """Column uids of the cells that a formula elsewhere fills, by row uid."""
        self._places: dict[int, int] | None = None
        for row in self.rows:
            self._note_formulas(row)

    # -- reading ---------------------------------------------------------------------------

    @property
    def sheet_id(self) -> int:
        """The tab's number (``gid`` in its address)."""
        return self.props.sheet_id

    @property
    def title(self) -> str:
        """The tab's title."""
        return self.props.title

    @property
    def hidden(self) -> bool:
        """Whether the tab is hidden."""
        return self.props.hidden

    @property
    def frozen_rows(self) -> int:
        """How many rows are frozen at the top."""
        return self.props.frozen_rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in order."""
        return self.props.columns

    @property
    def row_count(self) -> int:
        """Rows of the grid, empty ones included."""
        return len(self.rows)

    @property
    def column_count(self) -> int:
        """Columns of the grid, empty ones included."""
        return len(self.props.columns)

    @property
    def whole(self) -> Area:
        """The area of the whole tab."""
        return Area(0, 0, self.row_count, self.column_count)

    def cell(self, row: int, column: int) -> Cell:
        """One cell. Raises GridError outside the grid."""
        self._check(Area(row, column, 1, 1))
        return self.rows[row].cells.get(self.columns[column].uid, EMPTY)

    def cells(self, area: Area) -> list[list[Cell]]:
        """The cells of an area, cut off at the end of the grid."""
        uids = [c.uid for c in self.columns[area.column : area.column_end]]
        return [[row.cells.get(uid, EMPTY) for uid in uids] for row in self.rows[area.row : area.row_end]]

    def shown(self, row: int, column: int) -> str:
        """The text that the cell shows."""
        return formats.shown(self.cell(row, column), self.document.locale)

    def last_row(self) -> int:
        """How many rows up to the last one with a value; 0 for an empty tab."""
        uids = {c.uid for c in self.columns}
        for index in range(self.row_count - 1, -1, -1):
            if any(not cell.empty and uid in uids for uid, cell in self.rows[index].cells.items()):
                return index + 1
        return 0

    def last_column(self) -> int:
        """How many columns up to the last one with a value."""
        used = {uid for row in self.rows for uid, cell in row.cells.items() if not cell.empty}
        return max((i + 1 for i, c in enumerate(self.columns) if c.uid in used), default=0)

    def row_place(self, uid: int) -> int | None:
        """Where the row of that uid is."""
        if self._places is None:
            self._places = {row.uid: place for place, row in enumerate(self.rows)}
        return self._places.get(uid)

    # -- writing cells ---------------------------------------------------------------------

    def set_cell(self, row: int, column: int, cell: Cell) -> None:
        """Replace one cell."""
        self.write_row(row, column, (cell,))

    def write_row(self, row: int, column: int, cells: Sequence[Cell | None]) -> None:
        """Replace neighbouring cells of one row; None leaves a cell alone. Raises GridError."""
        self._check(Area(row, column, 1, len(cells)))
        old, columns = self.rows[row], self.props.columns
        changed: dict[int, Cell] = {}
        for place, cell in enumerate(cells, column):
            uid = columns[place].uid
            before = old.cells.get(uid, EMPTY)
            if cell is None or cell is before or (alike(cell.value, before.value) and cell == before):
                continue
            text = cell.formula or cell.value
            if isinstance(text, str) and len(text) > CHARACTERS_MAX:
                raise GridError(
                    f"Your input contains more than the maximum of {CHARACTERS_MAX} characters in a single cell."
                )
            changed[uid] = cell
        if changed:
            merged = old.cells | changed
            for uid in [uid for uid, cell in changed.items() if cell.bare]:
                del merged[uid]
            self.replace_row(row, old.with_cells(merged))

    def update_area(self, area: Area, change: Callable[[Cell], Cell]) -> None:
        """Replace every cell of an area by what ``change`` makes of it; equal cells are shared."""
        made: dict[int, tuple[Cell, Cell]] = {}

        def changed(cell: Cell) -> Cell:
            if id(cell) not in made:
                made[id(cell)] = (cell, change(cell))
            return made[id(cell)][1]

        for row, cells in enumerate(self.cells(area), area.row):
            after = [changed(cell) for cell in cells]
            if any(map(is_not, after, cells)):
                self.write_row(row, area.column, after)

    def set_value(self, row: int, column: int, value: Value) -> None:
        """Put a typed value, never parsed; format and note stay."""
        self.set_cell(row, column, with_value(self.cell(row, column), value))

    def type_in(self, row: int, column: int, text: str) -> None:
        """Put what a person types: parsed by the spreadsheet's locale."""
        old = self.cell(row, column)
        self.set_cell(row, column, typed.typed(text, old, self.document.locale))

    def set_formula(self, row: int, column: int, formula: str) -> None:
        """Put a formula; its value is computed when the change ends."""
        old = self.cell(row, column)
        self.set_cell(row, column, replace(old, value=None, formula=formula, extras=None))

    def set_note(self, row: int, column: int, note: str | None) -> None:
        """Put or remove the note."""
        self.set_cell(row, column, replace(self.cell(row, column), note=note or None))

    def set_number_format(self, area: Area, type_: str, pattern: str = "") -> None:
        """Set the number format, such as ``TEXT`` with ``@``; type ``""`` goes back to automatic."""
        number = {"type": type_, "pattern": pattern} if pattern else {"type": type_}

        def formatted(cell: Cell) -> Cell:
            kept = {k: v for k, v in (cell.format or {}).items() if k != "numberFormat"}
            return replace(cell, format=(kept | {"numberFormat": number} if type_ else kept) or None)

        self.update_area(area, formatted)

    def clear(self, area: Area) -> None:
        """Empty the values; formats, notes and validation stay."""
        self.update_area(area, lambda cell: with_value(cell, None))

    # -- replacing whole rows and properties, each noted in the open change -----------------

    def replace_row(self, place: int, new: Row) -> None:
        """Put another version of the row at that place (same uid, same rank)."""
        self.document.noting().row(self.sheet_id, self.rows[place], new)
        self.rows[place] = new
        self._note_formulas(new)

    def put_rows(self, images: dict[int, Row | None]) -> None:
        """Put, replace or remove rows by uid, wherever their ranks belong."""
        noting = self.document.noting()
        in_place = True
        for uid, new in images.items():
            place = self.row_place(uid)
            old = None if place is None else self.rows[place]
            noting.row(self.sheet_id, old, new)
            if old is None or new is None or old.rank != new.rank:
                in_place = False
            elif place is not None:
                self.rows[place] = new
            self._note_formulas(new, uid)
        if not in_place:
            kept = [row for row in self.rows if row.uid not in images]
            self.rows = sorted([*kept, *(r for r in images.values() if r is not None)], key=lambda r: r.rank)
            self._places = None

    def splice_rows(self, at: int, removed: int, added: Sequence[Row]) -> None:
        """Take out rows and put new ones in their place."""
        noting = self.document.noting()
        for row in self.rows[at : at + removed]:
            noting.row(self.sheet_id, row, None)
            self._note_formulas(None, row.uid)
        for row in added:
            noting.row(self.sheet_id, None, row)
            self._note_formulas(row)
        self.rows[at : at + removed] = added
        self._places = None

    def set_props(self, **changes: Any) -> None:
        """Replace properties of the tab (fields of SheetProps)."""
        new = replace(self.props, **changes)
        self.document.noting().sheet(self.sheet_id, self.props, new)
        self.props = new

    def place_of_rank(self, rank: str) -> int:
        """Where a row of that rank belongs."""
        return bisect_left(self.rows, rank, key=lambda r: r.rank)

    def _note_formulas(self, row: Row | None, uid: int | None = None) -> None:
        known = row.uid if row is not None else uid
        if known is None:
            return
        cells = {} if row is None else row.cells
        computed = [(u, c.spilled) for u, c in cells.items() if c.spilled or c.formula is not None]
        for noted, spilled in ((self.formulas, False), (self.spills, True)):
            if found := tuple(u for u, s in computed if s is spilled):
                noted[known] = found
            else:
                noted.pop(known, None)

    def _check(self, area: Area) -> None:
        if area.row < 0 or area.column < 0 or area.row_end > self.row_count or area.column_end > self.column_count:
            raise GridError(
                f"Range ({self.title}!{area.a1()}) exceeds grid limits. "
                f"Max rows: {self.row_count}, max columns: {self.column_count}"
            )


def check_room(document: Document, rows: int, columns: int, besides: Grid | None = None) -> None:
    """Whether a spreadsheet has room for a tab of that size. Raises GridError.

    Args:
        document: the spreadsheet.
        rows: rows of the tab.
        columns: columns of the tab.
        besides: the tab itself, if it is there already.
    """
    others = sum(s.row_count * s.column_count for s in document.sheets if s is not besides)
    if others + rows * columns > CELLS_MAX or columns > COLUMNS_MAX:
        raise GridError(
            f"This action would increase the number of cells in the workbook above the limit of {CELLS_MAX} cells."
        )


def with_value(cell: Cell, value: Value) -> Cell:
    """The cell with another plain value; format, note and validation stay."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if value == "" and not isinstance(value, ErrorValue):
        value = None
    return Cell(value, None, cell.format, cell.note, cell.validation)
