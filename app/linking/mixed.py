"""Proposed columns of text that hold numbers as well: what becomes of what people see there."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.sheets_client import SheetsClient
from adapters.sheets_look import TabBefore
from adapters.sheets_shown import shown_cells
from core.mixed import MixedColumn

LOOKED_AT_ROWS = 1000
"""So many rows below the headers tell how a column shows its numbers."""


def told_of_mixed(
    client: SheetsClient, spreadsheet_id: str, tab: TabBefore, mixed: Mapping[str, MixedColumn]
) -> dict[str, str]:
    """Column name to what keeps the column from being one of numbers, and what is lost by that.

    Args:
        client: connection to Google; asked only where there is such a column.
        spreadsheet_id: id from the sheet's address.
        tab: by the headers of these columns.
        mixed: header to column.
    """
    places = {header: tab.image.columns[header] for header in mixed}
    last = min(tab.image.last_row, tab.header_row + LOOKED_AT_ROWS)
    rows = range(tab.header_row + 1, last + 1)
    looks = shown_cells(client, spreadsheet_id, tab.title, places.values(), rows)
    return {one.column.name: one.told(looks[places[header]]) for header, one in mixed.items()}
