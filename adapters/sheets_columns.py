"""Requests that make a column of a tab the product's own: mark, hide, protect, format. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.sheets_cells import DATE_TYPES, encode_value, grid
from adapters.sheets_layout import metadata_key
from core.model import LinkedColumn
from core.sheet import SheetTarget

Json = dict[str, Any]

PROTECTION = "Twinsheet row ids"
NEW_TAB_ROWS = 1000
"""As many as Google gives a new tab; more come with the rows."""
NEW_TAB_COLUMNS_MIN = 12

CHARACTER_PX, PADDING_PX = 8, 24
WIDTH_PX_MIN, WIDTH_PX_MAX = 72, 320
_CHARACTERS = {"date": 10, "time": 10, "datetime": 19, "timestamp": 19, "year": 4, "json": 40}
"""How many a value of the type has, where the type alone tells."""
_CHARACTERS_ELSEWHERE = 10


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a linked tab."""

    sheet_id: int
    at: int
    """0-based."""
    header_row: int
    """1-based."""

    @property
    def below_header(self) -> Json:
        """All of it below its header, later rows too."""
        start, at = self.header_row, self.at
        return {"sheetId": self.sheet_id, "startRowIndex": start, "startColumnIndex": at, "endColumnIndex": at + 1}


def write_line(sheet_id: int, row: int, column: int, values: Sequence[str]) -> Json:
    """Texts into adjacent cells of the 1-based ``row``, from the 0-based ``column`` on."""
    area = grid(sheet_id, row, 1, column, len(values))
    rows = [{"values": [encode_value(v) for v in values]}]
    return {"updateCells": {"range": area, "rows": rows, "fields": "userEnteredValue"}}


def hide(sheet_id: int, column: int) -> Json:
    """Hide a column from people."""
    span = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
    return {
        "updateDimensionProperties": {"range": span, "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    }


def protect(sheet_id: int, column: int) -> Json:
    """Warn whoever edits the column; everybody still can."""
    area = {"sheetId": sheet_id, "startColumnIndex": column, "endColumnIndex": column + 1}
    protection = {"range": area, "description": PROTECTION, "warningOnly": True}
    return {"addProtectedRange": {"protectedRange": protection}}


def mark(target: SheetTarget, header: str, column: int) -> Json:
    """Metadata that names the column, wherever it moves and whatever its header says."""
    span = {"sheetId": target.sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
    metadata = {
        "metadataKey": metadata_key(target.link),
        "metadataValue": header,
        "visibility": "DOCUMENT",
        "location": {"dimensionRange": span},
    }
    return {"createDeveloperMetadata": {"developerMetadata": metadata}}


def number_format(column: Column, wanted: tuple[str, str]) -> Json:
    """Format a whole column as (type, pattern)."""
    kind, pattern = wanted
    shape = {"userEnteredFormat": {"numberFormat": {"type": kind, "pattern": pattern}}}
    return {
        "repeatCell": {
            "range": column.below_header,
            "cell": shape,
            "fields": "userEnteredFormat.numberFormat",
        }
    }


def drop_down(column: Column, options: Sequence[str]) -> Json:
    """A list to choose from; not strict, because what the table refuses is shown beside the cell."""
    values = [{"userEnteredValue": o} for o in options]
    rule = {"condition": {"type": "ONE_OF_LIST", "values": values}, "showCustomUi": True, "strict": False}
    return {"setDataValidation": {"range": column.below_header, "rule": rule, "filteredRowsIncluded": True}}


def shape(column: Column, linked: LinkedColumn, *, is_dated: bool) -> Iterator[Json]:
    """Format and drop-down of a whole column, for later rows too; a date format of one's own stays: ``is_dated``."""
    codec = linked.codec
    if codec.plain_text:
        yield number_format(column, ("TEXT", "@"))
    elif codec.number_format and not (codec.number_format[0] in DATE_TYPES and is_dated):
        yield number_format(column, codec.number_format)
    if codec.options and not any(option.startswith(("=", "+")) for option in codec.options):
        # Google reads the values of a condition as typed: such a one would be a formula, or refused as one.
        yield drop_down(column, codec.options)


def reshape(column: Column, before: LinkedColumn, now: LinkedColumn, *, is_dated: bool) -> Iterator[Json]:
    """The same for a column that has another type in the table now; what the old one brought along goes."""
    below, had, has = column.below_header, before.codec, now.codec
    if (had.plain_text or had.number_format) and not (has.plain_text or has.number_format):
        yield {"repeatCell": {"range": below, "cell": {}, "fields": "userEnteredFormat.numberFormat"}}
    if had.options and not has.options:
        yield {"setDataValidation": {"range": below, "filteredRowsIncluded": True}}
    yield from shape(column, now, is_dated=is_dated)


def make_id_column(column: Column) -> Iterator[Json]:
    """Hide a column that holds row ids, and keep Google from reading numbers into them."""
    yield hide(column.sheet_id, column.at)
    yield number_format(column, ("TEXT", "@"))


def make_tab(title: str, columns: int, header_row: int) -> Json:
    """A new tab at the end, frozen down to its header row."""
    size = {
        "rowCount": NEW_TAB_ROWS + header_row - 1,
        "columnCount": max(columns, NEW_TAB_COLUMNS_MIN),
        "frozenRowCount": header_row,
    }
    return {"addSheet": {"properties": {"title": title, "gridProperties": size}}}


def lay_out(sheet_id: int, columns: Sequence[tuple[int, LinkedColumn]], header_row: int) -> Iterator[Json]:
    """Freeze a tab whose headers are ours down to them, and give each column a width by its type."""
    frozen = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": header_row}}
    yield {"updateSheetProperties": {"properties": frozen, "fields": "gridProperties.frozenRowCount"}}
    for at, linked in columns:
        span = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": at, "endIndex": at + 1}
        size = {"pixelSize": width_px(linked)}
        yield {"updateDimensionProperties": {"range": span, "properties": size, "fields": "pixelSize"}}


def width_px(linked: LinkedColumn) -> int:
    """A width that shows what the column's values usually are, and its header."""
    column = linked.column
    longest = max((len(option) for option in linked.codec.options), default=0)
    characters = _CHARACTERS.get(column.data_type) or longest or column.length_chars or column.precision
    shown = max(characters or _CHARACTERS_ELSEWHERE, len(linked.header))
    return min(max(shown * CHARACTER_PX + PADDING_PX, WIDTH_PX_MIN), WIDTH_PX_MAX)
