"""What Google refuses in a batch, in its words: then nothing of the batch is done."""

from typing import Any

import pytest
from sandbox_google_served import Served


def span(dimension: str, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}


@pytest.fixture
def sheet(google: Served) -> str:
    spreadsheet = google.new()
    google.put(spreadsheet, "A1", [["id", "name", "n"], ["r1", "Ann", 3]])
    return spreadsheet


def test_a_range_to_show_that_does_not_exist_fails_the_whole_batch(google: Served, sheet: str) -> None:
    before = google.state(sheet)["tabs"]
    where = {"sheetId": 0, "rowIndex": 1, "columnIndex": 0}
    values = [{"userEnteredValue": {"stringValue": "changed"}}]
    write = {"updateCells": {"start": where, "rows": [{"values": values}], "fields": "userEnteredValue"}}
    body = {"requests": [write], "includeSpreadsheetInResponse": True, "responseRanges": ["Orders!A1", "Gone!A1"]}
    code, message = google.refused("POST", f"/v4/spreadsheets/{sheet}:batchUpdate", body)
    assert (code, message) == (400, "Unable to parse range: Gone!A1")
    assert google.state(sheet)["tabs"] == before


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"insertDimension": {"range": span("ROWS", 20, 21)}}, "must be less than the grid size (20)"),
        ({"insertDimension": {"range": span("COLUMNS", 9, 10)}}, "larger than current grid size (8)"),
        ({"deleteDimension": {"range": span("ROWS", 2, 20)}}, "not possible to delete all non-frozen rows"),
        ({"deleteDimension": {"range": span("ROWS", 1, 20)}}, "not possible to delete all non-frozen rows"),
        ({"deleteDimension": {"range": span("ROWS", 0, 20)}}, "You can't delete all the rows on the sheet."),
    ],
)
# The words are Google's: https://github.com/OWOX/owox-data-marts/pull/1273,
# https://github.com/theoephraim/node-google-spreadsheet/issues/186
def test_rows_are_not_inserted_past_the_end_nor_all_deleted_below_frozen_ones(
    google: Served, sheet: str, request_: dict[str, Any], says: str
) -> None:
    grid_ = {"sheetId": 0, "gridProperties": {"frozenRowCount": 2}}
    google.batch(sheet, {"updateSheetProperties": {"properties": grid_, "fields": "gridProperties.frozenRowCount"}})
    code, message = google.refused("POST", f"/v4/spreadsheets/{sheet}:batchUpdate", {"requests": [request_]})
    assert code == 400
    assert says in message
    google.batch(sheet, {"insertDimension": {"range": span("ROWS", 20, 21), "inheritFromBefore": True}})
    google.batch(sheet, {"deleteDimension": {"range": span("ROWS", 2, 20)}})
    assert google.values(sheet) == [["id", "name", "n"], ["r1", "Ann", 3]]


@pytest.mark.parametrize(
    ("kind", "properties", "says"),
    [
        ("updateSheetProperties", {"gridProperties": {"frozenRowCount": 20}}, "You can't freeze all visible rows"),
        ("updateSheetProperties", {"gridProperties": {"frozenRowCount": -1}}, "frozenRowCount"),
        ("updateSheetProperties", {"index": 5}, "index"),
        ("updateSheetProperties", {"title": ""}, "title"),
        ("addSheet", {"sheetId": -5}, "sheetId"),
        ("addSheet", {"gridProperties": {"rowCount": 2_000_000_000}}, "above the limit of 10000000 cells"),
        ("addSheet", {"gridProperties": {"columnCount": 18_279, "rowCount": 1}}, "above the limit of 10000000 cells"),
        ("updateSpreadsheetProperties", {"timeZone": "Mars/Base"}, "timeZone"),
    ],
)
def test_properties_that_make_no_sense_are_refused(
    google: Served, sheet: str, kind: str, properties: dict[str, Any], says: str
) -> None:
    before = google.ok("GET", f"/v4/spreadsheets/{sheet}")
    body = {"properties": properties} | ({} if kind == "addSheet" else {"fields": next(iter(properties))})
    code, message = google.refused("POST", f"/v4/spreadsheets/{sheet}:batchUpdate", {"requests": [{kind: body}]})
    assert code == 400
    assert says in message
    assert google.ok("GET", f"/v4/spreadsheets/{sheet}") == before


@pytest.mark.parametrize(
    "request_",
    [
        {"sortRange": {"range": {"startRowIndex": 99, "startColumnIndex": -1, "endColumnIndex": -1}}},
        {"updateCells": {"start": {"columnIndex": -5}, "rows": [{"values": [{"note": "x"}]}], "fields": "note"}},
        {"copyPaste": {"source": {"endRowIndex": 1}, "destination": {"startColumnIndex": -9}}},
        {"cutPaste": {"source": {"endRowIndex": 1}, "destination": {"rowIndex": -3, "columnIndex": -3}}},
    ],
)
def test_places_left_of_the_first_column_are_refused_at_once(
    google: Served, sheet: str, request_: dict[str, Any]
) -> None:
    assert google.refused("POST", f"/v4/spreadsheets/{sheet}:batchUpdate", {"requests": [request_]})[0] == 400


@pytest.mark.parametrize("words", [{"find": "("}, {"find": "(A)", "replacement": "$2"}])
def test_a_wrong_regular_expression_is_refused(google: Served, sheet: str, words: dict[str, str]) -> None:
    request = {"findReplace": {**words, "searchByRegex": True, "allSheets": True}}
    code, message = google.refused("POST", f"/v4/spreadsheets/{sheet}:batchUpdate", {"requests": [request]})
    assert code == 400
    assert "no regular expression" in message
