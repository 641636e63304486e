"""What is kept of a whole tab's answer, and what is decoded of it when somebody looks."""

from __future__ import annotations

import json
from typing import Any

from adapters.sheets_json import cells_in, parse
from adapters.sheets_parts import Grid
from adapters.sheets_rows import TabRows
from core.model import ROW_ID_HEADER, SheetCell
from core.sheet import TabRow
from core.values import Serial

HEADER = {"values": [{"effectiveValue": {"stringValue": "Name"}}, {"effectiveValue": {"stringValue": ROW_ID_HEADER}}]}
ANNA = {"values": [{"effectiveValue": {"stringValue": "Anna"}}, {"effectiveValue": {"stringValue": "r_1"}}]}
DAY = {
    "values": [{"effectiveValue": {"numberValue": 1.5}, "effectiveFormat": {"numberFormat": {"type": "DATE_TIME"}}}]
}
ANSWER: dict[str, Any] = {
    "spreadsheetId": "s",
    "sheets": [{"properties": {"sheetId": 7}, "data": [{"startRow": 0, "rowData": [HEADER, ANNA, {}, DAY]}, {}]}],
}


def answered(answer: dict[str, Any]) -> dict[str, Any]:
    return parse(json.dumps(answer).encode())


def test_everything_of_an_answer_but_its_rows_is_what_google_said() -> None:
    found = answered({**ANSWER, "replies": [{}, {"addSheet": {"properties": {"sheetId": 8}}}]})
    rows = found["sheets"][0]["data"][0].pop("rowData")
    assert found["replies"] == [{}, {"addSheet": {"properties": {"sheetId": 8}}}]
    assert found["spreadsheetId"] == "s"
    assert found["sheets"] == [{"properties": {"sheetId": 7}, "data": [{"startRow": 0}, {}]}]
    assert [cells_in(row) for row in rows] == [HEADER["values"], ANNA["values"], (), DAY["values"]]


def test_rows_in_the_answer_of_a_write_are_kept_in_the_same_way() -> None:
    rows = answered({"updatedSpreadsheet": ANSWER})["updatedSpreadsheet"]["sheets"][0]["data"][0]["rowData"]
    assert cells_in(rows[1]) == ANNA["values"]


def test_an_empty_answer_is_an_empty_object() -> None:
    assert parse(b"") == {}


def test_rows_of_a_tab_are_those_that_are_not_blank_however_often_they_are_looked_at() -> None:
    grid = Grid(1, 0, answered(ANSWER)["sheets"][0]["data"][0]["rowData"], ())
    rows = TabRows([grid], {"Name": 0, ROW_ID_HEADER: 1})
    wanted = [TabRow(2, "r_1", {"Name": SheetCell("Anna")}), TabRow(4, None, {"Name": SheetCell(Serial(1.5))})]
    assert list(rows) == list(rows) == rows[:] == wanted
    assert rows[-1] == wanted[-1]
    assert len(rows) == 2
