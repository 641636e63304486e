"""Requests for tabs, the spreadsheet itself, and named ranges."""

import re
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sandbox.google.document import Document, Sheet
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.ranges import find_grid_range, find_sheet
from sandbox.google.rest.render import sheet_properties
from sandbox.google.rest.requests.common import mask_of

_OWN = ("hidden", "tabColor", "tabColorStyle", "rightToLeft")
_OFFSET = re.compile(r"(GMT|UTC)[+-]\d{1,2}(:?\d{2})?")
_GRID_OWN = ("hideGridlines", "rowGroupControlAfter", "columnGroupControlAfter")


def add_sheet(document: Document, props: dict[str, Any]) -> Sheet:
    """Add a tab as its SheetProperties say. Raises ApiError 400."""
    if props.get("sheetType", "GRID") != "GRID":
        raise bad_request(f"The sandbox does not support sheets of type {props['sheetType']}")
    if props.get("sheetId", 0) < 0:
        raise bad_request(f"sheetId cannot be negative: {props['sheetId']}")
    grid = props.get("gridProperties", {})
    sheet = document.add_sheet(
        props.get("title", ""),
        grid.get("rowCount", 1000),
        grid.get("columnCount", 26),
        props.get("index"),
        props.get("sheetId"),
    )
    sheet.set_frozen(grid.get("frozenRowCount", 0), grid.get("frozenColumnCount", 0))
    _set_own(sheet, {k: props[k] for k in _OWN if k in props}, {k: grid[k] for k in _GRID_OWN if k in grid})
    return sheet


def add_sheet_request(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``addSheet``."""
    return {"properties": sheet_properties(add_sheet(document, body.get("properties", {})))}


def delete_sheet(document: Document, body: dict[str, Any]) -> None:
    """``deleteSheet``."""
    document.delete_sheet(find_sheet(document, body.get("sheetId", 0)).sheet_id)


def duplicate_sheet(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``duplicateSheet``."""
    source = find_sheet(document, body.get("sourceSheetId", 0))
    copy = document.duplicate_sheet(
        source.sheet_id, body.get("newSheetName", ""), body.get("insertSheetIndex", 0), body.get("newSheetId")
    )
    return {"properties": sheet_properties(copy)}


def update_sheet_properties(document: Document, body: dict[str, Any]) -> None:
    """``updateSheetProperties``: title, place, hidden, size, frozen rows and columns, colours."""
    mask = mask_of(body, "SheetProperties")
    new = body.get("properties", {})
    sheet = find_sheet(document, new.get("sheetId", 0))
    merged = mask.merged(sheet_properties(sheet), {**new, "sheetId": sheet.sheet_id})
    if merged.get("sheetId", sheet.sheet_id) != sheet.sheet_id or "dataSourceSheetProperties" in merged:
        raise bad_request("sheetId and dataSourceSheetProperties cannot be changed")
    if "title" in mask.children and not merged.get("title"):
        raise bad_request("The title of a sheet cannot be empty")
    if mask.wants("title") and merged.get("title"):
        document.rename_sheet(sheet.sheet_id, merged["title"])
    if "index" in mask.children and "index" in merged:
        _move(document, sheet, merged["index"])
    if mask.wants("hidden"):
        _keep_one_visible(document, sheet, bool(merged.get("hidden")))
    grid = merged.get("gridProperties", {})
    if mask.wants("gridProperties"):
        _resize(sheet, grid.get("rowCount", sheet.row_count), grid.get("columnCount", sheet.column_count))
        sheet.set_frozen(grid.get("frozenRowCount", 0), grid.get("frozenColumnCount", 0))
    _set_own(sheet, {k: merged[k] for k in _OWN if k in merged}, {k: grid[k] for k in _GRID_OWN if k in grid})


def update_spreadsheet_properties(document: Document, body: dict[str, Any]) -> None:
    """``updateSpreadsheetProperties``."""
    mask = mask_of(body, "SpreadsheetProperties")
    props = document.props
    own = {"title": props.title, "locale": props.locale, "timeZone": props.time_zone}
    merged = mask.merged(own | props.properties, body.get("properties", {}))
    set_spreadsheet_properties(document, merged)


def set_spreadsheet_properties(document: Document, merged: dict[str, Any]) -> None:
    """Set the properties of the spreadsheet; title, locale and time zone stay when they are missing."""
    check_time_zone(merged.get("timeZone") or document.time_zone)
    rest = {k: v for k, v in merged.items() if k not in ("title", "locale", "timeZone")}
    document.set_props(
        title=merged.get("title") or document.title,
        locale=merged.get("locale") or document.locale,
        time_zone=merged.get("timeZone") or document.time_zone,
        properties=rest,
    )


def check_time_zone(name: str) -> None:
    """A time zone as CLDR names it, or by its distance, such as ``GMT-07:00``. Raises ApiError 400."""
    if name not in _time_zones() and not _OFFSET.fullmatch(name):
        raise bad_request(f"Invalid timeZone: {name}")


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def add_named_range(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``addNamedRange``."""
    named = dict(body.get("namedRange", {}))
    _check_named(document, named, "")
    named["namedRangeId"] = named.get("namedRangeId") or str(secrets.randbelow(2_000_000_000))
    if any(n["namedRangeId"] == named["namedRangeId"] for n in document.props.named):
        raise bad_request(f"A named range with id {named['namedRangeId']} already exists")
    document.set_props(named=(*document.props.named, named))
    return {"namedRange": named}


def update_named_range(document: Document, body: dict[str, Any]) -> None:
    """``updateNamedRange``."""
    mask, new = mask_of(body, "NamedRange"), body.get("namedRange", {})
    old = _named(document, new.get("namedRangeId", ""))
    merged = mask.merged(old, new) | {"namedRangeId": old["namedRangeId"]}
    _check_named(document, merged, old["namedRangeId"])
    document.set_props(named=tuple(merged if n is old else n for n in document.props.named))


def delete_named_range(document: Document, body: dict[str, Any]) -> None:
    """``deleteNamedRange``."""
    old = _named(document, body.get("namedRangeId", ""))
    document.set_props(named=tuple(n for n in document.props.named if n is not old))


def _named(document: Document, named_id: str) -> dict[str, Any]:
    for named in document.props.named:
        if named["namedRangeId"] == named_id:
            return named
    raise bad_request(f"No named range with id: {named_id}")


def _check_named(document: Document, named: dict[str, Any], own_id: str) -> None:
    name = named.get("name", "")
    if not name.replace("_", "a").replace(".", "a").isalnum() or name[:1].isdigit():
        raise bad_request(f"'{name}' is not a valid name for a range")
    if any(n["name"].lower() == name.lower() for n in document.props.named if n["namedRangeId"] != own_id):
        raise bad_request(f'A named range with the name "{name}" already exists')
    find_grid_range(document, named.get("range", {}), clip=False)


def _move(document: Document, sheet: Sheet, index: int) -> None:
    """Google counts the new index as before the move."""
    if not 0 <= index <= len(document.props.order):
        raise bad_request(f"Invalid index {index}: there are {len(document.props.order)} sheets")
    old = document.props.order.index(sheet.sheet_id)
    document.move_sheet(sheet.sheet_id, index - 1 if index > old else index)


def _keep_one_visible(document: Document, sheet: Sheet, hidden: bool) -> None:
    if hidden and not any(not s.hidden for s in document.sheets if s is not sheet):
        raise bad_request("You can't hide all the sheets in a document.")
    if hidden != sheet.hidden:
        sheet.set_hidden(hidden)


def _resize(sheet: Sheet, rows: int, columns: int) -> None:
    if rows < 1 or columns < 1:
        raise bad_request("A sheet needs at least one row and one column")
    if rows > sheet.row_count:
        sheet.append_rows(rows - sheet.row_count)
    elif rows < sheet.row_count:
        sheet.delete_rows(rows, sheet.row_count - rows)
    if columns > sheet.column_count:
        sheet.append_columns(columns - sheet.column_count)
    elif columns < sheet.column_count:
        sheet.delete_columns(columns, sheet.column_count - columns)


def _set_own(sheet: Sheet, own: dict[str, Any], grid: dict[str, Any]) -> None:
    if "hidden" in own and own["hidden"] != sheet.hidden:
        sheet.set_hidden(own["hidden"])
    kept = {k: v for k, v in own.items() if k != "hidden"}
    properties = kept | ({"gridProperties": grid} if grid else {})
    if properties != sheet.props.properties:
        sheet.set_props(properties=properties)


HANDLERS: dict[str, Callable[[Document, dict[str, Any]], dict[str, Any] | None]] = {
    "addSheet": add_sheet_request,
    "deleteSheet": delete_sheet,
    "duplicateSheet": duplicate_sheet,
    "updateSheetProperties": update_sheet_properties,
    "updateSpreadsheetProperties": update_spreadsheet_properties,
    "addNamedRange": add_named_range,
    "updateNamedRange": update_named_range,
    "deleteNamedRange": delete_named_range,
}
