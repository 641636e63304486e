"""The hidden tab ``_twinsheet``: made when the first link needs it, one row and one scratch band per link."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from adapters.sheets_cells import encode_value, grid
from adapters.sheets_layout import BAND_ROW, FIRST_LINE_ROW, STATE_HEADER
from adapters.sheets_parts import SheetPart
from adapters.sheets_widen import first_free_column, half_for
from core.errors import LinkRefused
from core.model import STATE_TAB

Json = dict[str, Any]
_ROWS = 1200
"""Rows of a fresh hidden tab; it grows with the first write that needs more."""


class StateTab:
    """What the hidden tab lacks for a link.

    Args:
        state: the hidden tab as read, ``None`` when there is none.
        sheet_ids: ids that are taken in the spreadsheet.
        link: name of the link.
    """

    def __init__(self, state: SheetPart | None, sheet_ids: frozenset[int], link: str) -> None:
        self._state, self._link = state, link
        self._sheet_id = state.sheet_id if state else _free_id(sheet_ids)
        self._row = self._row_of_link()

    def requests(self, tab_columns: int) -> Iterator[Json]:
        """What has to be added for a tab of that many columns; nothing when all is there.

        Raises:
            LinkRefused: the spreadsheet has as many links as the hidden tab has rows for.
        """
        if self._has_band():
            return
        column = first_free_column(self._state, self._link) if self._state else len(STATE_HEADER)
        width = 2 * half_for(tab_columns)
        if self._state is None:
            yield self._make(column + width)
        elif (missing := column + width - self._state.column_count) > 0:
            yield {"appendDimension": {"sheetId": self._sheet_id, "dimension": "COLUMNS", "length": missing}}
        yield self._line(1, 0, STATE_HEADER)
        yield self._line(self._row, 0, (self._link,))
        yield self._line(self._row, 4, (column + 1, width, FIRST_LINE_ROW))

    def _row_of_link(self) -> int:
        free = 0
        for row in range(2, BAND_ROW):
            cell = self._state.grid_at(1, 0).cell(row, 0) if self._state else None
            if cell is not None and cell.value == self._link:
                return row
            free = free or (row if cell is None else 0)
        if not free:
            raise LinkRefused(
                f"The spreadsheet has {BAND_ROW - 2} links already.", "Use another spreadsheet for this one."
            )
        return free

    def _has_band(self) -> bool:
        if self._state is None:
            return False
        cells = self._state.grid_at(1, 0)
        return all(cells.cell(self._row, column) for column in (0, 4, 5))

    def _make(self, columns: int) -> Json:
        properties = {
            "sheetId": self._sheet_id,
            "title": STATE_TAB,
            "hidden": True,
            "gridProperties": {"rowCount": _ROWS, "columnCount": columns},
        }
        return {"addSheet": {"properties": properties}}

    def _line(self, row: int, column: int, values: tuple[str | int, ...]) -> Json:
        area = grid(self._sheet_id, row, 1, column, len(values))
        rows = [{"values": [encode_value(v) for v in values]}]
        return {"updateCells": {"range": area, "rows": rows, "fields": "userEnteredValue"}}


def _free_id(taken: frozenset[int]) -> int:
    while (sheet_id := secrets.randbelow(2**31 - 1)) in taken:
        pass
    return sheet_id
