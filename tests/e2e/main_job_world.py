"""One running stack, used as its users use it: a keyboard, SQL, and the command line."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import mysql.connector
import pytest
from ruamel.yaml import YAML

from app.linking.add import add_link
from app.linking.manage import remove_link
from app.status import Status
from app.verify import verify
from config.link_entry import LinkEntry
from config.settings import Settings, load_settings
from core.history import HistoryFilter
from sandbox.stack.commands import MysqlPlace
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.servers import end_with_parent, free_port
from sandbox.stack.sheet_client import SheetClient
from sandbox.stack.supervise import end_leftovers
from sandbox.stack.tour import connect

T = TypeVar("T")

SCHEMA = "mainjob"
TAB = "Orders"
START_TIMEOUT_S = 180.0
COMMAND_TIMEOUT_S = 180.0
ARRIVES_WITHIN_S = 60.0
POLL_S = 0.05
QUOTA_LIFTED = {"quotas": {"reads_per_minute": 100_000, "writes_per_minute": 100_000}}
"""The gates of our processes are lifted in the same way, by their settings."""

FOLLOWERS = ("table_writer", "sheet_writer", "sheet_scanner", "binlog")
"""The services that go by links.yaml and the tables."""
_LINKS_READ = re.compile(r'"event": "links"')

HEADERS = ("Order no.", "Customer", "Item", "Quantity", "Price", "Ordered on", "Paid", "Status", "Notes")
LETTER = dict(zip(HEADERS, "ABCDEFGHI", strict=True))
COLUMNS = """
    order_no INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer VARCHAR(80) NOT NULL,
    item VARCHAR(80) NOT NULL,
    quantity INT NOT NULL,
    price DECIMAL(10,2) NULL,
    ordered_on DATE NULL,
    paid BOOLEAN NOT NULL DEFAULT FALSE,
    status ENUM('new','packed','shipped') NOT NULL DEFAULT 'new',
    notes TEXT NULL
"""

_PORTS = ("WEBHOOK", "CONSOLE", "SANDBOX", "MYSQL", "KAFKA")
_TWINSHEET = (sys.executable, "-m", "app.cli")
_names = itertools.count(1)


def wait_for(condition: Callable[[], T], what: str, timeout_s: float = ARRIVES_WITHIN_S) -> T:
    """Wait until a condition gives something true, and return that."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(POLL_S)


class MainJob:
    """A stack of its own, with quotas lifted and tabs read every few seconds.

    Args:
        folder: its run folder; does not exist yet.
        settings: further variables for it, such as a server that it is to use.
        options: of `twinsheet demo`.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, options: Sequence[str] = ()) -> None:
        self._options = options
        self.folder = RunFolder(folder)
        theirs = {
            n: v for n, v in os.environ.items() if not n.startswith("TWINSHEET_") or n.endswith("DOWNLOADS_DIR")
        }
        self._attached = theirs | {"TWINSHEET_RUN_DIR": str(folder)}
        self._settings = {f"TWINSHEET_{name}_PORT": str(free_port()) for name in _PORTS} | {
            "TWINSHEET_SHEETS_READS_PER_MINUTE": "6000",
            "TWINSHEET_SHEETS_WRITES_PER_MINUTE": "6000",
            "TWINSHEET_SCAN_INTERVAL_S": "5",
            "TWINSHEET_SCAN_DELAY_S": "1",
            **(settings or {}),
        }
        self._said = folder.parent / f"{folder.name}.out"
        self._process: subprocess.Popen[str] | None = None

    # --- its life -------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                end_with_parent([*_TWINSHEET, "demo", "--no-sample", *self._options]),
                env=self._attached | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            )
        process = self._process
        wait_for(
            lambda: "Ctrl-C" in self._said.read_text() or process.poll() is not None, "the stack", START_TIMEOUT_S
        )
        assert process.poll() is None, self._said.read_text()
        self.sheets = SheetClient(str(self.stack["sheets_endpoint"]))
        self.settings = self._load_settings()
        self.lift_quota()
        self.sql(f"CREATE DATABASE IF NOT EXISTS {SCHEMA} CHARACTER SET utf8mb4")

    def _load_settings(self) -> Settings:
        """What a command that is attached to the stack goes by."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("TWINSHEET_")]:
                patch.delenv(name)
            patch.setenv("TWINSHEET_RUN_DIR", str(self.folder.path))
            secret = (self.folder.path / "webhook_secret").read_text().strip()
            patch.setenv("TWINSHEET_WEBHOOK_SECRET", secret)
            return load_settings(("mysql_url", "kafka", "sheets", "webhook_secret"), env_file=None)

    def stop(self) -> None:
        """Stop it, however the tests ended; leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        end_leftovers(self.folder)

    @property
    def stack(self) -> dict[str, Any]:
        """What `stack.json` says now."""
        return wait_for(lambda: self.folder.read_stack() or {}, "stack.json")

    def kill(self, name: str) -> None:
        """Kill -9 one process by the name that `stack.json` has for it, and wait until it is back."""
        before = self.stack["pids"][name]
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: self.stack["pids"].get(name, before) != before, f"{name} back")

    # --- its users ------------------------------------------------------------------------

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that knows nothing but the run folder."""
        return subprocess.run(
            [*_TWINSHEET, *arguments],
            env=self._attached,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def told(self, *arguments: str, code: int | tuple[int, ...] = 0) -> dict[str, Any]:
        """What a command answers with `--json`; its exit code has to be `code`, or one of them."""
        done = self.command(*arguments, "--json")
        codes = (code,) if isinstance(code, int) else code
        assert done.returncode in codes, (arguments, done.returncode, done.stdout, done.stderr)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def refusal(self, *arguments: str) -> str:
        """The one message of a command that could not run, which also tells what to do."""
        done = self.command(*arguments, "--json")
        assert done.returncode == 2, (arguments, done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        error = json.loads(done.stdout)["error"]
        assert error["hint"], error
        return str(error["message"])

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, as any program would; the rows that it found."""
        connection = connect(str(self.stack["mysql_url"]))
        try:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.with_rows else []
        finally:
            connection.close()

    def as_root(self, *statements: str) -> None:
        """Run statements in one session as the server's administrator, who comes in by the socket alone."""
        place = MysqlPlace(
            self.folder.mysql,
            self.settings.mysql_port,
            "",
            (self.folder.path / "mysql_root_password").read_text().strip(),
        )
        connection = mysql.connector.connect(
            unix_socket=str(place.socket),
            user="root",
            password=place.root_password,
            autocommit=True,
            read_timeout=int(COMMAND_TIMEOUT_S),
        )
        try:
            for statement in statements:
                connection.cursor().execute(statement)
        finally:
            connection.close()

    def faults(self, **faults: Any) -> None:
        """What goes wrong in the sandbox from now on, on top of the lifted quota."""
        self.sheets.call("POST", "/faults", QUOTA_LIFTED | faults)

    def lift_quota(self) -> None:
        """Nothing goes wrong, and Google's quota is no bound."""
        self.faults()

    # --- links ----------------------------------------------------------------------------

    def spreadsheet(self, tab: str = TAB, rows: Sequence[Sequence[Any]] = (HEADERS,), title: str = "Shop") -> str:
        """A new spreadsheet with one tab; `rows` as a person would type them."""
        size = {"rowCount": max(300, 2 * len(rows)), "columnCount": 12}
        body = {
            "properties": {"title": title, "locale": "en_US", "timeZone": "Etc/UTC"},
            "sheets": [{"properties": {"title": tab, "gridProperties": size}}],
        }
        made = str(self.sheets.call("POST", "/v4/spreadsheets", body)["spreadsheetId"])
        self.fill(made, tab, rows)
        return made

    def add_tab(self, spreadsheet: str, tab: str, rows: Sequence[Sequence[Any]]) -> None:
        """One more tab."""
        request = {"requests": [{"addSheet": {"properties": {"title": tab}}}]}
        self.sheets.call("POST", f"/v4/spreadsheets/{spreadsheet}:batchUpdate", request)
        self.fill(spreadsheet, tab, rows)

    def fill(self, spreadsheet: str, tab: str, rows: Sequence[Sequence[Any]]) -> None:
        """Type rows from A1 on, before the tab is linked."""
        if rows:
            body = {"range": f"{tab}!A1", "majorDimension": "ROWS", "values": [list(row) for row in rows]}
            path = f"/v4/spreadsheets/{spreadsheet}/values/{tab}!A1?valueInputOption=USER_ENTERED"
            self.sheets.call("PUT", path, body)

    def table(self, columns: str = COLUMNS, name: str = "") -> str:
        """A new table; its whole name."""
        table = f"{SCHEMA}.{name or f'orders_{next(_names)}'}"
        self.sql(f"CREATE TABLE {table} ({columns}) CHARACTER SET utf8mb4")
        return table

    def orders(self, rows: int = 0, conflicts: str = "last_write_wins") -> Orders:
        """A linked sheet of orders, with so many rows that came from the sheet."""
        typed = [[f"Customer {i}", "Teapot", i % 9 + 1, 9.5, "2026-05-04", "TRUE", "new", ""] for i in range(rows)]
        return self.linked([["", *row] for row in typed], self.table(), conflicts)

    def linked(self, rows: Sequence[Sequence[Any]], table: str, conflicts: str = "last_write_wins") -> Orders:
        """A sheet with these rows below the headers of orders, linked to a table; both sides are identical."""
        spreadsheet = self.spreadsheet(rows=[HEADERS, *rows])
        orders = Orders(self, f"orders_{next(_names)}", spreadsheet, TAB, table)
        add_link(self.settings, orders.entry(conflicts=conflicts))
        orders.verify()
        return orders

    def remap(self, name: str, **fields: Any) -> None:
        """Change what links.yaml says of a link, and wait until every service goes by it."""
        path, yaml = Path(self.stack["links_file"]), YAML()
        yaml.indent(mapping=2, sequence=4, offset=2)  # as `link add` writes it
        document = yaml.load(path.read_text())
        next(link for link in document["links"] if link["name"] == name).update(fields)
        read = {log: len(log.read_text()) for log in map(self._log_of, FOLLOWERS)}
        with path.open("w") as file:
            yaml.dump(document, file)
        for log, start in read.items():
            wait_for(lambda log=log, start=start: _LINKS_READ.search(log.read_text()[start:]), f"links in {log.name}")

    def _log_of(self, process: str) -> Path:
        return self.folder.logs / f"{process}.log"

    def link(self, name: str, spreadsheet: str, tab: str, table: str, *options: str, code: int = 0) -> dict[str, Any]:
        """`twinsheet link add`."""
        words = ("--spreadsheet", spreadsheet, "--tab", tab, "--table", table, "--yes", *options)
        return self.told("link", "add", name, *words, code=code)


class Orders:
    """A linked tab and its table, as people and programs see them.

    Args:
        job: the stack.
        name: of the link.
        spreadsheet: id of the spreadsheet.
        tab: title of the tab.
        table: whole name of the table.
    """

    def __init__(self, job: MainJob, name: str, spreadsheet: str, tab: str, table: str) -> None:
        self.job = job
        self.name = name
        self.spreadsheet = spreadsheet
        self.tab = tab
        self.table = table
        self._told_before: dict[str, int] = {}

    def entry(self, **more: Any) -> LinkEntry:
        """What a person asks for who links them; the fields of links.yaml."""
        return LinkEntry(name=self.name, spreadsheet=self.spreadsheet, tab=self.tab, table=self.table, **more)

    # --- the person -----------------------------------------------------------------------

    def person(self, action: str, **words: Any) -> dict[str, Any]:
        """Do something at the keyboard, as `POST /person/…` takes it, and its answer."""
        return self.job.sheets.person(self.spreadsheet, action, **words)

    def type(self, area: str, *rows: Sequence[Any], user: str = "ann@example.com") -> None:
        """Type or paste rows of cells."""
        self.person("edit", tab=self.tab, range=area, values=[list(row) for row in rows], user=user)

    def type_cell(self, order_no: int, header: str, text: str, user: str = "ann@example.com") -> None:
        """Type into one cell of an order."""
        self.type(f"{LETTER[header]}{self.row(order_no)}", [text], user=user)

    # --- the sheet ------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that the sandbox tells of the spreadsheet; looking costs no quota."""
        state: dict[str, Any] = self.job.sheets.call("GET", f"/state/{self.spreadsheet}")
        return state

    def tab_state(self) -> dict[str, Any]:
        """What it tells of the tab."""
        found: dict[str, Any] = self.state()["tabs"][self.tab]
        return found

    def values(self) -> list[list[Any]]:
        """The tab's rows, the headers first."""
        values: list[list[Any]] = self.tab_state()["values"]
        return values

    def sheet_rows(self) -> list[dict[str, Any]]:
        """Rows below the headers by header, each with its `row`; rows without content are left out."""
        headers, *rows = self.values()
        cells = [[*row, *[None] * (len(headers) - len(row))] for row in rows]
        shown: list[dict[str, Any]] = [
            {"row": i} | dict(zip(headers, row, strict=True)) for i, row in enumerate(cells, start=2)
        ]
        return [row for row in shown if any(row[h] not in (None, "") for h in headers)]

    def seen(self, order_no: int) -> dict[str, Any]:
        """The row of an order in the sheet; empty where it has none."""
        return next((row for row in self.sheet_rows() if row["Order no."] == order_no), {})

    def note(self, order_no: int, header: str) -> str:
        """The note on a cell of an order; empty for none."""
        state, row = self.tab_state(), self.row(order_no)
        return str(state["notes"].get(f"{LETTER[header]}{row}", ""))

    def row(self, order_no: int) -> int:
        """Where an order stands, counted from 1."""
        return int(wait_for(lambda: self.seen(order_no), f"order {order_no} in the sheet")["row"])

    def next_row(self) -> int:
        """The first row below everything."""
        return len(self.values()) + 1

    # --- the table ------------------------------------------------------------------------

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement; `{table}` stands for the table."""
        return self.job.sql(statement.format(table=self.table), *values)

    def stored(self, order_no: int) -> dict[str, Any]:
        """The row of an order in the table; empty where it has none."""
        names = [re.sub(r"\W+", "_", h).strip("_").lower() for h in HEADERS]
        found = self.sql(f"SELECT {', '.join(names)} FROM {{table}} WHERE order_no = %s", order_no)  # noqa: S608
        return dict(zip(names, found[0], strict=True)) if found else {}

    def numbers(self) -> list[int]:
        """Every order of the table."""
        return [int(row[0]) for row in self.sql("SELECT order_no FROM {table} ORDER BY order_no")]

    def count(self, where: str = "TRUE", *values: Any) -> int:
        """How many rows of the table."""
        return int(self.sql(f"SELECT COUNT(*) FROM {{table}} WHERE {where}", *values)[0][0])  # noqa: S608

    # --- the command line -----------------------------------------------------------------

    def verify(self, wait_s: int = 60) -> dict[str, Any]:
        """Both sides become identical within the time; what `twinsheet verify` says of the link."""
        told = verify(self.job.settings, self.name, wait_s)
        assert told["identical"], told
        link: dict[str, Any] = told["links"][0]
        return link

    def pending(self) -> list[dict[str, Any]]:
        """What waits or is parked at this moment."""
        found: list[dict[str, Any]] = verify(self.job.settings, self.name, 0)["links"][0]["pending"]
        return found

    def status(self) -> dict[str, Any]:
        """What `twinsheet status` says of the link."""
        links = self.job.told("status")["links"]
        found: dict[str, Any] = next(link for link in links if link["link"] == self.name)
        return found

    def records(self, kind: str) -> list[dict[str, Any]]:
        """What `twinsheet conflicts`, `rejections` or `history` tells, since :meth:`restock` if that was called."""
        with closing(Status(self.job.settings)) as status:
            items: list[dict[str, Any]]
            if kind == "history":
                items = list(status.history.each(HistoryFilter(link=self.name)))
            else:
                items = getattr(status.reports, kind)(self.name, limit=None)
        return [item for item in items if item["id"] > self._told_before.get(kind, 0)]

    def restock(self, rows: int) -> None:
        """Have orders 1 to `rows` again and no others, without gaps or notes, for the next test."""
        self.sql("DELETE FROM {table} WHERE order_no > %s", rows)
        there = self.numbers()
        for order_no in set(range(1, rows + 1)) - set(there):
            self.sql(
                "INSERT INTO {table} (order_no, customer, item, quantity) VALUES (%s, %s, 'Teapot', 1)",
                order_no,
                f"Customer {order_no}",
            )
        self.sql("UPDATE {table} SET notes = NULL, item = 'Teapot'")
        self.verify()
        self._close_gaps()
        for kind in ("conflicts", "rejections", "history"):
            self._told_before[kind] = 0
            self._told_before[kind] = max((item["id"] for item in self.records(kind)), default=0)

    def _close_gaps(self) -> None:
        """Delete the blank rows between the others, the lowest first."""
        filled = {row["row"] for row in self.sheet_rows()}
        for row in sorted(set(range(2, self.next_row())) - filled, reverse=True):
            self.person("delete_rows", tab=self.tab, at=row, count=1)

    def remove(self) -> None:
        """`twinsheet link remove`, when the test has no more use for it."""
        remove_link(self.job.settings, self.name)
