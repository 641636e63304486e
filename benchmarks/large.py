"""``make large``: a large link inside Google's quota, each way: how long the copy takes, and the memory it needs.

The floor beside it is Google's: so many requests of 2 MB as the data fill, one a second. Each copy ends with one cell
changed in the table, and with both sides proven equal.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table

from adapters.sheets_cells import encode_value
from benchmarks.stack import EQUAL_WITHIN_S, BenchStack, bench_stack, memory_table, wait_until
from core.errors import SheetsRefused

TAB = "Large"
HEADERS = ("id", "name", "city", "quantity", "price", "ordered_on", "paid", "code", "note", "weight")
REQUEST_BYTES = 2_000_000
"""What Google recommends for one request at the most."""
WRITES_PER_S = 1.0
BATCH_ROWS = 5_000
WAYS = ("to_sheet", "to_table")
POLL_S = 1.5
"""Looks at the sheet count among the reads of the quota."""
ROWS_PER_S_MIN = 100
"""A copy that is slower than that has come to a halt."""
SCAN_INTERVAL_S = 60
"""As everywhere: the scanner's memory is measured as well."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """How one copy went."""

    what: str
    seconds: float
    floor_s: float
    writes: int
    one_cell_s: float
    """From a change of one cell of the table until the sheet shows it, afterwards."""

    @property
    def ratio(self) -> float:
        """Against Google's own floor."""
        return self.seconds / self.floor_s


def main() -> int:
    """Copy a large table into a tab, a large tab into a table, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of the linked table")
    parser.add_argument("--only", choices=WAYS, help="one of both copies")
    asked = parser.parse_args()
    console, rows, copied = Console(width=100), asked.rows, []
    with console.status("Starting a stack of its own") as status, bench_stack(None, SCAN_INTERVAL_S) as bench:
        for way in [asked.only] if asked.only else WAYS:
            copy = _table_to_sheet if way == "to_sheet" else _sheet_to_table
            copied.append(copy(bench, rows, status))
        peak_mb = bench.peak_mb()
    _print(console, rows, copied, peak_mb)
    return 0


def _rows(count: int) -> Iterator[Row]:
    for i in range(1, count + 1):
        day = f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}"
        code = f"{i * 7919 % 100_000_000:08d}"
        yield i, f"Customer {i}", f"City {i % 500}", i % 90, f"{i % 1000}.50", day, i % 2, code, f"note {i}", i / 8


def _fill_table(bench: BenchStack, table: str, rows: int) -> None:
    connection = bench.sql()
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE IF NOT EXISTS bench CHARACTER SET utf8mb4")
    cursor.execute(
        f"CREATE TABLE bench.{table} (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, city VARCHAR(80),"
        " quantity INT NOT NULL, price DECIMAL(10,2) NOT NULL, ordered_on DATE, paid BOOLEAN, code CHAR(8),"
        " note TEXT, weight DOUBLE)"
    )
    batch: list[Row] = []
    for row in _rows(rows):
        batch.append(row)
        if len(batch) == BATCH_ROWS or row[0] == rows:
            cursor.executemany(
                f"INSERT INTO bench.{table} VALUES ({', '.join(['%s'] * len(HEADERS))})",  # noqa: S608 -- our own table
                batch,
            )
            batch.clear()
    connection.close()


def _fill_tab(bench: BenchStack, rows: int) -> str:
    spreadsheet = bench.new_tab(TAB, HEADERS, rows + 1, len(HEADERS))
    for first in range(0, rows, BATCH_ROWS):
        some = [list(row) for row in islice(_rows(rows), first, first + BATCH_ROWS)]
        bench.put(f"{TAB}!A{first + 2}", some, spreadsheet)
    return spreadsheet


def _table_to_sheet(bench: BenchStack, rows: int, status: Status) -> Copied:
    status.update(f"Filling a table of {rows} rows")
    _fill_table(bench, "to_sheet", rows)
    status.update("Table to sheet")
    spreadsheet = bench.new_tab(TAB, HEADERS, 100, len(HEADERS))
    seconds = _linked_s(
        bench, "to_sheet", spreadsheet, lambda: _shown(bench, spreadsheet, rows + 1) == str(rows), rows
    )
    writes = bench.writes(spreadsheet)
    return Copied("table → sheet", seconds, _floor_s(rows), writes, _one_cell_s(bench, "to_sheet", spreadsheet, rows))


def _sheet_to_table(bench: BenchStack, rows: int, status: Status) -> Copied:
    status.update(f"Filling a tab of {rows} rows")
    spreadsheet = _fill_tab(bench, rows)
    status.update("Sheet to table")
    _fill_table(bench, "to_table", 0)
    connection = bench.sql()
    cursor = connection.cursor()

    def is_there() -> bool:
        """Counting them all again and again would take a tenth of what MySQL has to do."""
        cursor.execute("SELECT EXISTS (SELECT 1 FROM bench.to_table WHERE id = %s)", (rows,))
        if not cursor.fetchall()[0][0]:
            return False
        cursor.execute("SELECT COUNT(*) FROM bench.to_table")
        return int(cursor.fetchall()[0][0]) == rows

    seconds = _linked_s(bench, "to_table", spreadsheet, is_there, rows)
    writes = bench.writes(spreadsheet)
    connection.close()
    return Copied("sheet → table", seconds, _floor_s(rows), writes, _one_cell_s(bench, "to_table", spreadsheet, rows))


def _linked_s(bench: BenchStack, name: str, spreadsheet: str, is_there: Callable[[], bool], rows: int) -> float:
    """From ``link add`` until the last row is there; the command goes on to compare both sides."""
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as thread:
        linking = thread.submit(bench.link, name, spreadsheet, TAB, f"bench.{name}")

        def is_over() -> bool:
            if linking.done():
                linking.result()  # raises what went wrong
            return is_there()

        wait_until(is_over, pause_s=POLL_S, timeout_s=EQUAL_WITHIN_S + rows / ROWS_PER_S_MIN)
        return time.perf_counter() - began


def _one_cell_s(bench: BenchStack, link: str, spreadsheet: str, rows: int) -> float:
    """One change in the table, once the copy is over and both sides are equal."""
    bench.assert_identical(link)
    connection = bench.sql()
    began = time.perf_counter()
    connection.cursor().execute(f"UPDATE bench.{link} SET name = 'changed' WHERE id = %s", (rows // 2,))  # noqa: S608 -- our own table
    wait_until(lambda: _shown(bench, spreadsheet, rows // 2 + 1, column="B") == "changed", pause_s=0.02)
    connection.close()
    return time.perf_counter() - began


def _shown(bench: BenchStack, spreadsheet: str, row: int, column: str = "A") -> str | None:
    try:
        found = bench.sheets.call("GET", f"/v4/spreadsheets/{spreadsheet}/values/{TAB}!{column}{row}")
    except SheetsRefused:  # the tab is not as long as that yet
        return None
    return str(found["values"][0][0]) if "values" in found else None


def _floor_s(rows: int) -> float:
    """So many requests of 2 MB as the cells fill that have to be written, one a second."""
    cells = (json.dumps({"values": [encode_value(v) for v in row]}, separators=(",", ":")) for row in _rows(rows))
    return math.ceil(sum(map(len, cells)) / REQUEST_BYTES) / WRITES_PER_S


def _print(console: Console, rows: int, copies: list[Copied], peak_mb: dict[str, float]) -> None:
    table = Table(
        "copy", "s", "floor, s", "ratio", "writes", "one cell afterwards, s", title=f"{rows} rows of 10 columns"
    )
    for one in copies:
        figures = (
            f"{one.seconds:.1f}",
            f"{one.floor_s:.0f}",
            f"{one.ratio:.2f}",
            str(one.writes),
            f"{one.one_cell_s:.2f}",
        )
        table.add_row(one.what, *figures)
    console.print(table)
    console.print(memory_table(peak_mb, "most resident, MB"))


if __name__ == "__main__":
    sys.exit(main())
