"""The rows of a whole tab, held as they came and decoded whenever one is looked at. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from adapters.sheets_answer import id_text
from adapters.sheets_layout import Grid, Row
from core.model import ROW_ID_HEADER, SheetCell
from core.sheet import TabRow


class TabRows(Sequence[TabRow]):
    """Rows that are not blank in the linked columns and the id column, top down.

    Args:
        cells: the whole tab.
        columns: linked header and ``_row_id`` to 0-based column.
        header_row: 1-based; rows above it are left out as well.
    """

    def __init__(self, cells: Grid, columns: Mapping[str, int], header_row: int = 1) -> None:
        self._cells = cells
        self._id_column = columns.get(ROW_ID_HEADER)
        self._linked = {header: column for header, column in columns.items() if header != ROW_ID_HEADER}
        self._decoded: tuple[int, Row] = (0, ())
        """The row that was looked at last: whoever looks at one cell looks at the next one as well."""
        made = (self._row(row) for row in range(header_row + 1, cells.last_row + 1))
        self._numbers = array("L", (row.row for row in made if row.cells or row.row_id is not None))

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> TabRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TabRow]: ...
    def __getitem__(self, index: int | slice) -> TabRow | Sequence[TabRow]:
        if isinstance(index, slice):
            return [self._row(row) for row in self._numbers[index]]
        return self._row(self._numbers[index])

    def __iter__(self) -> Iterator[TabRow]:
        return map(self._row, self._numbers)

    def _row(self, row: int) -> TabRow:
        line, column = self.line(row), self._id_column
        row_id = id_text(line[column]) if column is not None and column < len(line) else None
        return TabRow(row, row_id, _Cells(self, row, self._linked))

    def line(self, row: int) -> Row:
        """The cells of a 1-based row."""
        if self._decoded[0] != row:
            self._decoded = row, self._cells.line(row)
        return self._decoded[1]


class _Cells(Mapping[str, SheetCell]):
    """The cells of one row by linked header, blank ones left out; many such rows take little memory."""

    __slots__ = ("_columns", "_row", "_rows")

    def __init__(self, rows: TabRows, row: int, columns: Mapping[str, int]) -> None:
        self._rows, self._row, self._columns = rows, row, columns

    def __getitem__(self, header: str) -> SheetCell:
        line, column = self._rows.line(self._row), self._columns[header]
        cell = line[column] if column < len(line) else None
        if cell is None:
            raise KeyError(header)
        return cell

    def __iter__(self) -> Iterator[str]:
        line = self._rows.line(self._row)
        return (header for header, c in self._columns.items() if c < len(line) and line[c] is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    def __repr__(self) -> str:
        return repr(dict(self))
