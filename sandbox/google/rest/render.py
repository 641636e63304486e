"""Spreadsheets, tabs and cells as the interface writes them."""

from collections.abc import Callable
from typing import Any

from sandbox.google import formats
from sandbox.google.area import Area
from sandbox.google.cells import Cell, ErrorValue, Metadata, Value
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.fields import Kept, Mask

_NUMBER_FORMAT = {"NUMBER", "PERCENT", "CURRENCY", "DATE", "TIME", "DATE_TIME", "SCIENTIFIC", "TEXT"}
_EVERYTHING = Mask()
_DEFAULT_FORMAT = {
    "backgroundColor": {"red": 1, "green": 1, "blue": 1},
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": {"red": 1, "green": 1, "blue": 1}},
}


def number(value: float) -> int | float:
    """A number as JSON: whole ones without a fraction."""
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def extended_value(value: Value) -> dict[str, Any]:
    """An ExtendedValue of an effective value."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, float):
        return {"numberValue": number(value)}
    if isinstance(value, ErrorValue):
        return {"errorValue": {"type": value.type, "message": value.text}}
    return {"stringValue": value}


def cell_renderer(locale: str, mask: Mask = _EVERYTHING) -> Callable[[Cell], dict[str, Any]]:
    """What makes a CellData with the fields that the mask wants; made once for many cells."""
    fields = [(name, _part_of(name, locale, below)) for name in _CELL_FIELDS if (below := mask.below(name))]

    def render(cell: Cell) -> dict[str, Any]:
        if cell.bare:
            return {}
        parts = ((name, make(cell)) for name, make in fields)
        return {name: part for name, part in parts if part is not None}

    return render


def _part_of(name: str, locale: str, mask: Mask) -> Callable[[Cell], Any]:
    """What makes one field of a CellData."""
    make = _CELL_FIELDS[name]
    if mask.everything:
        return lambda cell: make(cell, locale)
    if name == "userEnteredValue" and mask.children.keys() == {"formulaValue"}:
        return _entered_formula
    shown: dict[int, tuple[Any, Any]] = {}

    def part(cell: Cell) -> Any:
        return mask.kept(make(cell, locale))

    def of_format(cell: Cell) -> Any:
        """The same for all cells of one format but for formulas, whose result may have one of its own."""
        if cell.formula is not None:
            return part(cell)
        if id(cell.format) not in shown:
            shown[id(cell.format)] = cell.format, part(cell)
        return shown[id(cell.format)][1]

    return of_format if name == "effectiveFormat" else part


def _entered(cell: Cell, _locale: str) -> dict[str, Any] | None:
    if cell.formula is not None:
        return {"formulaValue": cell.formula}
    return None if cell.entered is None else extended_value(cell.value)


def _entered_formula(cell: Cell) -> dict[str, Any] | None:
    """What :func:`_entered` tells of formulas alone: of a plain value only that there is one."""
    if cell.formula is not None:
        return {"formulaValue": cell.formula}
    return None if cell.entered is None else {}


def _effective_format(cell: Cell, locale: str) -> dict[str, Any]:
    shown = _DEFAULT_FORMAT | (cell.format or {})
    type_ = cell.number_format[0]
    if type_ in _NUMBER_FORMAT and (pattern := formats.pattern_of(cell, locale)):
        shown["numberFormat"] = {"type": type_, "pattern": pattern}
    return shown


def _extra(name: str) -> Callable[[Cell, str], Any]:
    return lambda cell, _locale: (cell.extras or {}).get(name)


_CELL_FIELDS: dict[str, Callable[[Cell, str], Any]] = {
    "userEnteredValue": _entered,
    "effectiveValue": lambda cell, _locale: None if cell.value is None else extended_value(cell.value),
    "formattedValue": lambda cell, locale: None if cell.value is None else formats.shown(cell, locale),
    "userEnteredFormat": lambda cell, _locale: cell.format,
    "effectiveFormat": _effective_format,
    "note": lambda cell, _locale: cell.note,
    "dataValidation": lambda cell, _locale: cell.validation,
    "textFormatRuns": _extra("textFormatRuns"),
    "chipRuns": _extra("chipRuns"),
}


def metadata_json(entry: Metadata, location: dict[str, Any]) -> dict[str, Any]:
    """A DeveloperMetadata."""
    found: dict[str, Any] = {"metadataId": entry.id, "metadataKey": entry.key}
    if entry.value is not None:
        found["metadataValue"] = entry.value
    return found | {"location": location, "visibility": entry.visibility}


def dimension_location(sheet: Sheet, dimension: str, index: int) -> dict[str, Any]:
    """The DeveloperMetadataLocation of a row or column."""
    bounds = {"sheetId": sheet.sheet_id, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
    return {"locationType": dimension[:-1], "dimensionRange": bounds}


def sheet_properties(sheet: Sheet) -> dict[str, Any]:
    """A SheetProperties."""
    props = sheet.props
    grid: dict[str, Any] = {"rowCount": sheet.row_count, "columnCount": sheet.column_count}
    grid |= {"frozenRowCount": props.frozen_rows} if props.frozen_rows else {}
    grid |= {"frozenColumnCount": props.frozen_columns} if props.frozen_columns else {}
    own = dict(props.properties)
    grid |= own.pop("gridProperties", {})
    found: dict[str, Any] = {
        "sheetId": sheet.sheet_id,
        "title": sheet.title,
        "index": sheet.document.props.order.index(sheet.sheet_id),
        "sheetType": "GRID",
        "gridProperties": grid,
    }
    return found | ({"hidden": True} if props.hidden else {}) | own


def sheet_json(sheet: Sheet, areas: list[Area] | None, mask: Mask = _EVERYTHING) -> dict[str, Any]:
    """A Sheet; with grid data of the areas, if any are given."""
    props = sheet.props
    found: dict[str, Any] = {"properties": sheet_properties(sheet)}
    if areas is not None and (below := mask.below("data")) is not None:
        found["data"] = [grid_data(sheet, area, below) for area in areas]
    lists = {
        "merges": list(props.merges),
        "conditionalFormats": list(props.rules),
        "protectedRanges": [{**p, "requestingUserCanEdit": True} for p in props.protected],
        "developerMetadata": [
            metadata_json(m, {"locationType": "SHEET", "sheetId": sheet.sheet_id}) for m in props.metadata
        ],
    }
    found |= {name: entries for name, entries in lists.items() if entries}
    return found | ({"basicFilter": props.basic_filter} if props.basic_filter else {})


def grid_data(sheet: Sheet, area: Area, mask: Mask) -> dict[str, Any]:
    """A GridData; rows and cells without trailing blanks."""
    found: dict[str, Any] = {}
    found |= {"startRow": area.row} if area.row else {}
    found |= {"startColumn": area.column} if area.column else {}
    rows = mask.below("rowData")
    if rows is not None and (lines := _row_data(sheet, area, rows.below("values") or _EVERYTHING)):
        found["rowData"] = lines
    if mask.wants("rowMetadata"):
        found["rowMetadata"] = [_row_properties(sheet, i) for i in range(area.row, area.row_end)]
    if mask.wants("columnMetadata"):
        found["columnMetadata"] = [_column_properties(sheet, i) for i in range(area.column, area.column_end)]
    return found


def spreadsheet_json(
    document: Document, base_url: str, areas: dict[int, list[Area]], with_data: bool, mask: Mask
) -> dict[str, Any]:
    """A Spreadsheet.

    Args:
        document: the spreadsheet.
        base_url: where its page is.
        areas: by tab, in answer's order, the areas to show; tabs without are left out.
        with_data: whether cells are wanted.
        mask: the fields that are wanted.
    """
    below = mask.below("sheets") or _EVERYTHING
    found: dict[str, Any] = {
        "spreadsheetId": document.id,
        "properties": spreadsheet_properties(document),
        "sheets": [
            sheet_json(sheet, areas[sheet.sheet_id] if with_data else None, below)
            for sheet in document.sheets
            if sheet.sheet_id in areas
        ],
        "spreadsheetUrl": f"{base_url}/spreadsheets/d/{document.id}/edit",
    }
    if document.props.metadata:
        location = {"locationType": "SPREADSHEET", "spreadsheet": True}
        found["developerMetadata"] = [metadata_json(m, location) for m in document.props.metadata]
    if document.props.named:
        found["namedRanges"] = list(document.props.named)
    return found


def spreadsheet_properties(document: Document) -> dict[str, Any]:
    """A SpreadsheetProperties."""
    props = document.props
    own = {"title": props.title, "locale": props.locale, "timeZone": props.time_zone}
    return own | {"autoRecalc": "ON_CHANGE", "defaultFormat": _DEFAULT_FORMAT} | props.properties


def _row_data(sheet: Sheet, area: Area, mask: Mask) -> Kept:
    """The RowData of an area; ``mask`` is that of its ``values``."""
    render = cell_renderer(sheet.document.locale, mask)
    lines = Kept()
    for cells in sheet.cells(area):
        data = [render(cell) for cell in cells]
        while data and not data[-1]:
            data.pop()
        lines.append({"values": data} if data else {})
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _row_properties(sheet: Sheet, index: int) -> dict[str, Any]:
    row = sheet.rows[index]
    found: dict[str, Any] = {"pixelSize": row.pixel_size}
    found |= {"hiddenByUser": True} if row.hidden else {}
    found |= {"hiddenByFilter": True} if row.filtered else {}
    if row.metadata:
        location = dimension_location(sheet, "ROWS", index)
        found["developerMetadata"] = [metadata_json(m, location) for m in row.metadata]
    return found


def _column_properties(sheet: Sheet, index: int) -> dict[str, Any]:
    column = sheet.columns[index]
    found: dict[str, Any] = {"pixelSize": column.pixel_size}
    found |= {"hiddenByUser": True} if column.hidden else {}
    if column.metadata:
        location = dimension_location(sheet, "COLUMNS", index)
        found["developerMetadata"] = [metadata_json(m, location) for m in column.metadata]
    return found
