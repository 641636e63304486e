"""Columns of text whose cells hold numbers: what becomes of what people see there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.sheets_client import SheetsClient
from adapters.sheets_look import TabBefore
from adapters.sheets_shown import shown_cells
from core.mixed import MixedColumn, is_number, lost_look
from core.model import Link

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
    looks = _looks(client, spreadsheet_id, tab, mixed)
    return {one.column.name: one.told(looks[header]) for header, one in mixed.items()}


def told_of_looks(client: SheetsClient, spreadsheet_id: str, tab: TabBefore, link: Link) -> dict[str, str]:
    """Of a table that is there: name of a column of text to the first number that it takes otherwise than people see
    it in the tab.

    Args:
        client: connection to Google; asked only where such a column holds numbers.
        spreadsheet_id: id from the sheet's address.
        tab: by the link's headers.
        link: as it is to be.
    """
    rows = tab.image.rows[:LOOKED_AT_ROWS]
    texts = {c.header: c.codec for c in link.columns if c.column.charset and c.header in tab.image.columns}
    cells = {h: [(row.row, cell.value) for row in rows if (cell := row.cells.get(h))] for h in texts}
    held = [h for h in texts if any(is_number(value) for _, value in cells[h])]
    looks = _looks(client, spreadsheet_id, tab, held)
    lost = {h: lost_look(texts[h], cells[h], looks[h]) for h in held}
    by_name = {c.name: lost.get(c.header) for c in link.columns}
    return {name: f"{one.look} (row {one.row}) is {one.text} there" for name, one in by_name.items() if one}


def _looks(
    client: SheetsClient, spreadsheet_id: str, tab: TabBefore, headers: Collection[str]
) -> dict[str, dict[int, str]]:
    """By header and 1-based row what the cells near the top show."""
    places = {header: tab.image.columns[header] for header in headers}
    last = min(tab.image.last_row, tab.header_row + LOOKED_AT_ROWS)
    rows = range(tab.header_row + 1, last + 1)
    looks = shown_cells(client, spreadsheet_id, tab.title, places.values(), rows)
    return {header: looks[at] for header, at in places.items()}
