"""Copying, cutting, sorting and shifting ranges of cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.google.area import Area
from sandbox.google.cells import EMPTY, Cell, ErrorValue
from sandbox.google.references import copied
from sandbox.google.shift import Dimension

if TYPE_CHECKING:
    from sandbox.google.sheet import Sheet

Merge = Callable[[Cell, Cell], Cell]
"""From the copied cell and the cell that is there, the cell that results."""


def _without_borders(source: Cell, there: Cell) -> Cell:
    look = {k: v for k, v in (source.format or {}).items() if k != "borders"}
    borders = (there.format or {}).get("borders")
    return replace(source, format=(look | ({"borders": borders} if borders else {})) or None)


PASTE_TYPES: dict[str, Merge] = {
    "PASTE_NORMAL": lambda source, _there: source,
    "PASTE_VALUES": lambda source, there: replace(there, value=source.value, formula=None, extras=source.extras),
    "PASTE_FORMAT": lambda source, there: replace(there, format=source.format),
    "PASTE_NO_BORDERS": _without_borders,
    "PASTE_FORMULA": lambda source, there: replace(
        there, value=source.value, formula=source.formula, extras=source.extras
    ),
    "PASTE_DATA_VALIDATION": lambda source, there: replace(there, validation=source.validation),
}


def copy(source_tab: Sheet, source: Area, target_tab: Sheet, target: Area, paste_type: str) -> None:
    """See Sheet.copy. Raises KeyError for an unknown paste type, GridError outside the grid."""
    merge = PASTE_TYPES[paste_type]
    block = source_tab.cells(source)
    if not block or not block[0]:
        return
    rows, columns = len(block), len(block[0])
    down = max(target.rows // rows, 1)
    across = max(target.columns // columns, 1)
    for row in range(rows * down):
        down_by = target.row - source.row + row - row % rows
        there = target_tab.cells(Area(target.row + row, target.column, 1, columns * across))
        line = []
        for place, old in enumerate(_padded(there[0] if there else [], columns * across)):
            across_by = target.column - source.column + place - place % columns
            line.append(merge(_carried(block[row % rows][place % columns], down_by, across_by), old))
        target_tab.write_row(target.row + row, target.column, line)


def cut(source_tab: Sheet, source: Area, target_tab: Sheet, corner: tuple[int, int], paste_type: str) -> None:
    """See Sheet.cut."""
    merge, (row, column) = PASTE_TYPES[paste_type], corner
    block = source_tab.cells(source)
    for offset in range(len(block)):
        source_tab.write_row(source.row + offset, source.column, [_left_behind(c, paste_type) for c in block[offset]])
    for offset, cells in enumerate(block):
        there = target_tab.cells(Area(row + offset, column, 1, len(cells)))
        padded = _padded(there[0] if there else [], len(cells))
        target_tab.write_row(row + offset, column, [merge(c, o) for c, o in zip(cells, padded, strict=True)])


def sort(tab: Sheet, area: Area, keys: list[tuple[int, bool]]) -> None:
    """See Sheet.sort: numbers, then texts, then booleans, then errors; empty cells always last."""
    block = tab.cells(area)
    order = list(range(len(block)))
    for column, descending in reversed(keys):
        place = column - area.column
        filled = [i for i in order if not block[i][place].empty]
        empty = [i for i in order if block[i][place].empty]
        filled.sort(key=lambda i, p=place: _sort_key(block[i][p]), reverse=descending)  # type: ignore[misc]  # p is bound early on purpose
        order = filled + empty
    for offset, taken in enumerate(order):
        line = [_carried(cell, offset - taken, 0) for cell in block[taken]]
        tab.write_row(area.row + offset, area.column, line)


def shift_cells(tab: Sheet, area: Area, dimension: Dimension, *, insert: bool) -> None:
    """See Sheet.shift_cells. What is pushed past the end of the grid must be empty."""
    rows_too = dimension == "ROWS"
    depth = tab.row_count - area.row if rows_too else area.rows
    width = area.columns if rows_too else tab.column_count - area.column
    reach = Area(area.row, area.column, depth, width)
    block = tab.cells(reach)
    if rows_too:
        gap = [[EMPTY] * area.columns for _ in range(area.rows)]
        moved = gap + block if insert else block[area.rows :] + gap
    else:
        blank = [EMPTY] * area.columns
        moved = [blank + line if insert else line[area.columns :] + blank for line in block]
    _grow_for(tab, reach, moved)
    for offset, line in enumerate(moved):
        if area.row + offset < tab.row_count:
            tab.write_row(area.row + offset, area.column, line[: tab.column_count - area.column])


def _grow_for(tab: Sheet, reach: Area, moved: list[list[Cell]]) -> None:
    over_rows = [i for i, line in enumerate(moved) if i >= reach.rows and any(not c.bare for c in line)]
    if over_rows:
        tab.append_rows(max(over_rows) + 1 - reach.rows)
    over_columns = [i for line in moved for i, c in enumerate(line) if i >= reach.columns and not c.bare]
    if over_columns:
        tab.append_columns(max(over_columns) + 1 - reach.columns)


def _carried(cell: Cell, rows: int, columns: int) -> Cell:
    if cell.formula is None or (rows == 0 and columns == 0):
        return cell
    return replace(cell, formula=copied(cell.formula, rows, columns))


def _padded(cells: list[Cell], width: int) -> list[Cell]:
    return cells + [EMPTY] * (width - len(cells))


def _left_behind(cell: Cell, paste_type: str) -> Cell:
    if paste_type == "PASTE_FORMAT":
        return replace(cell, format=None)
    if paste_type == "PASTE_VALUES":
        return replace(cell, value=None, formula=None, extras=None)
    return EMPTY


def _sort_key(cell: Cell) -> tuple[int, Any]:
    value = cell.value
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, float):
        return 0, value
    if isinstance(value, ErrorValue):
        return 3, value.text
    return 1, str(value).casefold()
