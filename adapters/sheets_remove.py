"""Takes a link's traces out of a tab again; the data stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.sheets_cells import grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import LAYOUT_FIELDS, STATE_HEADER, Layout, layout_filters, layout_of, metadata_key
from adapters.sheets_parts import SheetPart, parts, tab_part
from adapters.sheets_tickets import clear, marks_name, tickets_of
from core.model import ROW_ID_HEADER
from core.sheet import SheetTarget

Json = dict[str, Any]


def remove_link_from_tab(client: SheetsClient, target: SheetTarget) -> None:
    """Remove the link's metadata, its counters, and the id column unless another link uses it; one call.

    Raises:
        SheetsRefused: the tab or the link's counters are gone already.
    """
    answer = client.read(target.spreadsheet_id, layout_filters(target), LAYOUT_FIELDS)
    layout = layout_of(answer, target)
    requests = list(_requests(target, layout, tab_part(parts(answer), target)))
    client.write(target.spreadsheet_id, {"requests": requests})


def _requests(target: SheetTarget, layout: Layout, tab: SheetPart) -> Iterator[Json]:
    if layout.columns:
        lookup = {"developerMetadataLookup": {"metadataKey": metadata_key(target.link)}}
        yield {"deleteDeveloperMetadata": {"dataFilter": lookup}}
    yield from clear(layout.tickets)
    yield from clear(tickets_of(tab.metadata, marks_name(target.link)))
    column = layout.columns.get(ROW_ID_HEADER)
    if column is not None and not _shared(tab, target, column):
        span = {"sheetId": layout.tab_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
        yield {"deleteDimension": {"range": span}}
    area = grid(layout.state_id, layout.counters_row, 1, 0, len(STATE_HEADER))
    yield {"updateCells": {"range": area, "fields": "userEnteredValue"}}


def _shared(tab: SheetPart, target: SheetTarget, column: int) -> bool:
    """Whether another link counts on the same id column."""
    metadata = tab.grid_at(1, 0).metadata
    entries = (metadata[column] or {}).get("developerMetadata") or () if column < len(metadata) else ()
    ours = metadata_key(target.link)
    return any(e.get("metadataKey") != ours and e.get("metadataValue") == ROW_ID_HEADER for e in entries)
