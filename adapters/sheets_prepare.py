"""Prepares a tab for linking: the id column, the columns' metadata and formats, the hidden tab.

What is there is left as it is, so that preparing twice changes nothing and preparing after a crash completes.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.sheets_cells import DATE_TYPES, encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_columns import PROTECTION, make_id_column, mark, protect, shape, write_line
from adapters.sheets_layout import (
    LAYOUT_FIELDS,
    Grid,
    SheetPart,
    columns_of,
    parts,
)
from adapters.sheets_state_tab import StateTab
from adapters.sheets_tickets import clear, tickets_of
from core.errors import LinkRefused
from core.model import ROW_ID_HEADER, STATE_TAB, LinkedColumn, SheetCell, Stamp
from core.sheet import SheetTarget, TabImage, TabRow

Json = dict[str, Any]

IDS_PER_CALL = 20_000
"""About 1.5 MB; Google asks for 2 MB at most."""
_SHEETS_FIELDS = (
    "properties(timeZone),sheets(properties(sheetId,title,gridProperties),merges,protectedRanges(description,range))"
)


def new_row_id() -> str:
    """A fresh row id: ``r_`` and 16 random base32 characters."""
    return "r_" + base64.b32encode(secrets.token_bytes(10)).decode().lower()


@dataclass(frozen=True, slots=True)
class TabBefore:
    """A tab as it is before it is linked."""

    sheet_id: int
    title: str
    headers: tuple[str, ...]
    """Titles of the header row, without blanks and the id column."""
    image: TabImage
    """Its rows by the linked headers that it has; stamp zero."""
    time_zone: str = ""
    """Of the spreadsheet."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the two reads before preparing told."""

    tab: SheetPart
    cells: Grid
    state: SheetPart | None
    sheet_ids: frozenset[int]
    protected: frozenset[int]
    """Columns that are protected by us already."""
    time_zone: str


def look_at_tab(client: SheetsClient, spreadsheet_id: str, tab: str, headers: Sequence[str]) -> TabBefore:
    """Read a tab that is about to be linked, changing nothing.

    Args:
        client: connection to Google.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab.
        headers: headers that are to be linked; missing ones are named in the image.

    Raises:
        LinkRefused: no such tab, merged cells, or a header that stands twice.
    """
    found = _find(client, spreadsheet_id, tab)
    titles = _titles(found.cells)
    columns = {h: c for c, h in titles.items() if h in headers or h == ROW_ID_HEADER}
    _refuse_doubles(titles, headers)
    rows = tuple(_data_rows(found.cells, columns))
    image = TabImage(
        stamp=Stamp(),
        columns=columns,
        rows=rows,
        last_row=rows[-1].row if rows else 1,
        read_at=datetime.now(UTC),
        missing_headers=tuple(h for h in headers if h not in columns),
        titles={h: h for h in columns if h != ROW_ID_HEADER},
    )
    shown = tuple(t for _, t in sorted(titles.items()) if t != ROW_ID_HEADER)
    return TabBefore(found.tab.sheet_id, found.tab.title, shown, image, found.time_zone)


def prepare_tab(
    client: SheetsClient,
    spreadsheet_id: str,
    tab: str,
    link: str,
    columns: Sequence[LinkedColumn],
    *,
    create_headers: bool = False,
    new_id: Callable[[], str] = new_row_id,
) -> SheetTarget:
    """Make a tab ready for a link, in one atomic call (a very long tab gets its ids in a few more).

    Args:
        client: connection to Google.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab.
        link: name of the link.
        columns: linked columns; their codecs tell formats and drop-downs.
        create_headers: write the headers when the tab is blank.
        new_id: makes a row id.

    Raises:
        LinkRefused: no such tab, merged cells, headers missing or doubled, no room in the hidden tab.
    """
    found = _find(client, spreadsheet_id, tab)
    headers = tuple(c.header for c in columns)
    target = SheetTarget(link, spreadsheet_id, found.tab.sheet_id, headers)
    work = _Preparation(target, found, columns, create_headers, new_id)
    requests, ids = list(work.requests()), list(work.ids())
    first, rest = ids[:1], ids[1:]
    if requests or first:
        client.write(spreadsheet_id, {"requests": [*requests, *first]})
    for more in rest:
        client.write(spreadsheet_id, {"requests": [more]})
    return target


def time_zone_of(client: SheetsClient, spreadsheet_id: str) -> str:
    """The time zone in which a spreadsheet shows its times, e.g. ``Europe/Berlin``."""
    told = client.properties(spreadsheet_id, "properties(timeZone)")
    return str((told.get("properties") or {}).get("timeZone") or "")


def preparing_requests(rows: int) -> int:
    """How many writes prepare a tab of so many rows that have no ids yet."""
    return max(1, -(-rows // IDS_PER_CALL))


def _find(client: SheetsClient, spreadsheet_id: str, tab: str) -> _Found:
    told = client.properties(spreadsheet_id, _SHEETS_FIELDS)
    sheets = told.get("sheets") or []
    by_title = {s["properties"].get("title", ""): s for s in sheets}
    if tab not in by_title:
        names = ", ".join(t for t in by_title if t != STATE_TAB)
        raise LinkRefused(f"The spreadsheet has no tab named {tab}.", f"It has: {names}.")
    sheet_id = int(by_title[tab]["properties"].get("sheetId") or 0)
    filters: list[Json] = [{"gridRange": {"sheetId": sheet_id}}]
    if STATE_TAB in by_title:
        filters.append({"a1Range": f"'{STATE_TAB}'!A1:H100"})
    _refuse_merged(by_title[tab], tab)
    read = parts(client.read(spreadsheet_id, filters, LAYOUT_FIELDS, compact=False))
    part = next(p for p in read if p.sheet_id == sheet_id)
    return _Found(
        tab=part,
        cells=part.grid_at(1, 0),
        state=next((p for p in read if p.title == STATE_TAB), None),
        sheet_ids=frozenset(int(s["properties"].get("sheetId") or 0) for s in sheets),
        protected=frozenset(_protected(by_title[tab])),
        time_zone=str((told.get("properties") or {}).get("timeZone") or ""),
    )


def _refuse_merged(sheet: Mapping[str, Any], tab: str) -> None:
    merges = sheet.get("merges") or ()
    if merges:
        rows = ", ".join(str(int(m.get("startRowIndex") or 0) + 1) for m in merges[:5])
        raise LinkRefused(
            f"The tab {tab} has merged cells (row {rows}), which have no place in a table.",
            "Select all, then Format → Merge cells → Unmerge.",
        )


def _protected(sheet: Mapping[str, Any]) -> Iterator[int]:
    for protection in sheet.get("protectedRanges") or ():
        if protection.get("description") == PROTECTION:
            yield int((protection.get("range") or {}).get("startColumnIndex") or 0)


def _titles(cells: Grid) -> dict[int, str]:
    """0-based column to title, blank ones left out."""
    line = cells.line(1)
    return {i: str(c.value) for i, c in enumerate(line) if c is not None and c.value is not None}


def _refuse_doubles(titles: Mapping[int, str], headers: Sequence[str]) -> None:
    shown = list(titles.values())
    doubled = sorted({h for h in headers if shown.count(h) > 1})
    if doubled:
        raise LinkRefused(
            f"The header row names {', '.join(doubled)} more than once.",
            "Rename the doubled headers, then link again.",
        )


def _data_rows(cells: Grid, columns: Mapping[str, int]) -> Iterator[TabRow]:
    """Rows with content in a linked column, with their ids."""
    id_column = columns.get(ROW_ID_HEADER)
    linked = [(h, c) for h, c in columns.items() if h != ROW_ID_HEADER]
    for row in range(2, cells.last_row + 1):
        line = cells.line(row)
        filled = {h: cell for h, c in linked if c < len(line) and (cell := line[c]) is not None}
        given = line[id_column] if id_column is not None and id_column < len(line) else None
        if filled:
            yield TabRow(row, _id(given), filled)


def _id(cell: SheetCell | None) -> str | None:
    return None if cell is None or cell.value is None else str(cell.value)


class _Preparation:
    """What is missing in a tab, and the requests that add it."""

    def __init__(
        self,
        target: SheetTarget,
        found: _Found,
        columns: Sequence[LinkedColumn],
        create_headers: bool,
        new_id: Callable[[], str],
    ) -> None:
        self._target, self._found, self._linked, self._new_id = target, found, columns, new_id
        self._marked = columns_of(found.tab, target)
        titles = _titles(found.cells)
        self._created = not titles and create_headers
        if self._created:
            titles = dict(enumerate(target.headers))
        self._positions = self._place(titles)
        marked_id = self._marked.get(ROW_ID_HEADER)
        named_id = next((c for c, t in titles.items() if t == ROW_ID_HEADER), None)
        self._id_known = marked_id is not None or named_id is not None
        after_last = max(titles, default=-1) + 1
        self._id_column = next((c for c in (marked_id, named_id) if c is not None), after_last)

    def requests(self) -> Iterator[Json]:
        """Everything but the ids."""
        state = StateTab(self._found.state, self._found.sheet_ids, self._target.link)
        tab, column = self._target.sheet_id, self._id_column
        if not self._id_known:
            yield from self._make_room()
        if self._created:
            yield write_line(tab, 1, 0, self._target.headers)
        if not self._id_known:
            yield write_line(tab, 1, column, (ROW_ID_HEADER,))
        if ROW_ID_HEADER not in self._marked:
            yield from make_id_column(tab, column)
        if column not in self._found.protected:
            yield protect(tab, column)
        for header, at in {**self._positions, ROW_ID_HEADER: column}.items():
            if header not in self._marked:
                yield mark(self._target, header, at)
        for linked in self._linked:
            if linked.header not in self._marked:
                at = self._positions[linked.header]
                yield from shape(tab, linked, at, is_dated=self._dated(at))
        yield from clear(tickets_of(self._found.tab.metadata, self._target.link))
        yield from state.requests(max(self._found.tab.column_count, column + 1))

    def ids(self) -> Iterator[Json]:
        """Ids for rows that have content and none yet, in pieces."""
        columns = {**self._positions}
        if self._id_known:
            columns[ROW_ID_HEADER] = self._id_column
        bare = [r.row for r in _data_rows(self._found.cells, columns) if r.row_id is None]
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
                f"The tab {self._found.tab.title} has no headers in row 1.", f"Write them: {', '.join(headers)}."
            )
        unmarked = [h for h in headers if h not in self._marked]
        _refuse_doubles(titles, unmarked)
        by_title = {t: c for c, t in titles.items()}
        missing = [h for h in unmarked if h not in by_title]
        if missing:
            raise LinkRefused(
                f"The tab {self._found.tab.title} has no header {', '.join(missing)}.",
                "Add it to row 1, or map another header under columns: in links.yaml.",
            )
        return {h: self._marked.get(h, by_title.get(h, -1)) for h in headers}

    def _make_room(self) -> Iterator[Json]:
        """A blank column right after the last header; one that holds anything moves to the right."""
        column, tab = self._id_column, self._found.tab
        needed = max(column, len(self._target.headers) if self._created else 0) + 1
        if needed > tab.column_count:
            length = needed - tab.column_count
            yield {"appendDimension": {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "length": length}}
        elif any(self._found.cells.cell(row, column) for row in range(1, self._found.cells.last_row + 1)):
            span = {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
            yield {"insertDimension": {"range": span, "inheritFromBefore": column > 0}}

    def _dated(self, column: int) -> bool:
        rows = self._found.cells.rows
        cells = (rows[1] or {}).get("values") or () if len(rows) > 1 else ()
        raw = (cells[column] if column < len(cells) else None) or {}
        kind = ((raw.get("effectiveFormat") or {}).get("numberFormat") or {}).get("type")
        return kind in DATE_TYPES
