"""What a mapping may be, while everything runs: columns that go one way, filters, one table in several tabs, and
tables that refer to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from main_job_world import MainJob, Orders, wait_for

from app.linking.add import add_link
from app.plan import plan_new_link

CUSTOMERS = "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(40), secret VARCHAR(40)"
VISITS = (
    "id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, note VARCHAR(40), FOREIGN KEY (customer) REFERENCES"
)


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


def test_a_link_shows_the_rows_that_its_filter_names_and_no_row_of_the_table_is_ever_lost_by_it(
    main_job: MainJob, own_orders: Orders
) -> None:
    orders = own_orders
    main_job.remap(orders.name, where={"notes": {"not": "old"}})
    try:
        orders.sql("UPDATE {table} SET notes = 'old' WHERE order_no = 2")
        wait_for(lambda: not orders.seen(2), "the row that leaves the filter gone from the sheet")
        assert orders.stored(2)["notes"] == "old"
        orders.sql(
            "INSERT INTO {table} (order_no, customer, item, quantity, notes) VALUES (40, 'Z', 'Lamp', 1, 'old')"
        )
        orders.type_cell(1, "Notes", "old")
        note = wait_for(lambda: orders.note(1, "Notes"), "the reason beside the cell")
        assert "only has rows whose notes is not 'old'" in note
        assert orders.stored(1)["notes"] is None
        row = orders.next_row()
        orders.type(f"B{row}:I{row}", ["Typed", "Lamp", "2", "", "", "", "", "old"])
        wait_for(lambda: len(orders.records("rejections")) == 2, "the refused row")
        assert not orders.count("customer = 'Typed'")
        orders.type(f"I{row}", ["young"])
        wait_for(lambda: orders.count("customer = 'Typed' AND notes = 'young'"), "the mended row in the table")
        orders.type_cell(1, "Notes", "")
        orders.verify()
        orders.sql("UPDATE {table} SET notes = 'young again' WHERE order_no = 2")
        wait_for(lambda: orders.seen(2).get("Notes") == "young again", "the row that enters the filter in the sheet")
        orders.verify()
        assert not orders.seen(40)
    finally:
        main_job.remap(orders.name, where={})
    wait_for(lambda: orders.seen(40), "the other rows, once there is no filter any more")
    orders.verify()


def test_a_first_link_goes_by_the_headers_ways_and_filter_that_a_person_names(main_job: MainJob) -> None:
    table = main_job.table(CUSTOMERS, "first_customers")
    main_job.sql(
        f"INSERT INTO {table} VALUES (1, 'Ann', 'Ulm', 'a'), (2, 'Bea', 'Bonn', 'b'), (3, 'Cem', 'Ulm', 'c')"  # noqa: S608 -- a table of ours
    )
    rows = [["No.", "Who", "city", "secret"], [1, "Ann", "Ulm", "mine"], ["", "Dora", "Ulm"], ["", "Eva", "Bonn"]]
    link = Orders(main_job, "first_customers", main_job.spreadsheet("First", rows), "First", table)
    entry = link.entry(columns={"No.": "id", "Who": "name"}, one_way={"secret": "to_sheet"}, where={"city": "Ulm"})
    planned = plan_new_link(main_job.settings, entry, None)["links"][0]
    linked = add_link(main_job.settings, entry)
    assert linked["plan"] == planned["plan"]
    assert linked["columns"] == {"No.": "id", "Who": "name", "city": "city", "secret": "secret"}
    wait_for(lambda: main_job.sql(f"SELECT id FROM {table} WHERE name = 'Dora'"), "the sheet's row in the table")  # noqa: S608 -- a table of ours
    link.verify()
    told = {row["Who"]: (row["city"], row["secret"] or None) for row in shown(link)}
    assert told == {"Ann": ("Ulm", "a"), "Dora": ("Ulm", None), "Cem": ("Ulm", "c"), "Eva": ("Bonn", None)}
    assert not main_job.sql(f"SELECT id FROM {table} WHERE name = 'Eva'")  # noqa: S608 -- a table of ours
    assert "only has rows whose city is 'Ulm'" in str(link.records("rejections"))
    link.remove()


class Shop:
    """One spreadsheet with three tabs: the customers, their cities from the same table, and the visits to them."""

    def __init__(self, job: MainJob) -> None:
        table = job.table(CUSTOMERS, "customers")
        job.sql(f"INSERT INTO {table} (id, name, city) VALUES (1, 'Ann', 'Ulm'), (2, 'Bea', 'Bonn')")  # noqa: S608 -- a table of ours
        visits = job.table(f"{VISITS} {table} (id)", "visits")
        sheet = job.spreadsheet("Customers", [["id", "name", "city", "remarks of ours"]])
        job.add_tab(sheet, "Cities", [["", "city", "", "id", "name"]])
        job.add_tab(sheet, "Visits", [["id", "customer", "note"]])
        self.customers = Orders(job, "customers", sheet, "Customers", table)
        self.cities = Orders(job, "cities", sheet, "Cities", table)
        self.visits = Orders(job, "visits", sheet, "Visits", visits)
        for one in (self.customers, self.cities, self.visits):
            add_link(job.settings, one.entry())
            one.verify()

    def rows(self, tab: Orders, *headers: str) -> list[list[Any]]:
        """What a tab shows in these columns, blank cells as None."""
        return [[row[h] or None for h in headers] for row in shown(tab)]

    def verify(self) -> None:
        for one in (self.customers, self.cities, self.visits):
            one.verify()


def shown(tab: Orders) -> list[dict[str, Any]]:
    """The rows of a tab by header, of which some columns have none."""
    headers, *rows = tab.values()
    return [dict(zip(headers, [*row, *[None] * len(headers)], strict=False)) for row in rows if any(row)]


@pytest.fixture(scope="module")
def shop(main_job: MainJob) -> Iterator[Shop]:
    made = Shop(main_job)
    yield made
    for one in (made.customers, made.cities, made.visits):
        one.remove()


def test_tabs_of_one_spreadsheet_and_links_to_one_table_carry_what_comes_in_through_each_other(
    shop: Shop, main_job: MainJob
) -> None:
    customers, cities, visits = shop.customers, shop.cities, shop.visits
    assert shop.rows(cities, "id", "name", "city") == [[1, "Ann", "Ulm"], [2, "Bea", "Bonn"]]
    assert cities.values()[0][:2] == ["", "city"], "its data begins in the second column"
    customers.type("C2:D2", ["Köln", "only here"])
    wait_for(lambda: shop.rows(cities, "name", "city")[0] == ["Ann", "Köln"], "the edit in the other tab")
    cities.type("B4:E4", ["Hof", None, "", "Cem"])
    wait_for(lambda: ["Cem", "Hof"] in shop.rows(customers, "name", "city"), "the new row in the other tab")
    customers.type("B3", ["Beate"])
    cities.type("B3", ["Kiel"])
    wait_for(lambda: ["Beate", "Kiel"] in shop.rows(customers, "name", "city"), "an edit of one row in each tab")
    cities.person("delete_rows", tab="Cities", at=4, count=1)
    wait_for(lambda: [row[0] for row in shop.rows(customers, "name")] == ["Ann", "Beate"], "the row gone everywhere")
    main_job.sql(f"UPDATE {customers.table} SET city = 'Rom', secret = 'left out' WHERE id = 1")  # noqa: S608 -- a table of ours
    for one in (customers, cities):
        wait_for(lambda one=one: shop.rows(one, "city")[0] == ["Rom"], f"a program's change in {one.tab}")
    shop.verify()
    assert shown(customers)[0]["remarks of ours"] == "only here"
    assert "left out" not in str(customers.state()["tabs"])
    assert not visits.records("rejections")


def test_a_row_waits_in_sight_for_the_one_that_it_refers_to_and_goes_in_by_itself(
    shop: Shop, main_job: MainJob
) -> None:
    customers, visits = shop.customers, shop.visits
    visits.type("B2:C2", ["17", "typed first"])
    note = wait_for(lambda: visits.tab_state()["notes"].get("B2"), "for whom it waits, beside the cell")
    assert "customer: waits for" in note
    assert "17" in note
    visits.type("B3:C3", ["18", "typed first as well"])
    wait_for(lambda: len(visits.records("rejections")) == 2, "the second one waiting")
    assert not visits.count()
    assert {item["reason"] for item in visits.pending()} >= {"parent"}
    below = customers.next_row()
    customers.type(f"A{below}:B{below}", ["17", "Cem"])
    wait_for(lambda: visits.count("customer = 17"), "the row, once a person has typed the other")
    main_job.sql(f"INSERT INTO {customers.table} (id, name) VALUES (18, 'Dan')")  # noqa: S608 -- a table of ours
    wait_for(lambda: visits.count("customer = 18"), "the row, once a program has inserted the other")
    wait_for(lambda: not visits.tab_state()["notes"], "no note any more")
    shop.verify()
    visits.type("B2", ["99"])
    wait_for(lambda: "99" in visits.tab_state()["notes"].get("B2", ""), "for whom the cell waits")
    main_job.sql(f"INSERT INTO {customers.table} (id, name) VALUES (99, 'Eva')")  # noqa: S608 -- a table of ours
    wait_for(lambda: visits.count("customer = 99"), "the cell, once the other row is there")
    shop.verify()
