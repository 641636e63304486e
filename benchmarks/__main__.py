"""``make bench``: delays both ways at 20 and 100 events a second, bulk rates and memory, and the floors beside."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters.kafka_log import KafkaPublisher
from benchmarks.figures import Figure, of_histogram, of_samples
from benchmarks.load import Webhook, histogram, sheet_to_table, table_to_sheet, timed
from benchmarks.stack import LINK, TABLE, BenchStack, bench_stack, memory_table, wait_until

ROWS = 1500
RATES_PER_S = (20, 100)
SECONDS = 10
BULK_ROWS = 5000
BULK_WITHIN_S = 300.0
FLOOR_CALLS = 300
TO_SHEET = "twinsheet_table_to_sheet_seconds"


def main() -> int:
    """Measure, and print a table of it."""
    console = Console(width=100)
    with console.status("Starting a stack of its own") as status, bench_stack() as bench:
        status.update(f"Linking {ROWS} rows")
        bench.link_rows(ROWS)
        figures = [_broker_floor(bench), _database_floor(bench)]
        webhook = Webhook(bench)
        for rate in RATES_PER_S:
            status.update(f"Sheet to table, {rate} events/s")
            delays = sheet_to_table(bench, webhook, rate, SECONDS, f"typed at {rate}/s")
            figures.append(of_samples(f"webhook receipt → MySQL commit, {rate} events/s", delays))
        for rate in (1, *RATES_PER_S):
            status.update(f"Table to sheet, {rate} events/s")
            before = histogram(bench, TO_SHEET, "committed_to_request")
            table_to_sheet(bench, rate, SECONDS, f"sql at {rate}/s")
            after = histogram(bench, TO_SHEET, "committed_to_request")
            figures.append(of_histogram(f"MySQL commit → Sheets request, {rate} events/s", before, after))
        status.update(f"Bulk: {BULK_ROWS} rows")
        bulk = _bulk(bench)
        memory = bench.rss_mb()
    _print(console, figures, bulk, memory)
    return 0


def _broker_floor(bench: BenchStack) -> Figure:
    publisher = KafkaPublisher(bench.stack["kafka"])
    try:
        body = {"kind": "none", "link": "floor"}
        return of_samples(
            "floor: one acknowledged publish",
            timed(lambda: publisher.publish("bench.floor", "floor", body), FLOOR_CALLS),
        )
    finally:
        publisher.close()


def _database_floor(bench: BenchStack) -> Figure:
    connection = bench.sql()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE bench.floor (id INT PRIMARY KEY, at DOUBLE)")
    cursor.execute("INSERT INTO bench.floor VALUES (1, 0)")

    def update() -> None:
        cursor.execute("UPDATE bench.floor SET at = %s WHERE id = 1", (time.perf_counter(),))

    try:
        return of_samples("floor: one committed UPDATE", timed(update, FLOOR_CALLS))
    finally:
        connection.close()


def _bulk(bench: BenchStack) -> list[tuple[str, float]]:
    """Rows a second each way, until the last one has arrived; both sides are then proven equal."""
    connection = bench.sql()
    cursor = connection.cursor()
    first = _rows(bench) + 1
    began = time.perf_counter()
    cursor.executemany(
        f"INSERT INTO {TABLE} (name, quantity, price) VALUES (%s, %s, %s)",  # noqa: S608 -- our own table
        [(f"bulk {i}", i % 50, "9.90") for i in range(BULK_ROWS)],
    )
    wait_until(lambda: _rows(bench) == first - 1 + BULK_ROWS, pause_s=0.2, timeout_s=BULK_WITHIN_S)
    to_sheet = BULK_ROWS / (time.perf_counter() - began)
    bench.assert_identical()
    grow = {"appendDimension": {"sheetId": _sheet_id(bench), "dimension": "ROWS", "length": BULK_ROWS}}
    bench.sheets.call("POST", f"/v4/spreadsheets/{bench.spreadsheet}:batchUpdate", {"requests": [grow]})
    first = _rows(bench) + 1
    where = f"A{first}:E{first + BULK_ROWS - 1}"
    values = [["", f"typed {i}", str(i % 50), "1.25", ""] for i in range(BULK_ROWS)]
    began = time.perf_counter()
    bench.sheets.person(bench.spreadsheet, "edit", tab="Items", range=where, values=values)
    wait_until(lambda: all(row[0] for row in _values(bench)[first - 1 :]), pause_s=0.2, timeout_s=BULK_WITHIN_S)
    to_table = BULK_ROWS / (time.perf_counter() - began)
    bench.assert_identical()
    connection.close()
    return [("one INSERT → sheet", to_sheet), ("one paste → table, keys written back", to_table)]


def _values(bench: BenchStack) -> list[list[Any]]:
    values: list[list[Any]] = bench.sheets.tab(bench.spreadsheet, "Items")["values"]
    return values


def _rows(bench: BenchStack) -> int:
    return len(_values(bench))


def _sheet_id(bench: BenchStack) -> int:
    sheets = bench.sheets.call("GET", f"/v4/spreadsheets/{bench.spreadsheet}")["sheets"]
    return next(int(s["properties"]["sheetId"]) for s in sheets if s["properties"]["title"] == "Items")


def _print(console: Console, figures: list[Figure], bulk: list[tuple[str, float]], memory: dict[str, float]) -> None:
    table = Table("delay", "p50, ms", "p99, ms", "samples", title="Delays")
    for f in figures:
        table.add_row(f.what, f"{f.p50_ms:.1f}", f"{f.p99_ms:.1f}", str(f.count))
    console.print(table)
    rates = Table("bulk", "rows/s", title="Bulk, until verified equal")
    for what, per_s in bulk:
        rates.add_row(what, f"{per_s:.0f}")
    console.print(rates)
    console.print(memory_table(memory, "resident, MB", f"Memory after it all (link {LINK})"))


if __name__ == "__main__":
    sys.exit(main())
