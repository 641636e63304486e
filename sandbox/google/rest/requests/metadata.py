"""Requests for developer metadata: it hangs on the spreadsheet, a tab, a row or a column."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.google.cells import Metadata
from sandbox.google.document import Document
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.filters import Placed, all_metadata, matching
from sandbox.google.rest.ranges import find_sheet
from sandbox.google.rest.requests.common import dimension_of, mask_of

CHARACTERS_MAX = 30_000
"""Google's limit for keys and values of one tab, or of the spreadsheet."""


def create(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``createDeveloperMetadata``."""
    described = body.get("developerMetadata", {})
    if not described.get("metadataKey"):
        raise bad_request("metadataKey is required")
    if described.get("visibility") not in ("DOCUMENT", "PROJECT"):
        raise bad_request("visibility must be DOCUMENT or PROJECT")
    used = {p.entry.id for p in all_metadata(document)}
    number = described.get("metadataId") or document.take_id_outside(used)
    if number in used:
        raise bad_request(f"Developer metadata with id {number} already exists")
    entry = Metadata(number, described["metadataKey"], described.get("metadataValue"), described["visibility"])
    placed = _placed(document, entry, described.get("location", {}))
    _put(document, placed, None, entry)
    _check_size(document, placed)
    return {"developerMetadata": placed.json()}


def update(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``updateDeveloperMetadata``."""
    mask, described = mask_of(body, "DeveloperMetadata"), body.get("developerMetadata", {})
    changed = []
    for placed in _selected(document, body.get("dataFilters", [])):
        merged = mask.merged(placed.json(), described)
        if not merged.get("metadataKey"):
            raise bad_request("metadataKey is required")
        entry = replace(
            placed.entry,
            key=merged["metadataKey"],
            value=merged.get("metadataValue"),
            visibility=merged.get("visibility", placed.entry.visibility),
        )
        moved = (
            _placed(document, entry, merged["location"])
            if mask.wants("location") and "location" in described
            else replace(placed, entry=entry)
        )
        _put(document, placed, placed.entry, None if moved.location() != placed.location() else entry)
        if moved.location() != placed.location():
            _put(document, moved, None, entry)
        _check_size(document, moved)
        changed.append(moved.json())
    return {"developerMetadata": changed} if changed else {}


def delete(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``deleteDeveloperMetadata``."""
    gone = _selected(document, [body.get("dataFilter", {})])
    for placed in gone:
        _put(document, placed, placed.entry, None)
    return {"deletedDeveloperMetadata": [placed.json() for placed in gone]} if gone else {}


def _selected(document: Document, data_filters: list[dict[str, Any]]) -> list[Placed]:
    found = {p.entry.id: p for data_filter in data_filters for p in matching(document, data_filter)}
    return list(found.values())


def _placed(document: Document, entry: Metadata, location: dict[str, Any]) -> Placed:
    if location.get("spreadsheet"):
        return Placed(entry, "SPREADSHEET")
    if "dimensionRange" in location:
        sheet, dimension, start, end = dimension_of(document, location["dimensionRange"])
        if end != start + 1:
            raise bad_request("Developer metadata can be placed on one row or one column only")
        if end > (sheet.row_count if dimension == "ROWS" else sheet.column_count):
            raise bad_request(f"{dimension[:-1].lower()} {start} is outside the grid")
        return Placed(entry, dimension[:-1], sheet, start)
    if "sheetId" in location:
        return Placed(entry, "SHEET", find_sheet(document, location["sheetId"]))
    raise bad_request("location must have one of: spreadsheet, sheetId, dimensionRange")


def _put(document: Document, placed: Placed, old: Metadata | None, new: Metadata | None) -> None:
    """Replace one entry in its place: None for old adds, None for new removes."""

    def exchanged(entries: tuple[Metadata, ...]) -> tuple[Metadata, ...]:
        kept = tuple(new if e == old else e for e in entries if e != old or new is not None)
        return tuple(e for e in kept if e is not None) + ((new,) if old is None and new is not None else ())

    sheet, at = placed.sheet, placed.index
    if sheet is None:
        document.set_props(metadata=exchanged(document.props.metadata))
    elif placed.kind == "SHEET":
        sheet.set_props(metadata=exchanged(sheet.props.metadata))
    elif placed.kind == "ROW":
        sheet.change_rows(at, 1, metadata=exchanged(sheet.rows[at].metadata))
    else:
        sheet.change_columns(at, 1, metadata=exchanged(sheet.columns[at].metadata))


def _check_size(document: Document, placed: Placed) -> None:
    same = [p.entry for p in all_metadata(document) if p.sheet is placed.sheet]
    if sum(len(e.key) + len(e.value or "") for e in same) > CHARACTERS_MAX:
        raise bad_request(f"Developer metadata of one sheet must not exceed {CHARACTERS_MAX} characters")


HANDLERS: dict[str, Callable[[Document, dict[str, Any]], dict[str, Any] | None]] = {
    "createDeveloperMetadata": create,
    "updateDeveloperMetadata": update,
    "deleteDeveloperMetadata": delete,
}
