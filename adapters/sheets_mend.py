"""Mends a linked tab that has lost columns or its header row, so that its values can be written again.

One atomic call. What is there is left as it is: mending twice changes nothing, and mending after a crash completes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.sheets_answer import id_text
from adapters.sheets_cells import row_span
from adapters.sheets_client import SheetsClient
from adapters.sheets_columns import Column, make_id_column, mark, protect, shape, write_line
from adapters.sheets_header import header_of
from adapters.sheets_layout import LAYOUT_FIELDS, columns_of, formats_of_dates, tab_filters
from adapters.sheets_parts import Grid, SheetPart, parts, tab_part
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, LinkedColumn
from core.sheet import SheetTarget

Json = dict[str, Any]


def mend_tab(client: SheetsClient, target: SheetTarget, columns: Sequence[LinkedColumn]) -> bool:
    """Put the header row back to its place, and make lost columns again, blank; whether anything was to be done.

    Args:
        client: connection to Google.
        target: the link's tab.
        columns: linked columns.

    Raises:
        SheetsRefused: the tab itself is gone.
    """
    answer = client.read(target.spreadsheet_id, tab_filters(target), LAYOUT_FIELDS)
    requests = list(_Mending(target, tab_part(parts(answer), target), columns).requests())
    if requests:
        client.write(target.spreadsheet_id, {"requests": requests})
    return bool(requests)


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the header row is, and what it says."""

    titles: Mapping[int, str]
    """By 0-based column; blank ones left out."""
    row: int
    """1-based row of the tab where it belongs."""
    strayed_to: int | None = None
    """1-based row of the tab, where it is among the rows below."""
    is_lost: bool = False
    """A row of data stands there."""


class _Mending:
    """What is missing in a tab, and the requests that add it."""

    def __init__(self, target: SheetTarget, tab: SheetPart, columns: Sequence[LinkedColumn]) -> None:
        self._target, self._tab, self._linked = target, tab, columns
        self._cells: Grid = tab.grid_at(1, 0)
        self._at = columns_of(tab, target)
        self._header = self._find_header()

    def requests(self) -> Iterator[Json]:
        """Everything, in order; column numbers are those of the moment."""
        yield from self._rows()
        yield from self._adopt()
        yield from self._make([c for c in self._linked if c.header not in self._at])
        if ROW_ID_HEADER not in self._at:
            yield from self._make_ids()
        yield from self._titles()

    def _find_header(self) -> _Header:
        column, found = self._at.get(ROW_ID_HEADER), header_of(self._tab, self._at, self._target.header_row)
        if column is None or found.is_seen:
            return _Header(self._line(found.row), found.row)
        rows = range(1, self._cells.last_row + 1)
        ids = {row: text for row in rows if (text := id_text(self._cells.cell(row, column)))}
        first = next((row for row, text in ids.items() if text.startswith(ROW_ID_PREFIX)), None)
        strayed_to = next((row for row, text in ids.items() if text == ROW_ID_HEADER), None)
        if strayed_to is not None:
            return _Header(self._line(strayed_to), first or found.row, strayed_to)
        row = self._likest(range(1, first or found.row + 1), found.row)
        if first is not None and row >= first:
            return _Header({}, first, is_lost=True)
        return _Header(self._line(row), row)

    def _likest(self, rows: range, linked_at: int) -> int:
        """The row with most of the linked titles, where there are any: it may have moved before it was damaged."""
        linked = {column.header for column in self._linked}
        titled = {row: len(linked & set(self._line(row).values())) for row in rows}
        return max(titled, key=lambda row: (titled[row], row == linked_at)) if any(titled.values()) else linked_at

    def _line(self, row: int) -> dict[int, str]:
        cells = enumerate(self._cells.line(row))
        return {i: str(c.value) for i, c in cells if c is not None and c.value not in (None, "")}

    def _rows(self) -> Iterator[Json]:
        tab, header = self._target.sheet_id, self._header
        if header.strayed_to is not None:
            yield {
                "moveDimension": {"source": row_span(tab, header.strayed_to, 1), "destinationIndex": header.row - 1}
            }
        elif header.is_lost:
            yield {"insertDimension": {"range": row_span(tab, header.row, 1), "inheritFromBefore": False}}

    def _adopt(self) -> Iterator[Json]:
        """Columns that somebody has made again by hand, known by their titles."""
        free = {title: i for i, title in self._header.titles.items() if i not in self._at.values()}
        for linked in self._linked:
            if linked.header not in self._at and linked.header in free:
                at = self._at[linked.header] = free[linked.header]
                yield mark(self._target, linked.header, at)
                is_dated = linked.header in formats_of_dates(self._tab, {linked.header: at}, self._header.row)
                yield from shape(self._column(at), linked, is_dated=is_dated)
        if ROW_ID_HEADER not in self._at and ROW_ID_HEADER in free:
            self._at[ROW_ID_HEADER] = free[ROW_ID_HEADER]
            yield mark(self._target, ROW_ID_HEADER, free[ROW_ID_HEADER])

    def _make(self, lost: Sequence[LinkedColumn]) -> Iterator[Json]:
        """Beside the row ids, or behind the last column."""
        if not lost:
            return
        first = self._at.get(ROW_ID_HEADER, max(self._at.values(), default=-1) + 1)
        yield from self._insert(first, len(lost))
        for column, linked in enumerate(lost, start=first):
            self._at[linked.header] = column
            yield mark(self._target, linked.header, column)
            yield from shape(self._column(column), linked, is_dated=False)

    def _make_ids(self) -> Iterator[Json]:
        tab, column = self._target.sheet_id, max(self._at.values(), default=-1) + 1
        yield from self._insert(column, 1)
        self._at[ROW_ID_HEADER] = column
        yield mark(self._target, ROW_ID_HEADER, column)
        yield from make_id_column(self._column(column))
        yield protect(tab, column)

    def _insert(self, first: int, count: int) -> Iterator[Json]:
        tab = self._target.sheet_id
        span = {"sheetId": tab, "dimension": "COLUMNS", "startIndex": first, "endIndex": first + count}
        if first >= self._tab.column_count:
            yield {"appendDimension": {"sheetId": tab, "dimension": "COLUMNS", "length": count}}
        else:
            yield {"insertDimension": {"range": span, "inheritFromBefore": False}}
        moved = {i + count if i >= first else i: title for i, title in self._header.titles.items()}
        self._header = replace(self._header, titles=moved)
        self._at = {header: i + count if i >= first else i for header, i in self._at.items()}

    def _column(self, at: int) -> Column:
        return Column(self._target.sheet_id, at, self._header.row)

    def _titles(self) -> Iterator[Json]:
        """Titles that are blank; a renamed column keeps its name, the row ids have theirs."""
        for header, column in sorted(self._at.items(), key=lambda item: item[1]):
            said = self._header.titles.get(column)
            if said is None or (header == ROW_ID_HEADER and said != header):
                yield write_line(self._target.sheet_id, self._header.row, column, (header,))
