"""The plan, and the ways to start a link: what is told before anything is written is what is written then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from main_job_world import HEADERS, SCHEMA, TAB, MainJob, Orders, wait_for
from pydantic import SecretStr

from app.linking.add import add_link
from app.operate import pause, resume
from app.plan import plan_links, plan_new_link
from config.settings import Settings
from core.errors import LinkRefused


def kinds(plan: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(one["side"], one["kind"]): one["count"] for one in plan["kinds"]}


def plan_of(orders: Orders) -> dict[str, Any]:
    """What `twinsheet plan LINK` tells."""
    found: dict[str, Any] = plan_links(orders.job.settings, orders.name)["links"][0]
    return found


def add(link: Orders, settings: Settings | None = None, **options: Any) -> dict[str, Any]:
    """`twinsheet link add` without a question."""
    return add_link(settings or link.job.settings, link.entry(), **options)


def test_a_plan_tells_before_linking_and_at_any_time_what_would_be_written_and_writes_nothing(
    main_job: MainJob,
) -> None:
    table = main_job.table()
    main_job.sql(f"INSERT INTO {table} (order_no, customer, item, quantity) VALUES (7, 'Cem', 'Lamp', 1)")  # noqa: S608 -- a table of ours
    rows = [HEADERS, ["", "Ann", "Teapot", 3, "", "", "", "new", ""], ["", "Bea", "", 2, "", "", "", "new", ""]]
    spreadsheet = main_job.spreadsheet(rows=rows)
    orders = Orders(main_job, f"plan_{table.partition('_')[2]}", spreadsheet, TAB, table)
    before = orders.state()["tabs"]
    told = plan_new_link(main_job.settings, orders.entry(), None)["links"][0]["plan"]
    expected = {("table", "insert"): 1, ("sheet", "key"): 1, ("neither", "incomplete"): 1, ("sheet", "insert"): 1}
    assert kinds(told) == expected
    assert orders.state()["tabs"] == before
    assert orders.numbers() == [7]
    # The same is shown when the link is made, and then it is so.
    assert add(orders)["plan"] == told
    orders.verify()
    wait_for(lambda: len(orders.numbers()) == 2, "Ann in the table")
    orders.type("C3", ["Clock"])
    orders.verify()
    nothing = plan_of(orders)["plan"]
    assert (nothing["kinds"], nothing["cost"]["requests"]) == ([], 0)
    # While the link is paused both sides move on.
    pause(main_job.settings, orders.name, "ann")
    orders.type("D2", ["several"])
    orders.type_cell(7, "Notes", "from the sheet")
    orders.sql("UPDATE {table} SET item = 'Candle' WHERE order_no = 7")
    orders.sql("DELETE FROM {table} WHERE customer = 'Bea'")
    seen = plan_of(orders)
    assert seen["state"] == "paused"
    assert kinds(seen["plan"]) == {
        ("table", "cell"): 1,
        ("sheet", "cell"): 1,
        ("sheet", "delete"): 1,
        ("neither", "unfit"): 1,
    }
    assert orders.seen(7)["Item"] == "Lamp"
    shown = main_job.command("plan", orders.name)
    assert shown.returncode == 1
    assert "sheet 'Lamp', table 'Candle'" in shown.stdout
    resume(main_job.settings, orders.name, "ann")
    orders.verify()
    assert orders.stored(7)["notes"] == "from the sheet"
    assert kinds(plan_of(orders)["plan"]) == {("neither", "unfit"): 1}
    orders.remove()


STOCK = (
    "sku VARCHAR(20) NOT NULL PRIMARY KEY, state ENUM('in', 'out') NOT NULL DEFAULT 'in', counted_on DATE NULL,"
    " rate FLOAT NULL"
)


def test_a_link_that_starts_from_a_table_makes_the_tab_with_headers_formats_and_a_frozen_header_row(
    main_job: MainJob,
) -> None:
    table = main_job.table(STOCK, "plan_stock")
    main_job.sql(f"INSERT INTO {table} VALUES ('00501', 'in', '2026-05-04', 1.5), ('A-1', 'out', NULL, NULL)")  # noqa: S608 -- a table of ours
    spreadsheet = main_job.spreadsheet()
    stock = Orders(main_job, "plan_stock", spreadsheet, "Stock", table)
    told = add(stock)
    assert (told["starts_from"], told["creates_tab"]) == ("table", True)
    assert told["left_out"] == [{"column": "rate", "reason": "its type float is not carried"}]
    assert kinds(told["plan"]) == {("sheet", "insert"): 2}
    stock.verify()
    assert [row[:3] for row in stock.values()] == [
        ["sku", "state", "counted_on"],
        ["00501", "in", 46146],
        ["A-1", "out", ""],
    ]
    whole = main_job.sheets.call("GET", f"/v4/spreadsheets/{spreadsheet}?includeGridData=true")
    (tab,) = (s for s in whole["sheets"] if s["properties"]["title"] == "Stock")
    assert tab["properties"]["gridProperties"]["frozenRowCount"] == 1
    choices = tab["data"][0]["rowData"][1]["values"][1]["dataValidation"]["condition"]["values"]
    assert [one["userEnteredValue"] for one in choices] == ["in", "out"]
    stock.type("A4:C4", ["00502", "out", "2026-05-05"])
    wait_for(lambda: stock.count("sku = '00502' AND counted_on = '2026-05-05'"), "the typed row in the table")
    stock.verify()
    stock.remove()


GOODS: list[list[object]] = [
    ["Article", " Unit price ", "In stock", "Counted on", "EAN"],
    ["Teapot", "$9.50", "TRUE", "2026-05-04", "'00501"],
    ["Lamp", "12", "FALSE", "", "'00502"],
    [],
    ["Lamp", "", "TRUE", "2026-05-05", ""],
]


def test_a_link_that_starts_from_a_sheet_makes_the_table_by_the_statement_that_was_shown(main_job: MainJob) -> None:
    spreadsheet = main_job.spreadsheet(rows=GOODS)
    goods = Orders(main_job, "plan_goods", spreadsheet, TAB, f"{SCHEMA}.plan_goods")
    with pytest.raises(LinkRefused, match="no table plan_goods") as refused:
        add(goods)
    assert "--create-table" in refused.value.hint
    told = plan_new_link(main_job.settings, goods.entry(), None)["links"][0]
    services = main_job.settings.mysql_url.get_secret_value().replace("//twinsheet:", "//twinsheet_services:")
    with pytest.raises(LinkRefused, match="may not make the table") as refused:
        add(goods, main_job.settings.model_copy(update={"mysql_url": SecretStr(services)}), create_table=True)
    assert f"{told['create_table']};\nGRANT CREATE ON `mainjob`.`plan_goods`" in refused.value.hint
    assert main_job.sql("SHOW TABLES FROM mainjob LIKE 'plan_goods'") == []
    linked = add(goods, create_table=True)
    assert (linked["starts_from"], linked["create_table"]) == ("sheet", told["create_table"])
    assert linked["adds_headers"] == ["id"]
    goods.verify()
    assert linked["create_table"].count("\n") == 8
    ((_, made),) = main_job.sql(f"SHOW CREATE TABLE {goods.table}")
    for line in ("`unit_price` decimal(10,2) DEFAULT NULL", "`in_stock` tinyint(1) NOT NULL", "`counted_on` date"):
        assert line in made
    assert goods.values()[0] == ["Article", " Unit price ", "In stock", "Counted on", "EAN", "id", "_row_id"]
    wait_for(lambda: goods.count() == 3 and [r["id"] for r in goods.sheet_rows()] == [1, 2, 3], "the keys in the tab")
    assert goods.sql("SELECT article, unit_price, ean FROM {table} WHERE id = 1") == [
        ("Teapot", Decimal("9.50"), "00501")
    ]
    goods.sql("UPDATE {table} SET unit_price = 13 WHERE id = 2")
    wait_for(lambda: goods.values()[2][1] == 13, "the table's change in the tab")
    goods.verify()
    goods.remove()


def test_a_sheet_that_is_no_table_is_refused_with_everything_that_is_wrong_and_nothing_is_written(
    main_job: MainJob,
) -> None:
    rows = [
        ["Order no", "Order-no", "Due", "Amount", "Paid", "Paid"],
        [1, 1, "2026-05-04", 5, "TRUE", "TRUE"],
        [2, 2, "next week", 6, "TRUE", "TRUE"],
        ["Total", "", "", "=SUM(D2:D3)"],
    ]
    spreadsheet = main_job.spreadsheet(rows=rows)
    before = main_job.sheets.call("GET", f"/state/{spreadsheet}")["tabs"]
    with pytest.raises(LinkRefused) as refused:
        add(Orders(main_job, "none", spreadsheet, TAB, f"{SCHEMA}.plan_none"), create_table=True)
    told = refused.value.message
    for part in ("Order no, Order-no", "Column Due: row 2", "'next week'", "Row 4 looks like a total", "Paid stands"):
        assert part in told
    assert main_job.sheets.call("GET", f"/state/{spreadsheet}")["tabs"] == before
    assert main_job.sql("SHOW TABLES FROM mainjob LIKE 'plan_none'") == []


def test_a_title_above_the_headers_makes_no_table_of_one_column(main_job: MainJob) -> None:
    rows = [["Invoices of Müller & Co."], [], ["Nr", "Client", "Amount"], [7, "Ann", 9.5], [8, "Bea", 12]]
    spreadsheet = main_job.spreadsheet(rows=rows)
    invoices = Orders(main_job, "none", spreadsheet, TAB, f"{SCHEMA}.plan_none")
    with pytest.raises(LinkRefused, match=r"Columns B to C hold values without a header; .* --header-row 3"):
        plan_new_link(main_job.settings, invoices.entry(), None)
    entry = invoices.entry().model_copy(update={"header_row": 3})
    told = plan_new_link(main_job.settings, entry, None)["links"][0]
    assert (list(told["columns"]), told["headerless"]) == (["Nr", "Client", "Amount"], None)


def test_a_tab_that_is_not_there_is_told_with_the_tabs_that_are_also_where_the_table_is_to_be_made(
    main_job: MainJob,
) -> None:
    spreadsheet = main_job.spreadsheet(rows=GOODS)
    mistyped = Orders(main_job, "none", spreadsheet, "Ordres", f"{SCHEMA}.plan_none")
    for options in ({}, {"create_table": True}):
        with pytest.raises(LinkRefused, match=f"no tab named Ordres; it has: {TAB}. .* no table plan_none"):
            add(mistyped, **options)
    made = Orders(main_job, "none", spreadsheet, "Ordres", main_job.table())
    told = plan_new_link(main_job.settings, made.entry(), None)["links"][0]
    assert (told["creates_tab"], told["other_tabs"]) == (True, [TAB])


def test_a_link_of_two_filled_sides_keeps_both_values_of_a_cell_until_somebody_chooses(main_job: MainJob) -> None:
    table = main_job.table()
    values = "(1, 'Ann', 'Teapot', 3, 'table 1'), (2, 'Bea', 'Clock', 2, 'table 2'), (3, 'Cem', 'Lamp', 1, 'table 3')"
    main_job.sql(f"INSERT INTO {table} (order_no, customer, item, quantity, notes) VALUES {values}")  # noqa: S608 -- a table of ours
    rows = [
        HEADERS,
        [1, "Ann", "Teapot", 3, 9.5, "", "FALSE", "new", "sheet 1"],
        [2, "Bea", "Clock", 2, "", "", "FALSE", "new", "sheet 2"],
        [3, "Cem", "Lamp", 1, "", "", "FALSE", "new", ""],
    ]
    orders = Orders(main_job, f"kept_{table.partition('_')[2]}", main_job.spreadsheet(rows=rows), TAB, table)
    expected = {("neither", "conflict"): 2, ("table", "cell"): 1, ("sheet", "cell"): 1}
    assert kinds(add(orders, prefer="conflicts")["plan"]) == expected
    orders.verify()
    assert orders.stored(1)["price"] == Decimal("9.50")
    assert orders.seen(3)["Notes"] == "table 3"
    wait_for(lambda: "table 1" in orders.note(1, "Notes"), "both values beside the cell")
    waiting = {(p["column"], p["reason"]) for p in orders.pending()}
    assert waiting == {("notes", "manual")}
    assert [orders.stored(n)["notes"] for n in (1, 2)] == ["table 1", "table 2"]
    ids = {c["key"][0]: str(c["id"]) for c in orders.records("conflicts")}
    assert main_job.told("conflicts", "take", ids["1"], "table")["state"] == "settled"
    orders.type_cell(2, "Notes", "mended")
    wait_for(lambda: orders.seen(1)["Notes"] == "table 1", "the choice in the sheet")
    wait_for(lambda: orders.stored(2)["notes"] == "mended", "the newer edit in the table")
    orders.verify()
    assert orders.pending() == []
    assert plan_of(orders)["plan"]["kinds"] == []
    orders.remove()
