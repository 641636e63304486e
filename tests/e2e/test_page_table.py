"""The sandbox's page: the linked table beside the sheet, live, in Chromium and on real servers.

The product's own services do not run here: what one side gets, the other does not, so that the page has
differences to show.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import describe_table
from adapters.sheets_client import SheetsClient
from adapters.sheets_prepare import prepare_tab
from config.links import Links
from core.values.catalog import codec_for
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.servers import MysqlServer
from tests.e2e.page_bench import WIDE, Book, Screen, Served, alone, browser, looking, served, serving, until

pytestmark = pytest.mark.chromium
__all__ = ["alone", "browser", "served"]  # fixtures

HEADERS = ["id", "name", "price", "status", "paid"]
SHEET_ROWS: list[list[Any]] = [[1, "Ada", 1.5, "new", True], [2, "Ben", 2.25, "sent", False]]
Schemas = Callable[[MysqlServer], str]
TABLE_SQL = """CREATE TABLE {schema}.goods (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(10) NOT NULL, price DECIMAL(8,2) NOT NULL,
    status ENUM('new', 'sent') NOT NULL DEFAULT 'new', paid BOOLEAN NULL)"""


class World:
    """A sandbox, a linked table, and how to reach both from outside the page."""

    def __init__(self, served: Served, book: Book, server: MysqlServer, schema: str) -> None:
        self.served, self.book, self.schema = served, book, schema
        self._server = server

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement, as another program does."""
        connection = self._server.connect(self.schema)
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            found: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
            connection.commit()
            return found
        finally:
            connection.close()

    def names(self) -> list[str]:
        return [name for (name,) in self.sql("SELECT name FROM goods ORDER BY id")]


def _link(folder: Path, served: Served, server: MysqlServer, schema: str, above: Sequence[list[Any]] = ()) -> World:
    book, header_row = served.new(), len(above) + 1
    book.put("A1", [*above, HEADERS, *SHEET_ROWS], option="RAW")
    world = World(served, book, server, schema)
    world.sql(TABLE_SQL.format(schema=schema))
    world.sql("INSERT INTO goods VALUES (1, 'Ada', 1.5, 'new', TRUE), (2, 'Ben', 2.25, 'sent', FALSE)")
    links = folder / "links.yaml"
    place = f"tab: Orders, header_row: {header_row}, table: {schema}.goods"
    links.write_text(f"links:\n  - {{name: goods, spreadsheet: {book.id}, {place}}}\n")
    session = MysqlSession(parse_url(server.url), autocommit=True)
    try:
        (link,) = Links(links, partial(describe_table, session), codec_for).current()
    finally:
        session.drop()
    client = SheetsClient(endpoint=served.url)
    prepare_tab(client, book.id, "Orders", "goods", link.columns, header_row=header_row)
    client.close()
    return world


@pytest.fixture
def world(alone: Path, monkeypatch: pytest.MonkeyPatch, any_mysql: MysqlServer, schema: str) -> Iterator[World]:
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", any_mysql.url)
    monkeypatch.setenv("TWINSHEET_LINKS", str(alone / "links.yaml"))
    with serving(alone) as running:
        yield _link(alone, running, any_mysql, schema)


@pytest.fixture
def screen(browser: Browser, world: World) -> Iterator[Screen]:
    with looking(browser, world.served.url, WIDE) as opened:
        opened.open()
        expect(opened.cell(0, 1, "table")).to_have_text("Ada")
        yield opened


def test_the_table_stands_beside_the_sheet_and_both_are_told_to_be_identical(screen: Screen, world: World) -> None:
    screen.shows("#tableName", f"{world.schema}.goods")
    assert [screen.cell(1, c, "table").inner_text() for c in range(5)] == ["2", "Ben", "2.25", "sent", "0"]
    expect(screen.page.locator("#verdict")).to_have_text("identical")


@pytest.mark.mysql
def test_a_table_below_a_title_is_compared_and_sorted_from_its_headers_on(
    browser: Browser, alone: Path, monkeypatch: pytest.MonkeyPatch, mysql_server: MysqlServer, fresh_schema: Schemas
) -> None:
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", mysql_server.url)
    monkeypatch.setenv("TWINSHEET_LINKS", str(alone / "links.yaml"))
    with serving(alone) as running:
        above: list[list[Any]] = [["Our goods"], ["as of today"], [""]]
        world = _link(alone, running, mysql_server, fresh_schema(mysql_server), above)
        with looking(browser, running.url, WIDE) as screen:
            expect(screen.open().page.locator("#verdict")).to_have_text("identical")
            expect(screen.cell(3, 1)).to_have_attribute("data-marks", "header")
            screen.click(4, 1)
            screen.menu("sort", "Z → A")
            expect(screen.cell(4, 1)).to_have_text("Ben")
            assert [world.book.cell(row, 0) for row in range(4)] == ["Our goods", "as of today", None, "id"]
            expect(screen.page.locator("#verdict")).to_have_text("identical")


def test_what_sql_changes_inserts_and_deletes_is_seen_at_once_and_lights_up(screen: Screen, world: World) -> None:
    screen.watch_flashes()
    world.sql("UPDATE goods SET name = 'Zoë' WHERE id = 2")
    expect(screen.cell(1, 1, "table")).to_have_text("Zoë")
    until(lambda: screen.flashed(1, 1, "table"), "the cell lit up")
    assert not screen.flashed(0, 1, "table")
    world.sql("INSERT INTO goods (name, price) VALUES ('Cleo', 3)")
    expect(screen.cell(2, 1, "table")).to_have_text("Cleo")
    expect(screen.cell(2, 4, "table")).to_have_text("NULL")
    world.sql("DELETE FROM goods WHERE id = 1")
    expect(screen.cell(0, 1, "table")).to_have_text("Zoë")


def test_cells_that_differ_are_counted_and_marked_on_both_sides_until_they_agree(
    screen: Screen, world: World
) -> None:
    world.sql("UPDATE goods SET price = 9.99 WHERE id = 1")
    expect(screen.cell(1, 2)).to_have_attribute("data-marks", "differs")
    expect(screen.cell(0, 2, "table")).to_have_attribute("data-marks", "differs")
    expect(screen.page.locator("#verdict")).to_have_text("1 difference")
    world.book.put("C2", [[9.99]], option="RAW")
    expect(screen.page.locator("#verdict")).to_have_text("identical")
    screen.shows("#crossing", "last table → sheet")
    screen.shows("#log", "price of 1")
    expect(screen.page.locator("[data-marks~=differs]")).to_have_count(0)


def test_a_row_that_only_one_side_has_is_one_difference_until_the_other_has_it(screen: Screen, world: World) -> None:
    world.book.put("A4", [[3, "Cleo", 3, "new", True]], option="RAW")
    expect(screen.page.locator("#verdict")).to_have_text("1 difference")
    world.sql("INSERT INTO goods VALUES (3, 'Cleo', 3, 'new', TRUE)")
    expect(screen.page.locator("#verdict")).to_have_text("identical")
    screen.shows("#log", "row 3")
    screen.shows("#crossing", "last sheet → table")


def test_typing_into_the_table_updates_that_row_and_shows_the_sql(screen: Screen, world: World) -> None:
    screen.type(1, 1, "O'Neill", grid="table")
    until(lambda: world.names() == ["Ada", "O'Neill"], "the row was updated")
    screen.shows("#toast", "UPDATE")
    screen.shows("#toast", "SET name = 'O''Neill' WHERE id = 2;")


def test_delete_writes_null_and_a_value_that_does_not_fit_says_what_would(screen: Screen, world: World) -> None:
    screen.click(0, 4, "table")
    screen.page.keyboard.press("Delete")
    expect(screen.cell(0, 4, "table")).to_have_text("NULL")
    screen.type(0, 2, "cheap", grid="table")
    screen.shows("#toast.bad", "price: cheap is not a number")
    screen.type(0, 1, "far too long a name", grid="table")
    screen.shows("#toast.bad", "name")
    assert world.sql("SELECT name, price, paid FROM goods WHERE id = 1") == [("Ada", 1.5, None)]
    assert all("409" in fault for fault in screen.faults)
    screen.faults.clear()  # the browser itself tells of the refusals


def test_a_block_is_pasted_into_the_table_in_one_go(screen: Screen, world: World) -> None:
    screen.page.evaluate("text => navigator.clipboard.writeText(text)", "Kim\t5\nLea\t6")
    screen.click(0, 1, "table")
    screen.page.keyboard.press("Control+v")
    until(lambda: world.names() == ["Kim", "Lea"], "both rows are updated")
    assert [int(p) for (p,) in world.sql("SELECT price FROM goods ORDER BY id")] == [5, 6]


def test_a_row_is_added_by_a_form_and_removed_again(screen: Screen, world: World) -> None:
    page = screen.page
    page.get_by_role("button", name="+ Row").click()
    form = page.locator("#form")
    form.get_by_label("name").fill("Cleo")
    form.get_by_label("price").fill("3")
    form.get_by_role("button", name="Insert").click()
    expect(screen.cell(2, 1, "table")).to_have_text("Cleo")
    expect(screen.cell(2, 3, "table")).to_have_text("new")
    screen.click(2, 1, "table")
    page.get_by_role("button", name="Delete the selected rows").click()
    expect(screen.cell(2, 1, "table")).to_have_count(0)
    assert world.names() == ["Ada", "Ben"]


def test_the_suggested_sql_works_as_it_stands(screen: Screen, world: World) -> None:
    suggested = screen.page.locator("#statements code").all_inner_texts()
    assert [s.split()[0] for s in suggested] == ["UPDATE", "INSERT", "DELETE"]
    for statement in suggested:
        world.sql(statement)
    expect(screen.cell(0, 3, "table")).to_have_text("sent")
    expect(screen.cell(1, 0, "table")).to_have_text("3")


def test_the_selected_row_of_the_sheet_is_marked_in_the_table_and_the_other_way_round(screen: Screen) -> None:
    screen.click(2, 1)
    expect(screen.cell(1, 1, "table")).to_have_attribute("data-marks", "twin twin-cell")
    screen.click(0, 2, "table")
    expect(screen.cell(1, 1)).to_have_attribute("data-marks", "twin")
    expect(screen.page.locator("#tableGrid [data-marks~=twin]")).to_have_count(0)


def test_a_tab_that_is_not_linked_says_how_to_link_it(screen: Screen, world: World) -> None:
    world.book.batch({"addSheet": {"properties": {"title": "Other"}}})
    screen.page.get_by_role("tab", name="Other").click()
    screen.shows("#tableEmpty", "The tab Other is not linked to a table.")
    screen.shows("#tableEmpty", f"twinsheet link add NAME --spreadsheet {world.book.id} --tab 'Other'")
    screen.page.get_by_role("tab", name="Orders").click()
    expect(screen.cell(0, 1, "table")).to_have_text("Ada")


def test_a_link_that_is_made_while_the_page_is_open_brings_its_table(screen: Screen, world: World) -> None:
    links = Path.cwd() / "links.yaml"
    kept = links.read_text()
    links.write_text("links: []\n")
    screen.shows("#tableEmpty", "The tab Orders is not linked to a table.")
    links.write_text(kept)
    expect(screen.cell(0, 1, "table")).to_have_text("Ada")
    expect(screen.page.locator("#verdict")).to_have_text("identical")


@pytest.mark.mysql
def test_a_mysql_that_goes_away_and_comes_back_is_told_and_followed(
    browser: Browser,
    alone: Path,
    monkeypatch: pytest.MonkeyPatch,
    mysql_program: MysqlProgram,
    new_mysql: Callable[[MysqlProgram], MysqlServer],
) -> None:
    server = new_mysql(mysql_program)
    server.start()
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", server.url)
    monkeypatch.setenv("TWINSHEET_LINKS", str(alone / "links.yaml"))
    connection = server.connect()
    connection.cursor().execute("CREATE DATABASE shop")
    connection.close()
    with serving(alone) as running:
        world = _link(alone, running, server, "shop")
        with looking(browser, running.url, WIDE) as screen:
            screen.open()
            expect(screen.page.locator("#verdict")).to_have_text("identical")
            server.stop()
            expect(screen.page.locator("#verdict")).to_have_text("MySQL does not answer")
            screen.type(1, 1, "meanwhile")
            until(lambda: world.book.cell(1, 1) == "meanwhile", "the sheet stays usable")
            server.start()
            world.sql("UPDATE goods SET name = 'meanwhile' WHERE id = 1")
            expect(screen.page.locator("#verdict")).to_have_text("identical")


def test_a_key_that_is_none_changes_nothing(world: World) -> None:
    bodies: tuple[Any, ...] = (
        {"action": "delete", "keys": ['["1", "2"]']},
        {"action": "delete", "keys": ['["one"]']},
        {"action": "update", "keys": ['["1"]'], "values": {"nothing": "x"}},
        {"action": "update", "keys": ['["1"]'], "values": {"name": None}},
    )
    for body in bodies:
        answer = requests.post(f"{world.served.url}/page/table/goods", json=body, timeout=20)
        assert answer.status_code in (400, 409), answer.text
    assert world.names() == ["Ada", "Ben"]
