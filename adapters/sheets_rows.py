"""The rows of a tab, or of pieces of it, held as they came and decoded whenever one is looked at. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar, overload

from adapters.sheets_answer import id_text
from adapters.sheets_cells import decode_cell
from adapters.sheets_parts import Grid
from core.model import ROW_ID_HEADER, SheetCell
from core.sheet import TabRow

T = TypeVar("T")


class TabRows(Sequence[TabRow]):
    """Rows that are not blank in the linked columns and the id column, top down.

    Args:
        pieces: of the tab, top down, each from its leftmost column on.
        columns: linked header and ``_row_id`` to 0-based column.
        header_row: 1-based; rows above it are left out as well.
        ids_alone: whether rows that hold nothing but an id in these columns are among them.
    """

    def __init__(
        self, pieces: Sequence[Grid], columns: Mapping[str, int], header_row: int = 1, *, ids_alone: bool = True
    ) -> None:
        self._pieces = pieces
        self._first_rows = [piece.row for piece in pieces]
        self._id_column = columns.get(ROW_ID_HEADER)
        self._linked = {header: column for header, column in columns.items() if header != ROW_ID_HEADER}
        self._looked_at = 0
        """The row that was looked at last: whoever looks at one cell of it looks at others as well."""
        self._raw: Sequence[Any] = ()
        self._decoded: dict[int, SheetCell | None] = {}
        """Its cells, as they came and as far as somebody has looked at them."""
        spans = (range(max(header_row + 1, piece.row), piece.last_row + 1) for piece in pieces)
        made = map(self._row, chain.from_iterable(spans))
        self._numbers = array("L", (row.row for row in made if row.cells or (ids_alone and row.row_id is not None)))

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
        row_id = None if self._id_column is None else id_text(self.cell(row, self._id_column))
        return TabRow(row, row_id, _Cells(self, row, self._linked))

    def cell(self, row: int, column: int) -> SheetCell | None:
        """One cell by 1-based row and 0-based column; ``None`` for a blank one."""
        if self._looked_at != row:
            piece = self._pieces[bisect_right(self._first_rows, row) - 1]
            self._looked_at, self._raw, self._decoded = row, piece.raw(row), {}
        decoded = self._decoded
        if column not in decoded:
            decoded[column] = decode_cell(self._raw[column]) if column < len(self._raw) else None
        return decoded[column]


class _Cells(Mapping[str, SheetCell]):
    """The cells of one row by linked header, blank ones left out; many such rows take little memory."""

    __slots__ = ("_columns", "_row", "_rows")

    def __init__(self, rows: TabRows, row: int, columns: Mapping[str, int]) -> None:
        self._rows, self._row, self._columns = rows, row, columns

    def __getitem__(self, header: str) -> SheetCell:
        cell = self._rows.cell(self._row, self._columns[header])
        if cell is None:
            raise KeyError(header)
        return cell

    @overload
    def get(self, key: str, /) -> SheetCell | None: ...
    @overload
    def get(self, key: str, /, default: SheetCell | T) -> SheetCell | T: ...
    def get(self, key: str, /, default: SheetCell | T | None = None) -> SheetCell | T | None:
        column = self._columns.get(key)
        cell = None if column is None else self._rows.cell(self._row, column)
        return default if cell is None else cell

    def __contains__(self, key: object) -> bool:
        column = self._columns.get(key)  # type: ignore[call-overload]  # of any type, as in every mapping
        return column is not None and self._rows.cell(self._row, column) is not None

    def __iter__(self) -> Iterator[str]:
        return (header for header, c in self._columns.items() if self._rows.cell(self._row, c) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    def __repr__(self) -> str:
        return repr(dict(self))


class IdColumn:
    """Row and id of every row that has one, decoded whenever somebody goes through them.

    Args:
        piece: the id column, or more of the tab that holds it.
        column: 0-based, of the sheet.
        header_row: 1-based; ids stand below it.
    """

    def __init__(self, piece: Grid, column: int, header_row: int) -> None:
        self._piece, self._column, self._header_row = piece, column, header_row

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for row in range(self._header_row + 1, self._piece.last_row + 1):
            row_id = id_text(self._piece.cell(row, self._column))
            if row_id is not None:
                yield row, row_id
