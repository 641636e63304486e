"""Requests that tidy up: white space, repeated rows, sizes of columns."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.google import formats
from sandbox.google.cells import Cell
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.requests.common import area_of, dimension_of

_PIXELS_PER_LETTER, _MARGIN_PIXELS, _ROW_PIXELS = 7, 16, 21


def trim_whitespace(document: Document, body: dict[str, Any]) -> dict[str, Any] | None:
    """``trimWhitespace``: at both ends, and runs of it inside."""
    sheet, area = area_of(document, body)
    changed = 0

    def trimmed(cell: Cell) -> Cell:
        if cell.formula is not None or not isinstance(cell.value, str):
            return cell
        text = " ".join(cell.value.split())
        return cell if text == cell.value else replace(cell, value=text or None)

    for offset, cells in enumerate(sheet.cells(area)):
        new = [trimmed(cell) for cell in cells]
        changed += sum(a is not b for a, b in zip(cells, new, strict=True))
        sheet.write_row(area.row + offset, area.column, new)
    return {"cellsChangedCount": changed} if changed else None


def delete_duplicates(document: Document, body: dict[str, Any]) -> dict[str, Any] | None:
    """``deleteDuplicates``: the first of equal rows stays; the cells below move up."""
    sheet, area = area_of(document, body)
    spans = body.get("comparisonColumns") or []
    compared = sorted({i for s in spans for i in range(s.get("startIndex", 0), s.get("endIndex", area.column_end))})
    if any(not area.column <= i < area.column_end for i in compared):
        raise bad_request("comparisonColumns must lie within the range")
    places = [i - area.column for i in compared] or list(range(area.columns))
    seen: set[tuple[object, ...]] = set()
    block = sheet.cells(area)
    kept = [line for line in block if not _again(tuple(_key(line[i]) for i in places), seen)]
    blank = [Cell()] * area.columns
    for offset, line in enumerate(kept + [blank] * (len(block) - len(kept))):
        sheet.write_row(area.row + offset, area.column, line)
    gone = len(block) - len(kept)
    return {"duplicatesRemovedCount": gone} if gone else None


def auto_resize_dimensions(document: Document, body: dict[str, Any]) -> None:
    """``autoResizeDimensions``: columns as wide as their longest text."""
    if "dimensions" not in body or "dataSourceSheetDimensions" in body:
        raise bad_request("The sandbox resizes the dimensions of a sheet only")
    sheet, dimension, start, end = dimension_of(document, body["dimensions"])
    if end > (sheet.row_count if dimension == "ROWS" else sheet.column_count):
        raise bad_request(f"{dimension.lower()} up to {end} are not in the grid")
    if dimension == "ROWS":
        sheet.change_rows(start, end - start, pixel_size=_ROW_PIXELS)
        return
    for column in range(start, end):
        sheet.change_columns(column, 1, pixel_size=_width_of(sheet, column))


def _width_of(sheet: Sheet, column: int) -> int:
    uid, locale = sheet.columns[column].uid, sheet.document.locale
    cells = (row.cells.get(uid) for row in sheet.rows)
    longest = max((len(formats.shown(cell, locale)) for cell in cells if cell is not None), default=0)
    return longest * _PIXELS_PER_LETTER + _MARGIN_PIXELS


def _again(key: tuple[object, ...], seen: set[tuple[object, ...]]) -> bool:
    known = key in seen
    seen.add(key)
    return known


def _key(cell: Cell) -> tuple[type, object]:
    """Equal values of different types are different; the case of a text does not matter."""
    value = cell.value.casefold() if isinstance(cell.value, str) else cell.value
    return type(value), value


HANDLERS: dict[str, Callable[[Document, dict[str, Any]], dict[str, Any] | None]] = {
    "trimWhitespace": trim_whitespace,
    "deleteDuplicates": delete_duplicates,
    "autoResizeDimensions": auto_resize_dimensions,
}
