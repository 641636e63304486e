"""What ``GET /state`` tells of a spreadsheet."""

from typing import Any

from sandbox.google.area import column_letters
from sandbox.google.calls import CallCounts
from sandbox.google.cells import ErrorValue, Value
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.render import number
from sandbox.google.store import Store


def state_of(store: Store, document: Document, counts: CallCounts) -> dict[str, Any]:
    """Title, tabs, call counts and versions."""
    with document.lock:
        told: dict[str, Any] = {"title": document.title, "tabs": {s.title: _tab(s) for s in document.sheets}}
        return told | counts.of(document.id) | {"versions": store.versions(document.id)}


def _tab(sheet: Sheet) -> dict[str, Any]:
    formulas: dict[str, str] = {}
    notes: dict[str, str] = {}
    lines: list[list[Any]] = []
    for index, cells in enumerate(sheet.cells(sheet.whole)):
        line = [_plain(cell.value) for cell in cells]
        while line and line[-1] == "":
            line.pop()
        lines.append(line)
        for column, cell in enumerate(cells):
            if cell.formula is not None:
                formulas[f"{column_letters(column)}{index + 1}"] = cell.formula
            if cell.note:
                notes[f"{column_letters(column)}{index + 1}"] = cell.note
    while lines and not lines[-1]:
        lines.pop()
    return {
        "sheetId": sheet.sheet_id,
        "values": lines,
        "formulas": formulas,
        "notes": notes,
        "hidden_columns": [column_letters(i) for i, c in enumerate(sheet.columns) if c.hidden],
        "hidden": sheet.hidden,
        "rows": sheet.row_count,
        "columns": sheet.column_count,
    }


def _plain(value: Value) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    return value.text if isinstance(value, ErrorValue) else value
