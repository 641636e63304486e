"""Linking and unlinking while everything runs: what is copied, what is asked, what is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from main_job_world import HEADERS, SCHEMA, TAB, MainJob, Orders, wait_for

from adapters.mysql_connection import quote

STOCK = (
    "sku VARCHAR(20) NOT NULL, place VARCHAR(20) NOT NULL, amount INT NOT NULL DEFAULT 0, PRIMARY KEY (sku, place)"
)
STOCK_ROWS: list[list[object]] = [["sku", "place", "amount"], ["'00501", "Ulm", 3], ["A-1", "Ulm", 4]]


class Both:
    """A sheet and a table that are filled and differ in one cell; each has a row that the other lacks."""

    def __init__(self, job: MainJob) -> None:
        self.job = job
        self.table = job.table()
        job.sql(
            f"INSERT INTO {self.table} (order_no, customer, item, quantity, notes)"  # noqa: S608 -- a table of ours
            " VALUES (1, 'Ann', 'Teapot', 3, 'table says'), (3, 'Cem', 'Lamp', 1, NULL)"
        )
        rows = [
            HEADERS,
            [1, "Ann", "Teapot", 3, "", "", "FALSE", "new", "sheet says"],
            [2, "Bea", "Clock", 2, "", "", "FALSE", "new", ""],
        ]
        self.spreadsheet = job.spreadsheet(rows=rows)
        self.orders = Orders(job, f"both_{self.table.partition('_')[2]}", self.spreadsheet, TAB, self.table)

    def link(self, *options: str, code: int = 0) -> dict[str, object]:
        return self.job.link(self.orders.name, self.spreadsheet, TAB, self.table, *options, code=code)


@pytest.fixture
def both(main_job: MainJob) -> Iterator[Both]:
    made = Both(main_job)
    yield made
    if any(link["link"] == made.orders.name for link in main_job.told("link", "list")["links"]):
        made.orders.remove()


def test_two_sides_that_differ_are_shown_and_nothing_is_written_without_a_decision(
    both: Both, main_job: MainJob
) -> None:
    before = (both.orders.state()["tabs"], main_job.sql(f"SELECT * FROM {both.table}"))  # noqa: S608 -- a table of ours
    report = both.link(code=1)
    assert "connection_code" not in report
    plan = report["plan"]
    assert isinstance(plan, dict)
    (difference,) = plan["differences"]
    assert (difference["key"], difference["column"]) == (["1"], "notes")
    assert (difference["sheet"], difference["table"]) == ("sheet says", "table says")
    assert (both.orders.state()["tabs"], main_job.sql(f"SELECT * FROM {both.table}")) == before  # noqa: S608 -- a table of ours
    assert both.orders.name not in {link["link"] for link in main_job.told("link", "list")["links"]}


@pytest.mark.parametrize("side", ["sheet", "table"])
def test_prefer_decides_whose_value_stays_and_each_side_gets_what_it_lacks(both: Both, side: str) -> None:
    report = both.link("--prefer", side)
    assert report["plan"] == report["plan"] | {
        "sheet_writes": 2 if side == "table" else 1,
        "table_writes": 2 if side == "sheet" else 1,
    }  # type: ignore[operator]
    both.orders.verify()
    assert both.orders.numbers() == [1, 2, 3]
    assert both.orders.stored(1)["notes"] == both.orders.seen(1)["Notes"] == f"{side} says"


def test_the_connection_code_carries_address_link_and_secret(both: Both, main_job: MainJob) -> None:
    code = str(both.link("--prefer", "table")["connection_code"])
    assert code.startswith("ts1.")
    body = code.removeprefix("ts1.")
    told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert told["url"] == f"{main_job.stack['webhook_url']}/hooks/sheets/{both.orders.name}"
    assert told["link"] == both.orders.name
    assert told["secret"].startswith("whsec_")


def test_an_empty_tab_is_filled_from_the_table_with_a_hidden_id_column(main_job: MainJob) -> None:
    table = main_job.table()
    main_job.sql(f"INSERT INTO {table} (customer, item, quantity) VALUES ('Ann', 'Teapot', 3), ('Bea', 'Clock', 2)")  # noqa: S608 -- a table of ours
    orders = main_job.linked([], table)
    assert [row["Customer"] for row in orders.sheet_rows()] == ["Ann", "Bea"]
    assert orders.values()[0][-1] == "_row_id"
    assert orders.tab_state()["hidden_columns"] == ["J"]
    orders.remove()


def test_two_links_in_one_spreadsheet_one_of_them_with_a_key_that_people_type(main_job: MainJob) -> None:
    orders = main_job.orders(3)
    main_job.add_tab(orders.spreadsheet, "Stock", STOCK_ROWS)
    table = main_job.table(STOCK, "stock")
    main_job.link("stock", orders.spreadsheet, "Stock", table)
    stock = Orders(main_job, "stock", orders.spreadsheet, "Stock", table)
    stock.verify()
    orders.type_cell(1, "Notes", "in the one")
    stock.type("C2", ["33"])
    stock.type("A4:C4", ["B-2", "Bonn", "5"])
    wait_for(lambda: stock.count("sku = 'B-2' AND amount = 5"), "the typed key in the table")
    main_job.sql(f"UPDATE {table} SET amount = 44 WHERE sku = 'A-1'")  # noqa: S608 -- a table of ours
    main_job.sql(f"INSERT INTO {table} VALUES ('00502', 'Ulm', 1)")  # noqa: S608 -- a table of ours
    wait_for(lambda: ["00502", "Ulm", 1] in [row[:3] for row in stock.values()], "the new key in the sheet")
    assert stock.verify()["rows"] == 4
    assert orders.verify()["rows"] == 3
    assert stock.count("sku = '00501' AND amount = 33") == 1
    # A natural key that repeats is told beside its cell, and nothing is overwritten.
    stock.type("A6:C6", ["A-1", "Ulm", "9"])
    (rejected,) = {r["reason"] for r in wait_for(lambda: stock.records("rejections"), "the rejection")}
    assert "already" in rejected
    assert stock.count("sku = 'A-1' AND amount = 44") == 1
    stock.type("B6", ["Bonn"])
    wait_for(lambda: stock.count("sku = 'A-1' AND place = 'Bonn'"), "the mended key in the table")
    stock.verify()
    stock.remove()
    orders.verify()
    orders.remove()


def test_a_removed_link_leaves_both_sides_as_they_are_and_carries_nothing_any_more(
    main_job: MainJob, own_orders: Orders
) -> None:
    orders, witness = main_job.orders(2), own_orders
    assert orders.name in {link["link"] for link in main_job.told("link", "list")["links"]}
    orders.type_cell(1, "Quantity", "several")
    wait_for(lambda: orders.note(1, "Quantity"), "the reason beside the cell")
    main_job.told("link", "remove", orders.name)
    assert orders.tab_state()["notes"] == {}
    shown = orders.values()
    orders.sql("UPDATE {table} SET notes = 'untied'")
    witness.sql("UPDATE {table} SET notes = 'tied' WHERE order_no = 1")
    wait_for(lambda: witness.seen(1)["Notes"] == "tied", "the other link's note")
    assert orders.values() == shown
    assert orders.count("notes = 'untied'") == 2
    assert orders.name in main_job.refusal("verify", orders.name)


def test_a_link_request_that_cannot_be_met_is_one_message_with_what_to_do(main_job: MainJob) -> None:
    spreadsheet = main_job.spreadsheet()
    main_job.add_tab(spreadsheet, "Bare", [[""], ["a title, and no headers"]])
    main_job.add_tab(spreadsheet, "Short", [["Order no.", "Customer"]])
    main_job.add_tab(spreadsheet, "Rates", [["id", "rate"]])
    table = main_job.table()
    odd = main_job.table("id INT PRIMARY KEY, rate FLOAT", "rates")
    keyless = main_job.table("id INT, note TEXT", "keyless")

    def refused(tab: str, name: str, sheet: str = spreadsheet) -> str:
        return main_job.refusal("link", "add", "bad", "--spreadsheet", sheet, "--tab", tab, "--table", name, "--yes")

    assert "mainjob has no table nowhere" in refused(TAB, f"{SCHEMA}.nowhere")
    assert "no headers" in refused("Bare", table)
    assert "quantity" in refused("Short", table)
    assert "orders" in refused(TAB.lower(), table)
    assert "float" in refused("Rates", odd)
    assert "primary key" in refused(TAB, keyless)
    assert refused(TAB, table, "1NoSuchSpreadsheet")
    assert "bad" not in {link["link"] for link in main_job.told("link", "list")["links"]}


def test_names_that_would_break_a_statement_or_a_range_are_only_names(main_job: MainJob) -> None:
    tab = 'O\'Brien; "Q1" ☂ `x` !A1:B2 \\ =1+1'
    headers = ["select", "it's", "`tick`", "a;b -- c", "100% {x}", "Ünï ☂"]
    key, its, tick, _, percent, umbrella = (quote(h) for h in headers)
    name = "we`ird; drop table x -- 100%"
    table = f"{SCHEMA}.{quote(name)}"
    columns = ", ".join(f"{quote(h)} {'INT PRIMARY KEY' if h == 'select' else 'VARCHAR(40)'}" for h in headers)
    main_job.sql(f"CREATE TABLE {table} ({columns}) CHARACTER SET utf8mb4")
    spreadsheet = main_job.spreadsheet(tab=tab, rows=())
    weird = Orders(main_job, "weird", spreadsheet, tab, table)
    weird.type("A1:F2", headers, ["1", "a", "b", "c", "d", "e"])
    main_job.link("weird", spreadsheet, tab, f"{SCHEMA}.{name}")
    weird.verify()
    weird.type("B2:C2", ["from the sheet", "too long for the column: " + "x" * 40])
    wait_for(lambda: main_job.sql(f"SELECT {its} FROM {table}") == [("from the sheet",)], "the edit in the table")  # noqa: S608 -- a table of ours
    wait_for(lambda: weird.tab_state()["notes"].get("C2"), "the reason beside the cell")
    main_job.sql(f"UPDATE {table} SET {tick} = 'fits', {percent} = '=1+1'")  # noqa: S608 -- a table of ours
    main_job.sql(f"INSERT INTO {table} ({key}, {umbrella}) VALUES (2, '☂')")  # noqa: S608 -- a table of ours
    wait_for(lambda: [r[0] for r in weird.values()[1:]] == [1, 2], "the new row in the sheet")
    weird.verify()
    assert weird.values()[1][:6] == [1, "from the sheet", "fits", "c", "=1+1", "e"]
    assert weird.tab_state()["formulas"] == {}
    weird.remove()
