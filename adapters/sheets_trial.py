"""Tries a swap write in the link's own scratch: does this spreadsheet answer as expected?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.sheets_cells import a1_range, copy_paste, encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import GRID_FIELDS, LAYOUT_FIELDS, SHEET_FIELDS, Layout, layout_filters, layout_of
from adapters.sheets_parts import Grid, parts, state_part
from core.model import STATE_TAB, SheetCell
from core.sheet import SheetTarget

Json = dict[str, Any]

_ROW = 2
"""Of the band: its rows above the counters' copy serve nothing else, so a running writer is not disturbed."""
_BEFORE: tuple[Json, ...] = (
    encode_value("00501"),
    encode_value(0.1),
    encode_value(True),
    {"userEnteredValue": {"formulaValue": "=1+1"}},
)
_EXPECTED = (SheetCell("00501"), SheetCell(0.1), SheetCell(True), SheetCell(2, "=1+1"))


@dataclass(frozen=True, slots=True)
class SwapTrial:
    """How a swap write on the scratch went."""

    works: bool
    findings: tuple[str, ...]
    """What was not as expected, one line each."""


def try_swap_write(client: SheetsClient, target: SheetTarget) -> SwapTrial:
    """Swap four cells of the scratch and see whether the answer tells what stood there.

    Three writes and a read; the tab itself is not touched.
    """
    answer = client.read(target.spreadsheet_id, layout_filters(target), LAYOUT_FIELDS)
    layout = layout_of(answer, target)
    column, state = layout.band.column, layout.state_id
    here = grid(state, _ROW, 1, column, 4)
    client.write(target.spreadsheet_id, {"requests": [_fill(here, list(_BEFORE))]})
    try:
        answer = client.write(target.spreadsheet_id, _swap(layout), f"updatedSpreadsheet(sheets({_FIELDS}))")
        findings = tuple(_findings(state_part(parts(answer["updatedSpreadsheet"])).grid_at(_ROW, column), column))
    finally:
        wiped = {"updateCells": {"range": grid(state, _ROW, 3, column, 4), "fields": "userEnteredValue"}}
        client.write(target.spreadsheet_id, {"requests": [wiped]})
    return SwapTrial(not findings, findings)


_FIELDS = f"{SHEET_FIELDS},data({GRID_FIELDS})"


def _fill(area: Json, cells: list[Json]) -> Json:
    return {"updateCells": {"range": area, "rows": [{"values": cells}], "fields": "userEnteredValue"}}


def _swap(layout: Layout) -> Json:
    column, state = layout.band.column, layout.state_id
    here = grid(state, _ROW, 1, column, 4)

    def copy(row: int, kind: str) -> Json:
        return copy_paste(here, grid(state, row, 1, column, 4), kind)

    after = [encode_value("after") for _ in _BEFORE]
    return {
        "requests": [copy(_ROW + 1, "PASTE_NORMAL"), copy(_ROW + 2, "PASTE_VALUES"), _fill(here, after)],
        "includeSpreadsheetInResponse": True,
        "responseIncludeGridData": True,
        "responseRanges": [a1_range(STATE_TAB, _ROW, _ROW + 2, column, column + 3)],
    }


def _findings(cells: Grid, column: int) -> Iterator[str]:
    for index, expected in enumerate(_EXPECTED):
        copied, shown = cells.cell(_ROW + 1, column + index), cells.cell(_ROW + 2, column + index)
        if copied != expected:
            yield f"A copied cell should hold {expected} and holds {copied}."
        if shown != SheetCell(expected.value):
            yield f"A cell copied as a value should hold {expected.value} and holds {shown}."
        if cells.cell(_ROW, column + index) != SheetCell("after"):
            yield "A cell that was written after it was copied does not hold what was written."
