"""What a link's mapping may say, while everything runs: columns that go one way."""

from __future__ import annotations

from main_job_world import MainJob, Orders, wait_for


def test_columns_that_go_one_way_do_so_from_the_moment_that_links_yaml_says_so(
    main_job: MainJob, own_orders: Orders
) -> None:
    orders = own_orders
    main_job.remap(orders.name, one_way={"quantity": "to_sheet", "notes": "to_table"})
    try:
        before = orders.stored(1)["quantity"]
        orders.type_cell(1, "Quantity", "4711")
        note = wait_for(lambda: orders.note(1, "Quantity"), "the news beside the cell")
        assert "4711" in note
        wait_for(lambda: orders.seen(1)["Quantity"] == before, "the table's value in the sheet again")
        orders.type_cell(2, "Quantity", "several")
        wait_for(lambda: orders.seen(2)["Quantity"] == orders.stored(2)["quantity"], "the same where nothing fits")
        orders.sql("UPDATE {table} SET quantity = 77, notes = 'a program' WHERE order_no = 3")
        wait_for(lambda: orders.seen(3)["Quantity"] == 77, "the table's change in the sheet")
        assert not orders.seen(3)["Notes"]
        orders.verify()
        orders.type_cell(3, "Notes", "a person")
        wait_for(lambda: orders.stored(3)["notes"] == "a person", "the note in the table")
        assert ("a program", "a person") in {(h["old"], h["new"]) for h in orders.records("history")}
        orders.verify()
    finally:
        main_job.remap(orders.name, one_way={})
