"""SpreadsheetApp's calls on the shared spreadsheets. Rows and columns count from 0 here.

Each call happens whole under the spreadsheet's lock; people act between any two of them. What a
script writes fires no trigger, as in Google.
"""

from collections.abc import Callable
from typing import Any

from sandbox.google.area import Area, parse_a1, split_tab
from sandbox.google.cells import Cell, ErrorValue, Metadata
from sandbox.google.document import Document
from sandbox.google.sheet import Sheet
from sandbox.script import dates
from sandbox.script.execution import Call, CallRefused, Execution

_DATE_TYPES = {"DATE", "TIME", "DATE_TIME"}
_NEW_DATE_TYPE = "DATE_TIME"

Place = dict[str, Any]


def document_of(execution: Execution, spreadsheet_id: str) -> Document:
    """The spreadsheet. Raises CallRefused as Google's openById does."""
    try:
        return execution.store.open(spreadsheet_id)
    except KeyError:
        raise CallRefused(
            "Unexpected error while getting the method or property openById on object SpreadsheetApp."
        ) from None


def _sheet(document: Document, sheet_id: int) -> Sheet:
    try:
        return document.sheet(sheet_id)
    except KeyError:
        raise CallRefused(f"Sheet {sheet_id} not found") from None


def _reading(work: Callable[..., Any]) -> Call:
    """A call that reads a tab."""

    def call(execution: Execution, spreadsheet_id: str, sheet_id: int, *args: Any) -> Any:
        document = document_of(execution, spreadsheet_id)
        with document.lock:
            return work(_sheet(document, sheet_id), *args)

    return call


def _writing(work: Callable[..., None]) -> Call:
    """A call that changes a tab."""

    def call(execution: Execution, spreadsheet_id: str, sheet_id: int, *args: Any) -> None:
        document = document_of(execution, spreadsheet_id)
        with document.change(execution.effective_user):
            work(_sheet(document, sheet_id), *args)

    return call


# -- spreadsheets --------------------------------------------------------------------------


def _about(work: Callable[..., Any]) -> Call:
    def call(execution: Execution, spreadsheet_id: str, *args: Any) -> Any:
        document = document_of(execution, spreadsheet_id)
        with document.lock:
            return work(document, *args)

    return call


def _altering(work: Callable[..., Any]) -> Call:
    def call(execution: Execution, spreadsheet_id: str, *args: Any) -> Any:
        document = document_of(execution, spreadsheet_id)
        with document.change(execution.effective_user):
            return work(document, *args)

    return call


def _open(execution: Execution, spreadsheet_id: str) -> str:
    return document_of(execution, spreadsheet_id).id


def _flush(_execution: Execution) -> None:
    """Every call has taken effect when it returns; there is nothing to wait for."""


def _sheet_by_name(document: Document, name: str) -> int | None:
    return next((s.sheet_id for s in document.sheets if s.title == name), None)


def _range_of_a1(document: Document, sheet_id: int, a1: str) -> dict[str, int]:
    title, rest = split_tab(a1)
    sheet = _sheet(document, sheet_id) if title is None else document.sheet_titled(title)
    if sheet is None:
        raise CallRefused(f"Range not found: {a1}")
    try:
        area = parse_a1(rest).within(sheet.row_count, sheet.column_count)
    except ValueError:
        raise CallRefused(f"Range not found: {a1}") from None
    return {
        "sheetId": sheet.sheet_id,
        "row": area.row,
        "column": area.column,
        "rows": area.rows,
        "columns": area.columns,
    }


def _insert_sheet(document: Document, name: str | None) -> int:
    if name is not None and _sheet_by_name(document, name) is not None:
        raise CallRefused(f'A sheet with the name "{name}" already exists. Please enter another name.')
    return document.add_sheet(name or "").sheet_id


# -- tabs ----------------------------------------------------------------------------------


def _append_row(sheet: Sheet, values: list[Any]) -> None:
    row = sheet.last_row()
    if row == sheet.row_count:
        sheet.append_rows(1)
    if len(values) > sheet.column_count:
        sheet.append_columns(len(values) - sheet.column_count)
    for column, value in enumerate(values):
        put_value(sheet, row, column, value)


def _sort_tab(sheet: Sheet, column: int, descending: bool) -> None:
    first = sheet.frozen_rows
    sheet.sort(Area(first, 0, max(sheet.last_row() - first, 0), sheet.column_count), [(column, descending)])


# -- ranges --------------------------------------------------------------------------------


def read_value(cell: Cell, document: Document) -> Any:
    """A cell as getValues gives it: a text, number, boolean or date, ``""`` when empty."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, ErrorValue):
        return value.text
    if isinstance(value, float) and cell.number_format[0] in _DATE_TYPES:
        instant = dates.instant_ms(value, dates.zone(document.time_zone))
        return value if instant is None else {"$date": instant}
    return value


def put_value(sheet: Sheet, row: int, column: int, value: Any) -> None:
    """Write a cell as setValues does: texts are read as typed, the others stand as they are."""
    if isinstance(value, dict) and "$date" in value:
        zone = dates.zone(sheet.document.time_zone)
        sheet.set_value(row, column, dates.serial_of(value["$date"], zone))
        if sheet.cell(row, column).number_format[0] not in _DATE_TYPES:
            sheet.set_number_format(Area(row, column, 1, 1), _NEW_DATE_TYPE)
    elif value is None or value == "":
        sheet.set_value(row, column, None)
    elif isinstance(value, bool):
        sheet.set_value(row, column, value)
    elif isinstance(value, int | float):
        sheet.set_value(row, column, float(value))
    else:
        sheet.type_in(row, column, str(value))


def _put_values(sheet: Sheet, area: list[int], values: list[list[Any]]) -> None:
    for row, line in enumerate(values, area[0]):
        for column, value in enumerate(line, area[1]):
            put_value(sheet, row, column, value)


def _put_formulas(sheet: Sheet, area: list[int], formulas: list[list[str]]) -> None:
    _put_values(sheet, area, [[f if not f or f.startswith("=") else f"={f}" for f in line] for line in formulas])


def _put_notes(sheet: Sheet, area: list[int], notes: list[list[str | None]]) -> None:
    for row, line in enumerate(notes, area[0]):
        for column, note in enumerate(line, area[1]):
            sheet.set_note(row, column, note)


def _put_number_formats(sheet: Sheet, area: list[int], patterns: list[list[str]]) -> None:
    for row, line in enumerate(patterns, area[0]):
        for column, pattern in enumerate(line, area[1]):
            sheet.set_number_format(Area(row, column, 1, 1), _format_type(pattern), pattern)


def _format_type(pattern: str) -> str:
    if pattern == "@":
        return "TEXT"
    letters = set(pattern.lower())
    if letters & {"y", "d"}:
        return "DATE_TIME" if letters & {"h", "s"} else "DATE"
    if letters & {"h", "s"}:
        return "TIME"
    return "PERCENT" if "%" in letters else "NUMBER"


def _each(read: Callable[[Cell], Any]) -> Callable[..., Any]:
    def work(sheet: Sheet, area: list[int]) -> list[list[Any]]:
        return [[read(cell) for cell in row] for row in sheet.cells(Area(*area))]

    return work


def _values(sheet: Sheet, area: list[int]) -> list[list[Any]]:
    return [[read_value(cell, sheet.document) for cell in row] for row in sheet.cells(Area(*area))]


def _display_values(sheet: Sheet, area: list[int]) -> list[list[str]]:
    return [[sheet.shown(r, c) for c in range(area[1], area[1] + area[3])] for r in range(area[0], area[0] + area[2])]


def _is_blank(sheet: Sheet, area: list[int]) -> bool:
    return all(cell.empty for row in sheet.cells(Area(*area)) for cell in row)


def _copy_to(sheet: Sheet, area: list[int], to_sheet: int, to: list[int]) -> None:
    sheet.copy(Area(*area), Area(*to), to=_sheet(sheet.document, to_sheet))


def _sort_range(sheet: Sheet, area: list[int], keys: list[tuple[int, bool]]) -> None:
    sheet.sort(Area(*area), [(column, descending) for column, descending in keys])


def _add_metadata(sheet: Sheet, area: list[int], key: str, value: str | None, visibility: str) -> None:
    whole = Area(*area)
    if whole.columns == 1 and whole.rows == sheet.row_count:
        sheet.add_column_metadata(whole.column, key, value, visibility)
    elif whole.rows == 1 and whole.columns == sheet.column_count:
        sheet.add_row_metadata(whole.row, key, value, visibility)
    else:
        raise CallRefused("Adding developer metadata to arbitrary ranges is not currently supported.")


# -- developer metadata --------------------------------------------------------------------


def _find_metadata(document: Document, place: Place, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    return [found for found in _all_metadata(document, place, wanted) if _fits(found, wanted)]


def _all_metadata(document: Document, place: Place, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    if place.get("spreadsheet"):
        found += [_told(entry, "SPREADSHEET") for entry in document.props.metadata]
    for sheet in document.sheets:
        if place.get("spreadsheet") or place.get("sheetId") == sheet.sheet_id:
            found += _metadata_in(sheet, place.get("area"), wanted.get("locationType"))
    return found


def _metadata_in(sheet: Sheet, area: list[int] | None, type_: str | None) -> list[dict[str, Any]]:
    inside = sheet.whole if area is None else Area(*area)
    size = {"sheetId": sheet.sheet_id, "rows": sheet.row_count, "columns": sheet.column_count}
    found = []
    if area is None and type_ in (None, "SHEET"):
        found += [_told(entry, "SHEET") | size for entry in sheet.props.metadata]
    if type_ in (None, "COLUMN"):
        for index in range(inside.column, inside.column_end):
            found += [_told(e, "COLUMN") | size | {"index": index} for e in sheet.columns[index].metadata]
    if type_ in (None, "ROW"):
        for index in range(inside.row, inside.row_end):
            found += [_told(e, "ROW") | size | {"index": index} for e in sheet.rows[index].metadata]
    return found


def _told(entry: Metadata, type_: str) -> dict[str, Any]:
    return {
        "id": entry.id,
        "key": entry.key,
        "value": entry.value,
        "visibility": entry.visibility,
        "locationType": type_,
    }


def _fits(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    names = ("id", "key", "value", "visibility", "locationType")
    return all(found[name] == wanted[name] for name in names if name in wanted)


CALLS: dict[str, Call] = {
    "spreadsheet.open": _open,
    "spreadsheet.flush": _flush,
    "spreadsheet.name": _about(lambda document: document.title),
    "spreadsheet.rename": _altering(lambda document, title: document.set_props(title=title)),
    "spreadsheet.timeZone": _about(lambda document: document.time_zone),
    "spreadsheet.locale": _about(lambda document: document.locale),
    "spreadsheet.sheets": _about(lambda document: [s.sheet_id for s in document.sheets]),
    "spreadsheet.sheetByName": _about(_sheet_by_name),
    "spreadsheet.rangeOfA1": _about(_range_of_a1),
    "spreadsheet.insertSheet": _altering(_insert_sheet),
    "spreadsheet.deleteSheet": _altering(lambda document, sheet_id: document.delete_sheet(sheet_id)),
    "sheet.name": _reading(lambda sheet: sheet.title),
    "sheet.rename": _writing(lambda sheet, title: sheet.rename(title)),
    "sheet.index": _reading(lambda sheet: sheet.document.sheets.index(sheet)),
    "sheet.size": _reading(lambda sheet: [sheet.row_count, sheet.column_count]),
    "sheet.lastRow": _reading(lambda sheet: sheet.last_row()),
    "sheet.lastColumn": _reading(lambda sheet: sheet.last_column()),
    "sheet.maxRows": _reading(lambda sheet: sheet.row_count),
    "sheet.maxColumns": _reading(lambda sheet: sheet.column_count),
    "sheet.isHidden": _reading(lambda sheet: sheet.hidden),
    "sheet.setHidden": _writing(lambda sheet, hidden: sheet.set_hidden(hidden)),
    "sheet.isColumnHidden": _reading(lambda sheet, column: sheet.columns[column].hidden),
    "sheet.appendRow": _writing(_append_row),
    "sheet.clear": _writing(lambda sheet: sheet.clear(sheet.whole)),
    "sheet.insertRows": _writing(lambda sheet, at, count: sheet.insert_rows(at, count)),
    "sheet.deleteRows": _writing(lambda sheet, at, count: sheet.delete_rows(at, count)),
    "sheet.insertColumns": _writing(lambda sheet, at, count: sheet.insert_columns(at, count)),
    "sheet.deleteColumns": _writing(lambda sheet, at, count: sheet.delete_columns(at, count)),
    "sheet.hideColumns": _writing(lambda sheet, at, count, hidden: sheet.hide_columns(at, count, hidden)),
    "sheet.hideRows": _writing(lambda sheet, at, count, hidden: sheet.hide_rows(at, count, hidden)),
    "sheet.sort": _writing(_sort_tab),
    "range.a1": _reading(lambda _sheet, area: Area(*area).a1()),
    "range.values": _reading(_values),
    "range.displayValues": _reading(_display_values),
    "range.formulas": _reading(_each(lambda cell: cell.formula or "")),
    "range.notes": _reading(_each(lambda cell: cell.note or "")),
    "range.numberFormats": _reading(_each(lambda cell: cell.number_format[1] or "0.###############")),
    "range.isBlank": _reading(_is_blank),
    "range.setValues": _writing(_put_values),
    "range.setFormulas": _writing(_put_formulas),
    "range.setNotes": _writing(_put_notes),
    "range.setNumberFormats": _writing(_put_number_formats),
    "range.clear": _writing(lambda sheet, area: sheet.clear(Area(*area))),
    "range.copyTo": _writing(_copy_to),
    "range.sort": _writing(_sort_range),
    "range.addMetadata": _writing(_add_metadata),
    "metadata.find": _about(_find_metadata),
}
