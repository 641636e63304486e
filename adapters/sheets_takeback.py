"""Takes back a swap write that went by columns, or a header row, which had been moved meanwhile.

People go on meanwhile: where rows have moved between our look and our putting back, that is taken back in its turn
(by the copies that it has made of all that it touches), and done again. Rows that the write had brought back from the
scratch stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.sheets_answer import ANSWER_FIELDS, columns_are_told, id_text
from adapters.sheets_cells import quoted
from adapters.sheets_client import SheetsClient
from adapters.sheets_damage import Damage, Deed
from adapters.sheets_header import header_of
from adapters.sheets_layout import (
    BAND_ROW,
    READ_FIELDS,
    Band,
    Layout,
    columns_of,
    counters_of,
    layout_filters,
    layout_of,
    scratch_filters,
)
from adapters.sheets_moves import Moves
from adapters.sheets_near import Search, read_near
from adapters.sheets_parts import Grid, SheetPart, parts, state_part, tab_part
from core.errors import SheetsUnavailable
from core.model import ROW_ID_HEADER, STATE_TAB
from core.sheet import SheetTarget, SwapWrite

Json = dict[str, Any]
_TAKEN_BACK_COLUMN = 7
ROUNDS_MAX = 100
"""Times that people may be faster; nobody is."""
JOURNALS_RANGE = f"'{STATE_TAB}'!{BAND_ROW}:{BAND_ROW}"
"""What every link's last write left in the scratch."""


def believed_columns(journal: Grid, band: Band) -> dict[str, int]:
    """The columns that the last write went by, as it left them in the scratch."""
    return _noted_columns(journal, band)[0]


def copied_columns(journal: Grid, band: Band) -> dict[str, int]:
    """The columns by which the lines of the scratch stand: an earlier write may have copied them."""
    return _noted_columns(journal, band)[-1]


def _noted_columns(journal: Grid, band: Band) -> list[dict[str, int]]:
    cell = journal.cell(BAND_ROW, band.column + 3)
    found = json.loads(str(cell.value)) if cell and cell.value else {}
    noted = found if isinstance(found, list) else [found]
    return [{str(header): int(column) for header, column in one.items()} for one in noted]


def header_moved(tab: SheetPart, journal: Grid, used: Layout, today: tuple[Mapping[str, int], int]) -> bool:
    """Whether the columns or the header row had moved when a write ran whose answer was lost.

    The row that the write took for the header and copied has to have had the id column's title. Columns that stand
    today where the write believed them to be, stood there then. Else the header row that the write copied has to
    have had today's headers in the believed places. In doubt (a header was renamed as well, the id column's was
    cleared) the write is taken back and planned again, which is harmless.

    Args:
        tab: with its first rows.
        journal: what the write left in the scratch.
        used: by what it went.
        today: where the columns and the header row are.
    """
    (now, row), copied = today, used.band.column + used.band.half
    if now.keys() != used.columns.keys() or ROW_ID_HEADER not in now:
        return True
    if id_text(journal.cell(BAND_ROW, copied + used.columns[ROW_ID_HEADER])) != ROW_ID_HEADER:
        return True
    if dict(now) == dict(used.columns):
        return False
    cells = tab.grid_at(1, 0)
    return any(cells.cell(row, now[h]) != journal.cell(BAND_ROW, copied + c) for h, c in used.columns.items())


def is_being_taken_back(answer: Mapping[str, Any], target: SheetTarget) -> bool:
    """Whether the last write went by a header row that stood elsewhere, and may not yet be taken back.

    Args:
        answer: with the counters, :data:`JOURNALS_RANGE`, and the tab with its header row.
        target: the link.
    """
    found = parts(answer)
    state, tab = state_part(found), tab_part(found, target)
    counters, columns = counters_of(state, target.link), columns_of(tab, target)
    band, journal = counters.band, state.grid_at(BAND_ROW, 0)
    try:
        id_column = believed_columns(journal, band).get(ROW_ID_HEADER)
    except ValueError:  # somebody has written into the scratch: it tells of no write of ours
        return False
    if id_column is None or counters.taken_back == counters.stamp.n:
        return False
    believed = id_text(journal.cell(BAND_ROW, band.column + band.half + id_column))
    return believed != ROW_ID_HEADER and header_of(tab, columns, target.header_row).is_seen


def columns_then(tab: SheetPart, journal: Grid, used: Layout, today: tuple[Mapping[str, int], int]) -> dict[str, int]:
    """Where the linked columns stood as a write ran whose answer was lost, by the titles of the header row that it
    copied; where those do not tell, where they stand today.

    Args:
        tab: with its first rows.
        journal: what the write left in the scratch.
        used: by what it went.
        today: where the columns and the header row are.
    """
    (now, row), copied, cells = today, used.band.column + used.band.half, tab.grid_at(1, 0)
    titles = [journal.cell(BAND_ROW, copied + column) for column in range(used.copied_columns)]
    found = dict(now)
    for header, column in now.items():
        title = cells.cell(row, column)
        if title is not None and titles.count(title) == 1:
            found[header] = titles.index(title)
    return found if len(set(found.values())) == len(found) else dict(now)


def take_back(  # noqa: PLR0917 -- the link, what was done, and how to read
    client: SheetsClient, target: SheetTarget, write: SwapWrite, used: Layout, stood: Layout, cells_max: int
) -> Layout:
    """Put back what a write into wrong columns or rows replaced; the counters keep its number.

    Args:
        client: connection to Google.
        target: the link.
        write: the write, whose scratch is still in place.
        used: the layout that it went by.
        stood: where the columns stood as it was done.
        cells_max: of one read.

    Returns:
        The layout as it is now.

    Raises:
        SheetsUnavailable: rows kept moving.
    """
    answer = client.read(target.spreadsheet_id, layout_filters(target), READ_FIELDS)
    if counters_of(state_part(parts(answer)), target.link).taken_back == write.n:
        return layout_of(answer, target, used.date_formats)
    now = _Undoing(client, target, used, cells_max).undo(Deed.of(write, used, stood))
    client.write(target.spreadsheet_id, {"requests": [_note(now, write.n)]})
    return now


class _Undoing:
    def __init__(self, client: SheetsClient, target: SheetTarget, used: Layout, cells_max: int) -> None:
        self._client, self._target, self._used, self._cells_max = client, target, used, cells_max
        self._rounds = 0

    def undo(self, deed: Deed) -> Layout:
        """Undo what a request did, and what that did in wrong places in its turn, until it has hit what it meant."""
        damage, stood = self._undone(deed)
        while not (stood.columns == damage.now.columns and self._has_hit(damage)):
            if self._rounds > ROUNDS_MAX:
                raise SheetsUnavailable("Rows of the tab keep moving while a write is taken back.")
            self.undo(damage.own_deed(stood))
            damage, stood = self._undone(replace(deed, is_again=True))
        return damage.now

    def _undone(self, deed: Deed) -> tuple[Damage, Layout]:
        """What it was, and where the columns stood as it was undone."""
        answer, cells = read_near(self._client, self._target, self._used, self._search(deed), self._cells_max)
        now = layout_of(answer, self._target, self._used.date_formats)
        damage = Damage(deed, self._used, now, cells, self._copies(answer, deed))
        self._rounds += 1
        requests = list(damage.requests())
        if not requests:
            return damage, now
        told = {"includeSpreadsheetInResponse": True, "responseIncludeGridData": True}
        body = {"requests": requests, **told, "responseRanges": [f"{quoted(now.tab_title)}!1:1"]}
        raw = self._client.write(self._target.spreadsheet_id, body, ANSWER_FIELDS)
        if not columns_are_told(raw, self._target):
            raise SheetsUnavailable("Google took what puts a write back, but did not tell where the columns stood.")
        tab = tab_part(parts(raw["updatedSpreadsheet"]), self._target)
        return damage, replace(now, columns=columns_of(tab, self._target), tab_columns=tab.column_count)

    def _search(self, deed: Deed) -> Search:
        """Where the rows stood, and stand if nothing but the deed has moved them; their ids, and those it wrote."""

        def moves(answer: Json) -> tuple[Moves, int | None]:
            now = layout_of(answer, self._target, self._used.date_formats)
            return deed.moves(self._used, now), now.columns.get(ROW_ID_HEADER)

        def ids_of(answer: Json) -> frozenset[str]:
            moved, id_column = moves(answer)
            id_column = None if id_column is None else moved.then(id_column)
            return deed.ids(self._copies(answer, deed), self._used.band.column, id_column)

        def id_column_of(answer: Json) -> int | None:
            return moves(answer)[0].now(deed.id_column)

        rows = {row for stood in deed.rows for row in (stood, stood - sum(d < stood for d in deed.deleted))}
        return Search(rows, ids_of, scratch_filters(_at(self._used, deed), len(deed.rows)), id_column_of)

    def _copies(self, answer: Json, deed: Deed) -> Grid:
        return state_part(parts(answer)).grid_at(deed.line_row, self._used.band.column)

    def _has_hit(self, damage: Damage) -> bool:
        deed = damage.own_deed(damage.now)
        filters = scratch_filters(_at(self._used, deed), len(deed.rows))
        return damage.has_hit(state_part(parts(self._client.read(self._target.spreadsheet_id, filters, READ_FIELDS))))


def _at(used: Layout, deed: Deed) -> Layout:
    return replace(used, band=replace(used.band, line_row=deed.line_row))


def _note(layout: Layout, n: int) -> Json:
    """Remember that it is done, so that it is not done again."""
    start = {"sheetId": layout.state_id, "rowIndex": layout.counters_row - 1, "columnIndex": _TAKEN_BACK_COLUMN}
    rows = [{"values": [{"userEnteredValue": {"numberValue": n}}]}]
    return {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}
