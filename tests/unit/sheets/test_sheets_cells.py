"""Cells between Google's JSON and SheetCell."""

from typing import Any

import pytest

from adapters.sheets_cells import column_letters, decode_cell, encode_value
from core.model import SheetCell
from core.values import CellError, Serial, SheetValue


def effective(value: Any, number_type: str = "") -> dict[str, Any]:
    raw: dict[str, Any] = {"effectiveValue": value}
    if number_type:
        raw["effectiveFormat"] = {"numberFormat": {"type": number_type}}
    return raw


@pytest.mark.parametrize(
    ("raw", "cell"),
    [
        ({}, None),
        (effective({"stringValue": ""}), None),
        (effective({"stringValue": "00501"}), SheetCell("00501")),
        (effective({"numberValue": 3.0}), SheetCell(3)),
        (effective({"numberValue": 0}), SheetCell(0)),
        (effective({"numberValue": 2.5}), SheetCell(2.5)),
        (effective({"boolValue": False}), SheetCell(False)),
        (effective({"numberValue": 45000}, "DATE"), SheetCell(Serial(45000.0))),
        (effective({"numberValue": 0.5}, "TIME"), SheetCell(Serial(0.5))),
        (effective({"numberValue": 45000.5}, "DATE_TIME"), SheetCell(Serial(45000.5))),
        (effective({"numberValue": 0.5}, "PERCENT"), SheetCell(0.5)),
        (effective({"stringValue": "x"}, "DATE"), SheetCell("x")),
        (effective({"boolValue": True}, "DATE"), SheetCell(True)),
        (effective({"errorValue": {"type": "DIVIDE_BY_ZERO"}}), SheetCell(CellError("#DIV/0!"))),
        ({"userEnteredValue": {"formulaValue": '=""'}}, SheetCell(None, '=""')),
        (effective({"numberValue": 2}) | {"userEnteredValue": {"formulaValue": "=1+1"}}, SheetCell(2, "=1+1")),
    ],
)
def test_a_cell_is_read_as_what_it_holds(raw: dict[str, Any], cell: SheetCell | None) -> None:
    assert decode_cell(raw) == cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, {}),
        ("", {}),
        ("=1+1", {"userEnteredValue": {"stringValue": "=1+1"}}),
        (True, {"userEnteredValue": {"boolValue": True}}),
        (7, {"userEnteredValue": {"numberValue": 7}}),
        (Serial(1.5), {"userEnteredValue": {"numberValue": 1.5}}),
    ],
)
def test_a_value_is_written_typed(value: SheetValue, cell: dict[str, Any]) -> None:
    assert encode_value(value) == cell


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, float("nan"), Serial(float("inf")), CellError("#N/A")])
def test_what_a_cell_cannot_hold_is_refused(value: SheetValue) -> None:
    with pytest.raises(ValueError, match=r"rounded|cannot"):
        encode_value(value)


@pytest.mark.parametrize(("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_their_letters(column: int, letters: str) -> None:
    assert column_letters(column) == letters
