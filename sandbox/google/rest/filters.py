"""Data filters, and developer metadata found by its properties and its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.google.area import Area
from sandbox.google.cells import Metadata
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.ranges import find_grid_range, find_range
from sandbox.google.rest.render import dimension_location, metadata_json


@dataclass(frozen=True, slots=True)
class Placed:
    """A developer metadata entry and where it hangs: spreadsheet, tab, row or column."""

    entry: Metadata
    kind: str
    sheet: Sheet | None = None
    index: int = 0

    def json(self) -> dict[str, Any]:
        """Its DeveloperMetadata."""
        return metadata_json(self.entry, self.location())

    def location(self) -> dict[str, Any]:
        """Its DeveloperMetadataLocation."""
        if self.sheet is None:
            return {"locationType": "SPREADSHEET", "spreadsheet": True}
        if self.kind == "SHEET":
            return {"locationType": "SHEET", "sheetId": self.sheet.sheet_id}
        return dimension_location(self.sheet, f"{self.kind}S", self.index)

    def area(self) -> tuple[Sheet, Area] | None:
        """The cells it stands for; None for the spreadsheet."""
        if self.sheet is None:
            return None
        if self.kind == "ROW":
            return self.sheet, Area(self.index, 0, 1, self.sheet.column_count)
        if self.kind == "COLUMN":
            return self.sheet, Area(0, self.index, self.sheet.row_count, 1)
        return self.sheet, self.sheet.whole


def all_metadata(document: Document) -> Iterator[Placed]:
    """Every developer metadata entry of a spreadsheet."""
    yield from (Placed(m, "SPREADSHEET") for m in document.props.metadata)
    for sheet in document.sheets:
        yield from (Placed(m, "SHEET", sheet) for m in sheet.props.metadata)
        for index, column in enumerate(sheet.columns):
            yield from (Placed(m, "COLUMN", sheet, index) for m in column.metadata)
        for index, row in enumerate(sheet.rows):
            if row.metadata:
                yield from (Placed(m, "ROW", sheet, index) for m in row.metadata)


def matching(document: Document, data_filter: dict[str, Any]) -> list[Placed]:
    """The developer metadata that a DataFilter selects. Raises ApiError 400."""
    if "developerMetadataLookup" in data_filter:
        lookup = data_filter["developerMetadataLookup"]
        return [placed for placed in all_metadata(document) if _matches(document, placed, lookup)]
    sheet, area = _filter_area(document, data_filter)
    return [placed for placed in all_metadata(document) if _overlaps(placed, sheet, area)]


def filter_ranges(
    document: Document, data_filters: list[dict[str, Any]]
) -> list[tuple[Sheet, Area, list[dict[str, Any]]]]:
    """The areas that data filters select, each with the filters that did. Raises ApiError 400."""
    found: dict[tuple[int, Area], tuple[Sheet, Area, list[dict[str, Any]]]] = {}
    for data_filter in data_filters:
        if "developerMetadataLookup" in data_filter:
            selected = [
                p.area() or (document.sheets[0], document.sheets[0].whole) for p in matching(document, data_filter)
            ]
        else:
            selected = [_filter_area(document, data_filter)]
        for sheet, area in selected:
            found.setdefault((sheet.sheet_id, area), (sheet, area, []))[2].append(data_filter)
    return list(found.values())


def _filter_area(document: Document, data_filter: dict[str, Any]) -> tuple[Sheet, Area]:
    if "a1Range" in data_filter:
        return find_range(document, data_filter["a1Range"])
    if "gridRange" in data_filter:
        return find_grid_range(document, data_filter["gridRange"])
    raise bad_request("Data filter must have one of: developerMetadataLookup, a1Range, gridRange")


def _matches(document: Document, placed: Placed, lookup: dict[str, Any]) -> bool:
    entry = placed.entry
    wanted = {
        "metadataId": entry.id,
        "metadataKey": entry.key,
        "metadataValue": entry.value,
        "visibility": entry.visibility,
        "locationType": placed.kind,
    }
    if any(name in lookup and lookup[name] != value for name, value in wanted.items()):
        return False
    place = lookup.get("metadataLocation")
    return place is None or _at(document, placed, place, lookup.get("locationMatchingStrategy", "EXACT_LOCATION"))


def _at(document: Document, placed: Placed, place: dict[str, Any], strategy: str) -> bool:
    exact = strategy != "INTERSECTING_LOCATION"
    if place.get("spreadsheet"):
        return placed.kind == "SPREADSHEET" or not exact
    if "sheetId" in place:
        same = placed.sheet is not None and placed.sheet.sheet_id == int(place["sheetId"])
        return same and (placed.kind == "SHEET" or not exact)
    wanted = place.get("dimensionRange", {})
    if exact:
        return bool(placed.location().get("dimensionRange") == {"sheetId": 0} | wanted)
    sheet, area = find_grid_range(document, grid_range_of(wanted))
    return _overlaps(placed, sheet, area)


def grid_range_of(dimension_range: dict[str, Any]) -> dict[str, Any]:
    """The GridRange of a DimensionRange."""
    kind = "Row" if dimension_range.get("dimension") == "ROWS" else "Column"
    found = {"sheetId": dimension_range.get("sheetId", 0)}
    for edge in ("start", "end"):
        if f"{edge}Index" in dimension_range:
            found[f"{edge}{kind}Index"] = dimension_range[f"{edge}Index"]
    return found


def _overlaps(placed: Placed, sheet: Sheet, area: Area) -> bool:
    if placed.sheet is not sheet:
        return placed.sheet is None
    found = placed.area()
    if found is None:
        return True
    other = found[1]
    rows = other.row < area.row_end and area.row < other.row_end
    return rows and other.column < area.column_end and area.column < other.column_end
