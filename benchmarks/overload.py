"""``make overload``: far more changes in the table than Google lets through, for a minute, and quiet links beside it.

Proves at the end that both sides are equal, and tells what it took: memory, calls to Google, refusals, the time until
the sheet was equal, and how long the first change of a quiet link took meanwhile.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.load import at_rate
from benchmarks.stack import EQUAL_WITHIN_S, TAB, TABLE, BenchStack, bench_stack

ROWS = 20_000
CELLS_PER_S = 5_000
SECONDS = 60
BATCH_ROWS = 48
BATCHES_PER_S = 100
SINGLES_PER_S = CELLS_PER_S - BATCH_ROWS * BATCHES_PER_S
QUIET_LINKS = 6
QUIET_ROWS = 20


@dataclass(slots=True)
class Load:
    """What was done to the table."""

    seconds: float = 0.0
    quiet_s: list[float] = field(default_factory=list)
    """From the commit in a quiet link's table until the value stands in its sheet."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What the sandbox has counted of a spreadsheet."""

    writes: int
    reads: int
    refused: int


def main() -> int:
    """Overload one link, and print what came of it; 1 where the two sides did not become equal."""
    console = Console(width=100)
    with console.status("Starting a stack of its own") as status, bench_stack(None) as bench:
        status.update(f"Linking {ROWS} rows")
        bench.sheets.call("POST", "/faults", {"quotas": {"reads_per_minute": 600, "writes_per_minute": 600}})
        bench.link_rows(ROWS)
        quiet = [bench.link_rows(QUIET_ROWS, f"quiet{i}", f"bench.quiet{i}") for i in range(QUIET_LINKS)]
        bench.sheets.call("DELETE", "/faults")
        status.update("Waiting until nobody has called Google for a minute")
        time.sleep(65)
        before = _calls(bench)
        status.update(f"{CELLS_PER_S} cell changes a second for {SECONDS} s")
        load = _overload(bench, quiet)
        at_end = _calls(bench)
        status.update("Waiting until the sheet is equal")
        equal_s = _until_equal(bench)
        after = _calls(bench)
        bench.assert_identical()
        for number in range(QUIET_LINKS):
            bench.assert_identical(f"quiet{number}")
        _print(console, load, (before, at_end, after), equal_s, bench.peak_mb())
    return 0


def _overload(bench: BenchStack, quiet: list[str]) -> Load:
    load = Load()
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_batches, args=(bench,)),
        threading.Thread(target=_singles, args=(bench,)),
        threading.Thread(target=_quiet_changes, args=(bench, quiet, load)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads[:2]:
        thread.join()
    load.seconds = time.perf_counter() - began
    threads[2].join()
    return load


def _batches(bench: BenchStack) -> None:
    """Every cell of the column again and again, some rows at a time."""
    connection = bench.sql()
    cursor = connection.cursor()
    starts = itertools.cycle(range(1, ROWS - BATCH_ROWS + 2, BATCH_ROWS))
    for index in at_rate(BATCHES_PER_S, BATCHES_PER_S * SECONDS):
        first = next(starts)
        cursor.execute(
            f"UPDATE {TABLE} SET note = CONCAT('storm ', %s, ' ', id) WHERE id BETWEEN %s AND %s",  # noqa: S608 -- our own table
            (index, first, first + BATCH_ROWS - 1),
        )
    connection.close()


def _singles(bench: BenchStack) -> None:
    """A few rows that change all the time, each in a transaction of its own."""
    connection = bench.sql()
    cursor = connection.cursor()
    for index in at_rate(SINGLES_PER_S, SINGLES_PER_S * SECONDS):
        cursor.execute(f"UPDATE {TABLE} SET quantity = %s WHERE id = %s", (index, 1 + index % 50))  # noqa: S608 -- our own table
    connection.close()


def _quiet_changes(bench: BenchStack, spreadsheets: list[str], load: Load) -> None:
    """The first change of each quiet link, one after the other while the storm goes on."""
    connection = bench.sql()
    cursor = connection.cursor()
    for number in at_rate(len(spreadsheets) / SECONDS, len(spreadsheets)):
        began = time.perf_counter()
        cursor.execute(f"UPDATE bench.quiet{number} SET note = 'now' WHERE id = 3")  # noqa: S608 -- our own table
        _wait(lambda n=number: bench.sheets.tab(spreadsheets[n], TAB)["values"][3][4:5] == ["now"])  # type: ignore[misc]
        load.quiet_s.append(time.perf_counter() - began)
    connection.close()


def _until_equal(bench: BenchStack) -> float:
    """Seconds until the sheet shows what the table holds."""
    connection = bench.sql()
    cursor = connection.cursor()
    cursor.execute(f"SELECT note, quantity FROM {TABLE} ORDER BY id")  # noqa: S608 -- our own table
    wanted = [[note, str(quantity)] for note, quantity in cursor.fetchall()]
    connection.close()
    began = time.perf_counter()
    path = f"/v4/spreadsheets/{bench.spreadsheet}/values/{TAB}!C2:E{ROWS + 1}"

    def shown() -> list[list[Any]]:
        rows: list[list[Any]] = bench.sheets.call("GET", path).get("values", [])
        return [[row[2] if len(row) > 2 else None, str(row[0])] for row in rows]

    _wait(lambda: shown() == wanted, pause_s=2.0)
    return time.perf_counter() - began


def _wait(condition: Callable[[], bool], *, pause_s: float = 0.05) -> None:
    deadline = time.perf_counter() + EQUAL_WITHIN_S
    while not condition():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"not so within {EQUAL_WITHIN_S:g} s")
        time.sleep(pause_s)


def _calls(bench: BenchStack) -> Calls:
    state = bench.sheets.call("GET", f"/state/{bench.spreadsheet}")
    made = sum(count for method, count in state["calls"].items() if not method.startswith("spreadsheets.values"))
    counted = int(state["writes"]) + int(state["reads"])
    values = sum(count for method, count in state["calls"].items() if method.startswith("spreadsheets.values"))
    return Calls(int(state["writes"]), int(state["reads"]), made + values - counted)


def _print(
    console: Console, load: Load, calls: tuple[Calls, Calls, Calls], equal_s: float, peak_mb: dict[str, float]
) -> None:
    before, at_end, after = calls
    table = Table("overload", "", title=f"{ROWS} rows, {CELLS_PER_S} cell changes a second")
    table.add_row("cells changed", f"{SECONDS * CELLS_PER_S} in {load.seconds:.1f} s")
    table.add_row(
        "writes to the sheet meanwhile, and after it",
        f"{at_end.writes - before.writes}, {after.writes - at_end.writes}",
    )
    table.add_row("calls that Google refused", str(after.refused - before.refused))
    table.add_row("equal after the last change", f"{equal_s:.1f} s")
    for number, seconds in enumerate(load.quiet_s):
        table.add_row(f"first change of quiet link {number}", f"{seconds:.2f} s")
    console.print(table)
    sizes = Table("process", "most resident, MB")
    for name, size in sorted(peak_mb.items()):
        sizes.add_row(name, f"{size:.0f}")
    console.print(sizes)


if __name__ == "__main__":
    sys.exit(main())
