"""Every method of the discovery document is served, answers its schema, and refuses as Google does."""

import pytest
import requests
from sandbox_google_served import Served

from sandbox.google.rest.discovery import methods
from sandbox.google.rest.service import METHODS

COLUMN_B = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 1, "endIndex": 2}
LOOKUP = {"developerMetadataLookup": {"metadataKey": "twinsheet.orders"}}


def test_every_method_of_the_discovery_document_is_served() -> None:
    assert set(METHODS) == {m.id for m in methods()}


def test_each_method_answers_as_its_schema_says(google: Served) -> None:
    spreadsheet, other = google.new(), google.new("Other")
    base, values = f"/v4/spreadsheets/{spreadsheet}", f"/v4/spreadsheets/{spreadsheet}/values"
    entry = {"metadataKey": "twinsheet.orders", "visibility": "DOCUMENT", "location": {"dimensionRange": COLUMN_B}}
    made = google.batch(spreadsheet, {"createDeveloperMetadata": {"developerMetadata": entry}})
    number = made["replies"][0]["createDeveloperMetadata"]["developerMetadata"]["metadataId"]
    google.put(spreadsheet, "Orders!A1", [["a", "b"], [1, 2]])
    filters = {"dataFilters": [LOOKUP]}
    google.ok("GET", base, includeGridData=True)
    google.ok("POST", f"{base}:getByDataFilter", filters | {"includeGridData": True})
    google.ok("GET", f"{base}/developerMetadata/{number}")
    assert google.ok("POST", f"{base}/developerMetadata:search", filters)["matchedDeveloperMetadata"]
    google.ok("POST", f"{base}/sheets/0:copyTo", {"destinationSpreadsheetId": other})
    google.ok("GET", f"{values}/Orders!A1:B2")
    google.ok("GET", f"{values}:batchGet", ranges=["A1", "Orders!B:B"])
    found = google.ok("POST", f"{values}:batchGetByDataFilter", filters)
    assert found["valueRanges"][0]["valueRange"]["values"] == [["b"], ["2"]]
    google.ok("POST", f"{values}/A1:append", {"values": [[5]]}, valueInputOption="RAW")
    body = {"valueInputOption": "RAW", "data": [{"range": "D1", "values": [["d"]]}], "includeValuesInResponse": True}
    google.ok("POST", f"{values}:batchUpdate", body)
    body = {"valueInputOption": "RAW", "data": [{"dataFilter": LOOKUP, "values": [["B"]], "majorDimension": "ROWS"}]}
    google.ok("POST", f"{values}:batchUpdateByDataFilter", body)
    assert google.values(spreadsheet, "B1") == [["B"]]
    google.ok("POST", f"{values}/A1:clear")
    google.ok("POST", f"{values}:batchClear", {"ranges": ["D1"]})
    google.ok("POST", f"{values}:batchClearByDataFilter", filters)
    assert google.values(spreadsheet) == [[], [1], [5]]
    assert set(google.checked) == set(METHODS)


@pytest.mark.parametrize(
    ("call", "body", "status", "says"),
    [
        ("GET /v4/spreadsheets/none", None, 404, "Requested entity was not found."),
        ("GET /v4/nothing", None, 404, "was not found on this server"),
        ("GET {}/values/Nowhere!A1", None, 400, "Unable to parse range: Nowhere!A1"),
        ("GET {}/values/Orders!A21", None, 400, "exceeds grid limits. Max rows: 20, max columns: 8"),
        ("GET {}?colour=red", None, 400, 'Unknown name "colour"'),
        ("GET {}?fields=sheets(", None, 400, "invalid field selection"),
        ("GET {}/developerMetadata/77", None, 404, "Requested entity was not found."),
        ("PUT {}/values/A1", {"values": [[1]]}, 400, "'valueInputOption' is required"),
        ("PUT {}/values/A1:B1?valueInputOption=RAW", {"values": [[1], [2]]}, 400, "tried writing to row [2]"),
        ("PUT {}/values/A1:A2?valueInputOption=RAW", {"values": [[1, 2]]}, 400, "tried writing to column [B]"),
        ("PUT {}/values/A1?valueInputOption=MAGIC", {"values": [[1]]}, 400, "Invalid value at 'valueInputOption'"),
        ("PUT {}/values/A1?valueInputOption=RAW", {"values": [[{"x": 1}]]}, 400, "struct_value"),
        ("PUT {}/values/H20?valueInputOption=RAW", {"values": [[1, 2]]}, 400, "exceeds grid limits"),
        ("POST {}:batchUpdate", {"requests": []}, 400, "Must specify at least one request."),
        ("POST {}:batchUpdate", {"requests": [{"fly": {}}]}, 400, "Unknown name \"fly\" at 'requests[0]'"),
        ("POST {}:batchUpdate", {"requests": [{"addChart": {}}]}, 400, "the request kind addChart"),
        ("POST {}:batchUpdate", {"requests": [{"deleteSheet": {"sheetId": 9}}]}, 400, "No grid with id: 9"),
        ("POST {}:batchUpdate", {"requests": [{"deleteSheet": {"sheetId": "x"}}]}, 400, "Invalid value at"),
        ("PUT {}/values/A1?valueInputOption=RAW", {"values": [[10**400]]}, 400, "is out of range"),
    ],
)
def test_a_wrong_call_is_refused_in_googles_words(
    google: Served, call: str, body: object, status: int, says: str
) -> None:
    spreadsheet = google.new()
    method, _, path = call.partition(" ")
    code, message = google.refused(method, path.replace("{}", f"/v4/spreadsheets/{spreadsheet}"), body)
    assert code == status
    assert says in message
    assert google.values(spreadsheet) == []


def test_a_body_that_is_not_json_is_a_bad_request(google: Served) -> None:
    answer = requests.post(f"{google.url}/v4/spreadsheets", data=b"{", timeout=10)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("value", ["1e999", "[" * 100_000])
def test_a_number_or_a_nesting_beyond_all_bounds_is_a_bad_request(google: Served, value: str) -> None:
    spreadsheet = google.new()
    url = f"{google.url}/v4/spreadsheets/{spreadsheet}/values/A1?valueInputOption=RAW"
    answer = requests.put(url, data=f'{{"values": [[{value}]]}}', timeout=10)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert google.values(spreadsheet) == []


def test_a_mask_that_names_no_field_of_the_answer_is_refused(google: Served) -> None:
    path = f"/v4/spreadsheets/{google.new()}"
    for mask, unknown in (("sheetz", "sheetz"), ("sheets(properties(titel))", "sheets.properties.titel")):
        error = google.call("GET", path, fields=mask).json()["error"]
        assert (error["code"], error["message"]) == (400, "Request contains an invalid argument.")
        said = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{unknown}'."
        assert error["details"][0]["fieldViolations"] == [{"field": unknown, "description": said}]


def test_an_append_of_nothing_names_the_cell_where_it_would_begin(google: Served) -> None:
    spreadsheet = google.new()
    google.put(spreadsheet, "A1", [["id"]])
    path = f"/v4/spreadsheets/{spreadsheet}/values/A1:append"
    for values in ([], [[]]):
        answer = google.ok("POST", path, {"values": values}, valueInputOption="RAW")
        assert answer["updates"]["updatedRange"] == "Orders!A2"


def test_a_429_on_purpose_names_the_limit_of_its_own_kind(google: Served) -> None:
    spreadsheet = google.new()
    quotas = {"reads_per_minute": 60, "writes_per_minute": 7}
    google.ok("POST", "/faults", {"quotas": quotas, "error_rates": {"429": 1}})
    path = f"/v4/spreadsheets/{spreadsheet}/values/A1"
    error = google.call("PUT", path, {"values": [[1]]}, valueInputOption="RAW").json()["error"]
    assert error["details"][0]["metadata"]["quota_limit_value"] == "35"
    error = google.call("GET", path).json()["error"]
    assert error["details"][0]["metadata"]["quota_limit_value"] == "300"


def test_a_user_without_access_gets_403(google: Served) -> None:
    answer = google.call("GET", f"/v4/spreadsheets/{google.new()}", user="denied")
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": 403,
        "message": "The caller does not have permission",
        "status": "PERMISSION_DENIED",
    }


def test_the_61st_read_of_a_minute_is_refused_for_that_user_only(google: Served) -> None:
    path = f"/v4/spreadsheets/{google.new()}/values/A1"
    assert {google.call("GET", path, user="busy").status_code for _ in range(60)} == {200}
    refused = google.call("GET", path, user="busy")
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert "Retry-After" not in refused.headers
    assert google.call("GET", path, user="calm").status_code == 200


def test_a_call_that_the_quota_refused_counts_in_calls_only(google: Served) -> None:
    spreadsheet = google.new()
    google.ok("POST", "/faults", {"quotas": {"writes_per_minute": 1}})
    google.put(spreadsheet, "A1", [[1]])
    assert (
        google.refused("PUT", f"/v4/spreadsheets/{spreadsheet}/values/A1?valueInputOption=RAW", {"values": [[2]]})[0]
        == 429
    )
    state = google.state(spreadsheet)
    assert state["calls"]["spreadsheets.values.update"] == 2
    assert state["writes"] == 2  # create and the first update
    assert google.values(spreadsheet) == [[1]]


def test_a_field_mask_picks_what_is_answered(google: Served) -> None:
    spreadsheet = google.new()
    google.put(spreadsheet, "A1", [["x"]])
    mask = "data(rowData.values(userEnteredValue),columnMetadata(developerMetadata))"
    mask = f"spreadsheetId,sheets(properties/title,{mask})"
    answer = google.ok("GET", f"/v4/spreadsheets/{spreadsheet}", fields=mask, ranges="Orders!A1:B1")
    data = {"rowData": [{"values": [{"userEnteredValue": {"stringValue": "x"}}]}], "columnMetadata": [{}, {}]}
    assert answer == {"spreadsheetId": spreadsheet, "sheets": [{"properties": {"title": "Orders"}, "data": [data]}]}


def test_without_a_mask_cells_come_only_when_asked_for(google: Served) -> None:
    spreadsheet = google.new()
    assert "data" not in google.ok("GET", f"/v4/spreadsheets/{spreadsheet}")["sheets"][0]
    assert "data" in google.ok("GET", f"/v4/spreadsheets/{spreadsheet}", includeGridData=True)["sheets"][0]


def test_values_are_read_as_google_renders_them(google: Served) -> None:
    spreadsheet = google.new()
    typed = ["12%", "2024-01-02", "=1/0", "TRUE", "'007", "=A1*2"]
    google.put(spreadsheet, "A1", [typed, [], ["", "b", ""]], option="USER_ENTERED")
    assert google.values(spreadsheet) == [[0.12, 45293, "#DIV/0!", True, "007", 0.24], [], ["", "b"]]
    shown = ["12%", "2024-01-02", "#DIV/0!", "TRUE", "007", "0.24"]
    assert google.values(spreadsheet, "A1:F1", "FORMATTED_VALUE") == [shown]
    assert google.values(spreadsheet, "A1:F1", "FORMULA") == [[0.12, 45293, "=1/0", True, "007", "=A1*2"]]
    path = f"/v4/spreadsheets/{spreadsheet}/values/B1"
    asked = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "FORMATTED_STRING"}
    assert google.ok("GET", path, **asked)["values"] == [["2024-01-02"]]
    assert google.ok("GET", f"/v4/spreadsheets/{spreadsheet}/values/A1:B3", majorDimension="COLUMNS")["values"] == [
        ["12%"],
        ["2024-01-02", "", "b"],
    ]
    assert "values" not in google.ok("GET", f"/v4/spreadsheets/{spreadsheet}/values/H1:H9")


def test_raw_values_are_never_parsed(google: Served) -> None:
    spreadsheet = google.new()
    raw = ["00501", "=1+1", "12345678901234567890", "TRUE", "2024-01-02", "'x", " y ", "🙂"]
    google.put(spreadsheet, "A1", [raw])
    assert google.values(spreadsheet) == [raw]
    assert google.state(spreadsheet)["tabs"]["Orders"]["formulas"] == {}


def test_null_leaves_a_cell_alone_and_an_empty_text_empties_it(google: Served) -> None:
    spreadsheet = google.new()
    google.put(spreadsheet, "A1", [["a", "b", "c"]])
    google.put(spreadsheet, "A1", [[None, "", "C"]])
    assert google.values(spreadsheet) == [["a", "", "C"]]


def test_append_goes_below_the_table_and_the_grid_grows(google: Served) -> None:
    spreadsheet = google.new(rows=3)
    google.put(spreadsheet, "B1", [["h", "i"], [1, 2]])
    path = f"/v4/spreadsheets/{spreadsheet}/values/Orders:append"
    answer = google.ok("POST", path, {"values": [[3, 4], [5, 6]]}, valueInputOption="RAW")
    assert (answer["tableRange"], answer["updates"]["updatedRange"]) == ("Orders!B1:C2", "Orders!B3:C4")
    assert google.values(spreadsheet)[2:] == [["", 3, 4], ["", 5, 6]]
    assert google.state(spreadsheet)["tabs"]["Orders"]["rows"] == 4


def test_a_formula_has_50_000_characters_and_no_more(google: Served) -> None:
    path = f"/v4/spreadsheets/{google.new()}/values/A1"
    long = {"values": [[f"=SUM({'1,' * 25_000}1)"]]}
    code, message = google.refused("PUT", path, long, valueInputOption="USER_ENTERED")
    assert (code, "50000 characters" in message) == (400, True)


def test_a_cell_holds_50_000_characters_and_no_more(google: Served) -> None:
    spreadsheet = google.new()
    google.put(spreadsheet, "A1", [["x" * 50_000]])
    path = f"/v4/spreadsheets/{spreadsheet}/values/A1"
    code, message = google.refused("PUT", path, {"values": [["x" * 50_001]]}, valueInputOption="RAW")
    assert (code, "50000 characters" in message) == (400, True)


def test_a_defect_of_the_sandbox_looks_like_one_of_google(google: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_context: object) -> dict[str, object]:
        raise RuntimeError("a defect")

    monkeypatch.setitem(METHODS, "sheets.spreadsheets.get", broken)
    spreadsheet = google.new()
    assert google.refused("GET", f"/v4/spreadsheets/{spreadsheet}") == (500, "Internal error encountered.")
