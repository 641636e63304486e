"""Where everything of a link stands in the spreadsheet: its columns, its counters and its scratch band.

The hidden tab ``_twinsheet`` has one row per link from row 2 on::

    A link | B n | C epoch | D q | E scratch_column | F scratch_width | G scratch_row | H taken_back

Each link's scratch band begins at column E (1-based) and is F columns wide: two halves, each as wide as the
tab. Row 101 of the band holds a copy of the counters, the columns as the writer believed them to be (and, where
they are others, those by which the lines below were copied by an earlier write), and (right half) the row that
was believed to be the header, as it stood. From row G on follow whole rows of the tab, as they stood before the
last write: left as they were (values, formulas, formats), right their values alone, because a formula computes
something else away from its place. A line never stands above or left of the row it was copied from, so that a
formula's relative references never fall off the grid and come back intact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.sheets_cells import CELL_FIELDS, DATE_TYPES, grid
from adapters.sheets_header import Header, header_of
from adapters.sheets_parts import SheetPart, parts, state_part, tab_part
from adapters.sheets_tickets import Ticket, tickets_of
from core.errors import SheetsRefused
from core.model import ROW_ID_HEADER, STATE_TAB, Stamp
from core.sheet import SheetTarget

Json = dict[str, Any]

STATE_HEADER = ("link", "n", "epoch", "q", "scratch_column", "scratch_width", "scratch_row", "taken_back")
BAND_ROW = 101
FIRST_LINE_ROW = 102
ROWS_ABOVE_MAX = 20
"""Rows that people may insert above the header until it is looked for in the whole id column."""
HALF_MIN = 4
"""The counters' copy and the believed columns need four cells."""

COUNTERS_RANGE = f"'{STATE_TAB}'!A1:H{BAND_ROW - 1}"
SHEET_FIELDS = (
    "properties(sheetId,title,gridProperties(rowCount,columnCount)),"
    "developerMetadata(metadataId,metadataKey,metadataValue)"
)
GRID_FIELDS = (
    "startRow,startColumn,columnMetadata(developerMetadata(metadataKey,metadataValue)),"
    f"rowData(values({CELL_FIELDS}))"
)
READ_FIELDS = f"sheets({SHEET_FIELDS},data({GRID_FIELDS}))"
LAYOUT_FIELDS = READ_FIELDS.replace("numberFormat(type)", "numberFormat(type,pattern)")


@dataclass(frozen=True, slots=True)
class Band:
    """The scratch of one link."""

    column: int
    """0-based first column."""
    half: int
    """Columns of each of its two halves."""
    line_row: int = FIRST_LINE_ROW
    """1-based row of line 0."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What has to be known to encode a write to a link; kept from answer to answer."""

    tab_id: int
    tab_title: str
    tab_rows: int
    tab_columns: int
    columns: Mapping[str, int]
    """Linked header and ``_row_id`` to 0-based column."""
    state_id: int
    state_rows: int
    state_columns: int
    counters_row: int
    """1-based."""
    band: Band
    date_formats: Mapping[str, Json] = field(default_factory=dict)
    """By linked header: the date format that its column already has."""
    scratch_columns: Mapping[str, int] = field(default_factory=dict)
    """By which columns the lines of the scratch stand; only told where something is restored from it."""
    tickets: tuple[Ticket, ...] = ()
    """Of the link's last writes, oldest first."""
    header: Header = field(default_factory=Header)

    @property
    def copied_columns(self) -> int:
        """How many columns of the tab the scratch takes."""
        return min(self.tab_columns, self.band.half)

    @property
    def span(self) -> tuple[int, int]:
        """Leftmost and rightmost linked column, 0-based, the id column included."""
        return min(self.columns.values()), max(self.columns.values())


@dataclass(frozen=True, slots=True)
class Counters:
    """A link's row of the hidden tab."""

    row: int
    stamp: Stamp
    band: Band
    taken_back: int = 0
    """Number of the write that was taken back last."""


def counters_of(state: SheetPart, link: str) -> Counters:
    """The link's row of the hidden tab.

    Raises:
        SheetsRefused: it is gone or damaged.
    """
    rows = state.grid_at(1, 0)
    for row in range(2, rows.last_row + 1):
        values = [c.value if c else None for c in rows.line(row)]
        if values and values[0] == link:
            return _counters(row, values, link)
    raise SheetsRefused(
        f"The hidden tab {STATE_TAB} does not know link {link}.", "Link the tab again: twinsheet link add …"
    )


def columns_of(tab: SheetPart, target: SheetTarget) -> dict[str, int]:
    """Linked header (and ``_row_id``) to 0-based column, out of the column metadata; gone ones are left out."""
    wanted = {*target.headers, ROW_ID_HEADER}
    columns: dict[str, int] = {}
    for piece in tab.grids:
        for index, raw in enumerate(piece.metadata):
            for entry in (raw or {}).get("developerMetadata") or ():
                value = entry.get("metadataValue") or ""
                if entry.get("metadataKey") == metadata_key(target.link) and value in wanted:
                    columns.setdefault(value, piece.column + index)
    return columns


def metadata_key(link: str) -> str:
    """Key of the column metadata of a link."""
    return f"twinsheet.{link}"


def layout_filters(target: SheetTarget) -> list[Json]:
    """What to read for :func:`layout_of`: counters, header row, first data row."""
    return [{"a1Range": COUNTERS_RANGE}, top_filter(target)]


def top_filter(target: SheetTarget) -> Json:
    """What to read for the header row and the first data row, wherever people have moved them within reason."""
    end = target.header_row + ROWS_ABOVE_MAX + 1
    return {"gridRange": {"sheetId": target.sheet_id, "startRowIndex": 0, "endRowIndex": end}}


def id_column_filter(target: SheetTarget) -> Json:
    """What to read for the whole id column, wherever it stands."""
    place = {"metadataKey": metadata_key(target.link), "metadataValue": ROW_ID_HEADER, "locationType": "COLUMN"}
    return {"developerMetadataLookup": place}


def rows_filter(target: SheetTarget, first: int, count: int) -> Json:
    """What to read for so many rows of the tab; ``first`` is 1-based."""
    return {"gridRange": {"sheetId": target.sheet_id, "startRowIndex": first - 1, "endRowIndex": first - 1 + count}}


def tab_filters(target: SheetTarget) -> list[Json]:
    """What to read for the whole tab with its counters."""
    return [{"a1Range": COUNTERS_RANGE}, {"gridRange": {"sheetId": target.sheet_id}}]


def scratch_filters(layout: Layout, lines: int) -> list[Json]:
    """What to read for the whole scratch of a write that looked at ``lines`` rows."""
    band, state = layout.band, layout.state_id
    width = 2 * band.half
    found = [{"gridRange": grid(state, BAND_ROW, 1, band.column, width)}]
    if lines:
        found.append({"gridRange": grid(state, band.line_row, lines, band.column, width)})
    return found


def layout_of(
    answer: Mapping[str, Any], target: SheetTarget, date_formats: Mapping[str, Json] | None = None
) -> Layout:
    """The layout as of one answer that holds the counters and the tab's header row.

    Args:
        answer: Google's answer.
        target: the link.
        date_formats: what is known of the columns' formats; looked up in the answer's first data row when
            left out (only an answer with :data:`LAYOUT_FIELDS` has them).
    """
    found = parts(answer)
    state, tab = state_part(found), tab_part(found, target)
    counters, columns = counters_of(state, target.link), columns_of(tab, target)
    header = header_of(tab, columns, target.header_row)
    return Layout(
        tab_id=tab.sheet_id,
        tab_title=tab.title,
        tab_rows=tab.row_count,
        tab_columns=tab.column_count,
        columns=columns,
        state_id=state.sheet_id,
        state_rows=state.row_count,
        state_columns=state.column_count,
        counters_row=counters.row,
        band=counters.band,
        tickets=tickets_of(tab.metadata, target.link),
        date_formats=formats_of_dates(tab, columns, header.row) if date_formats is None else date_formats,
        header=header,
    )


def _counters(row: int, values: Sequence[Any], link: str) -> Counters:
    numbers = [*values, *[None] * len(STATE_HEADER)][1 : len(STATE_HEADER)]
    if not all(n is None or (isinstance(n, int | float) and not isinstance(n, bool)) for n in numbers):
        raise SheetsRefused(
            f"Row {row} of the hidden tab {STATE_TAB} is damaged: it should hold numbers.",
            "Bring it back with File → Version history, or link the tab again.",
        )
    n, epoch, q, column, width, line_row, taken_back = (int(v or 0) for v in numbers)
    if column < 1 or width < 2 * HALF_MIN:
        raise SheetsRefused(
            f"Link {link} has no scratch in the hidden tab {STATE_TAB}.", "Link the tab again: twinsheet link add …"
        )
    band = Band(column - 1, width // 2, max(line_row, FIRST_LINE_ROW))
    return Counters(row, Stamp(n=n, q=q, epoch=epoch), band, taken_back)


def formats_of_dates(tab: SheetPart, columns: Mapping[str, int], header_row: int) -> dict[str, Json]:
    """By linked header the date format that the first cell of its column has; none where it has no such."""
    formats: dict[str, Json] = {}
    cells = tab.grid_at(1, 0).raw(header_row + 1)
    for header, column in columns.items():
        raw = cells[column] if column < len(cells) else None
        found = ((raw or {}).get("effectiveFormat") or {}).get("numberFormat") or {}
        if found.get("type") in DATE_TYPES:
            formats[header] = dict(found)
    return formats
