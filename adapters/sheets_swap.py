"""The swap write as Google's JSON: one atomic ``spreadsheets.batchUpdate``. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.sheets_cells import a1_range, copy_paste, date_format, encode_value, grid, quoted, row_span, runs
from adapters.sheets_header import Header
from adapters.sheets_layout import BAND_ROW, Band, Layout
from adapters.sheets_tickets import clear, outdated, use
from core.errors import SheetsRefused
from core.model import ROW_ID_HEADER, STATE_TAB
from core.sheet import RowInsert, SwapWrite
from core.values import Serial, SheetValue

Json = dict[str, Any]

SCRATCH_CELLS_MAX = 2_000_000
"""Google allows 10,000,000 cells in a spreadsheet; the scratch may not take much of them."""
_GROW_ROWS = 1000


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """A swap write, encoded."""

    body: Json
    layout: Layout
    """As it will be once the write has landed."""


def plan_swap(link: str, layout: Layout, write: SwapWrite) -> SwapPlan:
    """Encode a swap write.

    Args:
        link: name of the link.
        layout: where the link's columns and scratch are believed to be.
        write: what to do.

    Raises:
        SheetsRefused: a column that is written to is gone from the tab.
        ValueError: a value that no cell can hold.
    """
    _check_columns(layout, write)
    if write.header_row:
        layout = replace(layout, header=Header(write.header_row, is_seen=True))
    after = replace(layout, band=_band_for(layout, write), scratch_columns={})
    rows = _Numbering(layout, write)
    requests = [
        use(layout.tab_id, link, write.n, write.epoch),
        *clear(outdated(layout.tickets, write.n)),
        *_grow_scratch(layout, after, write),
        *_restores(layout, write, rows),
        *_grow_tab(layout, write, rows),
        *_journal(after, {} if write.looked_at else layout.scratch_columns),
        *_looks(after, write, rows),
        *_cell_writes(after, write, rows),
        *_inserts(after, write, rows),
        *_deletes(after, write, rows),
        *_counters(after, write),
    ]
    body: Json = {
        "requests": requests,
        "includeSpreadsheetInResponse": True,
        "responseIncludeGridData": True,
        "responseRanges": _response_ranges(after, write),
    }
    return SwapPlan(body, after)


class _Numbering:
    """Row numbers while the write runs: callers number rows as they stood before it, restored ones as after it."""

    def __init__(self, layout: Layout, write: SwapWrite) -> None:
        restores = sorted(write.row_restores, key=lambda r: r.row)
        self.restores = [
            replace(r, row=max(layout.header.row + 1, min(r.row, layout.tab_rows + done)))
            for done, r in enumerate(restores)
        ]
        """Top down, none past the grid's end."""
        self._insert_after = max(write.insert_after_row, layout.header.row)
        self._inserted = len(write.inserts)

    def restored(self, row: int) -> int:
        """Once the restored rows are in."""
        for restore in self.restores:
            row += 1 if restore.row <= row else 0
        return row

    def inserted(self, row: int) -> int:
        """Once the new rows are in as well."""
        return self.restored(row) + (self._inserted if row > self._insert_after else 0)


def _check_columns(layout: Layout, write: SwapWrite) -> None:
    wanted = {c.header for c in write.cells} | {r.header for r in write.formula_restores}
    wanted |= {h for i in write.inserts for h in i.cells} | {ROW_ID_HEADER}
    gone = sorted(wanted - layout.columns.keys())
    if gone:
        raise SheetsRefused(
            f"The column {', '.join(gone)} is gone from the tab {layout.tab_title}.",
            "Bring it back with Undo or File → Version history, or link the tab again.",
        )


def _band_for(layout: Layout, write: SwapWrite) -> Band:
    """The band with its lines far enough down that no line stands above the row it is copied from."""
    band, looked_at = layout.band, write.looked_at
    rows = _Numbering(layout, write)
    needed = max((rows.restored(row) - line for line, row in enumerate(looked_at)), default=0)
    if needed <= band.line_row:
        return band
    line_row = -(-needed // _GROW_ROWS) * _GROW_ROWS
    if (line_row + len(looked_at)) * layout.state_columns > SCRATCH_CELLS_MAX:
        return band
    return replace(band, line_row=line_row)


def _grow_scratch(layout: Layout, after: Layout, write: SwapWrite) -> list[Json]:
    missing = after.band.line_row - 1 + len(write.looked_at) - layout.state_rows
    if missing <= 0:
        return []
    length = missing + _GROW_ROWS
    return [{"appendDimension": {"sheetId": layout.state_id, "dimension": "ROWS", "length": length}}]


def _grow_tab(layout: Layout, write: SwapWrite, rows: _Numbering) -> Iterator[Json]:
    """Rows that people have removed from under us are made anew, so that the answer tells that they are blank."""
    last = max([rows.restored(r) for r in (*write.looked_at, write.insert_after_row if write.inserts else 1)])
    missing = last - layout.tab_rows - len(write.row_restores)
    if missing > 0:
        yield {"appendDimension": {"sheetId": layout.tab_id, "dimension": "ROWS", "length": missing}}


def _restores(layout: Layout, write: SwapWrite, rows: _Numbering) -> Iterator[Json]:
    """Rows and formulas come back out of the scratch of the write before this one."""
    columns = layout.scratch_columns or layout.columns
    for restore in rows.restores:
        span = row_span(layout.tab_id, restore.row, 1)
        # Google inserts behind the last row only what takes after the row before it
        inherit = restore.row > layout.header.row + 1 or layout.tab_rows <= layout.header.row
        yield {"insertDimension": {"range": span, "inheritFromBefore": inherit}}
        if columns == layout.columns:
            yield _fetch(layout, (restore.scratch_line, 0), (restore.row, 0), layout.copied_columns)
        else:  # what is not linked cannot be told apart any more
            for header, column in layout.columns.items():
                yield _fetch(layout, (restore.scratch_line, columns.get(header, column)), (restore.row, column))
    for formula in write.formula_restores:
        column = layout.columns[formula.header]
        source = columns.get(formula.header, column)
        yield _fetch(layout, (formula.scratch_line, source), (rows.restored(formula.row), column))


def _fetch(layout: Layout, source: tuple[int, int], target: tuple[int, int], width: int = 1) -> Json:
    """Copy from (line of the scratch, column of the tab) to (row, column) of the tab."""
    (line, source_column), (row, column), band = source, target, layout.band
    area = grid(layout.state_id, band.line_row + line, 1, band.column + source_column, width)
    return copy_paste(area, grid(layout.tab_id, row, 1, column, width))


def _journal(layout: Layout, copied: Mapping[str, int]) -> Iterator[Json]:
    """The counters and the header row before the write, and which columns the writer went by; and by which the lines
    that stay in the scratch were ``copied``, where those are others."""
    band, state = layout.band, layout.state_id
    yield copy_paste(grid(state, layout.counters_row, 1, 1, 3), grid(state, BAND_ROW, 1, band.column, 3))
    columns = dict(layout.columns)
    noted = [columns, dict(copied)] if copied and copied != columns else columns
    yield _update(
        grid(state, BAND_ROW, 1, band.column + 3, 1),
        [[json.dumps(noted, ensure_ascii=False, separators=(",", ":"))]],
    )
    width = layout.copied_columns
    header = grid(layout.tab_id, layout.header.row, 1, 0, width)
    yield copy_paste(header, grid(state, BAND_ROW, 1, band.column + band.half, width), "PASTE_VALUES")


def _looks(layout: Layout, write: SwapWrite, rows: _Numbering) -> Iterator[Json]:
    """Every row that will be touched goes into the scratch, as it is and as values."""
    band, state, width = layout.band, layout.state_id, layout.copied_columns
    line = 0
    for first, count in runs([rows.restored(r) for r in write.looked_at]):
        source = grid(layout.tab_id, first, count, 0, width)
        at = band.line_row + line
        yield copy_paste(source, grid(state, at, count, band.column, width))
        yield copy_paste(source, grid(state, at, count, band.column + band.half, width), "PASTE_VALUES")
        line += count


def _update(area: Json, values: Sequence[Sequence[SheetValue]], formats: Mapping[int, Json] | None = None) -> Json:
    """One updateCells; ``formats`` are number formats by column within ``area``."""
    fields = "userEnteredValue,userEnteredFormat.numberFormat" if formats else "userEnteredValue"
    shapes = {index: {"userEnteredFormat": {"numberFormat": shape}} for index, shape in (formats or {}).items()}
    start = {"sheetId": area["sheetId"], "rowIndex": area["startRowIndex"], "columnIndex": area["startColumnIndex"]}
    lines = [[encode_value(value) for value in line] for line in values]
    for index, shape in shapes.items():
        for line in lines:
            line[index] |= shape
    return {"updateCells": {"start": start, "rows": [{"values": line} for line in lines], "fields": fields}}


def _cell_writes(layout: Layout, write: SwapWrite, rows: _Numbering) -> Iterator[Json]:
    """Cells and ids; neighbours in the same columns of adjacent rows are one request."""
    lines: dict[int, dict[int, SheetValue]] = {}
    headers = {column: header for header, column in layout.columns.items()}
    for cell in write.cells:
        lines.setdefault(rows.restored(cell.row), {})[layout.columns[cell.header]] = cell.value
    for given in write.ids:
        lines.setdefault(rows.restored(given.row), {})[layout.columns[ROW_ID_HEADER]] = given.row_id
    for first, column, block in _blocks(lines):
        formats = _block_formats(layout, headers, column, block)
        yield _update(grid(layout.tab_id, first, len(block), column, len(block[0])), block, formats)


_Piece = tuple[int, tuple[SheetValue, ...]]


def _blocks(lines: Mapping[int, Mapping[int, SheetValue]]) -> Iterator[tuple[int, int, list[tuple[SheetValue, ...]]]]:
    """(first row, first column, values) of rectangles; dates stand apart, because they carry a format."""
    open_blocks: dict[tuple[int, int, bool], tuple[int, list[tuple[SheetValue, ...]]]] = {}
    previous = 0
    for row in sorted(lines):
        found = {(column, len(values), _dated(values[0])): values for column, values in _pieces(lines[row])}
        for key in [k for k in open_blocks if row != previous + 1 or k not in found]:
            first, block = open_blocks.pop(key)
            yield first, key[0], block
        for key, values in found.items():
            open_blocks.setdefault(key, (row, []))[1].append(values)
        previous = row
    for key, (first, block) in open_blocks.items():
        yield first, key[0], block


def _pieces(line: Mapping[int, SheetValue]) -> Iterator[_Piece]:
    """(first column, values) of adjacent cells of one row."""
    columns = sorted(line)
    start = 0
    for index in range(1, len(columns) + 1):
        if index == len(columns) or columns[index] != columns[index - 1] + 1 or _breaks(line, columns, index):
            yield columns[start], tuple(line[c] for c in columns[start:index])
            start = index


def _breaks(line: Mapping[int, SheetValue], columns: Sequence[int], index: int) -> bool:
    return _dated(line[columns[index]]) != _dated(line[columns[index - 1]])


def _dated(value: SheetValue) -> bool:
    return isinstance(value, Serial)


def _block_formats(
    layout: Layout, headers: Mapping[int, str], column: int, block: Sequence[Sequence[SheetValue]]
) -> dict[int, Json]:
    if not _dated(block[0][0]):
        return {}
    return {
        index: _format_for(layout, headers.get(column + index, ""), [line[index] for line in block])
        for index in range(len(block[0]))
    }


def _format_for(layout: Layout, header: str, values: Iterable[SheetValue]) -> Json:
    """The date format that the column already has, else one that shows all of the values."""
    serials = [v for v in values if isinstance(v, Serial)]
    return layout.date_formats.get(header) or date_format(serials)


def _inserts(layout: Layout, write: SwapWrite, rows: _Numbering) -> Iterator[Json]:
    """Fresh rows with their ids and values; their cells hold nothing that could be overwritten."""
    if not write.inserts:
        return
    after, tab = max(rows.restored(write.insert_after_row), layout.header.row), layout.tab_id
    # a row right below the header takes after the rows below it, unless there are none
    inherit = after > layout.header.row or layout.tab_rows <= layout.header.row
    count = len(write.inserts)
    yield {"insertDimension": {"range": row_span(tab, after + 1, count), "inheritFromBefore": inherit}}
    left, right = layout.span
    values = [_insert_line(layout, row, left, right) for row in write.inserts]
    yield _update(grid(tab, after + 1, count, left, right - left + 1), values)
    for header, column in layout.columns.items():
        dated = [v for v in (row.cells.get(header) for row in write.inserts) if isinstance(v, Serial)]
        if dated:
            shape = {"userEnteredFormat": {"numberFormat": _format_for(layout, header, dated)}}
            area = grid(tab, after + 1, count, column, 1)
            yield {"repeatCell": {"range": area, "cell": shape, "fields": "userEnteredFormat.numberFormat"}}


def _insert_line(layout: Layout, row: RowInsert, left: int, right: int) -> list[SheetValue]:
    line: list[SheetValue] = [None] * (right - left + 1)
    for header, value in row.cells.items():
        line[layout.columns[header] - left] = value
    line[layout.columns[ROW_ID_HEADER] - left] = row.row_id
    return line


def _deletes(layout: Layout, write: SwapWrite, rows: _Numbering) -> Iterator[Json]:
    """Bottom up, so that no number changes before its turn."""
    doomed = sorted({rows.inserted(d.row) for d in write.deletes})
    last = layout.tab_rows + len(write.row_restores) + len(write.inserts)
    if doomed and doomed[-1] >= last:
        # Google lets nobody delete every row below the frozen ones, however many a person has frozen
        yield {"appendDimension": {"sheetId": layout.tab_id, "dimension": "ROWS", "length": 1}}
    for first, count in reversed(list(runs(doomed))):
        yield {"deleteDimension": {"range": row_span(layout.tab_id, first, count)}}


def _counters(layout: Layout, write: SwapWrite) -> Iterator[Json]:
    """n and epoch, never q, which belongs to the script; where the lines begin, and that nothing is taken back."""
    row, state = layout.counters_row, layout.state_id
    yield _update(grid(state, row, 1, 1, 2), [[write.n, write.epoch]])
    yield _update(grid(state, row, 1, 6, 2), [[layout.band.line_row, None]])


def _response_ranges(layout: Layout, write: SwapWrite) -> list[str]:
    band, (left, right) = layout.band, layout.span
    ranges = [
        # for the columns' metadata and the header's place, as of this very write
        f"{quoted(layout.tab_title)}!{layout.header.row}:{layout.header.row}",
        a1_range(STATE_TAB, BAND_ROW, BAND_ROW, band.column, band.column + 2),
    ]
    if lines := len(write.looked_at):
        last = band.line_row + lines - 1
        for half in (band.column, band.column + band.half):
            ranges.append(a1_range(STATE_TAB, band.line_row, last, half + left, half + right))
    return ranges
