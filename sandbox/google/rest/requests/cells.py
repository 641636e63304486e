"""Requests that write cells: update, repeat, append, copy, cut, insert, delete, sort, find and replace."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.google.area import Area
from sandbox.google.cells import EMPTY, Cell, shared_format
from sandbox.google.document import Document, Sheet
from sandbox.google.formats import shown
from sandbox.google.grid import with_value
from sandbox.google.paste import PASTE_TYPES
from sandbox.google.references import copied
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.fields import Mask
from sandbox.google.rest.ranges import find_grid_range, find_sheet
from sandbox.google.rest.render import extended_value
from sandbox.google.rest.requests.common import area_of, mask_of, start_of
from sandbox.google.typed import typed

_WRITABLE = {"userEnteredValue", "userEnteredFormat", "note", "dataValidation", "textFormatRuns", "chipRuns"}
_READ_ONLY = {"effectiveValue", "formattedValue", "effectiveFormat", "hyperlink"}
_EVERYTHING = Mask()

Update = Callable[[Cell, dict[str, Any]], Cell]


def update_cells(document: Document, body: dict[str, Any]) -> None:
    """``updateCells``: from ``start`` as far as the rows reach, or a whole ``range``."""
    update = _updating(_cell_mask(body))
    if "start" in body:
        sheet, row, column = start_of(document, body, "start")
        for offset, data in enumerate(body.get("rows", [])):
            _write_row(sheet, row + offset, column, data.get("values", []), update)
        return
    sheet, area = area_of(document, body, clip=False)
    rows = body.get("rows", [])
    if len(rows) > area.rows or any(len(r.get("values", [])) > area.columns for r in rows):
        raise bad_request("The rows do not fit into the range")
    for offset in range(area.rows):
        values = rows[offset].get("values", []) if offset < len(rows) else []
        _write_row(sheet, area.row + offset, area.column, values + [{}] * (area.columns - len(values)), update)


def repeat_cell(document: Document, body: dict[str, Any]) -> None:
    """``repeatCell``: one cell everywhere; a formula shifts along."""
    mask = _cell_mask(body)
    sheet, area = area_of(document, body)
    data = body.get("cell", {})
    formula = data.get("userEnteredValue", {}).get("formulaValue")
    update = _updating(mask)
    sheet.update_area(area, lambda old: update(old, data))
    if formula is None or not mask.wants("userEnteredValue"):
        return
    for row in range(area.row, area.row_end):
        for column in range(area.column, area.column_end):
            moved = copied(formula, row - area.row, column - area.column)
            sheet.set_cell(row, column, replace(sheet.cell(row, column), formula=moved))


def append_cells(document: Document, body: dict[str, Any]) -> None:
    """``appendCells``: after the last row with data; the grid grows."""
    update, rows = _updating(_cell_mask(body)), body.get("rows", [])
    if body.get("tableId"):
        raise bad_request("The sandbox does not support tables")
    sheet = find_sheet(document, body.get("sheetId", 0))
    at = sheet.last_row()
    width = max((len(r.get("values", [])) for r in rows), default=0)
    if at + len(rows) > sheet.row_count:
        sheet.append_rows(at + len(rows) - sheet.row_count)
    if width > sheet.column_count:
        sheet.append_columns(width - sheet.column_count)
    for offset, data in enumerate(rows):
        _write_row(sheet, at + offset, 0, data.get("values", []), update)


def copy_paste(document: Document, body: dict[str, Any]) -> None:
    """``copyPaste``."""
    sheet, source = area_of(document, body, "source")
    target_sheet, target = area_of(document, body, "destination", clip=False)
    paste_type = _paste_type(body)
    if body.get("pasteOrientation", "NORMAL") == "TRANSPOSE":
        _transpose(sheet, source, target_sheet, target, paste_type)
    else:
        sheet.copy(source, target, paste_type, to=target_sheet)


def cut_paste(document: Document, body: dict[str, Any]) -> None:
    """``cutPaste``."""
    sheet, source = area_of(document, body, "source")
    target_sheet, row, column = start_of(document, body, "destination")
    sheet.cut(source, row, column, _paste_type(body), to=target_sheet)


def paste_data(document: Document, body: dict[str, Any]) -> None:
    """``pasteData``: text with a delimiter, read as typed."""
    if body.get("html") or not body.get("delimiter"):
        raise bad_request("The sandbox pastes text with a delimiter only")
    sheet, row, column = start_of(document, body, "coordinate")
    for offset, line in enumerate(body.get("data", "").split("\n")):
        for across, text in enumerate(line.split(body["delimiter"])):
            old = sheet.cell(row + offset, column + across)
            sheet.set_cell(row + offset, column + across, typed(text, old, document.locale))


def insert_range(document: Document, body: dict[str, Any]) -> None:
    """``insertRange``."""
    sheet, area = area_of(document, body)
    sheet.shift_cells(area, _shift_dimension(body), insert=True)


def delete_range(document: Document, body: dict[str, Any]) -> None:
    """``deleteRange``."""
    sheet, area = area_of(document, body)
    sheet.shift_cells(area, _shift_dimension(body), insert=False)


def sort_range(document: Document, body: dict[str, Any]) -> None:
    """``sortRange``."""
    sheet, area = area_of(document, body)
    keys = []
    for spec in body.get("sortSpecs", []):
        if set(spec) - {"dimensionIndex", "sortOrder"}:
            raise bad_request("The sandbox sorts by values only, not by colours or data sources")
        column = spec.get("dimensionIndex", 0)
        if not area.column <= column < area.column_end:
            raise bad_request(f"Sort column {column} is outside the range")
        keys.append((column, spec.get("sortOrder") == "DESCENDING"))
    if not keys:
        raise bad_request("At least one sortSpec is required")
    sheet.sort(area, keys)


def find_replace(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``findReplace``."""
    substitute = _substitution(body)
    counts = {"valuesChanged": 0, "formulasChanged": 0, "occurrencesChanged": 0}
    rows: set[tuple[int, int]] = set()
    for sheet, area in _searched(document, body):
        for row_offset, line in enumerate(sheet.cells(area)):
            for column_offset, cell in enumerate(line):
                new, hits = _replaced(cell, substitute, bool(body.get("includeFormulas")), document.locale)
                if not hits:
                    continue
                sheet.set_cell(area.row + row_offset, area.column + column_offset, new)
                rows.add((sheet.sheet_id, area.row + row_offset))
                counts["occurrencesChanged"] += hits
                counts["formulasChanged" if cell.formula is not None else "valuesChanged"] += 1
    found = counts | {"rowsChanged": len(rows), "sheetsChanged": len({s for s, _ in rows})}
    return {name: count for name, count in found.items() if count}


def put_grid_data(sheet: Sheet, data: dict[str, Any]) -> None:
    """Write a GridData into a new tab."""
    update = _updating(_EVERYTHING)
    for offset, row in enumerate(data.get("rowData", [])):
        _write_row(sheet, data.get("startRow", 0) + offset, data.get("startColumn", 0), row.get("values", []), update)
    for offset, props in enumerate(data.get("columnMetadata", [])):
        at = data.get("startColumn", 0) + offset
        sheet.change_columns(at, 1, hidden=props.get("hiddenByUser", False), pixel_size=props.get("pixelSize", 100))
    for offset, props in enumerate(data.get("rowMetadata", [])):
        at = data.get("startRow", 0) + offset
        sheet.change_rows(at, 1, hidden=props.get("hiddenByUser", False), pixel_size=props.get("pixelSize", 21))


def _updating(mask: Mask) -> Update:
    """What gives a cell the masked fields of a CellData, raising ApiError 400; most writes give values alone."""
    if set(mask.children) == {"userEnteredValue"} and mask.children["userEnteredValue"].everything:
        return lambda old, data: _with_entered(old, data.get("userEnteredValue"))
    if set(mask.children) == {"userEnteredFormat"}:
        return lambda old, data: _with_format(old, data, mask)
    return lambda old, data: _updated(old, data, mask)


def _updated(old: Cell, data: dict[str, Any], mask: Mask) -> Cell:
    merged = mask.merged(_writable(old), {k: v for k, v in data.items() if k not in _READ_ONLY})
    unsupported = sorted(set(merged) - _WRITABLE)
    if unsupported:
        raise bad_request(f"The sandbox does not support cells with: {', '.join(unsupported)}")
    extras = {n: merged[n] for n in ("textFormatRuns", "chipRuns") if merged.get(n)}
    valued = old
    if merged.get("userEnteredValue") != _writable(old).get("userEnteredValue"):
        valued = _with_entered(old, merged.get("userEnteredValue"))
    return Cell(
        valued.value,
        valued.formula,
        shared_format(merged.get("userEnteredFormat") or None),
        merged.get("note") or None,
        merged.get("dataValidation") or None,
        extras or None,
    )


def _with_entered(old: Cell, entered: dict[str, Any] | None) -> Cell:
    if not entered:
        return with_value(old, None)
    if len(entered) != 1 or "errorValue" in entered:
        raise bad_request(
            "userEnteredValue must have exactly one of numberValue, stringValue, boolValue, formulaValue"
        )
    kind, value = next(iter(entered.items()))
    if kind != "formulaValue":
        return with_value(old, value)
    if not value.startswith("="):
        raise bad_request(f"Invalid formula: {value}")
    return old if old.formula == value else replace(old, value=None, formula=value, extras=None)


def _with_format(old: Cell, data: dict[str, Any], mask: Mask) -> Cell:
    before = {} if old.format is None else {"userEnteredFormat": old.format}
    merged = shared_format(mask.merged(before, data).get("userEnteredFormat") or None)
    return old if merged == old.format else replace(old, format=merged)


def _writable(cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = dict(cell.extras or {})
    if cell.formula is not None:
        found["userEnteredValue"] = {"formulaValue": cell.formula}
    elif cell.entered is not None:
        found["userEnteredValue"] = extended_value(cell.value)
    parts = {"userEnteredFormat": cell.format, "note": cell.note, "dataValidation": cell.validation}
    return found | {name: part for name, part in parts.items() if part}


def _cell_mask(body: dict[str, Any]) -> Mask:
    mask = mask_of(body, "CellData")
    read_only = sorted(set(mask.children) & _READ_ONLY)
    if read_only:
        raise bad_request(f"Invalid field: {read_only[0]} is read-only")
    return mask


def _write_row(sheet: Sheet, row: int, column: int, values: list[dict[str, Any]], update: Update) -> None:
    if not values:
        return
    there = sheet.cells(Area(row, column, 1, len(values)))
    old = (there[0] if there else []) + [EMPTY] * len(values)
    sheet.write_row(row, column, [update(c, d) for c, d in zip(old, values, strict=False)])


def _paste_type(body: dict[str, Any]) -> str:
    paste_type: str = body.get("pasteType", "PASTE_NORMAL")
    if paste_type not in PASTE_TYPES:
        raise bad_request(f"The sandbox does not support pasting {paste_type}")
    return paste_type


def _transpose(sheet: Sheet, source: Area, target_sheet: Sheet, target: Area, paste_type: str) -> None:
    block = sheet.cells(source)
    merge = PASTE_TYPES[paste_type]
    for down in range(source.columns):
        there = target_sheet.cells(Area(target.row + down, target.column, 1, source.rows))
        old = (there[0] if there else []) + [EMPTY] * source.rows
        line = [merge(block[across][down], old[across]) for across in range(source.rows)]
        target_sheet.write_row(target.row + down, target.column, line)


def _shift_dimension(body: dict[str, Any]) -> Any:
    dimension = body.get("shiftDimension")
    if dimension not in ("ROWS", "COLUMNS"):
        raise bad_request("shiftDimension must be ROWS or COLUMNS")
    return dimension


def _searched(document: Document, body: dict[str, Any]) -> list[tuple[Sheet, Area]]:
    if "range" in body:
        return [find_grid_range(document, body["range"])]
    if "sheetId" in body:
        sheet = find_sheet(document, body["sheetId"])
        return [(sheet, sheet.whole)]
    if not body.get("allSheets"):
        raise bad_request("One of range, sheetId, allSheets is required")
    return [(sheet, sheet.whole) for sheet in document.sheets]


def _substitution(body: dict[str, Any]) -> Callable[[str], tuple[str, int]]:
    if not body.get("find"):
        raise bad_request("find is required")
    text = body["find"] if body.get("searchByRegex") else re.escape(body["find"])
    if body.get("matchEntireCell"):
        text = rf"\A(?:{text})\Z"
    new = body.get("replacement", "")
    template = re.sub(r"\$(\d)", r"\\g<\1>", new.replace("\\", "\\\\"))
    try:
        pattern = re.compile(text, 0 if body.get("matchCase") else re.IGNORECASE)
        pattern.sub(template if body.get("searchByRegex") else "", "")  # reads the template, too
    except re.error as e:
        raise bad_request(f"find or replacement is no regular expression: {e}") from e

    def substitute(where: str) -> tuple[str, int]:
        return pattern.subn(template if body.get("searchByRegex") else lambda _match: new, where)

    return substitute


def _replaced(
    cell: Cell, substitute: Callable[[str], tuple[str, int]], in_formulas: bool, locale: str
) -> tuple[Cell, int]:
    if cell.empty or (cell.formula is not None and not in_formulas):
        return cell, 0
    text, hits = substitute(cell.formula if cell.formula is not None else shown(cell, locale))
    if not hits:
        return cell, 0
    if cell.formula is not None:
        return replace(cell, formula=text, value=None), hits
    return typed(text, cell, locale), hits


HANDLERS: dict[str, Callable[[Document, dict[str, Any]], dict[str, Any] | None]] = {
    "updateCells": update_cells,
    "repeatCell": repeat_cell,
    "appendCells": append_cells,
    "copyPaste": copy_paste,
    "cutPaste": cut_paste,
    "pasteData": paste_data,
    "insertRange": insert_range,
    "deleteRange": delete_range,
    "sortRange": sort_range,
    "findReplace": find_replace,
}
