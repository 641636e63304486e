"""Prepares a tab for linking: the id column, the columns' metadata and formats, the hidden tab.

What is there is left as it is, so that preparing twice changes nothing and preparing after a crash completes.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.sheets_cells import DATE_TYPES, encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_columns import Column, lay_out, make_id_column, make_tab, mark, protect, shape, write_line
from adapters.sheets_layout import columns_of
from adapters.sheets_look import (
    SHEETS_FIELDS,
    Found,
    TabBefore,
    find_tab,
    is_there,
    refuse_doubles,
    titles_of,
)
from adapters.sheets_rows import TabRows
from adapters.sheets_state_tab import StateTab
from adapters.sheets_tickets import clear, tickets_of
from core.errors import LinkRefused
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, LinkedColumn
from core.sheet import SheetTarget

Json = dict[str, Any]

IDS_PER_CALL = 20_000
"""About 1.5 MB; Google asks for 2 MB at most."""


def row_ids(*, drawn_at_once: int = 1_000) -> Iterator[str]:
    """Fresh row ids without end, for one thread: each ``r_`` and 16 random base32 characters, which are 10 bytes.

    Args:
        drawn_at_once: the system is asked for the randomness of so many ids.
    """
    while True:
        drawn = base64.b32encode(secrets.token_bytes(10 * drawn_at_once)).decode().lower()
        yield from (f"{ROW_ID_PREFIX}{drawn[i : i + 16]}" for i in range(0, len(drawn), 16))


def new_row_id() -> str:
    """A single one of :func:`row_ids`."""
    return next(row_ids(drawn_at_once=1))


def prepare_tab(
    client: SheetsClient,
    spreadsheet_id: str,
    tab: str,
    link: str,
    columns: Sequence[LinkedColumn],
    *,
    header_row: int = 1,
    create: bool = False,
    adds: Sequence[str] = (),
    new_id: Callable[[], str] = new_row_id,
) -> SheetTarget:
    """Make a tab ready for a link, in one atomic call (a very long tab gets its ids in a few more, and one that is
    made is made by a call of its own).

    Args:
        client: connection to Google.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab.
        link: name of the link.
        columns: linked columns; their codecs tell formats and drop-downs.
        header_row: 1-based row of the headers; what stands above it stays as it is.
        create: make the tab where it is not there, and write the headers where it is blank.
        adds: headers that are written behind the last one where they are missing.
        new_id: makes a row id.

    Raises:
        LinkRefused: no such tab, merged cells, headers missing or doubled, no room in the hidden tab.
    """
    told = client.properties(spreadsheet_id, SHEETS_FIELDS)
    if create and not is_there(told, tab):
        client.write(spreadsheet_id, {"requests": [make_tab(tab, len(columns) + 1, header_row)]})
        told = client.properties(spreadsheet_id, SHEETS_FIELDS)
    found = find_tab(client, spreadsheet_id, tab, told, header_row)
    headers = tuple(c.header for c in columns)
    target = SheetTarget(link, spreadsheet_id, found.tab.sheet_id, headers, header_row)
    work = _Preparation(target, found, columns, _Wanted(create, adds), new_id)
    requests, ids = list(work.requests()), list(work.ids())
    first, rest = ids[:1], ids[1:]
    if requests or first:
        client.write(spreadsheet_id, {"requests": [*requests, *first]})
    for more in rest:
        client.write(spreadsheet_id, {"requests": [more]})
    return target


def preparing_requests(before: TabBefore) -> int:
    """How many writes prepare a tab."""
    bare = sum(1 for row in before.image.rows if row.row_id is None)
    return max(1, -(-bare // IDS_PER_CALL)) + (not before.is_there)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Headers that may be written."""

    headers: bool
    """All of them, where the tab is blank."""
    adds: Sequence[str]
    """These, behind the last one."""


class _Preparation:
    """What is missing in a tab, and the requests that add it."""

    def __init__(
        self,
        target: SheetTarget,
        found: Found,
        columns: Sequence[LinkedColumn],
        wanted: _Wanted,
        new_id: Callable[[], str],
    ) -> None:
        self._target, self._found, self._linked, self._new_id = target, found, columns, new_id
        self._marked = columns_of(found.tab, target)
        self._row = target.header_row
        titles = titles_of(found.cells, self._row)
        self._created = not titles and wanted.headers
        if self._created:
            titles = dict(enumerate(target.headers))
        end = max(titles, default=-1) + 1
        self._added = [h for h in wanted.adds if h not in self._marked and h not in titles.values()]
        titles |= dict(enumerate(self._added, start=end))
        self._end = end
        self._positions = self._place(titles)
        marked_id = self._marked.get(ROW_ID_HEADER)
        named_id = next((c for c, t in titles.items() if t == ROW_ID_HEADER), None)
        self._id_known = marked_id is not None or named_id is not None
        after_last = end + len(self._added)
        self._id_column = next((c for c in (marked_id, named_id) if c is not None), after_last)

    def requests(self) -> Iterator[Json]:
        """Everything but the ids."""
        state = StateTab(self._found.state, self._found.sheet_ids, self._target.link)
        tab, column = self._target.sheet_id, self._id_column
        if self._added or not self._id_known:
            yield from self._make_room()
        if self._added:
            yield write_line(tab, self._row, self._end, self._added)
        if self._created and (missing := self._row + 1 - self._found.tab.row_count) > 0:
            yield {"appendDimension": {"sheetId": tab, "dimension": "ROWS", "length": missing}}
        if self._created:
            yield write_line(tab, self._row, 0, self._target.headers)
        if not self._id_known:
            yield write_line(tab, self._row, column, (ROW_ID_HEADER,))
        if ROW_ID_HEADER not in self._marked:
            yield from make_id_column(self._column(column))
        if column not in self._found.protected:
            yield protect(tab, column)
        for header, at in {**self._positions, ROW_ID_HEADER: column}.items():
            if header not in self._marked:
                yield mark(self._target, header, at)
        for linked in self._linked:
            if linked.header not in self._marked:
                at = self._positions[linked.header]
                yield from shape(self._column(at), linked, is_dated=self._dated(at))
        if self._created:
            yield from lay_out(tab, [(self._positions[one.header], one) for one in self._linked], self._row)
        yield from clear(tickets_of(self._found.tab.metadata, self._target.link))
        yield from state.requests(max(self._found.tab.column_count, column + 1))

    def ids(self) -> Iterator[Json]:
        """Ids for rows that have content and none yet, in pieces."""
        columns = {**self._positions}
        if self._id_known:
            columns[ROW_ID_HEADER] = self._id_column
        bare = [r.row for r in TabRows([self._found.cells], columns, self._row) if r.row_id is None]
        for start in range(0, len(bare), IDS_PER_CALL):
            yield from self._id_runs(bare[start : start + IDS_PER_CALL])

    def _id_runs(self, rows: Sequence[int]) -> Iterator[Json]:
        run: list[int] = []
        for row in rows:
            if run and row != run[-1] + 1:
                yield self._id_block(run)
                run = []
            run.append(row)
        if run:
            yield self._id_block(run)

    def _id_block(self, run: Sequence[int]) -> Json:
        area = grid(self._target.sheet_id, run[0], len(run), self._id_column, 1)
        rows = [{"values": [encode_value(self._new_id())]} for _ in run]
        return {"updateCells": {"range": area, "rows": rows, "fields": "userEnteredValue"}}

    def _place(self, titles: Mapping[int, str]) -> dict[str, int]:
        """Linked header to column: the marked one, else the one with that title."""
        headers = self._target.headers
        if not titles:
            raise LinkRefused(
                f"The tab {self._found.tab.title} has no headers in row {self._row}.",
                f"Write them: {', '.join(headers)}.",
            )
        unmarked = [h for h in headers if h not in self._marked]
        refuse_doubles(titles, unmarked)
        by_title = {t: c for c, t in titles.items()}
        missing = [h for h in unmarked if h not in by_title]
        if missing:
            raise LinkRefused(
                f"The tab {self._found.tab.title} has no header {', '.join(missing)}.",
                f"Add it to row {self._row}, or map another header under columns: in links.yaml.",
            )
        return {h: self._marked.get(h, by_title.get(h, -1)) for h in headers}

    def _make_room(self) -> Iterator[Json]:
        """Blank columns right after the last header; what holds anything moves to the right."""
        tab, first = self._found.tab, self._end
        count = len(self._added) + (not self._id_known)
        is_taken = any(
            self._found.cells.cell(row, column)
            for row in range(1, self._found.cells.last_row + 1)
            for column in range(first, first + count)
        )
        if is_taken:
            span = {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "startIndex": first, "endIndex": first + count}
            yield {"insertDimension": {"range": span, "inheritFromBefore": first > 0}}
        elif first + count > tab.column_count:
            length = first + count - tab.column_count
            yield {"appendDimension": {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "length": length}}

    def _column(self, at: int) -> Column:
        return Column(self._target.sheet_id, at, self._row)

    def _dated(self, column: int) -> bool:
        cells = self._found.cells.raw(self._row + 1)
        raw = (cells[column] if column < len(cells) else None) or {}
        kind = ((raw.get("effectiveFormat") or {}).get("numberFormat") or {}).get("type")
        return kind in DATE_TYPES
