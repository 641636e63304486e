"""Requests for whole rows and columns."""

from collections.abc import Callable
from typing import Any

from sandbox.google.document import Document
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.ranges import find_sheet
from sandbox.google.rest.requests.common import dimension_of, mask_of


def insert_dimension(document: Document, body: dict[str, Any]) -> None:
    """``insertDimension``."""
    sheet, dimension, start, end = dimension_of(document, body.get("range", {}))
    before = body.get("inheritFromBefore", False)
    size = sheet.row_count if dimension == "ROWS" else sheet.column_count
    if before and start == 0:
        raise bad_request("inheritFromBefore cannot be true when inserting at the start of the sheet")
    if start > size:
        raise bad_request(f"range.startIndex is larger than current grid size ({size})")
    if start == size and not before:
        raise bad_request(f"range.startIndex must be less than the grid size ({size}) if inheritFromBefore is false.")
    insert = sheet.insert_rows if dimension == "ROWS" else sheet.insert_columns
    insert(start, end - start, inherit_from_before=before)


def delete_dimension(document: Document, body: dict[str, Any]) -> None:
    """``deleteDimension``."""
    sheet, dimension, start, end = dimension_of(document, body.get("range", {}))
    count = sheet.row_count if dimension == "ROWS" else sheet.column_count
    if start == 0 and end >= count:
        raise bad_request(f"You can't delete all the {dimension.lower()} on the sheet.")
    (sheet.delete_rows if dimension == "ROWS" else sheet.delete_columns)(start, end - start)


def move_dimension(document: Document, body: dict[str, Any]) -> None:
    """``moveDimension``: the destination is counted as before the move."""
    sheet, dimension, start, end = dimension_of(document, body.get("source", {}))
    to = body.get("destinationIndex", 0)
    if not 0 <= to <= (sheet.row_count if dimension == "ROWS" else sheet.column_count):
        raise bad_request(f"destinationIndex {to} is outside the grid")
    (sheet.move_rows if dimension == "ROWS" else sheet.move_columns)(start, end - start, to)


def append_dimension(document: Document, body: dict[str, Any]) -> None:
    """``appendDimension``."""
    sheet = find_sheet(document, body.get("sheetId", 0))
    length = body.get("length", 0)
    if length < 1:
        raise bad_request("length must be greater than 0")
    if body.get("dimension") not in ("ROWS", "COLUMNS"):
        raise bad_request("dimension must be ROWS or COLUMNS")
    (sheet.append_rows if body["dimension"] == "ROWS" else sheet.append_columns)(length)


def update_dimension_properties(document: Document, body: dict[str, Any]) -> None:
    """``updateDimensionProperties``: hidden and size."""
    mask = mask_of(body, "DimensionProperties")
    sheet, dimension, start, end = dimension_of(document, body.get("range", {}))
    props, changes = body.get("properties", {}), {}
    if set(mask.children) - {"*", "hiddenByUser", "pixelSize"}:
        raise bad_request(
            f"Invalid field: {', '.join(sorted(mask.children))}; only hiddenByUser and pixelSize are writable"
        )
    if mask.wants("hiddenByUser"):
        changes["hidden"] = props.get("hiddenByUser", False)
    if mask.wants("pixelSize"):
        changes["pixel_size"] = props.get("pixelSize", 21 if dimension == "ROWS" else 100)
        if changes["pixel_size"] < 0:
            raise bad_request(f"pixelSize cannot be negative: {changes['pixel_size']}")
    (sheet.change_rows if dimension == "ROWS" else sheet.change_columns)(start, end - start, **changes)


HANDLERS: dict[str, Callable[[Document, dict[str, Any]], dict[str, Any] | None]] = {
    "insertDimension": insert_dimension,
    "deleteDimension": delete_dimension,
    "moveDimension": move_dimension,
    "appendDimension": append_dimension,
    "updateDimensionProperties": update_dimension_properties,
}
