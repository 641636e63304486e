"""What the answer of a swap write says about the sheet as it stood just before it. Pure.

``decode_swap`` reads the answer itself; out of a later read of the scratch the same is told by ``hit_rows``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.sheets_cells import grid
from adapters.sheets_layout import BAND_ROW, GRID_FIELDS, SHEET_FIELDS, Band, Layout, columns_of
from adapters.sheets_parts import Grid, SheetPart, parts, state_part, tab_part
from adapters.sheets_swap import SwapPlan
from adapters.sheets_tickets import tickets_of
from core.model import ROW_ID_HEADER, STATE_TAB, SheetCell, Stamp
from core.sheet import HitRow, SheetTarget, SwapAnswer, SwapWrite
from core.values import Serial

Json = dict[str, Any]

ANSWER_FIELDS = f"updatedSpreadsheet(sheets({SHEET_FIELDS},data({GRID_FIELDS})))"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What an answer said."""

    answer: SwapAnswer
    layout: Layout
    """As of the answer."""


def is_told(answer: Mapping[str, Any], target: SheetTarget) -> bool:
    """Whether an answer holds the pieces that were asked for: the scratch, and the columns of the tab."""
    found = parts(answer.get("updatedSpreadsheet") or {})
    return columns_are_told(answer, target) and any(p.title == STATE_TAB and p.grids for p in found)


def columns_are_told(answer: Mapping[str, Any], target: SheetTarget) -> bool:
    """Whether it tells where the columns of the tab stood."""
    found = (p for p in parts(answer.get("updatedSpreadsheet") or {}) if p.sheet_id == target.sheet_id)
    return any(piece.metadata for tab in found for piece in tab.grids)


def decode_swap(answer: Mapping[str, Any], target: SheetTarget, plan: SwapPlan, write: SwapWrite) -> Decoded:
    """Read the answer of a swap write.

    The columns in the answer are those at the moment of the write, because the answer is part of it. Where
    they, or the header row, are not where the write believed them to be, ``layout_changed`` is set and the rows are
    left out.
    """
    found = parts(answer.get("updatedSpreadsheet") or {})
    state, tab = state_part(found), tab_part(found, target)
    band = plan.layout.band
    layout = replace(
        plan.layout,
        tab_title=tab.title,
        tab_rows=tab.row_count,
        tab_columns=tab.column_count,
        columns=columns_of(tab, target),
        tickets=tickets_of(tab.metadata, target.link),
        state_rows=state.row_count,
        state_columns=state.column_count,
    )
    before = counters_copy(state.grid_at(BAND_ROW, band.column), band)
    if layout.columns != plan.layout.columns or _header_moved(tab, plan.layout):
        return Decoded(SwapAnswer(before, (), layout_changed=True), layout)
    left, _ = plan.layout.span
    lines = Lines(
        state.grid_at(band.line_row, band.column + left),
        state.grid_at(band.line_row, band.column + band.half + left),
        band,
    )
    return Decoded(SwapAnswer(before, hit_rows(layout, lines, write)), layout)


def _header_moved(tab: SheetPart, used: Layout) -> bool:
    """No write touches the header row: where it is not, it was not before the write either."""
    row = used.header.row
    cell = tab.grid_at(row, 0).cell(row, used.columns[ROW_ID_HEADER])
    return used.header.is_seen and id_text(cell) != ROW_ID_HEADER


def undating_requests(decoded: Decoded, write: SwapWrite) -> Iterator[Json]:
    """Take the date format off cells that held a date and were given a number: they would go on showing one."""
    hits, layout = {h.row: h for h in decoded.answer.rows}, decoded.layout
    for cell in write.cells:
        before = hits[cell.row].cells.get(cell.header)
        number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
        if number and before is not None and isinstance(before.value, Serial):
            area = grid(layout.tab_id, write.row_after(cell.row), 1, layout.columns[cell.header], 1)
            yield {"repeatCell": {"range": area, "cell": {}, "fields": "userEnteredFormat.numberFormat"}}


@dataclass(frozen=True, slots=True)
class Lines:
    """The two halves of the scratch's lines; they may be one and the same piece of an answer."""

    as_it_was: Grid
    values: Grid
    band: Band

    def cell(self, line: int, column: int) -> SheetCell | None:
        """What stood in a column of the tab: a formula with the value that it showed in its own place.

        The text of a formula is that of the copy: its relative references are shifted.
        """
        row = self.band.line_row + line
        cell = self.as_it_was.cell(row, self.band.column + column)
        if cell is None or cell.formula is None:
            return cell
        shown = self.values.cell(row, self.band.column + self.band.half + column)
        value = shown.value if shown else None
        if isinstance(cell.value, Serial) and isinstance(value, int | float):
            value = Serial(float(value))
        return SheetCell(value, cell.formula)


def hit_rows(layout: Layout, lines: Lines, write: SwapWrite) -> tuple[HitRow, ...]:
    """The rows that a write looked at, as they were just before it, by the columns of ``layout``."""
    return tuple(_hit(layout, lines, line, row) for line, row in enumerate(write.looked_at))


def _hit(layout: Layout, lines: Lines, line: int, row: int) -> HitRow:
    cells = {header: lines.cell(line, column) for header, column in layout.columns.items()}
    row_id = cells.pop(ROW_ID_HEADER, None)
    return HitRow(
        scratch_line=line,
        row=row,
        row_id=id_text(row_id),
        cells={header: cell for header, cell in cells.items() if cell is not None},
    )


def id_text(cell: SheetCell | None) -> str | None:
    """A row id as text; ``None`` for a blank cell."""
    return None if cell is None or cell.value is None else str(cell.value)


def counters_copy(piece: Grid, band: Band) -> Stamp:
    """The counters as they were just before the write."""
    values = [piece.cell(BAND_ROW, band.column + i) for i in range(3)]
    n, epoch, q = (_count(c) for c in values)
    return Stamp(n=n, q=q, epoch=epoch)


def _count(cell: SheetCell | None) -> int:
    value = cell.value if cell else None
    return int(value) if isinstance(value, int | float) else 0
