"""Cells between Google's JSON and SheetCell, and A1 names of ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.model import SheetCell
from core.values import CellError, Serial, SheetValue

Json = dict[str, Any]

CELL_FIELDS = "effectiveValue,userEnteredValue(formulaValue),effectiveFormat(numberFormat(type))"
"""What has to be asked of a cell so that :func:`decode_cell` can tell its value."""

DATE_TYPES = frozenset({"DATE", "TIME", "DATE_TIME"})
INTEGER_MAX = 2**53
"""Past this a whole number is no longer exact as one of Google's numbers."""

_ERROR_TEXTS = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}


def decode_cell(raw: Mapping[str, Any] | None) -> SheetCell | None:
    """A cell of Google's answer; ``None`` for a blank one.

    An empty text counts as blank, because Apps Script cannot tell the two apart.
    """
    if not raw:
        return None
    shown, entered = raw.get("effectiveValue"), raw.get("userEnteredValue")
    if shown and not entered and (text := shown.get("stringValue")):  # as most are
        return SheetCell(text)
    formula = entered.get("formulaValue") if entered else None
    value = _decode_value(shown) if shown else None
    if formula is None and value is None:
        return None
    if shown and "numberValue" in shown and number_type(raw) in DATE_TYPES:
        value = Serial(float(shown["numberValue"]))
    return SheetCell(value, formula)


def number_type(raw: Mapping[str, Any]) -> str:
    """The type of a cell's number format; empty for the automatic format."""
    return str(((raw.get("effectiveFormat") or {}).get("numberFormat") or {}).get("type", ""))


def _decode_value(raw: Mapping[str, Any]) -> SheetValue:
    if "numberValue" in raw:
        number = raw["numberValue"]
        whole = isinstance(number, float) and number.is_integer() and abs(number) <= INTEGER_MAX
        return int(number) if whole else number
    if "boolValue" in raw:
        return bool(raw["boolValue"])
    if "errorValue" in raw:
        kind = raw["errorValue"].get("type", "ERROR")
        return CellError(_ERROR_TEXTS.get(kind, kind))
    return raw.get("stringValue") or None


def encode_value(value: SheetValue) -> Json:
    """The cell that holds exactly ``value``: typed, never something for Google to parse.

    Raises:
        ValueError: nothing that a cell can be made to hold (an error, a number that Google would round).
    """
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        return {"userEnteredValue": {"stringValue": value}}
    if isinstance(value, bool):
        return {"userEnteredValue": {"boolValue": value}}
    return {"userEnteredValue": {"numberValue": _exact_number(value)}}


def _exact_number(value: int | float | Serial | CellError) -> int | float:
    number = value.days if isinstance(value, Serial) else value
    if isinstance(number, CellError):
        raise ValueError(f"an error such as {number.text} cannot be written into a cell")  # noqa: TRY004  a value, not a programming error
    if isinstance(number, int) and abs(number) > INTEGER_MAX:
        raise ValueError(f"{number} would be rounded by Google; it has to be written as text")
    if not math.isfinite(number):
        raise ValueError(f"a cell cannot hold {number}")
    return number


def date_format(values: Sequence[Serial]) -> Json:
    """The number format that shows serial numbers as the dates or times that they are."""
    if all(0 <= v.days < 1 for v in values):
        return {"type": "TIME", "pattern": "hh:mm:ss"}
    if all(v.days.is_integer() for v in values):
        return {"type": "DATE", "pattern": "yyyy-mm-dd"}
    return {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss"}


def column_letters(column: int) -> str:
    """``0`` is ``A``, ``26`` is ``AA``."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def quoted(title: str) -> str:
    """A tab's title as a range names it."""
    return "'" + title.replace("'", "''") + "'"


def a1_range(title: str, row: int, last_row: int, column: int, last_column: int) -> str:
    """A range in A1 notation; rows are 1-based, columns 0-based, both ends included."""
    return f"{quoted(title)}!{column_letters(column)}{row}:{column_letters(last_column)}{last_row}"


def grid(sheet_id: int, row: int, rows: int, column: int, columns: int) -> Json:
    """A GridRange of ``rows`` rows from the 1-based ``row`` and ``columns`` columns from the 0-based ``column``."""
    return {
        "sheetId": sheet_id,
        "startRowIndex": row - 1,
        "endRowIndex": row - 1 + rows,
        "startColumnIndex": column,
        "endColumnIndex": column + columns,
    }


def row_span(sheet_id: int, row: int, rows: int) -> Json:
    """A DimensionRange of whole rows; ``row`` is 1-based."""
    return {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row - 1 + rows}


def runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, count) of every run of consecutive numbers in an ascending sequence."""
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[index - 1] + 1:
            yield numbers[start], index - start
            start = index


def copy_paste(source: Json, destination: Json, kind: str = "PASTE_NORMAL") -> Json:
    """The request that copies a GridRange onto another."""
    return {"copyPaste": {"source": source, "destination": destination, "pasteType": kind}}
