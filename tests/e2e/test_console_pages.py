"""The console as people use it, in a real browser: every page, wide and narrow, light and dark."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from app.console.pages import conflicts, history, link_head, undoing
from app.console.pages.words import iso
from sandbox.stack.servers import MysqlServer
from tests.e2e.console_place import ConsolePlace, Visitor, console_on, filled, visiting
from tests.e2e.page_bench import NARROW, PATIENCE_MS, WIDE, browser, until

pytestmark = pytest.mark.chromium
__all__ = ["browser"]  # a fixture

PLAN = {"damaged": "sheet", "sheet_writes": 0, "table_writes": 0, "kinds": [], "cannot": []}
SECTIONS = ("Conflicts", "Waiting", "History", "Speed")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, mysql_server: MysqlServer) -> Iterator[ConsolePlace]:
    with (
        pytest.MonkeyPatch.context() as patch,
        filled(tmp_path_factory.mktemp("console"), mysql_server) as made,
        console_on(made, made.settings()) as url,
    ):
        for pages in (conflicts, undoing):
            patch.setattr(pages, "WAIT_S", 0.1)  # nobody carries anything out but these tests
        made.url = url
        yield made


@pytest.fixture
def visitor(browser: Browser, place: ConsolePlace) -> Iterator[Visitor]:
    with visiting(browser, place.url, WIDE) as one:
        yield one


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_keeps_anybody_out_or_asks_another_machine_or_scrolls_sideways(
    browser: Browser, place: ConsolePlace, size: dict[str, int]
) -> None:
    scheme = "light" if size is WIDE else "dark"
    with visiting(browser, place.url, size, color_scheme=scheme) as visitor:
        visitor.open("/")
        expect(visitor.page.locator("#links")).to_contain_text("orders")
        expect(visitor.page.locator("#faults")).to_be_empty()
        visitor.is_open_to_all()
        visitor.page.locator("#links").get_by_role("link", name="stock").click()
        expect(visitor.button("Let it through …")).to_be_visible()
        visitor.is_open_to_all()
        visitor.open("/links/orders")
        expect(visitor.page.locator("#events")).to_contain_text("new 29")
        visitor.is_open_to_all()
        for section in SECTIONS:
            visitor.page.locator("#link-ways").get_by_role("link", name=section).click()
            expect(visitor.page.locator("#link-ways [aria-current]")).to_contain_text(section)
            expect(visitor.page.locator("#main .ag-row, #main .scatterlayer").first).to_be_attached()
            visitor.is_open_to_all()


def test_in_a_wide_window_the_bar_reaches_both_edges_and_begins_where_the_page_does(
    browser: Browser, place: ConsolePlace
) -> None:
    with visiting(browser, place.url, {"width": 1920, "height": 800}) as visitor:
        visitor.open("/")
        expect(visitor.page.locator("#links")).to_contain_text("orders")
        bar, window = visitor.page.locator("header").bounding_box(), visitor.page.evaluate("innerWidth")
        assert bar
        assert (bar["x"], bar["width"]) == (0, window)
        name, title = visitor.page.locator(".brand").bounding_box(), visitor.page.locator("#title").bounding_box()
        assert name and title
        assert name["x"] == title["x"]


def test_the_first_screen_tells_what_is_identical_since_when_and_what_needs_a_person(visitor: Visitor) -> None:
    visitor.open("/")
    expect(visitor.page.locator("#title")).to_contain_text("1 link is held; the other 3 identical, except")
    expect(visitor.page.locator("#overview-head")).to_contain_text("180 of 200 rows left the tab Stock at once.")
    expect(visitor.page.locator("#overview-head time").first).to_have_attribute("title", r := visitor.page.evaluate(
        "new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'long'})"
        ".format(Date.parse(document.querySelector('#overview-head time').dateTime))"
    ))  # fmt: skip
    assert r
    expect(visitor.page.locator("#links .ag-row").first).to_contain_text("stock")
    visitor.page.get_by_label("Find a link").fill("people")
    expect(visitor.page.locator("#links .ag-center-cols-container .ag-row")).to_have_count(1)
    visitor.page.get_by_role("link", name="people").click()
    expect(visitor.page.locator("#title")).to_have_text("Links / people")
    expect(visitor.page.locator("#main")).to_be_focused()


def test_what_passes_shows_by_itself_with_what_is_known_of_its_way(visitor: Visitor, place: ConsolePlace) -> None:
    visitor.open("/links/orders")
    expect(visitor.page.locator("#events")).to_contain_text("new 29")
    place.pass_by("typed just now")
    expect(visitor.page.locator("#events > li").first).to_contain_text("typed just now")
    expect(visitor.page.locator("#events > li").first).to_contain_text("edit → table")


def test_a_conflict_is_settled_by_one_click_and_leaves_the_list_when_that_is_done(
    visitor: Visitor, place: ConsolePlace
) -> None:
    visitor.open("/links/orders/conflicts")
    visitor.button("Keep the sheet's value for price of 3").click()
    expect(visitor.page.locator("#said")).to_contain_text("the sheet's value is kept as your choice")
    chosen = place.choice(3)
    assert chosen is not None
    assert (chosen["take"], chosen["actor"].endswith("(console)")) == ("sheet", True)
    expect(visitor.row("conflicts", "14.00")).to_contain_text("it is being written")
    place.carry_out(3)
    expect(visitor.row("conflicts", "14.00")).to_have_count(0)
    visitor.button("Settled ones").click()
    expect(visitor.row("conflicts", "14.00")).to_contain_text("sheet won")


def test_many_conflicts_are_settled_at_once_and_one_by_another_value_by_the_keyboard_alone(
    visitor: Visitor, place: ConsolePlace
) -> None:
    visitor.open("/links/orders/conflicts")
    for row in ("15.00", "16.00"):
        visitor.row("conflicts", row).get_by_role("checkbox").check()
    visitor.button("Keep the table's").click()
    expect(visitor.page.locator("#said")).to_contain_text("2 conflicts: the table's value was chosen")
    assert [(place.choice(row) or {})["take"] for row in (4, 5)] == ["table", "table"]
    keyboard = visitor.page.keyboard
    visitor.row("conflicts", "18.00").get_by_role("gridcell").nth(3).click()
    keyboard.press("Space")
    expect(visitor.page.locator("#chosen-said")).to_have_text("1 selected")
    visitor.button("Another value …").focus()
    keyboard.press("Enter")
    expect(visitor.page.get_by_role("dialog")).to_contain_text("58.00")
    expect(visitor.page.get_by_label("Value", exact=True)).to_be_focused()
    keyboard.type("33.00")
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(visitor.page.locator("#said")).to_contain_text("'33.00' is kept as your choice")
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    assert (place.choice(7) or {})["value"] == "33.00"


def test_a_value_that_the_table_cannot_hold_is_refused_with_the_reason(visitor: Visitor, place: ConsolePlace) -> None:
    visitor.open("/links/orders/conflicts")
    visitor.row("conflicts", "20.00").get_by_role("checkbox").check()
    visitor.button("Another value …").click()
    visitor.page.get_by_label("Value", exact=True).fill("cheap")
    visitor.button("Give both sides this value").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("cheap is not a number with 2 decimals")
    assert place.choice(9) is None


def test_the_history_is_searched_and_followed(visitor: Visitor, place: ConsolePlace) -> None:
    visitor.open("/links/orders/history")
    expect(visitor.row("history", "ann@example.com").first).to_contain_text("sheet → table")
    visitor.page.get_by_label("Person").fill("shop@10.0.0.7")
    visitor.page.keyboard.press("Enter")
    expect(visitor.row("history", "ann@example.com")).to_have_count(0)
    expect(visitor.row("history", "shop@10.0.0.7").first).to_contain_text("new 28")
    visitor.page.get_by_label("Person").fill("bob@example.com")
    visitor.button("From the sheet").click()
    place.pass_by("searched for")
    expect(visitor.page.locator("#history .ag-row").first).to_contain_text("searched for")
    visitor.page.get_by_label("From", exact=True).fill("nonsense")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator("#said")).to_contain_text("From: nonsense is no time.")


def test_a_search_that_takes_long_is_not_begun_anew_with_every_look(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = threading.Event(), threading.Semaphore(0)
    first = history._first

    def slow(*of: Any) -> tuple[Any, ...]:
        asked.release()
        assert found.wait(PATIENCE_MS / 1000)
        return first(*of)

    visitor.page.clock.install()
    visitor.open("/links/orders/history")
    expect(visitor.row("history", "ann@example.com").first).to_be_visible()
    monkeypatch.setattr(history, "_first", slow)
    visitor.page.get_by_label("Person").fill("shop@10.0.0.7")
    visitor.page.keyboard.press("Enter")
    until(lambda: asked.acquire(blocking=False), "the search is under way")
    visitor.page.clock.run_for(20_000)
    found.set()
    expect(visitor.row("history", "shop@10.0.0.7").first).to_be_visible()
    expect(visitor.row("history", "ann@example.com")).to_have_count(0)
    assert not asked.acquire(blocking=False), "it was asked once"


def test_an_undo_stands_in_the_history_once_and_tells_when_it_has_come_into_the_sheet(
    visitor: Visitor, place: ConsolePlace
) -> None:
    place.undo_passes("stock", "undo")
    visitor.open("/links/stock")
    passes = visitor.page.locator("#events li").filter(has_text="as before")
    expect(passes.locator(".way-of")).to_have_text("Undo")
    visitor.open("/links/stock/history")
    line = visitor.page.locator("#history .ag-center-cols-container .ag-row").filter(has_text="as before")
    expect(line.locator("[col-id=way]")).to_have_text("undo")
    place.undo_passes("stock", "table")
    expect(line.locator("[col-id=way]")).to_have_text("undo → sheet")
    visitor.page.reload()
    expect(line).to_have_count(1)
    expect(line.locator("[col-id=way]")).to_have_text("undo → sheet")
    visitor.page.get_by_label("Person").fill("eve@example.com")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#history .ag-center-cols-container .ag-row")).to_have_count(1)
    expect(line.locator("[col-id=way]")).to_have_text("undo → sheet")
    visitor.open("/links/stock")
    expect(passes).to_have_count(1)
    expect(passes.locator(".way-of")).to_have_text("Undo → sheet")


def test_what_is_selected_to_be_undone_is_let_go_by_another_search(visitor: Visitor, place: ConsolePlace) -> None:
    place.paste("people", {5: ("was 5", "pasted 5")}, "paste_5")
    visitor.open("/links/people/history")
    said, way = visitor.page.locator("#undo-said"), visitor.button("Undo this cell …")
    visitor.row("history", "pasted 5").first.get_by_role("checkbox").check()
    expect(said).to_have_text("notes of 5, by bob@example.com")
    expect(way).to_be_enabled()
    visitor.page.get_by_label("Row", exact=True).fill("no such row")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#history")).to_contain_text("Nothing in the history fits.")
    expect(said).to_have_text("To undo, select an entry.")
    expect(way).to_be_disabled()


def test_the_whole_event_of_an_entry_is_shown_alone(visitor: Visitor, place: ConsolePlace) -> None:
    place.paste("people", {6: ("was 6", "pasted 6")}, "paste_6")
    place.paste("people", {7: ("was 7", "pasted 7")}, "paste_7")
    visitor.open("/links/people/history")
    expect(visitor.row("history", "pasted 7").first).to_be_visible()
    visitor.page.get_by_label("Row", exact=True).fill("6")
    visitor.page.keyboard.press("Enter")
    expect(visitor.row("history", "pasted 7")).to_have_count(0)
    visitor.row("history", "pasted 6").first.get_by_role("checkbox").check()
    visitor.button("Show its whole event").click()
    expect(visitor.page.get_by_label("Event", exact=True)).to_have_value("paste_6")
    expect(visitor.page.get_by_label("Row", exact=True)).to_have_value("")
    expect(visitor.row("history", "pasted 6").first).to_be_visible()
    expect(visitor.row("history", "pasted 7")).to_have_count(0)


def test_of_a_row_that_came_or_went_the_row_is_what_is_undone(visitor: Visitor, place: ConsolePlace) -> None:
    place.goes("people", 8, {"notes": "gone", "quantity": None})
    visitor.open("/links/people/history")
    visitor.row("history", "gone").first.get_by_role("checkbox").check()
    expect(visitor.button("Undo this row …")).to_be_enabled()
    expect(visitor.page.locator("#undo-said")).to_have_text("row 8, by bob@example.com")
    empty = visitor.row("history", "quantity").filter(has_text="deleted").first
    expect(empty.locator("[col-id=old]")).to_have_text("empty")


def test_a_paste_is_undone_after_its_plan_was_shown(visitor: Visitor, place: ConsolePlace) -> None:
    place.paste("people", {1: ("was 1", "pasted 1"), 2: ("was 2", "pasted 2"), 3: ("was 3", "pasted 3")})
    visitor.open("/links/people/history")
    visitor.row("history", "bob@example.com").first.get_by_role("checkbox").check()
    visitor.button("Undo its whole event …").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Take back 3 cells on people?")
    expect(dialog).to_contain_text("2 notes: 'pasted 2' → 'was 2'")
    assert visitor.faults_for_others() == []
    visitor.button("Take back").click()
    expect(visitor.page.locator("#said")).to_contain_text("3 rows kept and taken back later")
    assert place.asked_back("people") == {"r_1": "was 1", "r_2": "was 2", "r_3": "was 3"}


def test_an_undo_that_waits_is_shown_where_it_was_asked_for_and_is_withdrawn(
    visitor: Visitor, place: ConsolePlace
) -> None:
    place.asks_back("stock", {1: ("now", "before"), 2: ("now", "before")})
    visitor.open("/links/stock/history")
    waiting = visitor.page.locator("#undos-open")
    expect(waiting).to_contain_text("An undo by eve waits: 2 of 2 rows to be taken back")
    assert visitor.faults_for_others() == []
    visitor.button("Withdraw …").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("Withdraw the undo on stock?")
    visitor.button("Withdraw").click()
    expect(visitor.page.locator("#said")).to_contain_text("Withdrawn: 2 rows will not be taken back.")
    expect(waiting).to_be_empty()
    expect(visitor.page.locator("#history .ag-row").first).to_contain_text("(console)")
    assert place.asked_back("stock") == {}
    visitor.page.locator("#link-ways").get_by_role("link", name="Now").click()
    expect(visitor.page.locator("#events > li").first).to_contain_text("2 rows to be taken back for eve withdrawn")


def test_a_plan_that_takes_long_is_shown_however_often_the_page_is_drawn_anew_meanwhile(
    visitor: Visitor, place: ConsolePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = threading.Event()

    def slow(*_: Any) -> dict[str, Any]:
        assert planned.wait(PATIENCE_MS / 1000)
        return {"plan": PLAN}

    monkeypatch.setattr(link_head, "restore", slow)
    visitor.open("/links/stock")
    visitor.button("Restore …").click()
    expect(visitor.page.get_by_text("Working …")).to_be_visible()
    for _ in range(2):
        place.looked_at("stock", now := datetime.now(UTC))
        expect(visitor.page.locator("#link-head time").first).to_have_attribute("datetime", iso(now) or "")
    planned.set()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("Undo the damage on stock?")
    expect(visitor.page.get_by_text("Working …")).to_be_hidden()
    visitor.button("Cancel").click()


def test_a_hold_tells_its_reason_and_is_let_through_only_after_a_yes(browser: Browser, place: ConsolePlace) -> None:
    with visiting(browser, place.url, NARROW) as visitor:
        visitor.open("/links/stock")
        expect(visitor.page.locator("#link-head")).to_contain_text("180 of 200 rows left the tab Stock at once.")
        visitor.button("Let it through …").click()
        expect(visitor.page.get_by_role("dialog")).to_contain_text("180 of 200 rows left the tab")
        visitor.button("Cancel").click()
        assert place.state("stock") == "held"
        visitor.button("Let it through …").click()
        visitor.button("Let it through").click()
        expect(visitor.page.locator("#said")).to_contain_text("stock goes on")
        expect(visitor.page.locator("#link-head .badge")).to_have_text("live")
        assert place.state("stock") == "live"


def test_a_link_is_paused_and_resumed(visitor: Visitor, place: ConsolePlace) -> None:
    visitor.open("/links/people")
    visitor.button("Pause").click()
    expect(visitor.page.locator("#link-head")).to_contain_text("what comes in waits")
    assert place.state("people") == "paused"
    visitor.button("Resume").click()
    expect(visitor.page.locator("#link-head .badge")).to_have_text("live")
    assert place.state("people") == "live"


def test_rejections_tell_the_cell_and_the_reason_and_an_empty_list_what_that_means(visitor: Visitor) -> None:
    visitor.open("/links/orders/waiting")
    expect(visitor.row("rejections", "12,50 €")).to_contain_text("is not a number")
    visitor.open("/links/quiet/waiting")
    expect(visitor.page.locator("#rejections")).to_contain_text("the table holds every value of the tab")
    visitor.open("/links/quiet")
    expect(visitor.page.locator("#events")).to_contain_text("Type into a cell of Quiet")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_list_is_as_high_as_its_rows_up_to_what_the_window_leaves_it(
    browser: Browser, place: ConsolePlace, size: dict[str, int]
) -> None:
    with visiting(browser, place.url, size) as visitor:

        def height_px(grid: str) -> float:
            box = visitor.page.locator(f"#{grid}").bounding_box()
            return box["height"] if box else 0

        visitor.open("/links/orders/waiting")
        expect(visitor.page.locator("#rejections .ag-row").first).to_be_visible()
        until(lambda: 0 < height_px("rejections") < size["height"] / 3, "one rejection takes the place of one")
        last = visitor.page.locator("#rejections .ag-row").last.bounding_box()
        top = visitor.page.locator("#rejections").bounding_box()
        assert last and top
        assert last["y"] + last["height"] <= top["y"] + top["height"], "and all of it shows"
        visitor.open("/links/orders/history")
        expect(visitor.page.locator("#history .ag-row").first).to_be_visible()
        until(lambda: size["height"] / 2 < height_px("history") < size["height"], "thirty entries fill the window")


def test_an_unknown_link_is_told_with_those_that_there_are(visitor: Visitor) -> None:
    visitor.open("/links/ordrs")
    expect(visitor.page.locator("#said")).to_contain_text("orders, stock, people, quiet")


def test_with_a_token_the_browser_is_led_to_the_sign_in_and_back(
    browser: Browser, place: ConsolePlace, tmp_path: Path
) -> None:
    settings = place.settings(console_token=SecretStr("the-token"))
    with console_on(place, settings) as url, visiting(browser, url, NARROW) as visitor:
        visitor.open("/links/orders")
        visitor.page.get_by_label("Token").fill("the-token")
        visitor.page.get_by_label("Your name").fill("Ann")
        assert visitor.faults_for_others() == []
        visitor.button("Sign in").click()
        expect(visitor.page.locator("#title")).to_have_text("Links / orders")
        visitor.open("/links/orders/conflicts")
        visitor.page.get_by_role("button", name="Keep the table's value for price of 11").click()
        until(lambda: place.choice(11) is not None, "the choice is kept")
        assert (place.choice(11) or {})["actor"] == "Ann (console)"


def test_while_mysql_is_away_the_page_says_so_and_shows_what_it_last_knew(
    browser: Browser, place: ConsolePlace
) -> None:
    settings = place.settings(mysql_url=SecretStr("mysql://u:hunter22@127.0.0.1:1/"))
    with console_on(place, settings) as url, visiting(browser, url, WIDE) as visitor:
        visitor.open("/")
        expect(visitor.page.locator("#faults")).to_contain_text("does not answer")
        assert "hunter22" not in visitor.page.content()
