"""The main job with MariaDB in the place of MySQL, and two writers of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from main_job_world import MainJob, Orders, wait_for

from sandbox.stack.servers import MysqlServer

pytestmark = pytest.mark.mariadb


@pytest.fixture(scope="module")
def on_mariadb(mariadb_server: MysqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """A link on a stack that was given a MariaDB server."""
    job = MainJob(
        tmp_path_factory.mktemp("mariadb") / "run",
        {"TWINSHEET_MYSQL_URL": mariadb_server.url},
        ["--scale", "table_writer=2", "--scale", "sheet_writer=2"],
    )
    try:
        job.start()
        yield job.orders(10)
    finally:
        job.stop()


def test_the_stack_runs_on_the_server_that_the_settings_name(on_mariadb: Orders) -> None:
    assert "mysql" not in on_mariadb.job.stack["pids"]
    assert "MariaDB" in str(on_mariadb.job.sql("SELECT VERSION()")[0][0])


def test_edits_inserts_and_deletes_arrive_both_ways_with_generated_keys_and_conflicts_told(
    on_mariadb: Orders,
) -> None:
    orders = on_mariadb
    orders.type_cell(3, "Notes", "typed 🌱")
    orders.sql("UPDATE {table} SET price = 0.1, ordered_on = '2024-05-06' WHERE order_no = 4")
    row = orders.next_row()
    orders.type(f"B{row}:D{row}", ["Typed Tina", "Clock", "2"])
    orders.sql("INSERT INTO {table} (customer, item, quantity) VALUES ('Sql Sue', 'Lamp', 1)")
    wait_for(lambda: orders.stored(3)["notes"] == "typed 🌱", "the edit in the table")
    wait_for(lambda: orders.seen(4)["Price"] == 0.1, "the price in the sheet")
    wait_for(lambda: len([r for r in orders.sheet_rows() if r["Order no."]]) == 12, "both new rows with their keys")
    orders.sql("DELETE FROM {table} WHERE order_no = 5")
    wait_for(lambda: not orders.seen(5), "the row gone from the sheet")
    orders.person("delete_rows", tab=orders.tab, at=orders.row(6), count=1)
    wait_for(lambda: not orders.stored(6), "the row gone from the table")
    row = orders.row(7)
    orders.type(f"D{row}:E{row}", ["many", "7.25"])
    wait_for(lambda: str(orders.stored(7)["price"]) == "7.25", "the neighbour of what does not fit")
    assert [r["value"] for r in orders.records("rejections")] == ["many"]
    orders.type_cell(7, "Quantity", "8")
    orders.verify()
    assert not orders.records("rejections")
    assert orders.count() == 10


def test_a_conflict_is_settled_by_the_time_of_the_commit(on_mariadb: Orders) -> None:
    orders = on_mariadb
    orders.job.told("pause", orders.name)
    orders.type_cell(1, "Notes", "sheet first")
    wait_for(orders.pending, "the edit received")
    orders.sql("UPDATE {table} SET notes = 'table later' WHERE order_no = 1")
    orders.job.told("resume", orders.name)
    orders.verify()
    assert orders.stored(1)["notes"] == orders.seen(1)["Notes"] == "table later"
    (conflict,) = orders.records("conflicts")
    assert (conflict["sheet"], conflict["table"], conflict["winner"]) == ("sheet first", "table later", "table")


def test_killing_our_processes_on_mariadb_loses_nothing(on_mariadb: Orders) -> None:
    orders = on_mariadb
    for number, name in enumerate(("binlog", "table_writer", "sheet_writer")):
        orders.sql("UPDATE {table} SET notes = %s WHERE order_no = 8", f"stored {number}")
        orders.type_cell(9, "Item", f"typed {number}")
        orders.job.kill(name)
    orders.verify()
    assert orders.seen(8)["Notes"] == "stored 2"
    assert orders.stored(9)["item"] == "typed 2"


def test_links_go_on_when_one_of_two_writers_dies(on_mariadb: Orders) -> None:
    job = on_mariadb.job
    links = [on_mariadb, *(job.orders(2) for _ in range(3))]
    for name in ("table_writer.2", "sheet_writer", "table_writer", "sheet_writer.2"):
        job.kill(name)
        for orders in links:
            orders.type_cell(1, "Item", f"typed after {name}")
            orders.sql("UPDATE {table} SET notes = %s WHERE order_no = 2", f"stored after {name}")
    for orders in links:
        orders.verify()
        assert orders.stored(1)["item"] == "typed after sheet_writer.2"
        assert orders.seen(2)["Notes"] == "stored after sheet_writer.2"
