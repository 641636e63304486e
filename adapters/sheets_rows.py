"""The rows of a whole tab, held as they came and decoded whenever one is looked at. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from adapters.sheets_answer import id_text
from adapters.sheets_layout import Grid
from core.model import ROW_ID_HEADER
from core.sheet import TabRow


class TabRows(Sequence[TabRow]):
    """Rows that are not blank in the linked columns and the id column, top down.

    Args:
        cells: the whole tab.
        columns: linked header and ``_row_id`` to 0-based column.
    """

    def __init__(self, cells: Grid, columns: Mapping[str, int]) -> None:
        self._cells = cells
        self._id_column = columns.get(ROW_ID_HEADER)
        self._linked = [(header, column) for header, column in columns.items() if header != ROW_ID_HEADER]
        decoded = ((row, self._decoded(row)) for row in range(2, cells.last_row + 1))
        self._numbers = array("L", (row for row, found in decoded if found.cells or found.row_id is not None))

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> TabRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TabRow]: ...
    def __getitem__(self, index: int | slice) -> TabRow | Sequence[TabRow]:
        if isinstance(index, slice):
            return [self._decoded(row) for row in self._numbers[index]]
        return self._decoded(self._numbers[index])

    def __iter__(self) -> Iterator[TabRow]:
        return map(self._decoded, self._numbers)

    def _decoded(self, row: int) -> TabRow:
        line = self._cells.line(row)
        filled = {h: cell for h, c in self._linked if c < len(line) and (cell := line[c]) is not None}
        column = self._id_column
        return TabRow(row, id_text(line[column]) if column is not None and column < len(line) else None, filled)
