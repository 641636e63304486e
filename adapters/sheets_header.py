"""Where the header row of a linked tab is by now. Pure.

Above it may stand whatever people like, and they insert and delete rows there. So the row is known by the title of
the id column, whose column is known by its metadata: it moves with its row, costs no call, and cannot be elsewhere
than the header is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.sheets_parts import Grid, SheetPart
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX


@dataclass(frozen=True, slots=True)
class Header:
    """The header row as of one read."""

    row: int = 1
    """1-based."""
    is_seen: bool = False
    """Whether the id column's title stands there; else it is the row where the tab was linked."""


def header_of(tab: SheetPart, columns: Mapping[str, int], linked_at: int) -> Header:
    """The header row: the last one with the id column's title above all rows with ids, aside from copies of rows.

    Args:
        tab: with its id column from row 1 on, as far down as it was read.
        columns: linked header and ``_row_id`` to 0-based column.
        linked_at: where it was when the tab was linked; taken where no row is the header.
    """
    column = columns.get(ROW_ID_HEADER)
    if column is None:
        return Header(linked_at)
    cells = tab.from_the_top(column)
    found = header_among(_text(cells, row, column) for row in range(1, cells.last_row + 1 if cells else 1))
    return Header(found, True) if found else Header(linked_at, _text(cells, linked_at, column) == ROW_ID_HEADER)


def header_among(ids: Iterable[str]) -> int:
    """The same by the texts of the id column alone, from row 1 on: 1-based; 0 where no row is the header."""
    found, texts = 0, iter(ids)
    read: list[str] = []
    for text in texts:
        read.append(text)
        if text.startswith(ROW_ID_PREFIX):
            return found or _below_copies([*read, *texts])
        found = len(read) if text == ROW_ID_HEADER else found
    return found


def _below_copies(ids: Sequence[str]) -> int:
    """The same where rows with ids stand above it: copies, of which people have pasted the hidden id along. All of
    them stand below it, too; else it may be the header row that was moved."""
    for row in (row for row, text in enumerate(ids, start=1) if text == ROW_ID_HEADER):
        below = set(ids[row:])
        if all(text in below for text in ids[: row - 1] if text.startswith(ROW_ID_PREFIX)):
            return row
    return 0


def _text(cells: Grid | None, row: int, column: int) -> str:
    cell = cells.cell(row, column) if cells else None
    return "" if cell is None else str(cell.value)
