"""What the page is told: cells as Google shows them, patches that lead from one tab to the next."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.google.cells import Cell, ErrorValue
from sandbox.google.document import Document, Sheet
from sandbox.google.store import Store
from sandbox.google.typed import typed
from sandbox.page.cells import Options, cell_json, edit_text
from sandbox.page.guard import named_by_address
from sandbox.page.tab_view import TabView, image_of, linked_headers

MONEY = {"numberFormat": {"type": "CURRENCY", "pattern": '"$"#,##0.00'}}
DAY = {"numberFormat": {"type": "DATE", "pattern": "yyyy-mm-dd"}}
TEXT = {"numberFormat": {"type": "TEXT", "pattern": "@"}}


def shown(cell: Cell) -> Any:
    return cell_json(cell, "en_US", Options())


def test_a_plain_text_is_told_as_itself_and_an_empty_cell_as_nothing() -> None:
    assert shown(Cell("Ada")) == "Ada"
    assert shown(Cell()) is None
    assert shown(Cell(format=TEXT)) is None


def test_numbers_dates_booleans_and_errors_carry_their_kind() -> None:
    assert shown(Cell(1234.5, format=MONEY)) == {"v": "$1,234.50", "e": "1234.5", "t": "n"}
    assert shown(Cell(46027.0, format=DAY)) == {"v": "2026-01-05", "t": "d"}
    assert shown(Cell(True)) == {"v": "TRUE", "t": "b"}
    assert shown(Cell(ErrorValue("REF", "#REF!"), formula="=A0")) == {"v": "#REF!", "e": "=A0", "t": "e"}


def test_notes_formulas_styles_and_drop_downs_are_told() -> None:
    list_of = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "new"}]}}
    bold = {"textFormat": {"bold": True}}
    options = Options()
    told = cell_json(Cell("new", note="look", format=bold, validation=list_of), "en_US", options)
    assert told == {"v": "new", "n": "look", "s": "b", "o": 0}
    assert cell_json(Cell(validation=list_of), "en_US", options) == {"o": 0}
    assert options.lists == [("new",)]
    assert shown(Cell(format={"backgroundColorStyle": {"rgbColor": {"red": 1, "blue": 0.5}}})) == {"c": "#ff0080"}
    assert shown(Cell(3.0, formula="=1+2")) == {"v": "3", "e": "=1+2", "t": "n"}


@given(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            ["00501", "=1+1", "+1", "TRUE", "true ", "Jan 5, 2026", "5 May 2026", "'x", "12:30", "1e5", "$5"]
        ),
    )
)
@settings(max_examples=300)
def test_a_text_typed_again_as_it_is_shown_for_editing_stays_the_same_text(text: str) -> None:
    cell = Cell(text or None)
    assert typed(edit_text(cell, "en_US"), cell, "en_US").value == cell.value


@given(st.one_of(st.integers(-(10**14), 10**14).map(float), st.decimals(-(10**6), 10**6, places=6).map(float)))
def test_a_number_typed_again_as_it_is_shown_for_editing_stays_the_same_number(number: float) -> None:
    for look in (None, MONEY):
        cell = Cell(number, format=look)
        assert typed(edit_text(cell, "en_US"), cell, "en_US").value == number


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    document = Store(tmp_path / "s.sqlite").create("Shop")
    sheet = document.sheets[0]
    with document.change("x"):
        sheet.delete_rows(12, sheet.row_count - 12)
        for row in range(12):
            sheet.set_value(row, 0, f"row {row}")
    return sheet


def _names(rows: list[list[Any]]) -> list[Any]:
    return [row[0] if row else None for row in rows]


def test_patches_lead_from_any_tab_to_the_next(sheet: Sheet) -> None:
    document: Document = sheet.document
    view = TabView(image_of(sheet))
    known = view.whole()["rows"]

    def follow() -> dict[str, Any]:
        patch = view.patch(image_of(sheet))
        assert patch is not None
        if "changed" in patch:
            for place, row in patch["changed"]:
                known[place] = row
        else:
            known[patch["at"] : patch["at"] + patch["removed"]] = patch["rows"]
        assert known == TabView(image_of(sheet)).whole()["rows"]
        return patch

    with document.change("x"):
        sheet.set_value(4, 1, 5)
    assert len(follow()["changed"]) == 1
    with document.change("x"):
        sheet.insert_rows(3, 2)
    assert follow()["rows"] == [[], []]
    with document.change("x"):
        sheet.delete_rows(0, 1)
    assert follow()["removed"] == 1
    with document.change("x"):
        sheet.move_rows(1, 2, 8)
    follow()
    with document.change("x"):
        sheet.set_value(0, 0, "first")
        sheet.append_rows(3)
    follow()
    assert _names(known)[0] == "first"


def test_a_change_of_the_columns_asks_for_everything(sheet: Sheet) -> None:
    view = TabView(image_of(sheet))
    with sheet.document.change("x"):
        sheet.hide_columns(1, 1)
    assert view.patch(image_of(sheet)) is None
    assert TabView(image_of(sheet)).whole()["columns"][1]["hidden"]


def test_the_columns_metadata_tell_the_linked_headers(sheet: Sheet) -> None:
    with sheet.document.change("x"):
        sheet.add_column_metadata(0, "twinsheet.orders", "Name")
        sheet.add_column_metadata(2, "twinsheet.orders", "_row_id")
        sheet.add_column_metadata(2, "somebody.else", "x")
    view = TabView(image_of(sheet))
    assert sorted(linked_headers(view.image.columns)["orders"].values()) == ["Name", "_row_id"]
    columns = view.whole()["columns"]
    assert columns[0]["linked"] == "Name"
    assert columns[2]["id"]


@pytest.mark.parametrize(
    ("host", "safe"),
    [
        ("127.0.0.1:8090", True),
        ("localhost:8090", True),
        ("[::1]:8090", True),
        ("192.168.1.5:8090", True),
        ("sheet.localhost", True),
        ("evil.example:8090", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_only_localhost_and_addresses_are_names_that_nobody_else_can_take(host: str, safe: bool) -> None:
    assert named_by_address(host) is safe
