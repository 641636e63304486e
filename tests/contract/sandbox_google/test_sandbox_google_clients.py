"""Google's own client and gspread work unchanged, with only the endpoint changed."""

from typing import Any

import gspread
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from gspread.http_client import HTTPClient
from sandbox_google_served import Served


@pytest.fixture
def sheets(google: Served) -> Any:
    credentials = Credentials(token="client")
    with build(
        "sheets",
        "v4",
        credentials=credentials,
        static_discovery=True,
        client_options={"api_endpoint": google.url},
    ) as service:
        yield service.spreadsheets()


@pytest.fixture
def spread(google: Served, monkeypatch: pytest.MonkeyPatch) -> gspread.Client:
    names = [n for n in dir(gspread.urls) if n.endswith("_URL")]
    for module in (gspread.urls, gspread.http_client, gspread.client):
        for name in names:
            if hasattr(module, name):
                url = str(getattr(gspread.urls, name))
                for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                    url = url.replace(host, google.url)
                monkeypatch.setattr(module, name, url)
    credentials: google.auth.credentials.Credentials = Credentials(token="gspread")
    return gspread.Client(credentials, http_client=HTTPClient)


def test_google_api_python_client_creates_writes_and_reads(sheets: Any) -> None:
    made = sheets.create(body={"properties": {"title": "Café ☕"}}).execute()
    spreadsheet = made["spreadsheetId"]
    assert made["properties"]["title"] == "Café ☕"
    sheets.values().update(
        spreadsheetId=spreadsheet,
        range="Sheet1!A1",
        valueInputOption="RAW",
        body={"values": [["00501", 1.5, True, "=1+1", "🙂"]]},
    ).execute()
    read = sheets.values().get(spreadsheetId=spreadsheet, range="Sheet1!A1:Z9", valueRenderOption="UNFORMATTED_VALUE")
    assert read.execute()["values"] == [["00501", 1.5, True, "=1+1", "🙂"]]


def test_google_api_python_client_sees_googles_errors(sheets: Any) -> None:
    with pytest.raises(HttpError) as refused:
        sheets.get(spreadsheetId="none").execute()
    assert refused.value.status_code == 404
    assert refused.value.reason == "Requested entity was not found."


def test_google_api_python_client_sends_a_batch_and_gets_the_asked_ranges(sheets: Any) -> None:
    spreadsheet = sheets.create(body={}).execute()["spreadsheetId"]
    answer = sheets.batchUpdate(
        spreadsheetId=spreadsheet,
        body={
            "requests": [
                {
                    "updateCells": {
                        "start": {"sheetId": 0, "rowIndex": 0, "columnIndex": 0},
                        "rows": [{"values": [{"userEnteredValue": {"numberValue": 3}}]}],
                        "fields": "userEnteredValue",
                    }
                }
            ],
            "includeSpreadsheetInResponse": True,
            "responseIncludeGridData": True,
            "responseRanges": ["Sheet1!A1:A1"],
        },
    ).execute()
    (data,) = answer["updatedSpreadsheet"]["sheets"][0]["data"]
    assert data["rowData"][0]["values"][0]["effectiveValue"] == {"numberValue": 3}


def test_gspread_creates_opens_by_title_copies_and_deletes(spread: gspread.Client) -> None:
    made = spread.create("By title")
    assert spread.open("By title").id == made.id
    made.sheet1.update([["a", "b"], [1, 2]], "A1")
    copy = spread.copy(made.id, "A copy")
    assert copy.sheet1.get_all_values() == [["a", "b"], ["1", "2"]]
    spread.del_spreadsheet(made.id)
    assert [f["name"] for f in spread.list_spreadsheet_files()] == ["A copy"]


def test_gspread_does_the_everyday_things_of_a_worksheet(spread: gspread.Client) -> None:
    sheet = spread.create("Everyday").sheet1
    sheet.update([["name", "age"], ["Ann", 41], ["Bob", 38]], "A1")
    sheet.append_row(["Cy", 52])
    assert sheet.get_all_records() == [
        {"name": "Ann", "age": 41},
        {"name": "Bob", "age": 38},
        {"name": "Cy", "age": 52},
    ]
    found = sheet.find("Bob")
    assert found is not None and (found.row, found.col) == (3, 1)
    sheet.delete_rows(2)
    sheet.insert_row(["Di", 7], 2)
    sheet.sort((2, "des"))
    assert sheet.col_values(1) == ["name", "Cy", "Bob", "Di"]
    sheet.insert_note("A1", "who")
    assert sheet.get_note("A1") == "who"
    sheet.format("A1:B1", {"textFormat": {"bold": True}})
    sheet.batch_clear(["A2:B2"])
    assert sheet.row_values(2) == []


def test_gspread_manages_worksheets_and_named_ranges(spread: gspread.Client) -> None:
    book = spread.create("Tabs")
    second = book.add_worksheet("Second", rows=10, cols=4)
    second.update_title("Renamed")
    second.resize(rows=12)
    second.hide()
    assert [(w.title, w.row_count) for w in book.worksheets()][1] == ("Renamed", 12)
    book.sheet1.define_named_range("A1:B2", "corner")
    book.sheet1.update([["x"]], "A1")
    assert book.values_get("corner")["values"] == [["x"]]
    second.duplicate(new_sheet_name="Twice")
    book.del_worksheet(second)
    assert {w.title for w in book.worksheets()} == {"Sheet1", "Twice"}
