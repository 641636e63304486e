"""What cells show to people, who see ``$2,500.00`` where a cell holds 2500."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from adapters.sheets_cells import column_letters, quoted
from adapters.sheets_client import SheetsClient
from adapters.sheets_json import cells_in

Json = dict[str, Any]

SHOWN_FIELDS = "sheets(data(startRow,startColumn,rowData(values(formattedValue))))"


def shown_cells(
    client: SheetsClient, spreadsheet_id: str, tab: str, columns: Collection[int], rows: range
) -> dict[int, dict[int, str]]:
    """What cells of some columns show; blank ones are left out.

    Args:
        client: connection to Google.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab.
        columns: 0-based.
        rows: 1-based.

    Returns:
        0-based column to 1-based row to what is seen there.
    """
    found: dict[int, dict[int, str]] = {column: {} for column in columns}
    if not found or not rows:
        return found
    answer = client.read(spreadsheet_id, [_column_filter(tab, at, rows) for at in columns], SHOWN_FIELDS)
    for grid in (grid for sheet in answer.get("sheets") or () for grid in sheet.get("data") or ()):
        seen = found.setdefault(int(grid.get("startColumn") or 0), {})
        for row, raw in enumerate(grid.get("rowData") or (), start=int(grid.get("startRow") or 0) + 1):
            cells = cells_in(raw)
            if cells and (text := cells[0].get("formattedValue")):
                seen[row] = str(text)
    return found


def _column_filter(tab: str, column: int, rows: range) -> Json:
    letters = column_letters(column)
    return {"a1Range": f"{quoted(tab)}!{letters}{rows.start}:{letters}{rows.stop - 1}"}
