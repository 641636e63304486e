"""``make many``: many links in one installation: how long a start takes, what rest costs, and how quick an edit is.

The links are made with Google's quota lifted. Then the stack is started anew inside Google's own quota, and looked at
while nobody changes anything.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.stack import HEADERS, PER_MINUTE, TAB, BenchStack, memory_table, started_in, wait_until

ROWS = 20
SCAN_INTERVAL_S = 60.0
"""As everywhere."""
AT_ONCE = 4
EDITS = 10
FORGOTTEN_S = 65.0


@dataclass(frozen=True, slots=True)
class Rest:
    """A stretch of time in which nobody changed anything."""

    seconds: float
    cpu_share: dict[str, float]
    """Of one core, by process."""
    calls: int
    """Of the Sheets API, over all spreadsheets."""


def main() -> int:
    """Make many links, start anew, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=200, help="of one installation")
    parser.add_argument("--rest-s", type=float, default=120.0, help="how long nobody changes anything, in seconds")
    given = parser.parse_args()
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="twinsheet-bench-") as name, console.status("Starting a stack") as status:
        folder = Path(name)
        with started_in(folder, PER_MINUTE, SCAN_INTERVAL_S) as bench:
            status.update(f"Making {given.links} links")
            sheets, each_s = _make_links(bench, given.links)
        status.update("Waiting until Google's minute has forgotten how the links were made")
        time.sleep(FORGOTTEN_S)
        status.update("Starting anew")
        began = time.perf_counter()
        with started_in(folder, None, SCAN_INTERVAL_S) as bench:
            start_s = time.perf_counter() - began
            status.update("One edit each way")
            first_s = _carried_s(bench, sheets[-1], len(sheets) - 1, 1)
            all_live_s = _all_live_s(bench, began)
            status.update("Nobody changes anything")
            rest = _rest(bench, sheets, given.rest_s)
            status.update("Edits")
            edits_s = [_carried_s(bench, sheets[i % len(sheets)], i % len(sheets), 2 + i) for i in range(EDITS)]
            peak_mb = bench.peak_mb()
    told = [
        ("making a link", f"{each_s:.1f} s"),
        ("start until ready", f"{start_s:.1f} s"),
        ("first edit of the last link, right then", f"{first_s:.2f} s"),
        ("start until each link is live", f"{all_live_s:.1f} s"),
        ("calls of Google at rest", f"{rest.calls / rest.seconds * 60:.1f} a minute"),
        ("an edit afterwards, table to sheet", f"{median(edits_s):.2f} s (median), {max(edits_s):.2f} s at the most"),
    ]
    _print(console, given.links, told, rest, peak_mb)
    return 0


def _make_links(bench: BenchStack, count: int) -> tuple[list[str], float]:
    connection = bench.sql()
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE bench CHARACTER SET utf8mb4")
    for number in range(count):
        cursor.execute(
            f"CREATE TABLE bench.t{number} (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL,"
            " quantity INT NOT NULL, price DECIMAL(10,2) NOT NULL, note TEXT NULL)"
        )
        rows = ", ".join(f"('item {row}', {row}, {row}.50)" for row in range(ROWS))
        cursor.execute(f"INSERT INTO bench.t{number} (name, quantity, price) VALUES {rows}")  # noqa: S608 -- our own table
    connection.close()

    def make(number: int) -> str:
        made = bench.new_tab(TAB, HEADERS, 100, 12)
        bench.link(f"link{number}", made, TAB, f"bench.t{number}")
        return made

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sheets = list(pool.map(make, range(count)))
    return sheets, (time.perf_counter() - began) / count


def _carried_s(bench: BenchStack, spreadsheet: str, link: int, value: int) -> float:
    """From a commit of one cell in the table until the sheet shows it."""
    connection = bench.sql()
    began = time.perf_counter()
    connection.cursor().execute(f"UPDATE bench.t{link} SET quantity = %s WHERE id = 1", (1000 + value,))  # noqa: S608 -- our own table
    wait_until(_shows(bench, spreadsheet, str(1000 + value)), pause_s=0.02)
    connection.close()
    return time.perf_counter() - began


def _shows(bench: BenchStack, spreadsheet: str, value: str) -> Callable[[], bool]:
    return lambda: value in json.dumps(bench.sheets.tab(spreadsheet, TAB)["values"])


def _all_live_s(bench: BenchStack, began: float) -> float:
    """Until each link has been seen equal since the start."""

    def seen() -> bool:
        links = bench.twinsheet("status")["links"]
        return all(link["state"] == "live" for link in links)

    wait_until(seen, pause_s=1.0)
    return time.perf_counter() - began


def _rest(bench: BenchStack, sheets: list[str], seconds: float) -> Rest:
    before, calls, began = _cpu_s(bench), _calls(bench, sheets), time.perf_counter()
    time.sleep(seconds)
    took = time.perf_counter() - began
    share = {name: (after - before[name]) / took for name, after in _cpu_s(bench).items()}
    return Rest(took, share, _calls(bench, sheets) - calls)


def _cpu_s(bench: BenchStack) -> dict[str, float]:
    pids: dict[str, int] = json.loads((bench.folder / "stack.json").read_text())["pids"]
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: used.user + used.system for name, used in times.items()}


def _calls(bench: BenchStack, sheets: list[str]) -> int:
    told: list[dict[str, Any]] = [bench.sheets.call("GET", f"/state/{spreadsheet}") for spreadsheet in sheets]
    return sum(int(one["reads"]) + int(one["writes"]) for one in told)


def _print(console: Console, links: int, told: list[tuple[str, str]], rest: Rest, peak_mb: dict[str, float]) -> None:
    table = Table("what", "measured", title=f"{links} links of {ROWS} rows and {len(HEADERS)} columns")
    for row in told:
        table.add_row(*row)
    console.print(table)
    share = Table("process", "share of a core at rest")
    for name, used in sorted(rest.cpu_share.items()):
        share.add_row(name, f"{used:.1%}")
    console.print(share)
    console.print(memory_table(peak_mb, "most resident, MB"))


if __name__ == "__main__":
    sys.exit(main())
