"""Two sheet writers under Google's quota: one link is flooded, the others are quiet."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
from main_job_world import HEADERS, TAB, MainJob, Orders, wait_for

from adapters.kafka_wire import partition_of

WRITES_PER_MINUTE = 30
PARTITIONS = 6
FLOODED_ROWS = 60


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    """A stack with two sheet writers, whose writes Google counts."""
    settings = {"TWINSHEET_SHEETS_WRITES_PER_MINUTE": str(WRITES_PER_MINUTE)}
    made = MainJob(tmp_path_factory.mktemp("quota") / "run", settings, ("--scale", "sheet_writer=2"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def name_for(writer: int, stem: str) -> str:
    """A name whose events come to the first or to the second of two processes."""
    half = PARTITIONS // 2
    return next(n for i in itertools.count() if partition_of(n := f"{stem}{i}", PARTITIONS) // half == writer)


def linked(job: MainJob, name: str, rows: int) -> Orders:
    table = job.table()
    job.sql(
        f"INSERT INTO {table} (order_no, customer, item, quantity) VALUES "  # noqa: S608 -- a table of ours
        + ", ".join(f"({i}, 'Customer {i}', 'Teapot', 1)" for i in range(1, rows + 1))
    )
    spreadsheet = job.spreadsheet(rows=[HEADERS])
    job.link(name, spreadsheet, TAB, table)
    orders = Orders(job, name, spreadsheet, TAB, table)
    orders.verify()
    return orders


class Flood(threading.Thread):
    """Changes one order after the other, each in a transaction of its own, until it is told to stop."""

    def __init__(self, orders: Orders) -> None:
        super().__init__(name="flood")
        self.done = threading.Event()
        self._orders = orders

    def run(self) -> None:
        for change in itertools.count():
            self._orders.sql(
                "UPDATE {table} SET notes = %s WHERE order_no = %s", f"change {change}", 1 + change % FLOODED_ROWS
            )
            if self.done.wait(0.02):
                return


def writes(orders: Orders) -> int:
    return int(orders.state()["writes"])


def refused(orders: Orders) -> int:
    """Calls that the quota refused are counted among the calls alone."""
    state = orders.state()
    return sum(state["calls"].values()) - int(state["writes"]) - int(state["reads"])


def test_a_flooded_link_holds_up_no_quiet_one_in_its_own_process_or_another_and_google_hardly_refuses(
    job: MainJob,
) -> None:
    flooded = linked(job, name_for(0, "flooded"), FLOODED_ROWS)
    quiet = [linked(job, name_for(writer, "quiet"), 3) for writer in (0, 1)]
    job.faults(quotas={"reads_per_minute": 100_000, "writes_per_minute": WRITES_PER_MINUTE})
    flood = Flood(flooded)
    began = writes(flooded)
    flood.start()
    try:
        wait_for(lambda: writes(flooded) >= began + 12, "the flooded link beyond its burst")
        for orders in quiet:
            before = writes(flooded)
            orders.sql("UPDATE {table} SET notes = 'quiet' WHERE order_no = 2")
            wait_for(lambda orders=orders: orders.seen(2)["Notes"] == "quiet", "the quiet link's change")  # type: ignore[misc]
            assert writes(flooded) - before <= 2
        before = writes(flooded)
        wait_for(lambda: writes(flooded) > before, "the flooded link goes on")
    finally:
        flood.done.set()
        flood.join()
    assert sum(refused(orders) for orders in (flooded, *quiet)) <= 3
    job.lift_quota()
    for orders in (flooded, *quiet):
        orders.verify()
