"""The sandbox's page: a person works in the spreadsheet, in Chromium."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from core.errors import StackError
from sandbox.page.library import Library
from tests.e2e.page_bench import (
    NARROW,
    WIDE,
    Book,
    Screen,
    Served,
    alone,
    browser,
    looking,
    served,
    serving,
    until,
)

pytestmark = pytest.mark.chromium
__all__ = ["alone", "browser", "served"]  # fixtures

ROWS: list[list[Any]] = [
    ["No", "Name", "Price", "Day", "Paid", "Discount"],
    [1, "Ada", "$1,234.50", "2026-01-05", True, "12.5%"],
    [2, "Ben", "$7.00", "2026-01-06", False, "0.5%"],
    [3, "Cleo", "$19.90", "2026-01-07", True, "3%"],
]


@pytest.fixture
def book(served: Served) -> Book:
    made = served.new()
    made.put("A1", ROWS)
    return made


@pytest.fixture
def screen(browser: Browser, served: Served, book: Book) -> Iterator[Screen]:
    with looking(browser, served.url, WIDE) as opened:
        yield opened.open()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_what_a_person_types_stands_in_the_sheet(
    browser: Browser, served: Served, book: Book, size: dict[str, int]
) -> None:
    with looking(browser, served.url, size) as screen:
        screen.open().type(1, 1, "Grace")
        until(lambda: book.cell(1, 1) == "Grace", "the cell holds what was typed")
        expect(screen.cell(1, 1)).to_have_text("Grace")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_390_pixels_sheet_and_table_lie_one_below_the_other_and_a_switch_shows_one(
    browser: Browser, served: Served, book: Book, scheme: Any
) -> None:
    with looking(browser, served.url, NARROW, color_scheme=scheme) as screen:
        page = screen.open().page
        sheet, table = page.locator("#sheet").bounding_box(), page.locator("#table").bounding_box()
        assert sheet and table
        assert table["y"] >= sheet["y"] + sheet["height"]
        page.get_by_role("button", name="Sheet", exact=True).click()
        expect(page.locator("#table")).to_be_hidden()
        page.get_by_role("button", name="Table", exact=True).click()
        expect(page.locator("#sheet")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_at_1280_pixels_sheet_and_table_lie_side_by_side(screen: Screen) -> None:
    sheet = screen.page.locator("#sheet").bounding_box()
    table = screen.page.locator("#table").bounding_box()
    assert sheet and table
    assert table["x"] >= sheet["x"] + sheet["width"]
    assert table["y"] == sheet["y"]


def test_a_finger_selects_with_one_tap_and_types_after_another(browser: Browser, served: Served, book: Book) -> None:
    with looking(browser, served.url, NARROW, has_touch=True) as screen:
        screen.open().cell(2, 1).tap()
        screen.cell(2, 1).tap()
        screen.page.keyboard.type("jamin")
        screen.page.keyboard.press("Enter")
        until(lambda: book.cell(2, 1) == "Benjamin", "the cell was opened, not typed over")


def test_enter_goes_down_tab_goes_right_and_escape_forgets(screen: Screen, book: Book) -> None:
    screen.type(1, 1, "one")
    screen.page.keyboard.type("two")
    screen.page.keyboard.press("Tab")
    screen.shows("#place", "C3")
    screen.page.keyboard.type("never")
    screen.page.keyboard.press("Escape")
    expect(screen.cell(2, 2)).to_have_text("$7.00")
    until(lambda: (book.cell(1, 1), book.cell(2, 1)) == ("one", "two"), "both cells are typed")
    assert book.cell(2, 2) == 7


def test_f2_opens_a_cell_with_what_it_holds(screen: Screen, book: Book) -> None:
    screen.click(1, 1)
    screen.page.keyboard.press("F2")
    screen.page.keyboard.type(" L.")
    screen.page.keyboard.press("Enter")
    until(lambda: book.cell(1, 1) == "Ada L.", "the text was added")


def test_the_keyboard_alone_finds_every_corner(screen: Screen) -> None:
    screen.click(1, 1)
    for key, place in [
        ("Control+ArrowDown", "B4"),
        ("Control+End", "F4"),
        ("Control+Home", "A1"),
        ("ArrowRight", "B1"),
        ("Shift+ArrowDown", "B1:B2"),
        ("PageDown", "B"),
        ("Home", "A"),
    ]:
        screen.page.keyboard.press(key)
        screen.shows("#place", place)


def test_a_cell_that_is_opened_and_left_as_it_was_is_not_written(screen: Screen, book: Book) -> None:
    book.put("B2", [["00501"]], option="RAW")
    expect(screen.cell(1, 1)).to_have_text("00501")
    before = book.served.sandbox.store.open(book.id).version
    screen.click(1, 1)
    expect(screen.page.locator("#formula")).to_have_value("'00501")
    screen.page.keyboard.press("F2")
    screen.page.keyboard.press("Enter")
    screen.type(2, 1, "Bob")
    until(lambda: book.cell(2, 1) == "Bob", "the next edit is there")
    assert book.cell(1, 1) == "00501"
    assert book.served.sandbox.store.open(book.id).version == before + 1


def test_delete_empties_the_selected_cells_and_undo_brings_them_back(screen: Screen, book: Book) -> None:
    screen.click(1, 1)
    screen.page.keyboard.press("Shift+ArrowDown")
    screen.page.keyboard.press("Delete")
    expect(screen.cell(2, 1)).to_have_text("")
    assert (book.cell(1, 1), book.cell(2, 1)) == ("", "")
    screen.page.keyboard.press("Control+z")
    expect(screen.cell(1, 1)).to_have_text("Ada")
    assert book.cell(2, 1) == "Ben"


def test_a_copied_block_is_pasted_elsewhere(screen: Screen, book: Book) -> None:
    screen.click(1, 0)
    screen.page.keyboard.press("Shift+ArrowRight")
    screen.page.keyboard.press("Shift+ArrowDown")
    screen.page.keyboard.press("Control+c")
    screen.click(6, 0)
    screen.page.keyboard.press("Control+v")
    expect(screen.cell(7, 1)).to_have_text("Ben")
    assert (book.cell(6, 0), book.cell(6, 1)) == (1, "Ada")


def test_a_block_from_another_program_is_pasted_with_its_quoted_cells(screen: Screen, book: Book) -> None:
    text = 'plain\t"two\nlines"\n"a ""quote"""\t5'
    screen.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    screen.click(6, 0)
    screen.page.keyboard.press("Control+v")
    expect(screen.cell(7, 1)).to_have_text("5")
    assert [book.state()["values"][6][:2], book.state()["values"][7][:2]] == [
        ["plain", "two\nlines"],
        ['a "quote"', 5],
    ]


def test_the_formula_bar_shows_the_formula_and_takes_another(screen: Screen, book: Book) -> None:
    book.put("G2", [["=A2+A3"]])
    expect(screen.cell(1, 6)).to_have_text("3")
    screen.click(1, 6)
    expect(screen.page.locator("#formula")).to_have_value("=A2+A3")
    screen.page.locator("#formula").fill("=A2*10")
    screen.page.keyboard.press("Enter")
    expect(screen.cell(1, 6)).to_have_text("10")
    assert book.state()["formulas"]["G2"] == "=A2*10"


def test_what_a_program_writes_appears_and_lights_up(screen: Screen, book: Book) -> None:
    screen.watch_flashes()
    book.put("B3", [["from outside"]])
    expect(screen.cell(2, 1)).to_have_text("from outside")
    until(lambda: screen.flashed(2, 1), "the cell lit up")
    assert not screen.flashed(1, 1)


def test_what_the_person_types_does_not_light_up(screen: Screen, book: Book) -> None:
    screen.watch_flashes()
    screen.type(1, 1, "mine")
    until(lambda: book.cell(1, 1) == "mine", "typed")
    book.put("B3", [["theirs"]])
    until(lambda: screen.flashed(2, 1), "the other's cell lit up")
    assert not screen.flashed(1, 1)


def test_values_look_as_in_google_sheets(screen: Screen) -> None:
    shown = [screen.cell(1, column).inner_text() for column in range(6)]
    assert shown == ["1", "Ada", "$1,234.50", "2026-01-05", "TRUE", "12.50%"]
    aligned = [screen.cell(1, c).evaluate("e => getComputedStyle(e).textAlign") for c in range(6)]
    assert aligned == ["right", "left", "right", "right", "center", "right"]


def test_a_note_has_a_mark_and_is_read_when_the_cell_is_selected(screen: Screen, book: Book) -> None:
    for row, note in ((1, "ask Ada"), (2, "Twinsheet: name: too long")):
        place = {
            "sheetId": 0,
            "startRowIndex": row,
            "endRowIndex": row + 1,
            "startColumnIndex": 1,
            "endColumnIndex": 2,
        }
        book.batch({"repeatCell": {"range": place, "cell": {"note": note}, "fields": "note"}})
    expect(screen.page.locator("[data-marks~=note]")).to_have_count(2)
    screen.click(1, 1)
    expect(screen.page.locator("#tip")).to_have_text("ask Ada")
    screen.cell(2, 1).hover()
    expect(screen.page.locator("#tip")).to_have_text("Twinsheet: name: too long")
    expect(screen.page.locator("#tip.ours")).to_be_visible()


def test_hidden_columns_and_tabs_show_on_demand(screen: Screen, book: Book) -> None:
    book.put("H1", [["_row_id"], ["r_abc"]], option="RAW")
    columns = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 7, "endIndex": 8}
    hidden = {"properties": {"hiddenByUser": True}, "range": columns, "fields": "hiddenByUser"}
    book.batch(
        {"updateDimensionProperties": hidden},
        {"addSheet": {"properties": {"title": "_twinsheet", "hidden": True, "sheetId": 7}}},
    )
    expect(screen.cell(1, 6)).to_be_visible()
    expect(screen.page.get_by_text("r_abc")).to_have_count(0)
    screen.menu("view", "Show hidden columns")
    expect(screen.cell(1, 7)).to_have_text("r_abc")
    expect(screen.page.get_by_role("tab")).to_have_count(1)
    screen.menu("view", "Show hidden tabs")
    screen.page.get_by_role("tab", name="_twinsheet").click()
    expect(screen.page.get_by_role("tab", name="_twinsheet")).to_have_attribute("aria-selected", "true")
    expect(screen.cell(0, 0)).to_have_text("")


def test_rows_are_inserted_deleted_and_sorted_from_the_menus(screen: Screen, book: Book) -> None:
    screen.click(2, 1)
    screen.menu("rows", "Insert a row above")
    expect(screen.cell(2, 1)).to_have_text("")
    expect(screen.cell(3, 1)).to_have_text("Ben")
    screen.menu("rows", "Delete row 3")
    expect(screen.cell(2, 1)).to_have_text("Ben")
    screen.menu("sort", "Z → A")
    expect(screen.cell(1, 1)).to_have_text("Cleo")
    assert [line[1] for line in book.state()["values"][:4]] == ["Name", "Cleo", "Ben", "Ada"]
    screen.page.get_by_role("button", name="Undo").click()
    expect(screen.cell(1, 1)).to_have_text("Ada")


def test_an_earlier_version_comes_back(screen: Screen, book: Book) -> None:
    screen.type(1, 1, "first")
    until(lambda: book.cell(1, 1) == "first", "typed")
    screen.type(1, 1, "second")
    until(lambda: book.cell(1, 1) == "second", "typed over")
    screen.page.get_by_role("button", name="Versions").click()
    screen.page.get_by_role("button", name="Restore").click()
    expect(screen.cell(1, 1)).to_have_text("first")


def test_each_person_takes_back_only_what_they_did(screen: Screen, book: Book) -> None:
    screen.type(1, 1, "by Ann")
    until(lambda: book.cell(1, 1) == "by Ann", "Ann typed")
    screen.page.locator("#person").select_option(label="Bob")
    screen.type(2, 1, "by Bob")
    until(lambda: book.cell(2, 1) == "by Bob", "Bob typed")
    screen.page.locator("#person").select_option(label="Ann")
    screen.page.get_by_role("button", name="Undo").click()
    expect(screen.cell(1, 1)).to_have_text("Ada")
    assert book.cell(2, 1) == "by Bob"
    screen.page.get_by_role("button", name="Undo").click()
    screen.shows("#toast", "ann@example.com has nothing to undo")
    assert [fault for fault in screen.faults if "400" not in fault] == []
    screen.faults.clear()  # the browser itself tells of the refusal


def test_the_menu_of_the_sheets_own_script_is_there(screen: Screen) -> None:
    screen.menu("twinsheet", "Status")
    screen.shows("#dialog", "No link is connected")
    screen.page.get_by_role("button", name="OK").click()
    expect(screen.page.locator("#dialog")).to_be_hidden()


def test_the_script_is_told_which_cell_is_selected_and_what_was_answered(screen: Screen, book: Book) -> None:
    screen.menu("twinsheet", "Conflict: another value")
    screen.page.locator("#form textarea").fill("Ada")
    with screen.page.expect_request("**/menu") as sent:
        screen.page.get_by_role("button", name="OK").click()
    told = sent.value.post_data_json
    assert (told["item"], told["answer"]) == ("Conflict: another value…", "Ada")
    assert told["range"] == screen.page.locator("#place").text_content()
    assert told["tab"]
    screen.shows("#dialog", "This cell is not linked")


def test_a_code_that_is_none_is_refused_by_the_sheets_own_script(screen: Screen) -> None:
    screen.menu("twinsheet", "Connect")
    screen.page.locator("#form textarea").fill("no code")
    screen.page.get_by_role("button", name="OK").click()
    screen.shows("#dialog", "This is not a connection code.")


def test_the_selected_cell_is_told_to_who_cannot_see_it(screen: Screen) -> None:
    screen.click(1, 1)
    focused = screen.page.locator(":focus")
    assert focused.get_attribute("aria-label") == "Sheet, B 2: Ada"
    screen.page.keyboard.press("ArrowDown")
    assert focused.get_attribute("aria-label") == "Sheet, B 3: Ben"
    expect(screen.page.locator("#live")).to_have_text("B3 Ben")


def test_the_keyboard_enters_the_grid_and_leaves_it_again(screen: Screen) -> None:
    screen.page.locator("#formula").focus()
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.press("Tab")
    screen.shows("#place", "B1")
    screen.page.keyboard.press("Escape")
    screen.page.keyboard.press("Tab")
    expect(screen.page.get_by_role("tab", name="Orders")).to_be_focused()


def _scrolled_alike(there: Locator, followed: Locator, left: int) -> bool:
    """Scroll the one, again where the grid was built anew meanwhile: the other follows, and pulls nothing back."""
    there.evaluate("(element, left) => { element.scrollLeft = left; }", left)
    reached, other = (part.evaluate("element => element.scrollLeft") for part in (there, followed))
    return abs(other - reached) <= 20 and bool(there.evaluate("element => element.scrollLeft") == reached)


def test_the_cells_stay_below_their_headers_when_the_browser_scrolls_those(browser: Browser, served: Served) -> None:
    served.new("Wide", columns=20).put("A1", ROWS)
    with looking(browser, served.url, WIDE) as screen:
        heads = screen.open().page.locator("#sheetGrid .tabulator-header-contents")
        cells = screen.page.locator("#sheetGrid .tabulator-tableholder")
        for there, followed in ((heads, cells), (cells, heads)):
            for left in (150, 100_000, 0):
                until(partial(_scrolled_alike, there, followed, left), "both are scrolled alike")


def test_twenty_thousand_rows_stay_usable(browser: Browser, served: Served) -> None:
    book = served.new("Large", rows=20_000, columns=6)
    book.put("A1", [[row, f"name {row}", row / 4, "2026-01-05", True, "x"] for row in range(20_000)])
    with looking(browser, served.url, WIDE) as screen:
        screen.open().click(0, 1)
        screen.page.keyboard.press("Control+End")
        screen.shows("#place", "F20000")
        screen.type(19_999, 1, "the last one")
        until(lambda: book.cell(19_999, 1) == "the last one", "typed at the end")
        assert screen.page.locator("#sheetGrid .tabulator-row").count() < 200
        box, cell = (
            screen.page.locator("#sheetGrid .selected-cell").bounding_box(),
            screen.cell(19_999, 1).bounding_box(),
        )
        assert box and cell
        assert abs(box["y"] - cell["y"]) < 2
        book.put("B10", [["far away"]])
        screen.page.keyboard.press("Control+Home")
        expect(screen.cell(9, 1)).to_have_text("far away")


def test_without_a_spreadsheet_the_page_says_what_to_do_and_shows_the_first_one_that_comes(
    browser: Browser, served: Served
) -> None:
    with looking(browser, served.url, WIDE) as screen:
        screen.open(wait_for_sheet=False)
        screen.shows("#sheetEmpty", "There is no spreadsheet yet.")
        screen.shows("#sheetEmpty", "make demo")
        served.new("The first").put("A1", [["here"]])
        expect(screen.cell(0, 0)).to_have_text("here")
        screen.shows("#title", "The first")


def test_without_the_grid_library_the_page_says_what_is_missing(
    browser: Browser, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot() -> Path:
        raise StackError("Cannot download the grid library.", "Check the network.")

    monkeypatch.setattr("sandbox.page.blueprint._library", Library(cannot))
    with looking(browser, served.url, WIDE) as screen:
        screen.open(wait_for_sheet=False)
        screen.shows("#banner", "Cannot download the grid library. Check the network.")
        assert all("503" in fault for fault in screen.faults)
        screen.faults.clear()  # the browser itself tells of the missing files


def test_when_the_sandbox_is_gone_the_page_says_so_and_goes_on_when_it_is_back(browser: Browser, alone: Path) -> None:
    with serving(alone) as first:
        book = first.new()
        book.put("A1", ROWS)
        port = int(first.url.rpartition(":")[2])
        with looking(browser, first.url, WIDE) as screen:
            screen.open()
            first.stop()
            screen.shows("#banner", "The connection to the sandbox is lost.")
            screen.shows("#verdict", "not connected")
            with serving(alone, port):
                expect(screen.page.locator("#banner")).to_be_hidden()
                screen.type(1, 1, "back again")
                until(lambda: book.cell(1, 1) == "back again", "typed after the break")
            assert all("ERR_" in fault for fault in screen.faults)
            screen.faults.clear()  # the browser itself tells of the lost connection


def test_several_spreadsheets_are_picked_from_a_list(screen: Screen, served: Served) -> None:
    served.new("Another").put("A1", [["other"]])
    screen.page.locator("#spreadsheets").select_option(label="Another")
    expect(screen.cell(0, 0)).to_have_text("other")
    screen.page.reload()
    expect(screen.cell(0, 0)).to_have_text("other")


def test_without_mysql_the_table_says_how_to_get_one(screen: Screen) -> None:
    screen.shows("#tableEmpty", "This sandbox runs without MySQL.")
    screen.shows("#tableEmpty", "make demo")
    screen.shows("#verdict", "not linked")
