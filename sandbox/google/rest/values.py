"""The resource ``spreadsheets.values``."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.google import formats, typed
from sandbox.google.area import Area
from sandbox.google.cells import Cell, ErrorValue
from sandbox.google.document import Document, Sheet
from sandbox.google.grid import with_value
from sandbox.google.rest.context import Context
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.filters import filter_ranges
from sandbox.google.rest.ranges import find_range, range_name
from sandbox.google.rest.render import number

_DATE_TYPES = ("DATE", "TIME", "DATE_TIME")


@dataclass(frozen=True, slots=True)
class Rendering:
    """How values are read: ``FORMATTED_VALUE``, ``UNFORMATTED_VALUE`` or ``FORMULA``, dates as text or not."""

    value: str = "FORMATTED_VALUE"
    dates_as_text: bool = False

    @staticmethod
    def of(value: str | None, dates: str | None) -> "Rendering":
        """From the call's options."""
        return Rendering(value or "FORMATTED_VALUE", dates == "FORMATTED_STRING")

    def cell(self, cell: Cell, locale: str) -> Any:
        """The value of one cell."""
        if self.value == "FORMULA" and cell.formula is not None:
            return cell.formula
        value = cell.value
        if value is None:
            return ""
        if self.value == "FORMATTED_VALUE":
            return formats.shown(cell, locale)
        if isinstance(value, float):
            if self.dates_as_text and cell.number_format[0] in _DATE_TYPES:
                return formats.shown(cell, locale)
            return number(value)
        return value.text if isinstance(value, ErrorValue) else value


# -- reading -----------------------------------------------------------------------------------


def get(context: Context) -> dict[str, Any]:
    """``values.get``."""
    document = context.document()
    rendering = Rendering.of(context.parameter("valueRenderOption"), context.parameter("dateTimeRenderOption"))
    with document.lock:
        return value_range(
            document, context.parameter("range"), _major(context.parameter("majorDimension")), rendering
        )


def batch_get(context: Context) -> dict[str, Any]:
    """``values.batchGet``."""
    document = context.document()
    rendering = Rendering.of(context.parameter("valueRenderOption"), context.parameter("dateTimeRenderOption"))
    major = _major(context.parameter("majorDimension"))
    with document.lock:
        found = [value_range(document, name, major, rendering) for name in context.parameter("ranges", [])]
    return {"spreadsheetId": document.id, "valueRanges": found}


def batch_get_by_data_filter(context: Context) -> dict[str, Any]:
    """``values.batchGetByDataFilter``."""
    document, body = context.document(), context.body
    rendering = Rendering.of(body.get("valueRenderOption"), body.get("dateTimeRenderOption"))
    found = []
    with document.lock:
        for sheet, area, filters in filter_ranges(document, body.get("dataFilters", [])):
            values = read_area(sheet, area, _major(body.get("majorDimension")), rendering)
            found.append({"valueRange": values, "dataFilters": filters})
    return {"spreadsheetId": document.id, "valueRanges": found}


def value_range(document: Document, name: str, major: str, rendering: Rendering) -> dict[str, Any]:
    """The ValueRange of an A1 name."""
    sheet, area = find_range(document, name)
    return read_area(sheet, area, major, rendering)


def read_area(sheet: Sheet, area: Area, major: str, rendering: Rendering) -> dict[str, Any]:
    """A ValueRange: without trailing blanks, and without ``values`` when there are none."""
    lines = [_trimmed(line, rendering, sheet.document.locale) for line in _lines(sheet.cells(area), major)]
    while lines and not lines[-1]:
        lines.pop()
    found: dict[str, Any] = {"range": range_name(sheet, area), "majorDimension": major}
    return found | ({"values": lines} if lines else {})


def _lines(block: list[list[Cell]], major: str) -> Iterable[list[Cell]]:
    return (list(line) for line in zip(*block, strict=True)) if major == "COLUMNS" else block


def _trimmed(cells: list[Cell], rendering: Rendering, locale: str) -> list[Any]:
    end = len(cells)
    while end and cells[end - 1].value is None and cells[end - 1].formula is None:
        end -= 1
    return [rendering.cell(cell, locale) for cell in cells[:end]]


def _major(text: str | None) -> str:
    return "ROWS" if text in (None, "DIMENSION_UNSPECIFIED") else str(text)


# -- writing -----------------------------------------------------------------------------------


def update(context: Context) -> dict[str, Any]:
    """``values.update``."""
    document, body = context.document(), context.body
    name = context.parameter("range")
    option = _input_option(context.parameter("valueInputOption"))
    with document.change(context.user):
        sheet, area = find_range(document, name, clip=False)
        if find_range(document, body.get("range", name), clip=False) != (sheet, area):
            raise bad_request(f"The range of the values, {body['range']}, is not the requested range {name}")
        answer = write_values(sheet, area, body, option)
    return answer | _seen(document, context, answer)


def batch_update(context: Context) -> dict[str, Any]:
    """``values.batchUpdate``."""
    document, body = context.document(), context.body
    option = _input_option(body.get("valueInputOption"))
    answers: list[tuple[Sheet, dict[str, Any]]] = []
    with document.change(context.user):
        for data in body.get("data", []):
            sheet, area = find_range(document, data.get("range", ""), clip=False)
            answers.append((sheet, write_values(sheet, area, data, option)))
    responses = [answer | _seen_in_body(document, body, answer) for _, answer in answers]
    return _totals(document, answers) | {"responses": responses}


def batch_update_by_data_filter(context: Context) -> dict[str, Any]:
    """``values.batchUpdateByDataFilter``."""
    document, body = context.document(), context.body
    option = _input_option(body.get("valueInputOption"))
    answers: list[tuple[Sheet, dict[str, Any]]] = []
    with document.change(context.user):
        for data in body.get("data", []):
            chosen = data.get("dataFilter", {})
            for sheet, area, _ in filter_ranges(document, [chosen]):
                answers.append((sheet, write_values(sheet, area, data, option) | {"dataFilter": chosen}))
    responses = [answer | _seen_in_body(document, body, answer) for _, answer in answers]
    for response in responses:
        del response["spreadsheetId"]  # the one answer of its kind without it
    return _totals(document, answers) | {"responses": responses}


def append(context: Context) -> dict[str, Any]:
    """``values.append``: after the last row of the table that the range touches."""
    document, body = context.document(), context.body
    option = _input_option(context.parameter("valueInputOption"))
    with document.change(context.user):
        sheet, area = find_range(document, context.parameter("range"))
        table = _table(sheet, area)
        lines = _by_rows(body)
        start = Area(area.row, area.column, 0, 0) if table is None else Area(table.row_end, table.column, 0, 0)
        target = Area(start.row, start.column, len(lines), max((len(line) for line in lines), default=0))
        _make_room(sheet, target, insert=context.parameter("insertDataOption") == "INSERT_ROWS")
        answer = write_values(sheet, target, body, option)
    found: dict[str, Any] = {"spreadsheetId": document.id}
    found |= {} if table is None else {"tableRange": range_name(sheet, table)}
    return found | {"updates": answer | _seen(document, context, answer)}


def clear(context: Context) -> dict[str, Any]:
    """``values.clear``."""
    document = context.document()
    return {"spreadsheetId": document.id, "clearedRange": _cleared(context, [context.parameter("range")])[0]}


def batch_clear(context: Context) -> dict[str, Any]:
    """``values.batchClear``."""
    document = context.document()
    return {"spreadsheetId": document.id, "clearedRanges": _cleared(context, context.body.get("ranges", []))}


def batch_clear_by_data_filter(context: Context) -> dict[str, Any]:
    """``values.batchClearByDataFilter``."""
    document, cleared = context.document(), []
    with document.change(context.user):
        for sheet, area, _ in filter_ranges(document, context.body.get("dataFilters", [])):
            sheet.clear(area)
            cleared.append(range_name(sheet, area))
    return {"spreadsheetId": document.id, "clearedRanges": cleared}


def write_values(sheet: Sheet, area: Area, body: dict[str, Any], option: str) -> dict[str, Any]:
    """Write a ValueRange; null leaves a cell alone. Returns an UpdateValuesResponse."""
    lines = _by_rows(body)
    anchor = area.single
    written, width = 0, max((len(line) for line in lines), default=0)
    for offset, line in enumerate(lines):
        _fits(sheet, area, offset, len(line), anchor)
        row = area.row + offset
        there = sheet.cells(Area(row, area.column, 1, len(line)))
        old = there[0] if there else []
        old = old + [Cell()] * (len(line) - len(old))
        cells = [entered(value, cell, option, sheet.document.locale) for value, cell in zip(line, old, strict=True)]
        if cells:
            sheet.write_row(row, area.column, cells)
        written += sum(cell is not None for cell in cells)
    named = area if area.rows and area.columns and not anchor else Area(area.row, area.column, *_at_least_one(lines))
    found: dict[str, Any] = {"spreadsheetId": sheet.document.id, "updatedRange": range_name(sheet, named)}
    if written:
        found |= {"updatedRows": len(lines), "updatedColumns": width, "updatedCells": written}
    return found


def entered(value: Any, old: Cell, option: str, locale: str) -> Cell | None:
    """The cell after a value was entered; None leaves it alone. Raises ApiError 400."""
    if value is None:
        return None
    if isinstance(value, dict | list):
        kind = "struct_value" if isinstance(value, dict) else "list_value"
        raise bad_request(f"Invalid values: {kind} is not a value that a cell can hold")
    if isinstance(value, str):
        return typed.typed(value, old, locale) if option == "USER_ENTERED" else with_value(old, value)
    return with_value(old, value if isinstance(value, bool) else _finite(value))


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise bad_request(f"Invalid value at 'values' (TYPE_DOUBLE), {str(value)[:50]} is out of range")
    return number


def _by_rows(body: dict[str, Any]) -> list[list[Any]]:
    lines: list[list[Any]] = body.get("values", [])
    if any(not isinstance(line, list) for line in lines):
        raise bad_request("Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue)")
    if _major(body.get("majorDimension")) == "ROWS":
        return lines
    height = max((len(line) for line in lines), default=0)
    return [[line[i] if i < len(line) else None for line in lines] for i in range(height)]


def _fits(sheet: Sheet, area: Area, offset: int, width: int, anchor: bool) -> None:
    if anchor:
        return
    what = f"Requested writing within range [{range_name(sheet, area)}], but tried writing to"
    if offset >= area.rows:
        raise bad_request(f"{what} row [{area.row + offset + 1}]")
    if width > area.columns:
        raise bad_request(f"{what} column [{Area(0, area.column_end, 1, 1).a1()[:-1]}]")


def _at_least_one(lines: list[list[Any]]) -> tuple[int, int]:
    return max(len(lines), 1), max((len(line) for line in lines), default=0) or 1


def _input_option(option: str | None) -> str:
    if option not in ("RAW", "USER_ENTERED"):
        raise bad_request("'valueInputOption' is required but not specified")
    return option


def _make_room(sheet: Sheet, target: Area, *, insert: bool) -> None:
    if insert and target.row < sheet.row_count and target.rows:
        sheet.insert_rows(target.row, target.rows)
    if target.row_end > sheet.row_count:
        sheet.append_rows(target.row_end - sheet.row_count)
    if target.column_end > sheet.column_count:
        sheet.append_columns(target.column_end - sheet.column_count)


def _table(sheet: Sheet, area: Area) -> Area | None:
    """The last block of filled cells within the area, as far as it reaches."""
    block = sheet.cells(area)
    last = next((i for i in range(len(block) - 1, -1, -1) if any(not c.empty for c in block[i])), None)
    if last is None:
        return None
    row = area.row + last
    column = area.column + next(i for i, c in enumerate(block[last]) if not c.empty)
    left = right = column
    top = bottom = row
    while True:
        grown = _grown(sheet, Area(top, left, bottom - top + 1, right - left + 1))
        if (grown.row, grown.column, grown.row_end - 1, grown.column_end - 1) == (top, left, bottom, right):
            return grown
        top, left, bottom, right = grown.row, grown.column, grown.row_end - 1, grown.column_end - 1


def _grown(sheet: Sheet, area: Area) -> Area:
    """The block with every neighbouring row and column that holds something beside it."""
    top, left, bottom, right = area.row, area.column, area.row_end, area.column_end
    while bottom < sheet.row_count and _filled(sheet, Area(bottom, left, 1, right - left)):
        bottom += 1
    while top and _filled(sheet, Area(top - 1, left, 1, right - left)):
        top -= 1
    while right < sheet.column_count and _filled(sheet, Area(top, right, bottom - top, 1)):
        right += 1
    while left and _filled(sheet, Area(top, left - 1, bottom - top, 1)):
        left -= 1
    return Area(top, left, bottom - top, right - left)


def _filled(sheet: Sheet, area: Area) -> bool:
    return any(not cell.empty for line in sheet.cells(area) for cell in line)


def _cleared(context: Context, names: list[str]) -> list[str]:
    document, cleared = context.document(), []
    with document.change(context.user):
        for name in names:
            sheet, area = find_range(document, name)
            sheet.clear(area)
            cleared.append(range_name(sheet, area))
    return cleared


def _totals(document: Document, answers: list[tuple[Sheet, dict[str, Any]]]) -> dict[str, Any]:
    totals = {
        "totalUpdatedRows": sum(a.get("updatedRows", 0) for _, a in answers),
        "totalUpdatedColumns": sum(a.get("updatedColumns", 0) for _, a in answers),
        "totalUpdatedCells": sum(a.get("updatedCells", 0) for _, a in answers),
        "totalUpdatedSheets": len({s.sheet_id for s, _ in answers}),
    }
    return {"spreadsheetId": document.id, **{name: count for name, count in totals.items() if count}}


def _seen(document: Document, context: Context, answer: dict[str, Any]) -> dict[str, Any]:
    if not context.parameter("includeValuesInResponse"):
        return {}
    rendering = Rendering.of(
        context.parameter("responseValueRenderOption"), context.parameter("responseDateTimeRenderOption")
    )
    return {"updatedData": value_range(document, answer["updatedRange"], "ROWS", rendering)}


def _seen_in_body(document: Document, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    if not body.get("includeValuesInResponse"):
        return {}
    rendering = Rendering.of(body.get("responseValueRenderOption"), body.get("responseDateTimeRenderOption"))
    return {"updatedData": value_range(document, answer["updatedRange"], "ROWS", rendering)}
