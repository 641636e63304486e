"""Takes back a swap write that went by columns, or a header row, which had been moved meanwhile.

The rows are found again by their ids, and a cell is put back only while it still holds what we wrote, so
that nothing that people did since is touched. Rows that the write had brought back from the scratch stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.sheets_answer import id_text
from adapters.sheets_cells import copy_paste, grid, row_span
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import (
    BAND_ROW,
    READ_FIELDS,
    Band,
    Grid,
    Layout,
    SheetPart,
    counters_of,
    layout_of,
    parts,
    scratch_filters,
    state_part,
    tab_filters,
    tab_part,
)
from adapters.sheets_tickets import clear, ticket_id
from core.model import ROW_ID_HEADER, Serial, SheetValue
from core.sheet import SheetTarget, SwapWrite

Json = dict[str, Any]
_TAKEN_BACK_COLUMN = 7


def believed_columns(journal: Grid, band: Band) -> dict[str, int]:
    """The columns that the last write went by, as it left them in the scratch."""
    cell = journal.cell(BAND_ROW, band.column + 3)
    found = json.loads(str(cell.value)) if cell and cell.value else {}
    return {str(header): int(column) for header, column in found.items()}


def header_moved(tab: SheetPart, journal: Grid, used: Layout, today: tuple[Mapping[str, int], int]) -> bool:
    """Whether the columns or the header row had moved when a write ran whose answer was lost.

    The row that the write took for the header and copied has to have had the id column's title. Columns that stand
    today where the write believed them to be, stood there then. Else the header row that the write copied has to
    have had today's headers in the believed places. In doubt (a header was renamed as well, the id column's was
    cleared) the write is taken back and planned again, which is harmless.

    Args:
        tab: with its first rows.
        journal: what the write left in the scratch.
        used: by what it went.
        today: where the columns and the header row are.
    """
    (now, row), copied = today, used.band.column + used.band.half
    if now.keys() != used.columns.keys() or ROW_ID_HEADER not in now:
        return True
    if id_text(journal.cell(BAND_ROW, copied + used.columns[ROW_ID_HEADER])) != ROW_ID_HEADER:
        return True
    if dict(now) == dict(used.columns):
        return False
    cells = tab.grid_at(1, 0)
    return any(cells.cell(row, now[h]) != journal.cell(BAND_ROW, copied + c) for h, c in used.columns.items())


def take_back(client: SheetsClient, target: SheetTarget, write: SwapWrite, used: Layout) -> Layout:
    """Put back what a write into wrong columns replaced; the counters keep its number.

    Args:
        client: connection to Google.
        target: the link.
        write: the write, whose scratch is still in place.
        used: the layout that it went by.

    Returns:
        The layout as it is now.
    """
    filters = tab_filters(target) + scratch_filters(used, len(write.looked_at))
    answer = client.read(target.spreadsheet_id, filters, READ_FIELDS)
    layout = layout_of(answer, target, used.date_formats)
    found = parts(answer)
    if counters_of(state_part(found), target.link).taken_back == write.n:
        return layout
    damage = _Damage(write, used, layout, tab_part(found, target), state_part(found))
    requests = [
        *damage.cells(),
        *damage.new_rows(),
        *damage.removed_rows(),
        *_free_ticket(layout, target.link, write),
        _note(layout, write.n),
    ]
    client.write(target.spreadsheet_id, {"requests": requests})
    return layout


def _free_ticket(layout: Layout, link: str, write: SwapWrite) -> Iterator[Json]:
    """The write did nothing after all, so it may be sent again under its number."""
    used = ticket_id(link, write.n, write.epoch)
    yield from clear(t for t in layout.tickets if t.metadata_id == used)


def _note(layout: Layout, n: int) -> Json:
    """Remember in the same call that it is done, so that it is never done twice."""
    start = {"sheetId": layout.state_id, "rowIndex": layout.counters_row - 1, "columnIndex": _TAKEN_BACK_COLUMN}
    rows = [{"values": [{"userEnteredValue": {"numberValue": n}}]}]
    return {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}


def _bare(value: SheetValue) -> SheetValue:
    """A value without what the format of a wrong column makes of it."""
    if isinstance(value, Serial):
        return value.days
    return None if value == "" else value


@dataclass(frozen=True, slots=True)
class _Damage:
    """What a write did in the wrong places, and the requests that undo it."""

    write: SwapWrite
    used: Layout
    now: Layout
    tab: SheetPart
    state: SheetPart

    def cells(self) -> Iterator[Json]:
        """Cells of rows that are still there come back out of the scratch."""
        cells, rows = self.tab.grid_at(1, 0), self._rows_by_id()
        for line, row in enumerate(self.write.looked_at):
            row_id = self._id_in_scratch(line)
            stands_at = rows.get(row_id, 0) if row_id else self._place_without_id(line, row)
            for column, value in self._written(row).items():
                cell = cells.cell(stands_at, column)
                if stands_at and _bare(cell.value if cell else None) == _bare(value):
                    yield self._copy(line, stands_at, column, 1)

    def _place_without_id(self, line: int, row: int) -> int:
        """Where a row without an id is, as one above the header: it holds what we wrote, and else what it held."""
        cells, written = self.tab.grid_at(1, 0), self._written(row)
        lines, band = self.state.grid_at(self.used.band.line_row, self.used.band.column), self.used.band

        def holds(place: int, column: int) -> bool:
            was = lines.cell(band.line_row + line, band.column + column)
            here, wanted = cells.cell(place, column), written.get(column, was.value if was else None)
            return _bare(here.value if here else None) == _bare(wanted)

        by_distance = sorted(range(1, cells.last_row + 1), key=lambda place: abs(place - row)) if written else []
        columns = range(self.used.copied_columns)
        return next((place for place in by_distance if all(holds(place, c) for c in columns)), row)

    def new_rows(self) -> Iterator[Json]:
        """Rows that the write inserted go away again, bottom up."""
        cells, column = self.tab.grid_at(1, 0), self.used.columns[ROW_ID_HEADER]
        inserted = {i.row_id for i in self.write.inserts}
        for row in range(cells.last_row, 1, -1):
            cell = cells.cell(row, column)
            if cell is not None and cell.value in inserted:
                yield {"deleteDimension": {"range": row_span(self.now.tab_id, row, 1)}}

    def removed_rows(self) -> Iterator[Json]:
        """Rows that the write deleted come back whole, top down, each where it was."""
        doomed = {d.row for d in self.write.deletes}
        width = min(self.used.copied_columns, self.now.tab_columns)
        for line, row in enumerate(self.write.looked_at):
            if row in doomed:
                inherit = row > self.used.header.row + 1
                yield {"insertDimension": {"range": row_span(self.now.tab_id, row, 1), "inheritFromBefore": inherit}}
                yield self._copy(line, row, 0, width)

    def _written(self, row: int) -> dict[int, SheetValue]:
        """Column to value of what the write put into a row."""
        columns = self.used.columns
        written: dict[int, SheetValue] = {columns[c.header]: c.value for c in self.write.cells if c.row == row}
        for given in self.write.ids:
            if given.row == row:
                written[columns[ROW_ID_HEADER]] = given.row_id
        return written

    def _id_in_scratch(self, line: int) -> str:
        """The true id of a row that was looked at: the whole row was copied, whatever its columns."""
        band, column = self.used.band, self.now.columns.get(ROW_ID_HEADER)
        if column is None:
            return ""
        lines = self.state.grid_at(band.line_row, band.column)
        cell = lines.cell(band.line_row + line, band.column + column)
        return "" if cell is None else str(cell.value)

    def _rows_by_id(self) -> dict[str, int]:
        cells, column = self.tab.grid_at(1, 0), self.now.columns.get(ROW_ID_HEADER)
        if column is None:
            return {}
        found = ((cells.cell(row, column), row) for row in range(cells.last_row, 1, -1))
        return {str(cell.value): row for cell, row in found if cell is not None} | self._overwritten_ids()

    def _overwritten_ids(self) -> dict[str, int]:
        """Rows whose id itself was written over are found by the number that they had."""
        column = self.now.columns.get(ROW_ID_HEADER)
        lines = enumerate(self.write.looked_at)
        return {self._id_in_scratch(line): row for line, row in lines if column in self._written(row)}

    def _copy(self, line: int, row: int, column: int, width: int) -> Json:
        band = self.used.band
        source = grid(self.now.state_id, band.line_row + line, 1, band.column + column, width)
        return copy_paste(source, grid(self.now.tab_id, row, 1, column, width))
