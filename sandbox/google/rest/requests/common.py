"""What several requests share."""

from typing import Any

from sandbox.google.area import Area
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.fields import Mask, update_mask
from sandbox.google.rest.ranges import find_grid_range, find_sheet


def mask_of(body: dict[str, Any], schema: str) -> Mask:
    """The update mask of a request. Raises ApiError 400."""
    return update_mask(body.get("fields", ""), schema)


def area_of(
    document: Document, body: dict[str, Any], name: str = "range", *, clip: bool = True
) -> tuple[Sheet, Area]:
    """Tab and area of a GridRange in a request. Raises ApiError 400."""
    if name not in body:
        raise bad_request(f"{name} is required")
    return find_grid_range(document, body[name], clip=clip)


def start_of(document: Document, body: dict[str, Any], name: str) -> tuple[Sheet, int, int]:
    """Tab, row and column of a GridCoordinate in a request. Raises ApiError 400."""
    place = body.get(name, {})
    return find_sheet(document, place.get("sheetId", 0)), place.get("rowIndex", 0), place.get("columnIndex", 0)


def dimension_of(document: Document, described: dict[str, Any]) -> tuple[Sheet, str, int, int]:
    """Tab, dimension, start and end of a DimensionRange. Raises ApiError 400."""
    sheet = find_sheet(document, described.get("sheetId", 0))
    dimension = described.get("dimension", "DIMENSION_UNSPECIFIED")
    if dimension not in ("ROWS", "COLUMNS"):
        raise bad_request("dimension must be ROWS or COLUMNS")
    limit = sheet.row_count if dimension == "ROWS" else sheet.column_count
    start, end = described.get("startIndex", 0), described.get("endIndex", limit)
    if start < 0 or end <= start:
        raise bad_request(f"{dimension.lower()} range [{start}, {end}) is empty or negative")
    return sheet, dimension, start, end
