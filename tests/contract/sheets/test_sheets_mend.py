"""Mending a tab that has lost columns or its header row, against the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.sheets_client import SheetsClient
from adapters.sheets_mend import mend_tab
from adapters.sheets_tab import GoogleSheet
from core.model import LinkedColumn
from core.sheet import TabImage
from tests.contract.sheets.lowered import LoweredWorld
from tests.contract.sheets.worlds import HEADERS, GoogleWorld, PlainCodec, cells, linked

COLUMNS = linked(*HEADERS, Qty=PlainCodec(plain_text=True))


@pytest.fixture(params=["google", "lowered"])
def tab(request: pytest.FixtureRequest) -> GoogleWorld:
    made: Callable[[], GoogleWorld] = request.getfixturevalue(request.param)
    return made()


def image(tab: GoogleWorld) -> TabImage:
    return GoogleSheet(tab.client).read_tab(tab.target)


def mended(client: SheetsClient, tab: GoogleWorld, columns: tuple[LinkedColumn, ...] = COLUMNS) -> TabImage:
    """The tab after mending, which done again finds nothing to do."""
    assert mend_tab(client, tab.target, columns)
    assert not mend_tab(client, tab.target, columns)
    found = image(tab)
    assert not found.missing_headers
    return found


def picture(found: TabImage) -> Any:
    """Ids, values and titles."""
    return [(row.row_id, cells(row)) for row in found.rows], dict(found.titles)


def test_a_whole_tab_is_left_as_it_is(client: SheetsClient, tab: GoogleWorld) -> None:
    before = image(tab)
    assert not mend_tab(client, tab.target, COLUMNS)
    assert picture(image(tab)) == picture(before)


@pytest.mark.parametrize("headers", [("Qty",), ("Name", "Day"), HEADERS])
def test_lost_columns_stand_there_again_blank_beside_the_row_ids(
    client: SheetsClient, tab: GoogleWorld, headers: tuple[str, ...]
) -> None:
    before = image(tab)
    for header in headers:
        tab.delete_column(header)
    after = mended(client, tab)
    assert after.titles == before.titles
    assert [row.row_id for row in after.rows] == [row.row_id for row in before.rows]
    left = [{h: v for h, v in cells(row).items() if h not in headers} for row in before.rows]
    assert [cells(row) for row in after.rows] == left


def test_a_lost_id_column_stands_there_again_blank_and_hidden(client: SheetsClient, tab: GoogleWorld) -> None:
    before = image(tab)
    tab.delete_column("_row_id")
    after = mended(client, tab)
    assert [(row.row_id, cells(row)) for row in after.rows] == [(None, cells(row)) for row in before.rows]
    assert after.titles["_row_id"] == "_row_id"
    column = tab.column("_row_id")
    shown = tab.sandbox.post(f"/state/{tab.spreadsheet_id}", method="GET")["tabs"]
    hidden = next(t["hidden_columns"] for t in shown.values() if t["sheetId"] == tab.sheet_id)
    assert "ABCDEFGH"[column] in hidden


def test_a_column_that_somebody_has_made_again_by_hand_is_taken_for_the_lost_one(
    client: SheetsClient, tab: GoogleWorld
) -> None:
    tab.delete_column("Qty")
    free = max(image(tab).columns.values()) + 1
    start = {"sheetId": tab.sheet_id, "rowIndex": tab.HEADER_ROW - 1, "columnIndex": free}
    cell = {"userEnteredValue": {"stringValue": "Qty"}}
    tab.batch({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}})
    assert mended(client, tab).columns["Qty"] == free


def test_a_deleted_header_row_is_written_above_the_rows(client: SheetsClient, tab: GoogleWorld) -> None:
    before = image(tab)
    tab.delete_row(1)
    assert picture(mended(client, tab)) == picture(before)


def test_a_header_row_that_was_moved_among_the_rows_comes_back_as_it_was(
    client: SheetsClient, tab: GoogleWorld
) -> None:
    tab.type(1, "Qty", "Pieces")
    before = image(tab)
    tab.move_row(1, before=4)
    assert picture(mended(client, tab)) == picture(before)


def test_cleared_titles_are_written_again_and_renamed_ones_stay(client: SheetsClient, tab: GoogleWorld) -> None:
    for header in ("Name", "Price", "Day", "_row_id"):
        tab.type(1, header, None)
    tab.type(1, "Qty", "Pieces")
    after = mended(client, tab)
    assert after.titles == {"Name": "Name", "Qty": "Pieces", "Price": "Price", "Day": "Day", "_row_id": "_row_id"}


def test_a_header_row_that_lost_its_mark_after_it_had_moved_is_known_by_its_titles(
    client: SheetsClient, lowered: Callable[[], LoweredWorld]
) -> None:
    tab = lowered()
    before, above = image(tab), tab.own()
    GoogleWorld.insert_row(tab, 1)
    tab.type(2, "_row_id", None)
    tab.type(2, "Qty", None)
    after = mended(client, tab)
    assert after.header_row == 5
    assert picture(after) == picture(before)
    GoogleWorld.delete_row(tab, 1)
    assert tab.own() == above
