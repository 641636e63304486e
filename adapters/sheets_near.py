"""What rows of a tab hold by now that a write of ours has hit: looked for in all of it, or, where one read does not
take that, by the ids of all rows and by what stands near the places where they stood.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.sheets_answer import id_text
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import (
    READ_FIELDS,
    Layout,
    columns_of,
    id_column_filter,
    layout_filters,
    rows_filter,
    tab_filters,
)
from adapters.sheets_parts import Grid, SheetPart, parts, tab_part
from adapters.sheets_whole import read_again_while_moved
from core.errors import RowsMoved
from core.model import ROW_ID_HEADER, SheetCell
from core.sheet import SheetTarget, Span

Json = dict[str, Any]
NEAR_ROWS = 200
"""So far from where it stood a row is looked for whose id does not tell where it is; less far for many of them."""


class Cells(Protocol):
    """Cells of a tab, as far as they are told of; those that are not look blank."""

    def cell(self, row: int, column: int) -> SheetCell | None:
        """One cell by 1-based row and 0-based column."""

    def told(self, rows: range) -> Iterable[int]:
        """Those of these rows of which all cells are told, top down."""

    @property
    def last_row(self) -> int:
        """1-based last row that anything is told of."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for."""

    rows: Collection[int]
    """1-based rows where it stood."""
    ids_of: Callable[[Json], Collection[str]]
    """The ids of those rows, out of an answer to ``others``."""
    others: Sequence[Json]
    """DataFilters of what else is to be read."""
    id_column_of: Callable[[Json], int | None] = lambda _answer: None
    """0-based column in which ids may stand besides the id column; likewise."""


class NearRows:
    """Implements :class:`Cells`: some rows, and all of some columns.

    Args:
        spans: of the rows, top down and apart.
        tab: an answer's pieces of these rows.
        columns: 0-based column to a piece that holds all of it.
    """

    def __init__(self, spans: Sequence[Span], tab: SheetPart, columns: Mapping[int, Grid]) -> None:
        self._spans, self._columns = spans, columns
        self._pieces = [tab.rows_from(first) for first, _ in spans]
        self._firsts = [first for first, _ in spans]
        ends = [piece.last_row for piece in (*self._pieces, *columns.values())]
        self.last_row = max(ends, default=0)

    def cell(self, row: int, column: int) -> SheetCell | None:
        """See :class:`Cells`."""
        whole = self._columns.get(column)
        if whole is not None:
            return whole.cell(row, column)
        at = bisect_right(self._firsts, row) - 1
        return self._pieces[at].cell(row, column) if at >= 0 and row <= self._spans[at][1] else None

    def told(self, rows: range) -> Iterator[int]:
        """See :class:`Cells`."""
        for first, last in self._spans:
            yield from range(max(first, rows.start), min(last + 1, rows.stop))


def read_near(
    client: SheetsClient, target: SheetTarget, layout: Layout, search: Search, cells_max: int
) -> tuple[Json, Cells]:
    """An answer with the layout and what else was asked for, and the cells of the tab in which to look.

    Args:
        client: connection to Google.
        target: the link.
        layout: as known.
        search: what is looked for.
        cells_max: of one read.

    Raises:
        RowsMoved: rows move faster than they can be read.
    """
    if layout.tab_rows * layout.copied_columns <= cells_max:
        answer = client.read(target.spreadsheet_id, [*tab_filters(target), *search.others], READ_FIELDS)
        return answer, tab_part(parts(answer), target).rows_from(1)
    return read_again_while_moved()(_read_apart, client, target, layout, search, cells_max)


def _read_apart(
    client: SheetsClient, target: SheetTarget, layout: Layout, search: Search, cells_max: int
) -> tuple[Json, Cells]:
    filters = [*layout_filters(target), *search.others, id_column_filter(target)]
    at_most = cells_max // max(1, layout.copied_columns) // max(1, 2 * len(search.rows))
    first = client.read(target.spreadsheet_id, filters, READ_FIELDS)
    ids, other, spans = _where(first, target, search, min(NEAR_ROWS, at_most))
    del first  # a large one, and there comes another
    filters += [rows_filter(target, top, bottom - top + 1) for top, bottom in spans]
    if other is not None:
        column = {"startColumnIndex": other, "endColumnIndex": other + 1}
        filters.append({"gridRange": {"sheetId": target.sheet_id, **column}})
    answer = client.read(target.spreadsheet_id, filters, READ_FIELDS)
    tab = tab_part(parts(answer), target)
    cells = NearRows(spans, tab, _columns(tab, target, other))
    standing = _rows_with(_columns(tab, target, None), ids)
    if other != search.id_column_of(answer) or standing.difference(cells.told(range(1, cells.last_row + 1))):
        raise RowsMoved
    return answer, cells


def _where(
    answer: Json, target: SheetTarget, search: Search, near_rows: int
) -> tuple[set[str], int | None, list[Span]]:
    """The ids that are looked for, the further column in which they may stand, and the rows in which to look."""
    tab, ids = tab_part(parts(answer), target), set(search.ids_of(answer))
    places = _rows_with(_columns(tab, target, None), ids)
    spans = spans_near(search.rows, places, range(1, tab.row_count + 1), near_rows)
    return ids, search.id_column_of(answer), spans


def spans_near(rows: Collection[int], places: Collection[int], grid: range, near_rows: int) -> list[Span]:
    """First and last rows, top down and apart: around ``rows`` that many on either side, and ``places``."""
    wanted = [(row - near_rows, row + near_rows) for row in rows] + [(place, place) for place in places]
    clipped = [(max(first, grid.start), min(last, grid.stop - 1)) for first, last in wanted]
    spans: list[Span] = []
    for first, last in sorted(span for span in clipped if span[0] <= span[1]):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return spans


def _columns(tab: SheetPart, target: SheetTarget, other: int | None) -> dict[int, Grid]:
    """The columns in which ids stand."""
    found = {columns_of(tab, target).get(ROW_ID_HEADER), other}
    return {c: piece for c in found if c is not None and (piece := tab.from_the_top(c)) is not None}


def _rows_with(columns: Mapping[int, Grid], ids: Collection[str]) -> set[int]:
    return {
        row
        for column, piece in columns.items()
        for row in range(1, piece.last_row + 1)
        if id_text(piece.cell(row, column)) in ids
    }
