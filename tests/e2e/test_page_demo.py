"""The newcomer's first screen on the whole product: type on one side, see it on the other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sandbox.stack.runfolder import RunFolder
from sandbox.stack.servers import end_with_parent, free_port
from sandbox.stack.supervise import end_leftovers
from tests.e2e.page_bench import NARROW, WIDE, Screen, browser, looking, until

pytestmark = pytest.mark.chromium
__all__ = ["browser"]  # a fixture

_PORTS = ("WEBHOOK", "CONSOLE", "SANDBOX", "MYSQL", "KAFKA")
_START_TIMEOUT_S = 240
_STOP_TIMEOUT_S = 60


class Demo:
    """A running `twinsheet demo` on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.run_folder = RunFolder(folder / "run")
        ours = {name for name in os.environ if name.startswith("TWINSHEET_")} - {"TWINSHEET_DOWNLOADS_DIR"}
        ports = {f"TWINSHEET_{name}_PORT": str(free_port()) for name in _PORTS}
        self.url = f"http://127.0.0.1:{ports['TWINSHEET_SANDBOX_PORT']}"
        self.environment = {k: v for k, v in os.environ.items() if k not in ours}
        self.environment |= ports | {"TWINSHEET_RUN_DIR": str(self.run_folder.path)}
        self.said = folder / "demo.out"
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                end_with_parent([sys.executable, "-m", "app.cli", "demo"]),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Until everything runs."""
        ready = lambda: "Ctrl-C" in self.said.read_text() or self.process.poll() is not None  # noqa: E731
        until(ready, "the demo runs", timeout_s=_START_TIMEOUT_S)
        assert self.process.poll() is None, self.said.read_text()

    def sql(self, statement: str) -> str:
        """Run one statement with the product's own SQL prompt."""
        command = [sys.executable, "-m", "app.cli", "sql", "-N", "-e", statement]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(_STOP_TIMEOUT_S)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("page"))
    with ExitStack() as stack:
        stack.callback(end_leftovers, running.run_folder)
        stack.callback(running.stop)
        running.wait()
        yield running


@pytest.fixture
def screen(browser: Browser, demo: Demo) -> Iterator[Screen]:
    with looking(browser, demo.url, WIDE) as opened:
        opened.open()
        expect(opened.page.locator("#verdict")).to_have_text("identical")
        yield opened


def test_a_typed_cell_reaches_the_table_and_the_page_tells_how_long_it_took(screen: Screen, demo: Demo) -> None:
    screen.watch_flashes()
    screen.type(3, 1, "Ada Lovelace")
    expect(screen.cell(2, 1, "table")).to_have_text("Ada Lovelace")
    until(lambda: screen.flashed(2, 1, "table"), "the table's cell lit up")
    screen.shows("#crossing", "sheet → table")
    screen.shows("#log", "customer of 1003")
    expect(screen.page.locator("#verdict")).to_have_text("identical")
    assert demo.sql("SELECT customer FROM shop.orders WHERE order_no = 1003") == "Ada Lovelace"


def test_sql_reaches_the_sheet_and_the_cell_lights_up(screen: Screen, demo: Demo) -> None:
    screen.watch_flashes()
    demo.sql("UPDATE shop.orders SET notes = 'by SQL' WHERE order_no = 1004")
    expect(screen.cell(4, 8)).to_have_text("by SQL")
    until(lambda: screen.flashed(4, 8), "the sheet's cell lit up")
    screen.shows("#crossing", "table → sheet")
    expect(screen.page.locator("#verdict")).to_have_text("identical")


def test_a_new_order_typed_below_the_last_one_gets_its_number_from_the_table(screen: Screen, demo: Demo) -> None:
    screen.click(1, 1)
    screen.page.keyboard.press("Control+ArrowDown")
    screen.page.keyboard.press("ArrowDown")
    for text in ("Zoë Newcomer", "Teapot", "2"):
        screen.page.keyboard.type(text)
        screen.page.keyboard.press("Tab")
    screen.page.keyboard.type("39")
    screen.page.keyboard.press("Enter")
    expect(screen.cell(201, 0)).to_have_text("1201")
    screen.shows("#log", "row 1201")
    expect(screen.page.locator("#verdict")).to_have_text("identical")
    assert demo.sql("SELECT customer, quantity FROM shop.orders WHERE order_no = 1201") == "Zoë Newcomer\t2"


def test_rows_inserted_and_deleted_in_the_table_on_the_page_reach_the_sheet(screen: Screen, demo: Demo) -> None:
    screen.page.get_by_role("button", name="+ Row").click()
    form = screen.page.locator("#form")
    for name, text in {
        "order_no": "5000",
        "customer": "Bea",
        "item": "Lamp",
        "quantity": "1",
        "price": "9.50",
    }.items():
        form.get_by_label(name).fill(text)
    form.get_by_role("button", name="Insert").click()
    screen.shows("#log", "row 5000")
    screen.click(1, 1)
    screen.page.keyboard.press("Control+ArrowDown")
    screen.shows("#live", "Bea")
    screen.page.locator("#tableGrid [data-marks~=twin-cell]").click()
    screen.page.get_by_role("button", name="Delete the selected rows").click()
    until(lambda: demo.sql("SELECT COUNT(*) FROM shop.orders WHERE order_no = 5000") == "0", "deleted")
    expect(screen.page.locator("#sheetGrid").get_by_text("Bea", exact=True)).to_have_count(0)
    expect(screen.page.locator("#verdict")).to_have_text("identical")


def test_a_value_that_the_table_refuses_is_marked_with_its_reason_until_it_is_mended(screen: Screen) -> None:
    screen.type(5, 4, "cheap")
    expect(screen.page.locator("#verdict")).to_have_text("identical, 1 waiting")
    expect(screen.page.locator("#sheetGrid [data-marks~=waits]")).to_have_text("cheap")
    screen.click(5, 4)
    screen.shows("#tip", "cheap is not a number with 2 decimals")
    screen.type(5, 4, "12")
    expect(screen.page.locator("#verdict")).to_have_text("identical")
    expect(screen.page.locator("#sheetGrid [data-marks~=waits]")).to_have_count(0)


def test_an_edit_is_taken_back_in_the_sidebar_beside_its_row(screen: Screen, demo: Demo) -> None:
    before = demo.sql("SELECT customer FROM shop.orders WHERE order_no = 1006")
    screen.type(6, 1, "Mistyped")
    expect(screen.cell(5, 1, "table")).to_have_text("Mistyped")
    screen.click(6, 1)
    screen.menu("twinsheet", "History and undo")
    frame = screen.page.frame_locator("#sidebarFrame")
    expect(frame.locator("#state")).to_contain_text("live, identical as of")
    expect(frame.locator("#title")).to_have_text("History of row 7")
    expect(frame.locator("#entries li").first).to_contain_text(f"Customer {before} → Mistyped")
    frame.get_by_role("button", name="Take back…").first.click()
    expect(frame.locator("#planLines")).to_have_text(f"1006 · Customer Mistyped → {before}")
    frame.get_by_role("button", name="Take back", exact=True).click()
    expect(frame.locator("#said")).to_contain_text("Taken back")
    expect(screen.cell(6, 1)).to_have_text(before)
    expect(frame.locator("#entries")).to_contain_text("ann@example.com · undo")
    assert demo.sql("SELECT customer FROM shop.orders WHERE order_no = 1006") == before


def test_the_row_ids_show_on_demand_and_the_sheets_script_says_how_the_link_is(screen: Screen) -> None:
    screen.menu("view", "Show hidden columns")
    expect(screen.cell(1, 9)).to_contain_text("r_")
    screen.menu("twinsheet", "Status")
    screen.shows("#dialog", "sheet and table identical as of")
    screen.page.get_by_role("button", name="OK").click()


def test_all_of_it_works_on_a_narrow_screen_too(browser: Browser, demo: Demo) -> None:
    with looking(browser, demo.url, NARROW, has_touch=True) as screen:
        screen.open()
        expect(screen.page.locator("#verdict")).to_have_text("identical")
        screen.cell(2, 1).tap()
        screen.cell(2, 1).tap()
        screen.page.keyboard.type(" II")
        screen.page.keyboard.press("Enter")
        expect(screen.cell(1, 1, "table")).to_contain_text(" II")
        expect(screen.page.locator("#verdict")).to_have_text("identical")
        screen.cell(2, 1).tap()
        screen.menu("twinsheet", "History and undo")
        expect(screen.page.frame_locator("#sidebarFrame").locator("#entries li").first).to_contain_text(" II")
