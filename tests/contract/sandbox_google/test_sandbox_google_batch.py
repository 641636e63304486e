"""Each request kind of spreadsheets.batchUpdate does what Google documents."""

from typing import Any

import pytest
import requests
from sandbox_google_served import Served

VALUE = "userEnteredValue"


def grid(r1: int, r2: int, c1: int, c2: int, sheet: int = 0) -> dict[str, int]:
    return {"sheetId": sheet, "startRowIndex": r1, "endRowIndex": r2, "startColumnIndex": c1, "endColumnIndex": c2}


def span(dimension: str, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}


def cells(row: int, column: int, *values: dict[str, Any], fields: str = VALUE) -> dict[str, Any]:
    start = {"sheetId": 0, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": list(values)}], "fields": fields}}


def typed(**value: Any) -> dict[str, Any]:
    return {VALUE: value}


@pytest.fixture
def sheet(google: Served) -> str:
    spreadsheet = google.new()
    google.put(spreadsheet, "A1", [["id", "name", "n"], ["r1", "Ann", 3], ["r2", "Bob", 1], ["r3", "Cy", 2]])
    return spreadsheet


def test_a_batch_is_all_or_nothing(google: Served, sheet: str) -> None:
    before = google.state(sheet)["tabs"]
    requests = [cells(1, 0, typed(stringValue="changed")), {"deleteDimension": {"range": span("ROWS", 1, 3)}}]
    bad = {"requests": [*requests, {"addSheet": {"properties": {"title": "New"}}}, {"deleteSheet": {"sheetId": 5}}]}
    code, message = google.refused("POST", f"/v4/spreadsheets/{sheet}:batchUpdate", bad)
    assert (code, message) == (400, "Invalid requests[3].deleteSheet: No grid with id: 5")
    assert google.state(sheet)["tabs"] == before


def test_the_swap_write_shows_what_was_there_just_before(google: Served, sheet: str) -> None:
    google.batch(sheet, {"addSheet": {"properties": {"sheetId": 7, "title": "_twinsheet", "hidden": True}}})
    google.person(sheet, "edit", tab="Orders", range="B2", values=[["typed meanwhile"]])
    answer = google.batch(
        sheet,
        {"copyPaste": {"source": grid(1, 2, 1, 3), "destination": grid(100, 101, 0, 2, 7)}},
        cells(1, 1, typed(stringValue="007"), typed(numberValue=9)),
        includeSpreadsheetInResponse=True,
        responseIncludeGridData=True,
        responseRanges=["_twinsheet!A101:B101", "Orders!A2:A2"],
    )
    orders, scratch = answer["updatedSpreadsheet"]["sheets"]
    (row,) = scratch["data"][0]["rowData"]
    assert [c["effectiveValue"] for c in row["values"]] == [{"stringValue": "typed meanwhile"}, {"numberValue": 3}]
    assert orders["data"][0]["rowData"][0]["values"][0]["effectiveValue"] == {"stringValue": "r1"}
    assert google.values(sheet, "Orders!A2:C2") == [["r1", "007", 9]]


def test_typed_values_stay_what_they_are(google: Served, sheet: str) -> None:
    values = [
        typed(stringValue="=1+1"),
        typed(stringValue="00501"),
        typed(numberValue=0.1),
        typed(boolValue=False),
        typed(formulaValue="=SUM(C2:C4)"),
    ]
    google.batch(sheet, cells(9, 0, *values))
    assert google.values(sheet, "A10:E10") == [["=1+1", "00501", 0.1, False, 6]]
    assert google.state(sheet)["tabs"]["Orders"]["formulas"] == {"E10": "=SUM(C2:C4)"}


def test_true_takes_the_place_of_one_also_in_what_formulas_make_of_it(google: Served, sheet: str) -> None:
    google.batch(sheet, cells(3, 2, typed(numberValue=1), typed(numberValue=0), typed(formulaValue="=C4&D4")))
    google.batch(sheet, cells(3, 2, typed(boolValue=True), typed(boolValue=False)))
    assert google.values(sheet, "C4:E4") == [[True, False, "TRUEFALSE"]]
    google.batch(sheet, cells(3, 2, typed(numberValue=1)))
    (line,) = google.values(sheet, "C4:E4")
    assert (line, type(line[0])) == ([1, False, "1FALSE"], int)


def test_an_update_clears_the_masked_fields_that_it_does_not_give(google: Served, sheet: str) -> None:
    google.batch(sheet, cells(1, 1, {"note": "hello", **typed(stringValue="x")}, fields="note,userEnteredValue"))
    google.batch(sheet, cells(1, 1, {}, fields="note"))
    tab = google.state(sheet)["tabs"]["Orders"]
    assert (tab["notes"], tab["values"][1][1]) == ({}, "x")
    google.batch(sheet, {"updateCells": {"range": grid(1, 3, 0, 3), "fields": VALUE}})
    assert google.values(sheet) == [["id", "name", "n"], [], [], ["r3", "Cy", 2]]


def test_an_update_without_or_with_a_wrong_mask_is_refused(google: Served, sheet: str) -> None:
    path = f"/v4/spreadsheets/{sheet}:batchUpdate"
    for fields, says in (
        ("", "At least one field"),
        ("colour", "Invalid field: colour"),
        ("userEnteredFormat.textFormat.bald", "Invalid field: userEnteredFormat.textFormat.bald"),
        ("effectiveValue", "read-only"),
    ):
        assert says in google.refused("POST", path, {"requests": [cells(0, 0, {}, fields=fields)]})[1]


def test_copy_paste_shifts_formulas_and_repeats_into_a_larger_target(google: Served, sheet: str) -> None:
    google.batch(sheet, cells(1, 3, typed(formulaValue="=C2*$C$2")))
    google.batch(sheet, {"copyPaste": {"source": grid(1, 2, 3, 4), "destination": grid(2, 4, 3, 4)}})
    formulas = google.state(sheet)["tabs"]["Orders"]["formulas"]
    assert formulas == {"D2": "=C2*$C$2", "D3": "=C3*$C$2", "D4": "=C4*$C$2"}
    assert google.values(sheet, "D2:D4") == [[9], [3], [6]]
    values_only = {"source": grid(3, 4, 3, 4), "destination": grid(4, 5, 3, 4), "pasteType": "PASTE_VALUES"}
    google.batch(sheet, {"copyPaste": values_only})
    assert google.values(sheet, "D5", "FORMULA") == [[6]]


def test_cut_paste_moves_and_keeps_the_formula(google: Served, sheet: str) -> None:
    google.batch(sheet, cells(1, 3, typed(formulaValue="=C2")))
    to = {"sheetId": 0, "rowIndex": 8, "columnIndex": 4}
    google.batch(sheet, {"cutPaste": {"source": grid(1, 2, 3, 4), "destination": to, "pasteType": "PASTE_NORMAL"}})
    assert google.state(sheet)["tabs"]["Orders"]["formulas"] == {"E9": "=C2"}


def test_inserted_rows_take_the_format_of_the_row_before(google: Served, sheet: str) -> None:
    text = {"userEnteredFormat": {"numberFormat": {"type": "TEXT"}}}
    repeat = {"range": grid(1, 4, 0, 1), "cell": text, "fields": "userEnteredFormat.numberFormat"}
    insert = {"range": span("ROWS", 2, 4), "inheritFromBefore": True}
    google.batch(sheet, {"repeatCell": repeat}, {"insertDimension": insert})
    google.person(sheet, "edit", tab="Orders", range="A3", values=[["00501"]])
    assert google.values(sheet, "A2:A5") == [["r1"], ["00501"], [], ["r2"]]


def test_rows_are_moved_as_counted_before_the_move(google: Served, sheet: str) -> None:
    google.batch(sheet, {"moveDimension": {"source": span("ROWS", 1, 2), "destinationIndex": 4}})
    assert [line[0] for line in google.values(sheet)] == ["id", "r2", "r3", "r1"]


def test_column_metadata_moves_with_its_column_and_dies_with_it(google: Served, sheet: str) -> None:
    entry = {"metadataKey": "k", "metadataValue": "name", "visibility": "DOCUMENT"}
    location = {"dimensionRange": span("COLUMNS", 1, 2)}
    google.batch(sheet, {"createDeveloperMetadata": {"developerMetadata": {**entry, "location": location}}})
    google.batch(sheet, {"insertDimension": {"range": span("COLUMNS", 0, 1)}})
    google.batch(sheet, {"moveDimension": {"source": span("COLUMNS", 2, 3), "destinationIndex": 1}})
    search = {"dataFilters": [{"developerMetadataLookup": {"metadataKey": "k"}}]}
    path = f"/v4/spreadsheets/{sheet}/developerMetadata:search"
    (match,) = google.ok("POST", path, search)["matchedDeveloperMetadata"]
    assert match["developerMetadata"]["location"]["dimensionRange"] == span("COLUMNS", 1, 2)
    assert google.values(sheet, "B1") == [["name"]]
    google.batch(sheet, {"deleteDimension": {"range": span("COLUMNS", 1, 2)}})
    assert google.ok("POST", path, search) == {}


def test_an_id_that_a_caller_chose_is_never_given_to_another(google: Served, sheet: str) -> None:
    entry = {"metadataKey": "k", "visibility": "DOCUMENT", "location": {"sheetId": 0}}
    area = {"range": {"sheetId": 0, "endRowIndex": 1}}
    for kind, name, id_name, body in (
        ("createDeveloperMetadata", "developerMetadata", "metadataId", entry),
        ("addProtectedRange", "protectedRange", "protectedRangeId", area),
    ):
        first = google.batch(sheet, {kind: {name: body}})["replies"][0][kind][name][id_name]
        google.batch(sheet, {kind: {name: {**body, id_name: first + 1}}})
        third = google.batch(sheet, {kind: {name: body}})["replies"][0][kind][name][id_name]
        assert third not in (first, first + 1)


def test_metadata_is_updated_and_deleted_by_filter(google: Served, sheet: str) -> None:
    entry = {"metadataKey": "k", "metadataValue": "1", "visibility": "PROJECT", "location": {"spreadsheet": True}}
    by_key = {"developerMetadataLookup": {"metadataKey": "k", "locationType": "SPREADSHEET"}}
    change = {"dataFilters": [by_key], "developerMetadata": {"metadataValue": "2"}, "fields": "metadataValue"}
    google.batch(sheet, {"createDeveloperMetadata": {"developerMetadata": entry}})
    answer = google.batch(
        sheet, {"updateDeveloperMetadata": change}, {"deleteDeveloperMetadata": {"dataFilter": by_key}}
    )
    updated, deleted = answer["replies"]
    assert updated["updateDeveloperMetadata"]["developerMetadata"][0]["metadataValue"] == "2"
    assert len(deleted["deleteDeveloperMetadata"]["deletedDeveloperMetadata"]) == 1
    assert "developerMetadata" not in google.ok("GET", f"/v4/spreadsheets/{sheet}")


def test_formulas_follow_inserted_deleted_and_renamed(google: Served, sheet: str) -> None:
    google.batch(sheet, cells(9, 0, typed(formulaValue="=SUM(Orders!C2:C4)"), typed(formulaValue="=C3")))
    google.batch(sheet, {"insertDimension": {"range": span("ROWS", 2, 3)}})
    google.batch(sheet, {"deleteDimension": {"range": span("ROWS", 3, 4)}})
    rename = {"properties": {"sheetId": 0, "title": "All orders"}, "fields": "title"}
    google.batch(sheet, {"updateSheetProperties": rename})
    tab = google.state(sheet)["tabs"]["All orders"]
    assert tab["formulas"] == {"A10": "=SUM('All orders'!C2:C4)", "B10": "=#REF!"}
    assert tab["values"][9] == [5, "#REF!"]


def test_a_range_is_sorted_numbers_before_texts_and_blanks_last(google: Served, sheet: str) -> None:
    google.put(
        sheet, "A2:C6", [["r1", "Ann", 3], ["r2", "Bob", "x"], ["r3", "Cy", ""], ["r4", "Di", 1], ["r5", "Ed", True]]
    )
    sort = {"range": grid(1, 6, 0, 3), "sortSpecs": [{"dimensionIndex": 2, "sortOrder": "ASCENDING"}]}
    google.batch(sheet, {"sortRange": sort})
    assert [line[0] for line in google.values(sheet)] == ["id", "r4", "r1", "r2", "r5", "r3"]
    sort["sortSpecs"][0]["sortOrder"] = "DESCENDING"  # type: ignore[index]
    google.batch(sheet, {"sortRange": sort})
    assert google.values(sheet, "A6") == [["r3"]]


def test_find_and_replace_counts_what_it_did(google: Served, sheet: str) -> None:
    answer = google.batch(
        sheet, {"findReplace": {"find": "B", "replacement": "R", "matchCase": True, "allSheets": True}}
    )
    assert answer["replies"][0]["findReplace"] == {
        "valuesChanged": 1,
        "occurrencesChanged": 1,
        "rowsChanged": 1,
        "sheetsChanged": 1,
    }
    regex = {"find": "^(A)n+$", "replacement": "$1x", "searchByRegex": True, "sheetId": 0}
    google.batch(sheet, {"findReplace": regex})
    assert google.values(sheet, "B2:B3") == [["Ax"], ["Rob"]]


def test_ranges_of_cells_are_inserted_and_deleted(google: Served, sheet: str) -> None:
    google.batch(sheet, {"insertRange": {"range": grid(1, 2, 0, 1), "shiftDimension": "ROWS"}})
    assert google.values(sheet, "A1:B3") == [["id", "name"], ["", "Ann"], ["r1", "Bob"]]
    google.batch(sheet, {"deleteRange": {"range": grid(1, 2, 0, 1), "shiftDimension": "COLUMNS"}})
    assert google.values(sheet, "A2:C2") == [["Ann", 3]]


def test_cells_are_appended_after_the_last_row_and_the_grid_grows(google: Served, sheet: str) -> None:
    rows = [{"values": [typed(stringValue=f"r{i}")]} for i in range(4, 30)]
    google.batch(sheet, {"appendCells": {"sheetId": 0, "rows": rows, "fields": VALUE}})
    assert [len(google.values(sheet)), google.state(sheet)["tabs"]["Orders"]["rows"]] == [30, 30]
    google.batch(sheet, {"appendDimension": {"sheetId": 0, "dimension": "COLUMNS", "length": 2}})
    assert google.state(sheet)["tabs"]["Orders"]["columns"] == 10


def test_columns_are_hidden_and_shown(google: Served, sheet: str) -> None:
    for hidden, letters in ((True, ["B"]), (False, [])):
        body = {"range": span("COLUMNS", 1, 2), "properties": {"hiddenByUser": hidden}, "fields": "hiddenByUser"}
        google.batch(sheet, {"updateDimensionProperties": body})
        assert google.state(sheet)["tabs"]["Orders"]["hidden_columns"] == letters


def test_tabs_are_added_duplicated_resized_and_deleted(google: Served, sheet: str) -> None:
    added = google.batch(sheet, {"addSheet": {"properties": {"title": "New", "gridProperties": {"rowCount": 5}}}})
    number = added["replies"][0]["addSheet"]["properties"]["sheetId"]
    google.batch(sheet, {"duplicateSheet": {"sourceSheetId": 0, "newSheetName": "Copy", "insertSheetIndex": 2}})
    size = {"sheetId": number, "gridProperties": {"rowCount": 9, "frozenRowCount": 1}}
    fields = "gridProperties(rowCount,frozenRowCount)"
    google.batch(sheet, {"updateSheetProperties": {"properties": size, "fields": fields}})
    tabs = google.state(sheet)["tabs"]
    assert list(tabs) == ["Orders", "New", "Copy"]
    assert tabs["Copy"]["values"] == tabs["Orders"]["values"]
    assert (tabs["New"]["rows"], tabs["New"]["columns"]) == (9, 26)
    google.batch(sheet, {"deleteSheet": {"sheetId": number}})
    assert list(google.state(sheet)["tabs"]) == ["Orders", "Copy"]
    path = f"/v4/spreadsheets/{sheet}:batchUpdate"
    again = {"requests": [{"addSheet": {"properties": {"title": "Copy"}}}]}
    assert 'A sheet with the name "Copy" already exists' in google.refused("POST", path, again)[1]


def test_protected_named_filtered_and_validated_ranges_are_kept_and_shown(google: Served, sheet: str) -> None:
    rule = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "new"}]}, "strict": True}
    red = {"backgroundColor": {"red": 1}}
    blank = {"condition": {"type": "NOT_BLANK"}, "format": red}
    answer = google.batch(
        sheet,
        {"addProtectedRange": {"protectedRange": {"range": grid(0, 20, 0, 1), "warningOnly": True}}},
        {"addNamedRange": {"namedRange": {"name": "names", "range": grid(1, 4, 1, 2)}}},
        {"setDataValidation": {"range": grid(1, 2, 1, 2), "rule": rule}},
        {"addConditionalFormatRule": {"rule": {"ranges": [grid(0, 2, 0, 2)], "booleanRule": blank}, "index": 0}},
        {"setBasicFilter": {"filter": {"range": grid(0, 4, 0, 3)}}},
        {"mergeCells": {"range": grid(9, 11, 0, 2), "mergeType": "MERGE_ALL"}},
        {"insertDimension": {"range": span("ROWS", 1, 2)}},
    )
    protected = answer["replies"][0]["addProtectedRange"]["protectedRange"]["protectedRangeId"]
    shown = google.ok("GET", f"/v4/spreadsheets/{sheet}", includeGridData=True)
    (tab,) = shown["sheets"]
    assert tab["protectedRanges"][0]["range"]["endRowIndex"] == 21
    assert shown["namedRanges"][0]["range"]["startRowIndex"] == 2
    assert tab["data"][0]["rowData"][2]["values"][1]["dataValidation"] == rule
    assert tab["conditionalFormats"][0]["ranges"] == [grid(0, 3, 0, 2)]
    assert tab["basicFilter"]["range"] == grid(0, 5, 0, 3)
    assert tab["merges"] == [grid(10, 12, 0, 2)]
    change = {"protectedRangeId": protected, "description": "ids"}
    google.batch(
        sheet,
        {"updateProtectedRange": {"protectedRange": change, "fields": "description"}},
        {"deleteProtectedRange": {"protectedRangeId": protected}},
        {"deleteNamedRange": {"namedRangeId": shown["namedRanges"][0]["namedRangeId"]}},
        {"deleteConditionalFormatRule": {"sheetId": 0, "index": 0}},
        {"clearBasicFilter": {"sheetId": 0}},
        {"unmergeCells": {"range": grid(10, 12, 0, 2)}},
    )
    (tab,) = google.ok("GET", f"/v4/spreadsheets/{sheet}")["sheets"]
    assert set(tab) == {"properties"}


def test_an_answer_follows_the_formats_that_were_set(google: Served, sheet: str) -> None:
    number = {"userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "dd.mm.yyyy"}}}
    google.batch(sheet, {"repeatCell": {"range": grid(1, 2, 2, 3), "cell": number, "fields": "userEnteredFormat"}})
    line = {"style": "SOLID"}
    google.batch(sheet, {"updateBorders": {"range": grid(1, 2, 2, 3), "top": line}})
    assert google.values(sheet, "C2", "FORMATTED_VALUE") == [["02.01.1900"]]
    shown = google.ok("GET", f"/v4/spreadsheets/{sheet}", includeGridData=True, ranges="C2")
    look = shown["sheets"][0]["data"][0]["rowData"][0]["values"][0]["userEnteredFormat"]
    assert look == number["userEnteredFormat"] | {"borders": {"top": line}}


def test_white_space_and_repeated_rows_are_tidied_away(google: Served, sheet: str) -> None:
    google.put(sheet, "A5", [["r4", "  Ann  Lee ", 3], ["r5", "BOB", 1], ["r6", "Ann", "3"]])
    both = {"comparisonColumns": [span("COLUMNS", 1, 3)], "range": grid(1, 7, 0, 3)}
    trim = {"trimWhitespace": {"range": grid(4, 5, 1, 2)}}
    wide = {"autoResizeDimensions": {"dimensions": span("COLUMNS", 1, 2)}}
    answer = google.batch(sheet, trim, {"deleteDuplicates": both}, wide)
    assert answer["replies"][0]["trimWhitespace"] == {"cellsChangedCount": 1}
    assert answer["replies"][1]["deleteDuplicates"] == {"duplicatesRemovedCount": 1}
    names = [line[1] for line in google.values(sheet)]
    assert names == ["name", "Ann", "Bob", "Cy", "Ann Lee", "Ann"]


def test_a_long_query_may_come_as_a_form(google: Served, sheet: str) -> None:
    answer = requests.post(
        f"{google.url}/v4/spreadsheets/{sheet}/values:batchGet",
        data={"ranges": ["A1", "B1:C1"], "majorDimension": "ROWS"},
        headers={"X-HTTP-Method-Override": "GET", "Authorization": "Bearer tester"},
        timeout=10,
    )
    assert [r["values"] for r in answer.json()["valueRanges"]] == [[["id"]], [["name", "n"]]]
