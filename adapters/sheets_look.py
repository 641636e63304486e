"""Looks at a tab that is about to be linked, changing nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from adapters.sheets_cells import decode_cell
from adapters.sheets_client import SheetsClient
from adapters.sheets_columns import NEW_TAB_COLUMNS_MIN, PROTECTION
from adapters.sheets_layout import LAYOUT_FIELDS
from adapters.sheets_parts import Grid, SheetPart, parts
from adapters.sheets_rows import TabRows
from adapters.sheets_whole import read_again_while_moved, read_whole
from core.errors import LinkRefused
from core.model import ROW_ID_HEADER, STATE_TAB, Stamp
from core.sheet import TabImage
from core.values import SheetValue

Json = dict[str, Any]

SHEETS_FIELDS = (
    "properties(timeZone),sheets(properties(sheetId,title,gridProperties),merges,protectedRanges(description,range))"
)


NEAR_TOP_ROWS = 50
"""Among so many rows headers are looked for that are not where they are said to be."""

_NOTHING = Grid(1, 0, (), ())


@dataclass(frozen=True, slots=True)
class TabBefore:
    """A tab as it is before it is linked."""

    title: str
    is_there: bool
    is_blank: bool
    """Nothing stands in its header row or below."""
    headers: tuple[str, ...]
    """Titles of the header row, without blanks and the id column."""
    image: TabImage
    """Its rows by the linked headers that it has; stamp zero."""
    time_zone: str = ""
    """Of the spreadsheet."""
    columns: int = NEW_TAB_COLUMNS_MIN
    """Of the tab, blank ones too."""
    cells: int = 0
    """Of all tabs of the spreadsheet, blank ones too."""
    content: Grid = field(default=_NOTHING, repr=False)
    """All that stands in it."""
    header_row: int = 1
    """1-based row of its headers."""
    tabs: tuple[str, ...] = ()
    """Titles of all tabs that people see in the spreadsheet."""

    def by_headers(self, headers: Sequence[str]) -> TabBefore:
        """The same look, its rows by these headers; what else stands there is let go of.

        Raises:
            LinkRefused: a header that stands twice.
        """
        image = _image(self.content, headers, self.image.read_at, self.header_row)
        return replace(self, image=image, content=_NOTHING)

    def other_rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The other rows near the top that may hold headers, and what stands in each."""
        for row in range(1, min(self.content.last_row, NEAR_TOP_ROWS) + 1):
            if row != self.header_row:
                yield row, tuple(titles_of(self.content, row).values())

    def near_top(self) -> list[list[SheetValue]]:
        """The values of the rows near the top, from row 1 on; trailing blanks may be left out."""
        rows = range(1, min(self.content.last_row, NEAR_TOP_ROWS) + 1)
        return [[cell and cell.value for cell in self.content.line(row)] for row in rows]

    def headerless(self) -> tuple[int, ...]:
        """0-based columns that hold values below the header row and have no title in it, from left to right."""
        titled, found = titles_of(self.content, self.header_row).keys(), set[int]()
        for row in range(self.header_row + 1, self.content.last_row + 1):
            cells = enumerate(self.content.raw(row))
            bare = ((at, decode_cell(raw)) for at, raw in cells if at not in titled and at not in found)
            found.update(at for at, cell in bare if cell is not None and cell.value is not None)
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class Found:
    """What two reads of a spreadsheet told of a tab and of the hidden tab."""

    tab: SheetPart
    cells: Grid
    state: SheetPart | None
    sheet_ids: frozenset[int]
    protected: frozenset[int]
    """Columns that are protected by us already."""


def look_at_tab(
    client: SheetsClient,
    spreadsheet_id: str,
    tab: str,
    headers: Sequence[str],
    *,
    header_row: int = 1,
    may_lack: bool = False,
) -> TabBefore:
    """Read a tab that is about to be linked, changing nothing.

    Args:
        client: connection to Google.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab.
        headers: headers that are to be linked; missing ones are named in the image.
        header_row: 1-based row that holds them; what stands above it is left out.
        may_lack: a tab that is not there is told as a blank one, because it is going to be made.

    Raises:
        LinkRefused: no such tab, merged cells, or a header that stands twice.
    """
    told = client.properties(spreadsheet_id, SHEETS_FIELDS)
    if may_lack and not is_there(told, tab):
        image = TabImage(
            Stamp(), {}, (), header_row, datetime.now(UTC), missing_headers=tuple(headers), header_row=header_row
        )
        return TabBefore(
            tab,
            is_there=False,
            is_blank=True,
            headers=(),
            image=image,
            time_zone=_zone(told),
            cells=_cells(told),
            header_row=header_row,
            tabs=_tabs(told),
        )
    found = find_tab(client, spreadsheet_id, tab, told, header_row)
    shown = tuple(t for _, t in sorted(titles_of(found.cells, header_row).items()) if t != ROW_ID_HEADER)
    rows = range(header_row, found.cells.last_row + 1)
    is_blank = not any(cell for row in rows for cell in found.cells.line(row))
    return TabBefore(
        found.tab.title,
        is_there=True,
        is_blank=is_blank,
        headers=shown,
        image=_image(found.cells, headers, datetime.now(UTC), header_row),
        time_zone=_zone(told),
        columns=found.tab.column_count,
        cells=_cells(told),
        content=found.cells,
        header_row=header_row,
        tabs=_tabs(told),
    )


def _image(cells: Grid, headers: Sequence[str], read_at: datetime, header_row: int) -> TabImage:
    titles = titles_of(cells, header_row)
    columns = {h: c for c, h in titles.items() if h in headers or h == ROW_ID_HEADER}
    refuse_doubles(titles, headers)
    rows = TabRows([cells], columns, header_row, ids_alone=False) if headers else ()
    return TabImage(
        stamp=Stamp(),
        columns=columns,
        rows=rows,
        last_row=rows[-1].row if rows else header_row,
        read_at=read_at,
        missing_headers=tuple(h for h in headers if h not in columns),
        titles={h: h for h in columns if h != ROW_ID_HEADER},
        header_row=header_row,
    )


def is_there(told: Mapping[str, Any], tab: str) -> bool:
    """Whether the spreadsheet has the tab.

    Raises:
        LinkRefused: it has one of nearly that name, which would not be told apart.
    """
    titles = [s["properties"].get("title", "") for s in told.get("sheets") or ()]
    alike = next((t for t in titles if t != tab and t.strip().casefold() == tab.strip().casefold()), None)
    if tab not in titles and alike is not None:
        raise LinkRefused(f"The spreadsheet has no tab named {tab}.", f"Did you mean {alike}?")
    return tab in titles


def _tabs(told: Mapping[str, Any]) -> tuple[str, ...]:
    titles = (str(s["properties"].get("title", "")) for s in told.get("sheets") or ())
    return tuple(title for title in titles if title != STATE_TAB)


def _cells(told: Mapping[str, Any]) -> int:
    sizes = (s["properties"].get("gridProperties") or {} for s in told.get("sheets") or ())
    return sum(int(size.get("rowCount") or 0) * int(size.get("columnCount") or 0) for size in sizes)


def _zone(told: Mapping[str, Any]) -> str:
    return str((told.get("properties") or {}).get("timeZone") or "")


def time_zone_of(client: SheetsClient, spreadsheet_id: str) -> str:
    """The time zone in which a spreadsheet shows its times, e.g. ``Europe/Berlin``."""
    return _zone(client.properties(spreadsheet_id, "properties(timeZone)"))


def find_tab(client: SheetsClient, spreadsheet_id: str, tab: str, told: Mapping[str, Any], header_row: int) -> Found:
    """The tab with all its cells, and the hidden tab.

    Args:
        client: connection to Google.
        spreadsheet_id: id from the sheet's address.
        tab: title of the tab.
        told: the spreadsheet's :data:`SHEETS_FIELDS`.
        header_row: 1-based; above it cells may be merged.

    Raises:
        LinkRefused: no such tab, or merged cells.
    """
    sheets = told.get("sheets") or []
    by_title = {s["properties"].get("title", ""): s for s in sheets}
    if tab not in by_title:
        raise LinkRefused(f"The spreadsheet has no tab named {tab}.", f"It has: {', '.join(_tabs(told))}.")
    sheet_id = int(by_title[tab]["properties"].get("sheetId") or 0)
    others: list[Json] = [{"a1Range": f"'{STATE_TAB}'!A1:H100"}] if STATE_TAB in by_title else []
    _refuse_merged(by_title[tab], tab, header_row)
    columns = int((by_title[tab]["properties"].get("gridProperties") or {}).get("columnCount") or 0)
    read = parts(_whole(client, spreadsheet_id, sheet_id, others, columns))
    part = next(p for p in read if p.sheet_id == sheet_id)
    return Found(
        tab=part,
        cells=part.grid_at(1, 0),
        state=next((p for p in read if p.title == STATE_TAB), None),
        sheet_ids=frozenset(int(s["properties"].get("sheetId") or 0) for s in sheets),
        protected=frozenset(_protected(by_title[tab])),
    )


def _whole(client: SheetsClient, spreadsheet_id: str, sheet_id: int, others: Sequence[Json], columns: int) -> Json:
    read = partial(read_whole, client, spreadsheet_id, sheet_id, others, LAYOUT_FIELDS, columns=columns)
    return read_again_while_moved()(read)


def _refuse_merged(sheet: Mapping[str, Any], tab: str, header_row: int) -> None:
    merges = [m for m in sheet.get("merges") or () if int(m.get("endRowIndex") or header_row) >= header_row]
    if merges:
        rows = ", ".join(str(int(m.get("startRowIndex") or 0) + 1) for m in merges[:5])
        below = max(int(m.get("endRowIndex") or header_row) for m in merges) + 1
        title = f" Or, where they are a title above the headers, name the headers' row: --header-row {below}"
        raise LinkRefused(
            f"The tab {tab} has merged cells (row {rows}), which have no place in a table.",
            "Select all, then Format → Merge cells → Unmerge."
            + (title if any(int(m.get("startRowIndex") or 0) < header_row for m in merges) else ""),
        )


def _protected(sheet: Mapping[str, Any]) -> Iterator[int]:
    for protection in sheet.get("protectedRanges") or ():
        if protection.get("description") == PROTECTION:
            yield int((protection.get("range") or {}).get("startColumnIndex") or 0)


def titles_of(cells: Grid, header_row: int) -> dict[int, str]:
    """0-based column to title, blank ones left out."""
    line = cells.line(header_row)
    return {i: str(c.value) for i, c in enumerate(line) if c is not None and c.value is not None}


def refuse_doubles(titles: Mapping[int, str], headers: Sequence[str]) -> None:
    """Raise LinkRefused where one of these headers stands more than once."""
    shown = list(titles.values())
    doubled = sorted({h for h in headers if shown.count(h) > 1})
    if doubled:
        raise LinkRefused(
            f"The header row names {', '.join(doubled)} more than once.",
            "Rename the doubled headers, then link again.",
        )
