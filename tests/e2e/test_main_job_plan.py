"""The plan, and the ways to start a link: what is told before anything is written is what is written then."""

from __future__ import annotations

from typing import Any

from main_job_world import HEADERS, TAB, MainJob, Orders, wait_for

from app.operate import pause, resume
from app.plan import plan_links


def kinds(plan: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(one["side"], one["kind"]): one["count"] for one in plan["kinds"]}


def plan_of(orders: Orders) -> dict[str, Any]:
    """What `twinsheet plan LINK` tells."""
    found: dict[str, Any] = plan_links(orders.job.settings, orders.name)["links"][0]
    return found


def test_a_plan_tells_before_linking_and_at_any_time_what_would_be_written_and_writes_nothing(
    main_job: MainJob,
) -> None:
    table = main_job.table()
    main_job.sql(f"INSERT INTO {table} (order_no, customer, item, quantity) VALUES (7, 'Cem', 'Lamp', 1)")  # noqa: S608 -- a table of ours
    rows = [HEADERS, ["", "Ann", "Teapot", 3, "", "", "", "new", ""], ["", "Bea", "", 2, "", "", "", "new", ""]]
    spreadsheet = main_job.spreadsheet(rows=rows)
    orders = Orders(main_job, f"plan_{table.partition('_')[2]}", spreadsheet, TAB, table)
    before = orders.state()["tabs"]
    words = ("--spreadsheet", spreadsheet, "--tab", TAB, "--table", table)
    told = main_job.told("plan", *words, code=1)["links"][0]["plan"]
    expected = {("table", "insert"): 1, ("sheet", "key"): 1, ("neither", "incomplete"): 1, ("sheet", "insert"): 1}
    assert kinds(told) == expected
    assert orders.state()["tabs"] == before
    assert orders.numbers() == [7]
    # The same is shown when the link is made, and then it is so.
    assert main_job.link(orders.name, spreadsheet, TAB, table)["plan"] == told
    orders.verify()
    wait_for(lambda: len(orders.numbers()) == 2, "Ann in the table")
    orders.type("C3", ["Clock"])
    orders.verify()
    nothing = plan_of(orders)["plan"]
    assert (nothing["kinds"], nothing["cost"]["requests"]) == ([], 0)
    # While the link is paused both sides move on.
    pause(main_job.settings, orders.name)
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
    resume(main_job.settings, orders.name)
    orders.verify()
    assert orders.stored(7)["notes"] == "from the sheet"
    assert kinds(plan_of(orders)["plan"]) == {("neither", "unfit"): 1}
    orders.remove()
