"""All services as processes beside a sandbox, on servers that a test chooses; and one linked table with its tab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.stack.servers import free_port, http_answers, wait_until
from sandbox.stack.sheet_client import SheetClient

SERVICES = ("app.webhook", "consumers.table_writer", "consumers.sheet_writer", "producers.sheet_scanner",
            "producers.binlog")  # fmt: skip
HEADERS = ["id", "name", "price"]
COLUMNS = "id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), price DECIMAL(8,2)"
ARRIVES_WITHIN_S = 40.0


class ServicesPlace:
    """Twinsheet's processes, their logs, and its commands, by one set of variables.

    Args:
        folder: where everything is kept.
        settings: variables without their prefix, such as ``MYSQL_URL``.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("SANDBOX", "WEBHOOK", "CONSOLE")}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
        ours = {
            "RUN_DIR": str(folder / "run"),
            "SHEETS_ENDPOINT": f"http://127.0.0.1:{self.ports['SANDBOX']}",
            "LINKS": str(folder / "links.yaml"),
            "WEBHOOK_SECRET": "the master secret of this test",
            "SHEETS_READS_PER_MINUTE": "6000",
            "SHEETS_WRITES_PER_MINUTE": "6000",
            "SCAN_DELAY_S": "0.5",
            "SCAN_INTERVAL_S": "5",
            "LOG_FORMAT": "json",
            **{f"{name}_PORT": str(port) for name, port in self.ports.items()},
            **settings,
        }
        self.environment = kept | {f"TWINSHEET_{name}": value for name, value in ours.items()}
        self.sheets = SheetClient(ours["SHEETS_ENDPOINT"])
        self._stack = ExitStack()
        self.said: list[str] = []
        """What commands answered, on both of their outputs."""

    # --- processes ------------------------------------------------------------------------

    def start_sandbox(self) -> None:
        """Start the sandbox, and wait until it answers."""
        self.start("sandbox.serve")
        wait_until(lambda: http_answers(self.ports["SANDBOX"], "/healthz"), "the sandbox", 60)
        quotas = {"reads_per_minute": 6000, "writes_per_minute": 6000}
        self.sheets.call("POST", "/faults", {"quotas": quotas})

    def start_services(self) -> None:
        """Start every service; what is not ready yet is waited for by whoever needs it."""
        for module in SERVICES:
            self.start(module)
        wait_until(lambda: http_answers(self.ports["WEBHOOK"], "/healthz"), "the webhook", 60)

    def start(self, module: str, log: str = "", **settings: str) -> subprocess.Popen[bytes]:
        """Start one process; its log has the module's name, or one of its own."""
        return self._start(["-m", module], log or module, settings)

    def start_code(self, code: str, log: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a process of a few lines of Python."""
        return self._start(["-c", code], log, settings)

    def logged(self, log: str, pattern: str) -> None:
        """Wait until a line of a log fits a regular expression."""
        path = self.folder / f"{log}.log"
        arrives(lambda: re.search(pattern, path.read_text()) is not None, f"{pattern} in {path.name}")

    def _start(self, words: list[str], log: str, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        changed = {f"TWINSHEET_{name}": value for name, value in settings.items()}
        with (self.folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                env=self.environment | changed,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def close(self) -> None:
        """Kill every process."""
        self._stack.close()

    # --- commands -------------------------------------------------------------------------

    def cli(self, *words: str, **settings: str) -> tuple[int, Any]:
        """Exit code and JSON of a command."""
        changed = {f"TWINSHEET_{name}": value for name, value in settings.items()}
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli", *words, "--json"],
            env=self.environment | changed,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.said += [ended.stdout, ended.stderr]
        assert "Traceback" not in ended.stderr
        return ended.returncode, json.loads(ended.stdout)

    def grants_to_give(self) -> list[str]:
        """The GRANT statements that ``twinsheet doctor`` prints now."""
        _, report = self.cli("doctor", "--no-trial")
        return [one["mend"] for one in report["checks"] if one["mend"].startswith("GRANT")]

    # --- a link ---------------------------------------------------------------------------

    def spreadsheet(self, tab: str, rows: list[list[str]], headers: Sequence[str] = HEADERS) -> str:
        """A new spreadsheet with one tab."""
        made = str(
            self.sheets.call("POST", "/v4/spreadsheets", {"sheets": [{"properties": {"title": tab}}]})[
                "spreadsheetId"
            ]
        )
        self.sheets.person(made, "edit", tab=tab, range="A1", values=[list(headers), *rows])
        return made

    def link(self, name: str, spreadsheet: str, tab: str, table: str) -> tuple[int, Any]:
        """``twinsheet link add``; its exit code and JSON."""
        return self.cli("link", "add", name, "--spreadsheet", spreadsheet, "--tab", tab, "--table", table, "--yes")

    def cells(self, spreadsheet: str, tab: str) -> list[list[Any]]:
        """Rows below the headers, of the visible columns."""
        values: list[list[Any]] = self.sheets.tab(spreadsheet, tab)["values"][1:]
        return [row[: len(HEADERS)] for row in values]


def arrives(condition: Callable[[], bool], what: str) -> None:
    """Wait until something has come through."""
    deadline = time.monotonic() + ARRIVES_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {ARRIVES_WITHIN_S:.0f} s"
        time.sleep(0.1)
