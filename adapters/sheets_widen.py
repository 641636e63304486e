"""Gives a link a wider scratch band when its tab has outgrown the old one."""

from __future__ import annotations

from typing import Any

from adapters.sheets_cells import grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import HALF_MIN, LAYOUT_FIELDS, STATE_HEADER, Layout, layout_filters
from adapters.sheets_parts import SheetPart, parts, state_part
from core.sheet import SheetTarget

Json = dict[str, Any]
SPARE_COLUMNS = 10
"""Columns that may be added to a tab before its scratch has to move."""


def half_for(tab_columns: int) -> int:
    """Width of each half of the band for a tab of that many columns."""
    return max(HALF_MIN, tab_columns + SPARE_COLUMNS)


def first_free_column(state: SheetPart, but_for: str = "") -> int:
    """0-based column right of the counters and of every band but that of the link ``but_for``."""
    rows = state.grid_at(1, 0)
    taken = len(STATE_HEADER)
    for row in range(2, rows.last_row + 1):
        link, column, width = (rows.cell(row, c) for c in (0, 4, 5))
        if link and link.value and link.value != but_for and column and width:
            taken = max(taken, int(str(column.value)) - 1 + int(str(width.value)))
    return taken


def widen(client: SheetsClient, target: SheetTarget, layout: Layout) -> None:
    """Move the link's scratch to free columns, wide enough for the tab as it is now.

    What the old band holds is given up: the writer settles its last write before it writes again.
    """
    answer = client.read(target.spreadsheet_id, layout_filters(target), LAYOUT_FIELDS)
    state = state_part(parts(answer))
    column, width = first_free_column(state), 2 * half_for(layout.tab_columns)
    missing = column + width - state.column_count
    requests: list[Json] = []
    if missing > 0:
        requests.append({"appendDimension": {"sheetId": state.sheet_id, "dimension": "COLUMNS", "length": missing}})
    area = grid(state.sheet_id, layout.counters_row, 1, 4, 2)
    cells = [{"userEnteredValue": {"numberValue": v}} for v in (column + 1, width)]
    requests.append({"updateCells": {"range": area, "rows": [{"values": cells}], "fields": "userEnteredValue"}})
    client.write(target.spreadsheet_id, {"requests": requests})
