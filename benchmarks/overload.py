"""``make overload``: far more changes in the table than Google lets through, for a minute, and quiet links beside it.

Proves at the end that both sides are equal, and tells what it took: memory, calls to Google, refusals, the time until
the sheet was equal, and how long the first change of a quiet link took meanwhile.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.load import at_rate
from benchmarks.stack import TAB, TABLE, BenchStack, bench_stack, memory_table, wait_until

BATCH_ROWS = 48
SINGLE_ROWS = 50
"""So many rows change all the time."""
QUIET_LINKS = 6
QUIET_ROWS = 20


@dataclass(frozen=True, slots=True)
class Storm:
    """How much is done to the table."""

    rows: int
    cells_per_s: int
    seconds: int

    @property
    def batches_per_s(self) -> int:
        """Transactions that change many rows."""
        return self.cells_per_s // (BATCH_ROWS + 2)

    @property
    def singles_per_s(self) -> int:
        """Transactions that change one row."""
        return self.cells_per_s - BATCH_ROWS * self.batches_per_s


@dataclass(frozen=True, slots=True)
class Calls:
    """What the sandbox has counted of a spreadsheet."""

    writes: int
    reads: int
    refused: int


@dataclass(slots=True)
class Load:
    """How it went."""

    began_at: float
    ended_at: float = 0.0
    calls: Calls = Calls(0, 0, 0)
    """When it ended."""
    quiet_s: list[float] = field(default_factory=list)
    """From the commit in a quiet link's table until the value stands in its sheet."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended_at - self.began_at


def main() -> int:
    """Overload one link, and print what came of it; 1 where the two sides did not become equal."""
    storm = _storm()
    console = Console(width=100)
    with console.status("Starting a stack of its own") as status, bench_stack(None) as bench:
        status.update(f"Linking {storm.rows} rows")
        bench.sheets.call("POST", "/faults", {"quotas": {"reads_per_minute": 600, "writes_per_minute": 600}})
        bench.link_rows(storm.rows)
        quiet = [bench.link_rows(QUIET_ROWS, f"quiet{i}", f"bench.quiet{i}") for i in range(QUIET_LINKS)]
        bench.sheets.call("DELETE", "/faults")
        status.update("Waiting until nobody has called Google for a minute")
        time.sleep(65)
        before = _calls(bench)
        status.update(f"{storm.cells_per_s} cell changes a second for {storm.seconds} s")
        load = _overload(bench, storm, quiet)
        status.update("Waiting until the sheet is equal")
        _until_equal(bench, storm.rows)
        equal_s = time.perf_counter() - load.ended_at
        after = _calls(bench)
        bench.assert_identical()
        for number in range(QUIET_LINKS):
            bench.assert_identical(f"quiet{number}")
        told = [
            ("cells changed", f"{storm.seconds * storm.cells_per_s} in {load.seconds:.1f} s"),
            ("writes to the sheet meanwhile", str(load.calls.writes - before.writes)),
            ("writes to the sheet afterwards", str(after.writes - load.calls.writes)),
            ("calls that Google refused", str(after.refused - before.refused)),
            ("equal after the last change", f"{equal_s:.1f} s"),
            *((f"first change of quiet link {i}", f"{seconds:.2f} s") for i, seconds in enumerate(load.quiet_s)),
        ]
        _print(console, storm, told, bench.peak_mb())
    return 0


def _storm() -> Storm:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="of the linked table")
    parser.add_argument("--cells-per-s", type=int, default=5_000, help="changes a second")
    parser.add_argument("--seconds", type=int, default=60, help="how long")
    given = parser.parse_args()
    return Storm(given.rows, given.cells_per_s, given.seconds)


def _overload(bench: BenchStack, storm: Storm, quiet: list[str]) -> Load:
    load = Load(time.perf_counter())
    threads = [
        threading.Thread(target=_batches, args=(bench, storm), daemon=True),
        threading.Thread(target=_singles, args=(bench, storm), daemon=True),
        threading.Thread(target=_quiet_changes, args=(bench, storm, quiet, load), daemon=True),
    ]
    for thread in threads:
        thread.start()
    for thread in threads[:2]:
        thread.join()
    load.ended_at, load.calls = time.perf_counter(), _calls(bench)
    threads[2].join()
    return load


def _batches(bench: BenchStack, storm: Storm) -> None:
    """Every cell of the column again and again, some rows at a time."""
    connection = bench.sql()
    cursor = connection.cursor()
    starts = itertools.cycle(range(1, storm.rows + 1, BATCH_ROWS))
    for index in at_rate(storm.batches_per_s, storm.batches_per_s * storm.seconds):
        first = next(starts)
        cursor.execute(
            f"UPDATE {TABLE} SET note = CONCAT('storm ', %s, ' ', id) WHERE id BETWEEN %s AND %s",  # noqa: S608 -- our own table
            (index, first, first + BATCH_ROWS - 1),
        )
    connection.close()


def _singles(bench: BenchStack, storm: Storm) -> None:
    """A few rows that change all the time, each in a transaction of its own."""
    connection = bench.sql()
    cursor = connection.cursor()
    for index in at_rate(storm.singles_per_s, storm.singles_per_s * storm.seconds):
        cursor.execute(f"UPDATE {TABLE} SET quantity = %s WHERE id = %s", (index, 1 + index % SINGLE_ROWS))  # noqa: S608 -- our own table
    connection.close()


def _quiet_changes(bench: BenchStack, storm: Storm, spreadsheets: list[str], load: Load) -> None:
    """The first change of each quiet link, one after the other while the storm goes on."""
    connection = bench.sql()
    cursor = connection.cursor()
    for number in at_rate(len(spreadsheets) / storm.seconds, len(spreadsheets)):
        began = time.perf_counter()
        cursor.execute(f"UPDATE bench.quiet{number} SET note = 'now' WHERE id = 3")  # noqa: S608 -- our own table
        wait_until(lambda n=number: bench.sheets.tab(spreadsheets[n], TAB)["values"][3][4:5] == ["now"])  # type: ignore[misc]
        load.quiet_s.append(time.perf_counter() - began)
    connection.close()


def _until_equal(bench: BenchStack, rows: int) -> None:
    """Wait until the sheet shows what the table holds."""
    connection = bench.sql()
    cursor = connection.cursor()
    cursor.execute(f"SELECT note, quantity FROM {TABLE} ORDER BY id")  # noqa: S608 -- our own table
    wanted = [[note, str(quantity)] for note, quantity in cursor.fetchall()]
    connection.close()
    path = f"/v4/spreadsheets/{bench.spreadsheet}/values/{TAB}!C2:E{rows + 1}"

    def shown() -> list[list[Any]]:
        found: list[list[Any]] = bench.sheets.call("GET", path).get("values", [])
        return [[row[2] if len(row) > 2 else None, str(row[0])] for row in found]

    wait_until(lambda: shown() == wanted, pause_s=2.0)


def _calls(bench: BenchStack) -> Calls:
    state = bench.sheets.call("GET", f"/state/{bench.spreadsheet}")
    writes, reads = int(state["writes"]), int(state["reads"])
    return Calls(writes, reads, sum(state["calls"].values()) - writes - reads)


def _print(console: Console, storm: Storm, told: list[tuple[str, str]], peak_mb: dict[str, float]) -> None:
    table = Table("overload", "", title=f"{storm.rows} rows, {storm.cells_per_s} cell changes a second")
    for what, figure in told:
        table.add_row(what, figure)
    console.print(table)
    console.print(memory_table(peak_mb, "most resident, MB"))


if __name__ == "__main__":
    sys.exit(main())
