"""A whole tab in as many reads as it takes: Google gives up on an answer of ten million cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from adapters.sheets_client import SheetsClient
from core.errors import RowsMoved, SheetsRefused
from core.sheet import Positions, TabImage

Json = dict[str, Any]

WHOLE_CELLS_MAX = 1_000_000
"""Of one read, where no less will do; some 60 MB of JSON."""
PIECE_CELLS_MAX = 300_000
"""Of one of the reads in which a tab is gone through, so that the answer takes little beside what is kept of it."""
ANEW_MAX = 3
"""Times that rows may have moved while they were read."""


def read_whole(
    client: SheetsClient,
    spreadsheet_id: str,
    sheet_id: int,
    others: Sequence[Json],
    fields: str,
    *,
    columns: int,
    cells_max: int = PIECE_CELLS_MAX,
) -> Json:
    """One answer that holds all cells of a tab. A larger tab is read top down, piece by piece; in between people may
    type, and what has moved is for the caller to find out.

    Args:
        client: connection to Google.
        spreadsheet_id: the spreadsheet.
        sheet_id: of the tab.
        others: DataFilters of what to read besides, as of the first read.
        fields: partial response.
        columns: about how many hold something.
        cells_max: of one read.

    Raises:
        RowsMoved: the tab has got shorter meanwhile.
    """
    count = rows_at_once(columns, cells_max)
    whole = client.read(spreadsheet_id, [*others, _rows(sheet_id, 0, count)], fields)
    tab = _tab(whole, sheet_id)
    row_count = int((tab["properties"].get("gridProperties") or {}).get("rowCount") or 0) if tab else 0
    for first in range(count, row_count, count):
        try:
            answer = client.read(spreadsheet_id, [_rows(sheet_id, first, count)], fields)
        except SheetsRefused as error:  # it has fewer rows by now, or is gone
            raise RowsMoved from error
        _join(tab, _tab(answer, sheet_id), first)
    return whole


def rows_at_once(columns: int, cells_max: int) -> int:
    """Of one read."""
    return max(1, cells_max // max(1, columns))


def read_again_while_moved() -> Retrying:
    """Tries a few times, as long as :class:`RowsMoved` is raised."""
    return Retrying(retry=retry_if_exception_type(RowsMoved), stop=stop_after_attempt(ANEW_MAX), reraise=True)


def refuse_moved(image: TabImage, places: Positions) -> None:
    """Raise RowsMoved where rows that were read one after the other do not stand where they were read.

    Args:
        image: what was read.
        places: as of one read afterwards; rows that have come below are not looked at.
    """
    for row in image.rows:
        if row.row_id is not None and row.row_id not in places.repeated and places.rows.get(row.row_id) != row.row:
            raise RowsMoved


def _rows(sheet_id: int, first: int, count: int) -> Json:
    return {"gridRange": {"sheetId": sheet_id, "startRowIndex": first, "endRowIndex": first + count}}


def _tab(answer: Json, sheet_id: int) -> Json:
    found = (s for s in answer.get("sheets") or () if int(s["properties"].get("sheetId") or 0) == sheet_id)
    return next(found, {})


def _join(tab: Json, piece: Json, first: int) -> None:
    """The rows of a piece, which begins with that 0-based row, below those of the tab; blank ones may be left out."""
    top = next(g for g in tab["data"] if not (g.get("startRow") or g.get("startColumn")))
    rows = top.setdefault("rowData", [])
    for grid in piece.get("data") or ():
        rows += [None] * (first - len(rows))
        rows += grid.get("rowData") or ()
