"""A stack of its own for measuring: free ports, a folder that goes away, a link with rows of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mysql.connector
import psutil
from rich.table import Table

from adapters.mysql_connection import parse_url
from sandbox.stack.servers import end_with_parent, free_port
from sandbox.stack.sheet_client import SheetClient

LINK = "bench"
TAB = "Items"
TABLE = "bench.items"
HEADERS = ("id", "name", "quantity", "price", "note")
START_WITHIN_S = 300.0
EQUAL_WITHIN_S = 600
SERVERS = ("mysql", "kafka", "sandbox", "supervisor")
"""Of a stack, what is not ours or stands for Google."""
PER_MINUTE = 6000
LIFTED = {"reads_per_minute": 10**6, "writes_per_minute": 10**6}
"""Google's quota left aside, so that Twinsheet is measured and not Google."""


class BenchStack:
    """A running stack and the ways in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack: dict[str, Any] = json.loads((folder / "stack.json").read_text())
        self.sheets = SheetClient(self.stack["sheets_endpoint"])
        self.spreadsheet = ""

    def sql(self) -> Any:
        """A connection of one's own to the database."""
        address = parse_url(self.stack["mysql_url"])
        return mysql.connector.connect(
            host=address.host, port=address.port, user=address.user, password=address.password, autocommit=True
        )

    def twinsheet(self, *arguments: str) -> Any:
        """One of our own commands, with its JSON.

        Raises:
            RuntimeError: it could not run.
        """
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
        done = subprocess.run(  # noqa: S603 -- our own command
            [sys.executable, "-m", "app.cli", *arguments, "--json"],
            env=clean | {"TWINSHEET_RUN_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 2:
            raise RuntimeError(f"twinsheet {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def link_rows(self, rows: int, link: str = LINK, table: str = TABLE) -> str:
        """Make a table of ``rows`` rows and link it to a tab; its spreadsheet, once both sides are equal."""
        connection = self.sql()
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE IF NOT EXISTS bench CHARACTER SET utf8mb4")
        cursor.execute(
            f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL,"
            " quantity INT NOT NULL, price DECIMAL(10,2) NOT NULL, note TEXT NULL)"
        )
        cursor.executemany(
            f"INSERT INTO {table} (name, quantity, price) VALUES (%s, %s, %s)",  # noqa: S608 -- our own table
            [(f"item {i}", i % 50, f"{i % 100}.50") for i in range(rows)],
        )
        connection.close()
        made = self.new_tab(TAB, HEADERS, rows + 100, 12)
        self.spreadsheet = self.spreadsheet or made
        self.link(link, made, TAB, table)
        self.assert_identical(link)
        return made

    def new_tab(self, title: str, headers: Sequence[str], rows: int, columns: int) -> str:
        """A new spreadsheet with one tab of that size, and its headers; its id."""
        sheet = {"properties": {"title": title, "gridProperties": {"rowCount": rows, "columnCount": columns}}}
        body = {"properties": {"title": "Bench"}, "sheets": [sheet]}
        made = str(self.sheets.call("POST", "/v4/spreadsheets", body)["spreadsheetId"])
        self.put(f"{title}!A1", [list(headers)], made)
        return made

    def link(self, name: str, spreadsheet: str, tab: str, table: str) -> None:
        """Link a tab to a table; the services copy what one side lacks."""
        self.twinsheet("link", "add", name, "--spreadsheet", spreadsheet, "--tab", tab, "--table", table, "--yes")

    def put(self, where: str, values: list[list[Any]], spreadsheet: str = "") -> None:
        """Write values through the API."""
        path = f"/v4/spreadsheets/{spreadsheet or self.spreadsheet}/values/{where}?valueInputOption=RAW"
        self.sheets.call("PUT", path, {"range": where, "majorDimension": "ROWS", "values": values})

    def writes(self, spreadsheet: str) -> int:
        """Calls of the Sheets API that have changed a spreadsheet."""
        return int(self.sheets.call("GET", f"/state/{spreadsheet}")["writes"])

    def assert_identical(self, link: str = LINK) -> None:
        """Both sides hold the same, or measuring has no meaning.

        Raises:
            RuntimeError: they do not.
        """
        report = self.twinsheet("verify", link, "--wait", str(EQUAL_WITHIN_S))
        if not report["identical"]:
            raise RuntimeError(f"not identical: {str(report)[:500]}")

    def rss_mb(self) -> dict[str, float]:
        """Resident memory of each process, in MB."""
        pids = json.loads((self.folder / "stack.json").read_text())["pids"]
        return {name: psutil.Process(pid).memory_info().rss / 1e6 for name, pid in pids.items()}

    def peak_mb(self) -> dict[str, float]:
        """The most memory that each process of ours has ever had resident since it was started, in MB."""
        pids = json.loads((self.folder / "stack.json").read_text())["pids"]
        lines = {name: Path(f"/proc/{pid}/status").read_text() for name, pid in pids.items() if name not in SERVERS}
        return {name: int(text.split("VmHWM:")[1].split()[0]) / 1000 for name, text in lines.items()}


def wait_until(condition: Callable[[], bool], *, pause_s: float = 0.05, timeout_s: float = EQUAL_WITHIN_S) -> None:
    """Look again and again, with pauses between, until something is so.

    Raises:
        RuntimeError: it is not in time.
    """
    deadline = time.perf_counter() + timeout_s
    while not condition():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"not so within {timeout_s:g} s")
        time.sleep(pause_s)


def memory_table(sizes_mb: Mapping[str, float], what: str, title: str | None = None) -> Table:
    """Processes by name with their memory in MB; ``what`` heads the figures."""
    table = Table("process", what, title=title)
    for name, size in sorted(sizes_mb.items()):
        table.add_row(name, f"{size:.0f}")
    return table


@contextmanager
def bench_stack(per_minute: int | None = PER_MINUTE, scan_interval_s: float = 600) -> Iterator[BenchStack]:
    """Start a stack, and stop it and its data at the end.

    Args:
        per_minute: what our processes take for Google's quota, while the sandbox lifts it; ``None`` for Google's own
            on both sides.
        scan_interval_s: a tab is read this often; by default not while something else is measured.
    """
    with (
        tempfile.TemporaryDirectory(prefix="twinsheet-bench-") as name,
        started_in(Path(name), per_minute, scan_interval_s) as stack,
    ):
        yield stack


@contextmanager
def started_in(folder: Path, per_minute: int | None, scan_interval_s: float) -> Iterator[BenchStack]:
    """Start a stack on the data in a folder, and stop it at the end; otherwise as :func:`bench_stack`."""
    ports = {f"TWINSHEET_{p}_PORT": str(free_port()) for p in ("WEBHOOK", "CONSOLE", "SANDBOX", "MYSQL", "KAFKA")}
    quota = {f"TWINSHEET_SHEETS_{kind}_PER_MINUTE": str(per_minute or 60) for kind in ("READS", "WRITES")}
    own = {"TWINSHEET_RUN_DIR": str(folder), "TWINSHEET_SCAN_INTERVAL_S": str(scan_interval_s)}
    demo = subprocess.Popen(  # noqa: S603 - our own interpreter
        end_with_parent([sys.executable, "-m", "app.cli", "demo", "--no-sample"]),
        env=os.environ | ports | quota | own,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_ready(demo, folder)
        stack = BenchStack(folder)
        if per_minute is not None:
            stack.sheets.call("POST", "/faults", {"quotas": LIFTED})
        yield stack
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)


def _wait_ready(demo: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while not (folder / "stack.json").exists():
        if demo.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the stack did not start (exit code {demo.poll()})")
        time.sleep(0.1)
