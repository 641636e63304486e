"""The SheetMarks port on the Google Sheets API: notes and backgrounds of cells.

A marking looks at what it replaces in the same request: the rows are copied into the upper part of the link's
scratch band (rows 2 to 100 of the hidden tab, above the journal), and the answer shows the copies. Of two markings
planned by one look only one lands, because both use the same ticket up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.sheets_answer import id_text
from adapters.sheets_cells import a1_range, copy_paste, grid, quoted, runs
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import (
    BAND_ROW,
    COUNTERS_RANGE,
    SHEET_FIELDS,
    Layout,
    columns_of,
    layout_of,
    rows_filter,
    top_filter,
)
from adapters.sheets_parts import Grid, SheetPart, parts, state_part, tab_part
from adapters.sheets_tickets import clear, marks_name, outdated, tickets_of, use
from core.errors import SheetsRefused
from core.marks import PREFIX, TOP_LEFT
from core.model import ROW_ID_HEADER, STATE_TAB
from core.sheet import LookedRow, MarksLook, MarkWrite, SheetTarget

Json = dict[str, Any]

FIRST_COPY_ROW = 2
MARKED_ROWS_MAX = BAND_ROW - FIRST_COPY_ROW
"""Rows of one marking: as many as there is room for above the journal."""

_CELL_FIELDS = "effectiveValue,note,userEnteredFormat(backgroundColorStyle)"
_COLUMN_FIELDS = "startRow,startColumn,columnMetadata(developerMetadata(metadataKey,metadataValue))"
_LOOK_FIELDS = f"sheets({SHEET_FIELDS},data({_COLUMN_FIELDS},rowData(values({_CELL_FIELDS}))))"
_NOTE_FIELDS = "sheets(properties(sheetId,title),data(startRow,startColumn,rowData(values(note))))"
_ANSWER_FIELDS = f"updatedSpreadsheet({_LOOK_FIELDS})"
_WRITTEN_FIELDS = "note,userEnteredFormat.backgroundColorStyle"
_THEME = "theme:"


@dataclass(frozen=True, slots=True)
class _Seen:
    """By what a marking is planned."""

    layout: Layout
    tickets_tab: SheetPart


class GoogleMarks:
    """Implements ``core.ports.SheetMarks``.

    Args:
        client: connection to Google.
    """

    def __init__(self, client: SheetsClient) -> None:
        self._client = client
        self._seen: dict[str, _Seen] = {}

    def marked(self, target: SheetTarget) -> list[int]:
        """1-based rows of the tab that hold a note of ours, in one read."""
        whole = [{"gridRange": {"sheetId": target.sheet_id}}]
        answer = self._client.read(target.spreadsheet_id, whole, _NOTE_FIELDS)
        piece = tab_part(parts(answer), target).grid_at(1, 0)
        return [row for row in range(1, piece.last_row + 1) if any(_is_ours(raw) for raw in piece.raw(row))]

    def look(self, target: SheetTarget, rows: Collection[int]) -> MarksLook:
        """What stands beside the linked cells of these rows, in one read."""
        filters: list[Json] = [{"a1Range": COUNTERS_RANGE}, top_filter(target)]
        filters += [rows_filter(target, first, count) for first, count in runs(sorted(set(rows)))]
        answer = self._client.read(target.spreadsheet_id, filters, _LOOK_FIELDS)
        layout, tab = layout_of(answer, target, {}), tab_part(parts(answer), target)
        self._seen[target.link] = _Seen(layout, tab)
        tickets = tickets_of(tab.metadata, marks_name(target.link))
        columns = _marked_columns(layout)
        found = [_looked(piece, row, row, columns) for piece in tab.grids for row in _numbers(piece)]
        by_number = {row.row: row for row in found}
        last = max((t.n for t in tickets), default=0)
        return MarksLook(
            last,
            tuple(by_number[row] for row in sorted(by_number.keys() & set(rows))),
            frozenset(columns) - {ROW_ID_HEADER},
            by_number.get(layout.header.row, LookedRow(layout.header.row, None, {}, {})),
        )

    def mark(self, target: SheetTarget, look: MarksLook, writes: Sequence[MarkWrite]) -> tuple[LookedRow, ...] | None:
        """See :class:`core.ports.SheetMarks`.

        Raises:
            ReplyLost: nobody knows whether it landed; look again.
        """
        seen = self._seen[target.link]
        body = _body(target, seen, look, writes)
        try:
            raw = self._client.write(target.spreadsheet_id, body, _ANSWER_FIELDS)
        except SheetsRefused:
            if self._has_been_overtaken(target, look, seen):
                return None
            raise
        found = parts(raw["updatedSpreadsheet"])
        if columns_of(tab_part(found, target), target) != dict(seen.layout.columns):
            self._undo(target, seen, look, writes)
            return None
        return _copies(found, seen.layout, writes)

    def _has_been_overtaken(self, target: SheetTarget, look: MarksLook, seen: _Seen) -> bool:
        now = self.look(target, [])
        return now.last > look.last or self._seen[target.link].layout != seen.layout

    def _undo(self, target: SheetTarget, seen: _Seen, look: MarksLook, writes: Sequence[MarkWrite]) -> None:
        """The columns have moved: what the marking put into other columns than it meant comes out of the copies."""
        layout = seen.layout
        requests = [use(layout.tab_id, marks_name(target.link), look.last + 2, 0)]
        for line, row in enumerate(_rows_of(writes)):
            for write in (w for w in writes if w.row == row):
                column = _marked_columns(layout)[write.header]
                source = grid(layout.state_id, FIRST_COPY_ROW + line, 1, layout.band.column + column, 1)
                requests.append(copy_paste(source, grid(layout.tab_id, row, 1, column, 1)))
        self._client.write(target.spreadsheet_id, {"requests": requests})


def _body(target: SheetTarget, seen: _Seen, look: MarksLook, writes: Sequence[MarkWrite]) -> Json:
    layout, name, number = seen.layout, marks_name(target.link), look.last + 1
    rows = _rows_of(writes)
    tickets = tickets_of(seen.tickets_tab.metadata, name)
    requests = [
        use(layout.tab_id, name, number, 0),
        *clear(outdated(tickets, number)),
        *_looks(layout, rows),
        *(_write(layout, write) for write in writes),
    ]
    band, last = layout.band, FIRST_COPY_ROW + max(len(rows), 1) - 1
    ranges = [
        f"{quoted(layout.tab_title)}!1:1",
        a1_range(STATE_TAB, FIRST_COPY_ROW, last, band.column, band.column + layout.copied_columns - 1),
    ]
    return {
        "requests": requests,
        "includeSpreadsheetInResponse": True,
        "responseIncludeGridData": True,
        "responseRanges": ranges,
    }


def _marked_columns(layout: Layout) -> dict[str, int]:
    """Where cells are marked: in the linked columns, or in column A where the tab has lost them all."""
    columns = dict(layout.columns)
    return columns if columns.keys() - {ROW_ID_HEADER} else {**columns, TOP_LEFT: 0}


def _rows_of(writes: Sequence[MarkWrite]) -> list[int]:
    return sorted({w.row for w in writes})


def _looks(layout: Layout, rows: Sequence[int]) -> Iterator[Json]:
    """Every row that is marked is copied first; the place of a row's copy is its place among the rows."""
    at = FIRST_COPY_ROW
    for first, count in runs(rows):
        source = grid(layout.tab_id, first, count, 0, layout.copied_columns)
        yield copy_paste(source, grid(layout.state_id, at, count, layout.band.column, layout.copied_columns))
        at += count


def _write(layout: Layout, write: MarkWrite) -> Json:
    cell: Json = {"note": write.note} if write.note else {}
    if write.colour is not None:
        cell["userEnteredFormat"] = {"backgroundColorStyle": _style(write.colour)}
    start = {
        "sheetId": layout.tab_id,
        "rowIndex": write.row - 1,
        "columnIndex": _marked_columns(layout)[write.header],
    }
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": _WRITTEN_FIELDS}}


def _copies(found: Sequence[SheetPart], layout: Layout, writes: Sequence[MarkWrite]) -> tuple[LookedRow, ...]:
    piece = state_part(found).grid_at(FIRST_COPY_ROW, layout.band.column)
    columns = {header: layout.band.column + column for header, column in _marked_columns(layout).items()}
    return tuple(_looked(piece, FIRST_COPY_ROW + i, row, columns) for i, row in enumerate(_rows_of(writes)))


def _numbers(piece: Grid) -> range:
    return range(piece.row, piece.last_row + 1)


def _looked(piece: Grid, at: int, row: int, columns: Mapping[str, int]) -> LookedRow:
    """The row that stands at ``at`` of a piece, told as ``row``."""
    line, notes, colours = piece.raw(at), {}, {}
    for header, column in columns.items():
        across = column - piece.column
        raw = (line[across] if 0 <= across < len(line) else None) or {}
        if header == ROW_ID_HEADER:
            continue
        if raw.get("note"):
            notes[header] = str(raw["note"])
        colour = _colour((raw.get("userEnteredFormat") or {}).get("backgroundColorStyle"))
        if colour is not None:
            colours[header] = colour
    id_column = columns.get(ROW_ID_HEADER)
    return LookedRow(row, id_text(piece.cell(at, id_column)) if id_column is not None else None, notes, colours)


def _is_ours(raw: Any) -> bool:
    return str((raw or {}).get("note") or "").startswith(PREFIX)


def _colour(style: Mapping[str, Any] | None) -> str | None:
    """``#rrggbb`` or ``theme:NAME``; transparency, which sheets do not show, is left out."""
    if not style:
        return None
    if style.get("themeColor"):
        return f"{_THEME}{style['themeColor']}"
    parts_of = (style.get("rgbColor") or {}).get
    return "#" + "".join(f"{round(255 * float(parts_of(name) or 0)):02x}" for name in ("red", "green", "blue"))


def _style(colour: str) -> Json:
    if colour.startswith(_THEME):
        return {"themeColor": colour.removeprefix(_THEME)}
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return {"rgbColor": {"red": red, "green": green, "blue": blue}}
