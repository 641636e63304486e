"""What ``GET /state`` tells of a spreadsheet."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from sandbox.google.area import column_letters
from sandbox.google.calls import CallCounts
from sandbox.google.cells import Cell, ErrorValue, Row, Value
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
    places = {column.uid: place for place, column in enumerate(sheet.columns)}
    for index, row in enumerate(sheet.rows):
        line: list[Any] = []
        for column, cell in _in_order(row, places):
            value = _plain(cell.value)
            if value != "":
                line += [""] * (column - len(line)) + [value]
            if cell.formula is not None:
                formulas[f"{column_letters(column)}{index + 1}"] = cell.formula
            if cell.note:
                notes[f"{column_letters(column)}{index + 1}"] = cell.note
        lines.append(line)
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


def _in_order(row: Row, places: Mapping[int, int]) -> list[tuple[int, Cell]]:
    """The cells that hold anything, from left to right: most of a grid is empty."""
    found = [(places[uid], cell) for uid, cell in row.cells.items() if uid in places]
    return sorted(found, key=itemgetter(0))


def _plain(value: Value) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    return value.text if isinstance(value, ErrorValue) else value
