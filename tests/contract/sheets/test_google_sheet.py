"""What only a real spreadsheet can do to Google's adapter, against the sandbox over HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from adapters.sheets_cells import encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_json import cells_in
from adapters.sheets_look import look_at_tab
from adapters.sheets_prepare import prepare_tab
from adapters.sheets_tab import GoogleSheet
from adapters.sheets_trial import try_swap_write
from adapters.sheets_whole import ANEW_MAX, read_whole
from core.errors import QuotaExhausted, ReplyLost, RowsMoved, SheetsRefused
from core.model import SheetCell
from core.sheet import CellWrite, FormulaRestore, RowDelete, RowInsert, RowRestore, SheetTarget, SwapWrite
from core.values import Serial
from tests.contract.sheets.sandbox_server import SandboxServer
from tests.contract.sheets.worlds import CELLS_FEW, HEADERS, GoogleWorld, PlainCodec, cells, linked

Google = Callable[[], GoogleWorld]


def qty(row_id: str, row: int, value: int, n: int = 1) -> SwapWrite:
    return SwapWrite(n=n, epoch=1, cells=(CellWrite(row_id, row, "Qty", value),))


def calls(world: GoogleWorld) -> dict[str, int]:
    found: dict[str, int] = world.sandbox.post(f"/state/{world.spreadsheet_id}", method="GET")["calls"]
    return found


def test_an_ordinary_write_is_one_request_and_no_read(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    before = calls(world)
    world.sheet.swap(world.target, qty("r_2", 2, 6, n=2))
    after = calls(world)
    assert {m: after[m] - before.get(m, 0) for m in after if after[m] != before.get(m, 0)} == {
        "spreadsheets.batchUpdate": 1
    }


def test_reading_a_tab_or_its_positions_is_one_request(google: Google) -> None:
    world = google()
    before = sum(calls(world).values())
    world.sheet.read_tab(world.target)
    world.sheet.read_positions(world.target)
    assert sum(calls(world).values()) - before == 2


def test_a_column_of_another_type_gets_the_format_and_list_of_that_one_and_loses_those_of_the_old_one(
    google: Google,
) -> None:
    world = google()
    plain, text, chosen = PlainCodec(), PlainCodec(plain_text=True), PlainCodec(options=("new", "done"))

    def looks() -> tuple[str, bool]:
        fields = "sheets(data(rowData(values(effectiveValue,userEnteredFormat.numberFormat.type,dataValidation))))"
        area = {"gridRange": grid(world.sheet_id, 2, 1, 1, 1)}
        read = world.client.read(world.spreadsheet_id, [area], fields)
        (cell,) = cells_in(read["sheets"][0]["data"][0]["rowData"][0])
        return cell.get("userEnteredFormat", {}).get("numberFormat", {}).get("type", ""), "dataValidation" in cell

    before = cells(world.rows()[0])
    seen = []
    for was, now in ((plain, text), (text, chosen), (chosen, plain)):
        changed = [(linked("Qty", Qty=was)[0], linked("Qty", Qty=now)[0])]
        world.sheet.reshape(world.target, changed)
        world.sheet.reshape(world.target, changed)
        seen.append(looks())
    assert seen == [("TEXT", False), ("", True), ("", False)]
    assert cells(world.rows()[0]) == before
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    assert cells(world.rows()[0])["Qty"] == 5


def test_a_renamed_tab_is_still_the_same_tab(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    properties = {"sheetId": world.sheet_id, "title": "It's renamed"}
    world.batch({"updateSheetProperties": {"properties": properties, "fields": "title"}})
    answer = world.sheet.swap(world.target, qty("r_2", 2, 6, n=2))
    assert answer.rows[0].cells["Qty"].value == 5
    assert cells(world.rows()[0])["Qty"] == 6


def test_a_column_inserted_to_the_left_shifts_no_value_and_costs_nobody_a_cell(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    world.insert_column_left()
    notes = {"updateCells": {
        "range": grid(world.sheet_id, 1, 4, 0, 1),
        "rows": [{"values": [encode_value(f"note {i}")]} for i in range(4)],
        "fields": "userEnteredValue",
    }}  # fmt: skip
    world.batch(notes)
    before = world.sandbox.post(f"/state/{world.spreadsheet_id}", method="GET")["tabs"]["Orders"]["values"]
    everything = SwapWrite(
        n=2,
        epoch=1,
        cells=(CellWrite("r_2", 2, "Name", "wrong"), CellWrite("r_3", 3, "Day", Serial(1.0))),
        inserts=(RowInsert("r_new", {"Name": "new"}),),
        insert_after_row=4,
        deletes=(RowDelete("r_4", 4),),
    )
    assert world.sheet.swap(world.target, everything).layout_changed
    after = world.sandbox.post(f"/state/{world.spreadsheet_id}", method="GET")["tabs"]["Orders"]["values"]
    assert after == before
    assert not world.sheet.swap(world.target, qty("r_2", 2, 6, n=3)).layout_changed
    assert cells(world.rows()[0])["Qty"] == 6


def test_what_comes_back_in_two_tries_comes_from_its_own_column_though_columns_moved_before_each(
    google: Google,
) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_gone", 2, 70))
    mistake = FormulaRestore(0, 2, "Qty", SheetCell(70))
    for n in (2, 3):
        world.insert_column_left()
        world.sheet.swap(world.target, SwapWrite(n=n, epoch=1, formula_restores=(mistake,)))
        assert cells(world.rows()[0])["Qty"] == 1
        world.type(2, "Qty", 70)


@pytest.mark.parametrize("moved_since", ["", "Name", "Day"])
def test_a_lost_reply_about_moved_columns_is_recalled_as_taken_back_wherever_they_are_by_now(
    google: Google, moved_since: str
) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    world.insert_column_left()
    before = cells(world.rows()[0])
    lost = qty("r_2", 2, 6, n=2)
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.sheet.swap(world.target, lost)
    world.sandbox.faults()
    if moved_since:
        world.move_column_first(moved_since)
    for _ in range(2):
        answer = world.sheet.recall(world.target, lost)
        assert answer is not None
        assert answer.layout_changed
        assert cells(world.rows()[0]) == before
    anew = qty("r_2", 2, 6, n=3)
    assert not world.sheet.swap(world.target, anew).layout_changed
    again = world.sheet.recall(world.target, anew)
    assert again is not None
    assert not again.layout_changed


def test_a_column_that_moved_after_the_write_does_not_spoil_the_recall(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    lost = qty("r_2", 2, 6, n=2)
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.sheet.swap(world.target, lost)
    world.sandbox.faults()
    world.move_column_first("Day")
    successor = GoogleSheet(world.client)
    answer = successor.recall(world.target, lost)
    assert answer is not None
    assert not answer.layout_changed
    assert answer.rows[0].row_id == "r_2"
    assert answer.rows[0].cells["Qty"].value == 5
    assert answer.rows[0].cells["Day"].value == Serial(45000.0)


def test_a_row_removed_from_under_us_beyond_the_grids_end_is_told_as_blank(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    span = {"sheetId": world.sheet_id, "dimension": "ROWS", "startIndex": 3, "endIndex": 1000}
    world.batch({"deleteDimension": {"range": span}})
    answer = world.sheet.swap(world.target, qty("r_4", 4, 6, n=2))
    assert answer.rows[0].row_id is None
    world.sheet.swap(world.target, SwapWrite(n=3, epoch=1, formula_restores=(FormulaRestore(0, 4, "Qty"),)))
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3"]


def test_rows_go_into_a_grid_that_has_nothing_but_its_header(google: Google) -> None:
    world = google()
    span = {"sheetId": world.sheet_id, "dimension": "ROWS", "startIndex": 4, "endIndex": 1000}
    world.batch({"deleteDimension": {"range": span}})
    doomed = tuple(RowDelete(f"r_{row}", row) for row in (2, 3, 4))
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, deletes=doomed))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=1, row_restores=(RowRestore(1, 2),)))
    assert [r.row_id for r in world.rows()] == ["r_3"]
    insert = SwapWrite(n=3, epoch=1, inserts=(RowInsert("r_new", {"Name": "x"}),), insert_after_row=2)
    world.sheet.swap(world.target, insert)
    assert [r.row_id for r in world.rows()] == ["r_3", "r_new"]


def test_the_only_row_below_several_frozen_ones_is_deleted(google: Google) -> None:
    world = google()
    span = {"sheetId": world.sheet_id, "dimension": "ROWS", "startIndex": 4, "endIndex": 1000}
    world.batch({"deleteDimension": {"range": span}})
    frozen = {"sheetId": world.sheet_id, "gridProperties": {"frozenRowCount": 3}}
    world.batch({"updateSheetProperties": {"properties": frozen, "fields": "gridProperties.frozenRowCount"}})
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, deletes=(RowDelete("r_4", 4),)))
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3"]


def test_what_is_not_linked_comes_back_with_a_restored_row(google: Google) -> None:
    world = google()
    beyond = grid(world.sheet_id, 3, 1, 8, 1)
    note = {"values": [encode_value("a note beyond the linked columns")]}
    world.batch({"updateCells": {"range": beyond, "rows": [note], "fields": "userEnteredValue"}})
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, deletes=(RowDelete("r_9", 3),)))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=1, row_restores=(RowRestore(0, 3),)))
    values = world.sandbox.post(f"/state/{world.spreadsheet_id}", method="GET")["tabs"]["Orders"]["values"]
    assert values[2][8] == "a note beyond the linked columns"


def test_a_formula_deep_in_a_tab_keeps_references_that_reach_far_up(google: Google) -> None:
    world = google()
    world.type(700, "Name", "total")
    world.type_formula(700, "Qty", "=SUM(B2:B699)", 6)
    answer = world.sheet.swap(world.target, qty("r_x", 700, 1))
    assert answer.rows[0].cells["Qty"].value == 6
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=1, formula_restores=(FormulaRestore(0, 700, "Qty"),)))
    last = world.rows()[-1]
    assert last.row == 700
    assert (last.cells["Qty"].formula, last.cells["Qty"].value) == ("=SUM(B2:B699)", 6)


def test_a_tab_that_outgrows_its_scratch_gets_a_wider_one(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    span = {"sheetId": world.sheet_id, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 60}
    world.batch({"insertDimension": {"range": span}})
    world.sheet.read_tab(world.target)
    answer = world.sheet.swap(world.target, qty("r_2", 2, 6, n=2))
    assert not answer.layout_changed
    assert answer.rows[0].cells["Qty"].value == 5
    assert cells(world.rows()[0])["Qty"] == 6


def test_rows_are_read_without_the_columns_beside_them_and_whole_once_their_columns_have_moved_right(
    google: Google, client: SheetsClient
) -> None:
    world, asked = google(), []
    sheet = GoogleSheet(_Listening(client, asked))  # type: ignore[arg-type]  # it reads as a client does
    whole = [cells(row) for row in world.rows()[:2]]
    for moved, reads in ((False, 1), (False, 1), (True, 2), (False, 1)):
        if moved:
            world.insert_column_left()
        asked.clear()
        image = sheet.read_spans(world.target, [(2, 3)], with_ids=True)
        assert [cells(row) for row in image.rows] == whole
        assert len(list(image.ids)) == 3
        assert len(asked) == reads
    (area,) = [f["gridRange"] for f in asked[0] if f.get("gridRange", {}).get("startRowIndex")]
    assert area["endColumnIndex"] == max(image.columns.values()) + 1


class _Listening:
    """A client that notes what is read."""

    def __init__(self, client: SheetsClient, asked: list[Any]) -> None:
        self._client, self._asked = client, asked

    def read(self, spreadsheet_id: str, filters: Any, fields: str) -> Any:
        """As the client does."""
        self._asked.append(filters)
        return self._client.read(spreadsheet_id, filters, fields)


def test_two_links_of_one_spreadsheet_do_not_disturb_each_other(google: Google, client: SheetsClient) -> None:
    world = google()
    made = world.batch({"addSheet": {"properties": {"title": "Second"}}})
    sheet_id = made["replies"][0]["addSheet"]["properties"]["sheetId"]
    lines = [{"values": [encode_value(v) for v in line]} for line in (("Name", "Qty"), ("x", 10))]
    world.batch({"updateCells": {"range": grid(sheet_id, 1, 2, 0, 2), "rows": lines, "fields": "userEnteredValue"}})
    second = prepare_tab(client, world.spreadsheet_id, "Second", "second", linked("Name", "Qty"))
    row = world.sheet.read_tab(second).rows[0]
    first_lost = qty("r_2", 2, 5, n=7)
    world.sheet.swap(world.target, first_lost)
    other = world.sheet.swap(second, SwapWrite(n=3, epoch=2, cells=(CellWrite(row.row_id or "", 2, "Qty", 11),)))
    assert other.rows[0].cells["Qty"].value == 10
    again = world.sheet.recall(world.target, first_lost)
    assert again is not None
    assert again.rows[0].cells["Qty"].value == 1
    assert world.sheet.read_tab(second).stamp.n == 3
    assert world.sheet.read_tab(world.target).stamp.n == 7


def test_a_date_looks_like_a_date_and_a_format_of_ones_own_stays(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, cells=(CellWrite("r_2", 2, "Qty", Serial(45000.5)),)))
    shape = {"userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "d/m/yy"}}}
    own = {"range": grid(world.sheet_id, 2, 9, 3, 1), "cell": shape, "fields": "userEnteredFormat.numberFormat"}
    world.batch({"repeatCell": own})
    fresh = GoogleSheet(world.client)
    fresh.swap(world.target, SwapWrite(n=2, epoch=1, cells=(CellWrite("r_3", 3, "Day", Serial(45009.0)),)))
    path = f"/v4/spreadsheets/{world.spreadsheet_id}/values/Orders!A2:D3"
    shown = world.sandbox.post(path, method="GET", token="person")["values"]
    assert shown[0][1] == "2023-03-15 12:00:00"
    assert shown[1][3] == "24/3/23"


def test_a_number_that_replaces_a_date_does_not_look_like_a_date(google: Google) -> None:
    world = google()
    fmt = {"userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "d/m/yy"}}}
    area = grid(world.sheet_id, 3, 1, 1, 1)
    world.batch({"repeatCell": {"range": area, "cell": fmt, "fields": "userEnteredFormat.numberFormat"}})
    assert cells(world.rows()[1])["Qty"] == Serial(2.0)
    write = SwapWrite(n=1, epoch=1, cells=(CellWrite("r_3", 3, "Qty", 7),), deletes=(RowDelete("r_2", 2),))
    world.sheet.swap(world.target, write)
    assert cells(world.rows()[0])["Qty"] == 7


def test_the_quota_is_told_apart_and_nothing_took_effect(google: Google) -> None:
    world = google()
    world.sheet.swap(world.target, qty("r_2", 2, 5))
    world.sandbox.faults(error_rates={"429": 1.0})
    with pytest.raises(QuotaExhausted):
        world.sheet.swap(world.target, qty("r_2", 2, 6, n=2))
    assert cells(world.rows()[0])["Qty"] == 5


def test_a_tab_that_is_gone_is_refused_with_what_to_do(google: Google) -> None:
    world = google()
    world.batch({"addSheet": {"properties": {"title": "Other"}}}, {"deleteSheet": {"sheetId": world.sheet_id}})
    with pytest.raises(SheetsRefused):
        world.sheet.read_tab(world.target)
    with pytest.raises(SheetsRefused):
        world.sheet.swap(world.target, qty("r_2", 2, 5))


def test_a_spreadsheet_that_is_not_shared_tells_whom_to_share_it_with(google: Google) -> None:
    world = google()
    denied = SheetsClient(endpoint=world.sandbox.url, token="denied")
    with pytest.raises(SheetsRefused, match="Share it"):
        GoogleSheet(denied).read_tab(world.target)
    denied.close()


def test_an_unknown_spreadsheet_is_refused_for_good(client: SheetsClient) -> None:
    with pytest.raises(SheetsRefused, match="no such spreadsheet"):
        GoogleSheet(client).read_tab(SheetTarget("orders", "nowhere", 0, ("Name",)))


class Terse(SheetsClient):
    """A Google that performs writes and leaves the spreadsheet out of its answers."""

    def write(self, *call: Any, **options: Any) -> Any:
        super().write(*call, **options)
        return {"spreadsheetId": call[0]}


def test_an_answer_that_google_left_out_is_read_from_the_scratch(google: Google) -> None:
    world = google()
    terse = Terse(endpoint=world.sandbox.url, token="writer")
    answer = GoogleSheet(terse).swap(world.target, qty("r_2", 2, 6))
    assert answer.rows[0].row_id == "r_2"
    assert answer.rows[0].cells["Qty"].value == 1
    assert cells(world.rows()[0])["Qty"] == 6
    terse.close()


def test_the_swap_write_is_tried_on_the_scratch_alone(google: Google) -> None:
    world = google()
    before = world.rows()
    trial = try_swap_write(world.client, world.target)
    assert trial.works, trial.findings
    assert world.rows() == before


class Reads:
    """The client of a reader, with somebody at the tab after each of its reads."""

    def __init__(self, client: SheetsClient, afterwards: Callable[[int], object]) -> None:
        self._client, self._afterwards, self.count = client, afterwards, 0

    def read(self, *args: Any, **asked: Any) -> Any:
        """See :class:`adapters.sheets_client.SheetsClient`."""
        found = self._client.read(*args, **asked)
        self.count += 1
        self._afterwards(self.count)
        return found


def in_pieces(
    world: GoogleWorld, afterwards: Callable[[int], object] = str, rows: int = 2
) -> tuple[GoogleSheet, Reads]:
    """A reader that takes so many rows of the tab at once."""
    reads = Reads(world.client, afterwards)
    return GoogleSheet(reads, cells_max=rows * (len(world.target.headers) + 1)), reads  # type: ignore[arg-type]  # it only reads


def test_a_tab_that_one_read_does_not_take_is_read_piece_by_piece_and_is_the_same(google: Google) -> None:
    world = google()
    for row in (7, 8, 12):  # with blank rows in between, at the end of a piece and whole pieces of them
        world.type(row, "Name", f"row {row}")
    sheet, reads = in_pieces(world)
    image, whole = sheet.read_tab(world.target), world.sheet.read_tab(world.target)
    assert replace(image, read_at=whole.read_at, rows=()) == replace(whole, rows=())
    assert [(r.row, r.row_id, dict(r.cells)) for r in image.rows] == [
        (r.row, r.row_id, dict(r.cells)) for r in whole.rows
    ]
    assert reads.count == whole.grid_rows // 2 + 1


def test_rows_that_move_while_a_large_tab_is_read_are_read_again_and_refused_where_they_never_rest(
    google: Google,
) -> None:
    world = google()
    once, _ = in_pieces(world, lambda count: world.delete_row(2) if count == 2 else None)
    assert [cells(row)["Name"] for row in once.read_tab(world.target).rows] == ["pear", "plum"]
    restless, reads = in_pieces(world, lambda _count: world.move_row(2, 4), rows=400)
    with pytest.raises(RowsMoved, match="moved while it was read"):
        restless.read_tab(world.target)
    assert reads.count > ANEW_MAX


def test_a_large_tab_is_looked_at_piece_by_piece_before_it_is_linked(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = google()
    world.type(9, "Name", "far below")
    whole = look_at_tab(world.client, world.spreadsheet_id, "Orders", HEADERS)
    monkeypatch.setitem(read_whole.__kwdefaults__, "cells_max", 2 * whole.columns)
    before = sum(calls(world).values())
    looked = look_at_tab(world.client, world.spreadsheet_id, "Orders", HEADERS)
    assert sum(calls(world).values()) - before > 4
    assert (list(looked.image.rows), looked.is_blank) == (list(whole.image.rows), False)
    assert looked.image.rows[-1].row == 9


def test_our_mistake_in_a_large_tab_is_taken_out_of_the_row_it_hit_however_far_that_has_gone_and_nothing_else_is_read(
    sandbox: SandboxServer, client: SheetsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = GoogleWorld(sandbox, client, CELLS_FEW)
    world.sheet.swap(world.target, qty("r_2", 3, 20))
    world.move_row(3, 900)
    read, asked = SheetsClient.read, []

    def noting(self: SheetsClient, spreadsheet_id: str, filters: Sequence[Any], fields: str) -> Any:
        asked.extend(filters)
        return read(self, spreadsheet_id, filters, fields)

    monkeypatch.setattr(SheetsClient, "read", noting)
    restore = FormulaRestore(0, 3, "Qty", written=SheetCell(20))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=1, formula_restores=(restore,)))
    assert {row.row_id: cells(row)["Qty"] for row in world.rows()} == {"r_2": 1, "r_3": 2, "r_4": 3}
    assert asked
    assert all("endRowIndex" in area for f in asked if (area := f.get("gridRange")))


def test_the_ids_of_all_rows_are_told_where_their_column_is_the_first_and_the_last_rows_have_none(
    google: Google,
) -> None:
    world = google()
    world.move_column_first("_row_id")
    world.type(9, "Name", "not named yet")
    image = world.sheet.read_spans(world.target, [(7, 12)], with_ids=True)
    assert dict(image.ids) == {2: "r_2", 3: "r_3", 4: "r_4"}
    assert [cells(row) for row in image.rows] == [{"Name": "not named yet"}]


def test_our_mistake_in_a_large_tab_is_taken_out_where_the_column_of_the_ids_is_the_first(
    sandbox: SandboxServer, client: SheetsClient
) -> None:
    world = GoogleWorld(sandbox, client, CELLS_FEW)
    world.move_column_first("_row_id")
    world.type(3, "_row_id", None)
    world.sheet.read_positions(world.target)
    world.sheet.swap(world.target, qty("r_3", 3, 20))
    for row in range(5, 8):
        world.type(row, "_row_id", f"r_{row}")
    restore = FormulaRestore(0, 3, "Qty", written=SheetCell(20))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=1, formula_restores=(restore,)))
    assert [cells(row)["Qty"] for row in world.rows()[:3]] == [1, 2, 3]
