"""The sandbox's page: HTML that the sheet's script shows, in Chromium."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from tests.e2e.page_bench import NARROW, WIDE, Book, Screen, alone, browser, looking, serving, until

pytestmark = pytest.mark.chromium
__all__ = ["alone", "browser"]  # fixtures

CODE = """
function onOpen() {
  SpreadsheetApp.getUi().createMenu('Twinsheet').addItem('Notes', 'notes').addItem('Size', 'size').addToUi();
}
function notes() {
  SpreadsheetApp.getUi().showSidebar(HtmlService.createHtmlOutputFromFile('Notes').setTitle('My notes'));
}
function size() {
  const page = HtmlService.createHtmlOutputFromFile('Notes').setWidth(320).setHeight(240);
  SpreadsheetApp.getUi().showModalDialog(page, 'Choose a size');
}
function where(told) {
  return { cell: SpreadsheetApp.getCurrentCell().getA1Notation(), who: Session.getActiveUser().getEmail(), told };
}
function mark(text) { SpreadsheetApp.getCurrentCell().setValue(text); }
function fail() { throw new Error('not today'); }
function again() { SpreadsheetApp.getUi().alert('Once more'); size(); }
"""

PAGE = """<!DOCTYPE html>
<html><head><base target="_top"><style>p { color: light-dark(rgb(1, 2, 3), rgb(250, 251, 252)); }</style></head><body>
<p id="said">ready</p>
<button id="where">Where</button> <button id="fail">Fail</button> <button id="mark">Mark</button>
<button id="again">Again</button> <button id="away">Away</button> <button id="grid">Grid</button>
<a href="/healthz" target="_blank" rel="noopener">Elsewhere</a>
<script>
  const say = (value) => { document.getElementById('said').textContent = JSON.stringify(value); };
  const on = (id, work) => document.getElementById(id).addEventListener('click', work);
  const asked = google.script.run.withUserObject('mine').withSuccessHandler((value, own) => say([value, own]));
  const failing = asked.withFailureHandler((failure, own) => say([failure.name, failure.message, own]));
  on('where', () => asked.where({ list: [1, null, 'é'] }));
  on('fail', () => failing.fail());
  on('mark', () => google.script.run.mark('from the page'));
  on('again', () => google.script.run.again());
  on('away', () => google.script.host.close());
  on('grid', () => google.script.host.editor.focus());
</script></body></html>
"""


@pytest.fixture
def book(alone: Path) -> Iterator[Book]:
    folder = alone / "apps_script"
    folder.mkdir()
    (folder / "Code.gs").write_text(CODE)
    (folder / "Notes.html").write_text(PAGE)
    with serving(alone, apps_script=folder) as served:
        made = served.new()
        made.put("A1", [["No", "Name"], [1, "Ada"], [2, "Ben"]])
        yield made


def _opened(screen: Screen, item: str = "Notes", place: str = "sidebar") -> FrameLocator:
    screen.menu("twinsheet", item)
    frame = screen.page.frame_locator(f"#{place}Frame")
    expect(frame.locator("#said")).to_have_text("ready")
    return frame


def test_a_page_in_the_sidebar_asks_the_script_for_the_person_and_cell_of_now(browser: Browser, book: Book) -> None:
    with looking(browser, book.served.url, WIDE) as screen:
        frame = _opened(screen.open())
        expect(screen.page.get_by_role("complementary", name="My notes")).to_be_visible()
        screen.click(2, 1)
        screen.page.locator("#person").select_option("bob@example.com")
        frame.locator("#where").click()
        said = '[{"cell":"B3","told":{"list":[1,null,"é"]},"who":"bob@example.com"},"mine"]'
        until(lambda: _sorted(frame) == said, "the page has its answer")
        frame.locator("#fail").click()
        expect(frame.locator("#said")).to_have_text('["ScriptError","Error: not today","mine"]')
        frame.locator("#mark").click()
        expect(screen.cell(2, 1)).to_have_text("from the page")


def _sorted(frame: FrameLocator) -> str:
    return str(
        frame.locator("#said").evaluate("""(node) => {
      const told = JSON.parse(node.textContent === 'ready' ? '[{}]' : node.textContent);
      told[0] = Object.fromEntries(Object.entries(told[0]).sort());
      return JSON.stringify(told);
    }""")
    )


def test_a_page_of_the_script_reaches_neither_the_page_around_nor_the_server(browser: Browser, book: Book) -> None:
    with looking(browser, book.served.url, WIDE) as screen:
        frame = _opened(screen.open())
        tried = frame.locator("body").evaluate("""async () => {
          const reached = [];
          try { if (parent.document) reached.push('page'); } catch { /* as it should be */ }
          try { if (localStorage) reached.push('storage'); } catch { /* as it should be */ }
          await fetch('/state').then(() => reached.push('server'), () => {});
          for (const bad of [new Date(), [{ a: () => 1 }]]) {
            try { google.script.run.where(bad); reached.push('sent'); } catch (error) { reached.push(error.message); }
          }
          return [...reached, typeof google.script.run.hidden_, self.origin];
        }""")
        illegal = "Failed due to illegal value in property: "
        assert tried == [f"{illegal}0", f"{illegal}a", "undefined", "null"]
        screen.faults.clear()  # the browser told of the request that it did not send


def test_a_link_of_a_page_in_the_sidebar_opens_a_window(browser: Browser, book: Book) -> None:
    with looking(browser, book.served.url, WIDE) as screen:
        frame = _opened(screen.open())
        with screen.page.context.expect_page() as opened:
            frame.get_by_role("link", name="Elsewhere").click()
        expect(opened.value.locator("body")).to_contain_text("ok")
        assert opened.value.evaluate("self.origin") == book.served.url


@pytest.mark.parametrize("way", ["button", "page", "escape"])
def test_a_closed_sidebar_gives_the_keyboard_back_to_the_sheet(browser: Browser, book: Book, way: str) -> None:
    with looking(browser, book.served.url, WIDE) as screen:
        frame = _opened(screen.open())
        if way == "escape":
            until(lambda: bool(frame.locator("body").evaluate("document.hasFocus()")), "the page has the keyboard")
            screen.page.keyboard.press("Escape")
        elif way == "page":  # with the mouse: Playwright's click may wait for ever for the frame that it ends
            box = frame.locator("#away").bounding_box()
            assert box
            screen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        else:
            screen.page.get_by_role("button", name="Close the sidebar").click()
        expect(screen.page.locator("#sidebar")).to_be_hidden()
        screen.page.keyboard.type("typed")
        screen.page.keyboard.press("Enter")
        until(lambda: book.cell(0, 0) == "typed", "what was typed stands in the sheet")


def test_the_sheet_is_worked_in_beside_an_open_sidebar(browser: Browser, book: Book) -> None:
    with looking(browser, book.served.url, WIDE) as screen:
        frame = _opened(screen.open())
        sheet, sidebar = (
            screen.page.locator("#sheetGrid").bounding_box(),
            screen.page.locator("#sidebar").bounding_box(),
        )
        assert sheet and sidebar
        assert sidebar["width"] == 300
        assert sidebar["x"] == sheet["x"] + sheet["width"]
        frame.locator("#grid").click()
        screen.page.keyboard.type("typed")
        screen.page.keyboard.press("Enter")
        expect(screen.cell(0, 0)).to_have_text("typed")
        expect(frame.locator("#said")).to_be_visible()


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(1, 2, 3)"), ("dark", "rgb(250, 251, 252)")])
def test_on_a_phone_the_sidebar_covers_the_sheet_in_the_colours_of_the_page(
    browser: Browser, book: Book, scheme: Any, colour: str
) -> None:
    with looking(browser, book.served.url, NARROW, color_scheme=scheme) as screen:
        frame = _opened(screen.open())
        sheet, sidebar = screen.page.locator("#sheet").bounding_box(), screen.page.locator("#sidebar").bounding_box()
        assert sheet and sidebar
        assert sidebar["width"] >= sheet["width"] - 2
        expect(frame.locator("#said")).to_have_css("color", colour)


def test_a_dialog_has_the_size_that_the_script_wishes_and_a_page_opens_one(browser: Browser, book: Book) -> None:
    with looking(browser, book.served.url, WIDE) as screen:
        frame = _opened(screen.open(), "Size", "htmlDialog")
        box = screen.page.locator("#htmlDialogFrame").bounding_box()
        assert box
        assert (box["width"], box["height"]) == (320, 240)
        expect(screen.page.get_by_role("dialog", name="Choose a size")).to_be_visible()
        frame.locator("#away").click()
        expect(screen.page.locator("#htmlDialog")).to_be_hidden()
        frame = _opened(screen)
        frame.locator("#again").click()
        expect(screen.page.get_by_role("dialog", name="Twinsheet")).to_contain_text("Once more")
        screen.page.keyboard.press("Enter")
        expect(screen.page.frame_locator("#htmlDialogFrame").locator("#said")).to_have_text("ready")
        screen.page.get_by_role("button", name="Close the dialog").click()
        expect(screen.page.locator("#htmlDialog")).to_be_hidden()


def test_another_spreadsheet_closes_what_the_first_ones_script_shows(browser: Browser, book: Book) -> None:
    other = book.served.new("Other")
    with looking(browser, book.served.url, WIDE) as screen:
        _opened(screen.open())
        shown = screen.page.locator("#spreadsheets").input_value()
        screen.page.locator("#spreadsheets").select_option(book.id if shown == other.id else other.id)
        expect(screen.page.locator("#sidebar")).to_be_hidden()
