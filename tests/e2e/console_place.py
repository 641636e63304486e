"""The console in a real browser on a store that a test fills directly; who would carry things out is played."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator
from pydantic import SecretStr

from adapters.mysql_connection import parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA, migrate
from adapters.mysql_store import MysqlStore
from app.console.app import make_console_server
from app.console.watch import Watch
from app.service import Service, serve_http
from app.status import Check, Status
from config.settings import Settings, load_settings
from core.conflicts import ConflictOutcome
from core.model import CellBase, RowBase
from core.ports import ConflictEntry, HistoryEntry, LinkState, RejectionEntry
from core.undo import AskedCell, AskedRow
from sandbox.stack.servers import MysqlServer
from tests.e2e.watched import Watched, faults_for_others, watching

TABLE = "shop_of_the_console"
ROWS = 12


class AloneStatus(Status):
    """Kafka and the other processes are none of these tests' business."""

    def lags(self) -> dict[str, dict[str, float]]:
        return {"sheet_to_table": {}, "table_to_sheet": {"orders": 2.5}}

    def checks(self) -> list[Check]:
        return [Check("mysql", True, "9.7"), Check("table_writer", False, "is not running")]


class ConsolePlace:
    """A console, its store, and what other processes would do to it.

    Args:
        folder: of links.yaml and the run folder.
        server: MySQL.
    """

    def __init__(self, folder: Path, server: MysqlServer) -> None:
        self.folder, self._server = folder, server
        self.links = ["orders", "stock", "people", "quiet"]
        self.store = MysqlStore(parse_url(server.url))
        self.url = ""

    def settings(self, **more: Any) -> Settings:
        """As the console's process would read them."""
        ours = {"mysql_url": SecretStr(self._server.url), "links": self.folder / "links.yaml", "run_dir": self.folder}
        return load_settings(needs=(), env_file=None).model_copy(update=ours | more)

    def fill(self) -> None:
        """One link with everything that waits, one held, one at rest, one on which nothing ever happened."""
        self.sql(f"CREATE DATABASE {TABLE}")
        for name in self.links:
            self.sql(f"CREATE TABLE {TABLE}.{name} (id INT PRIMARY KEY, price DECIMAL(8,2), notes VARCHAR(200))")
        lines = [f"  - {{name: {n}, spreadsheet: 1AbC, tab: {n.title()}, table: {TABLE}.{n}}}" for n in self.links]
        (self.folder / "links.yaml").write_text("\n".join(["links:", *lines]) + "\n")
        for number, name in enumerate(self.links):
            with self.store.begin() as tx:
                tx.put_link(LinkState(name, "1AbC", number, name.title(), TABLE, name, "live", None, 1, 1))
        self._fill_orders()
        with self.store.begin() as tx:
            tx.hold("stock", "deleted_in_sheet", "180 of 200 rows left the tab Stock at once.")
        for name in self.links:
            self.looked_at(name, datetime.now(UTC) - timedelta(seconds=90))

    def looked_at(self, link: str, at: datetime) -> None:
        """The scan of that moment has found both sides alike."""
        with self.store.begin() as tx:
            tx.note_check(link, at, 0)

    def _fill_orders(self) -> None:
        now = datetime.now(UTC)
        with self.store.begin() as tx:
            tx.save_bases("orders", [_base(number) for number in range(ROWS)])
            tx.add_conflicts("orders", [_conflict(number, now) for number in range(ROWS)])
            refused = RejectionEntry(
                "r_1", ("1",), "price", "12,50 €", "price: 12,50 € is not a number", "ann@example.com"
            )
            tx.put_rejections("orders", [refused])
            for number in range(30):
                self._history(tx, number, now)

    @staticmethod
    def _history(tx: Any, number: int, now: datetime) -> None:
        side, actor = ("sheet", "ann@example.com") if number % 2 else ("table", "shop@10.0.0.7")
        tx.add_history(
            "orders",
            [
                HistoryEntry(
                    "r_1", ("1",), "notes", f"old {number}", f"new {number}", side,
                    actor=actor, edited_at=now - timedelta(milliseconds=120), event=f"e{number}",
                )
            ],
        )  # fmt: skip

    def pass_by(self, text: str) -> None:
        """One more cell goes over."""
        now = datetime.now(UTC)
        entry = HistoryEntry(
            "r_2", ("2",), "notes", None, text, "sheet", actor="bob@example.com", edited_at=now, event=text
        )
        with self.store.begin() as tx:
            tx.add_history("orders", [entry])

    def undo_passes(self, link: str, side: str) -> None:
        """An undo is written to the table (side ``undo``), or carried into the sheet (``table``)."""
        actor, what = ("eve@example.com", "undone") if side == "undo" else ("", "applied")
        entry = HistoryEntry("r_7", ("7",), "notes", "typed", "as before", side, what, actor=actor, event=f"e_{side}")
        with self.store.begin() as tx:
            tx.add_history(link, [entry])

    def paste(self, link: str, rows: dict[int, tuple[str, str]], event: str = "paste") -> None:
        """What one paste of a person has left on both sides, by number of the row: notes before and after."""
        now = datetime.now(UTC)
        for number, (_, after) in rows.items():
            self.sql(f"INSERT INTO {TABLE}.{link} VALUES ({number}, 10, '{after}')")  # noqa: S608 -- of this test
        with self.store.begin() as tx:
            tx.save_bases(link, [_base(number, after) for number, (_, after) in rows.items()])
            pasted = [
                HistoryEntry(f"r_{n}", (str(n),), "notes", old, new, "sheet",
                             actor="bob@example.com", edited_at=now, event=event)
                for n, (old, new) in rows.items()
            ]  # fmt: skip
            tx.add_history(link, pasted)

    def goes(self, link: str, number: int, held: dict[str, str | None]) -> None:
        """A person has deleted a row that held this."""
        went = [
            HistoryEntry(f"r_{number}", (str(number),), name, old, None, "sheet", "deleted",
                         actor="bob@example.com", event=f"went_{number}")
            for name, old in held.items()
        ]  # fmt: skip
        with self.store.begin() as tx:
            tx.add_history(link, went)

    def asks_back(self, link: str, rows: dict[int, tuple[str, str]]) -> None:
        """Somebody has asked for notes, by number of the row: as they are now and as they are to be."""
        asked = [
            AskedRow(f"r_{n}", (str(n),), exists=True, was_there=True, cells={"notes": AskedCell(now, then)})
            for n, (now, then) in rows.items()
        ]
        with self.store.begin() as tx:
            tx.put_undo(link, f"undo_{link}", "eve", datetime.now(UTC), asked)

    def asked_back(self, link: str) -> dict[str, str | None]:
        """What table_writer is asked to give back: notes by row id."""
        with self.store.begin() as tx:
            found = tx.open_undos(link, [f"r_{number}" for number in range(ROWS)])
        return {one.asked.row_id: one.asked.cells["notes"].then for one in found}

    def carry_out(self, row: int) -> None:
        """What table_writer does with a choice: the conflict of that row's price ends."""
        with self.store.begin() as tx:
            tx.settle_conflicts("orders", [ConflictOutcome(f"r_{row}", "price", "sheet", "taken by a person")])

    def choice(self, row: int) -> dict[str, Any] | None:
        """What was chosen for the conflict of that row."""
        with closing(Status(self.settings())) as status:
            found = status.reports.conflicts("orders")
        return next(one["choice"] for one in found if one["row_id"] == f"r_{row}")

    def state(self, link: str) -> str:
        """Of a link, as MySQL has it."""
        with self.store.begin() as tx:
            found = tx.link_state(link)
        assert found is not None
        return found.state

    def sql(self, statement: str) -> None:
        """One statement."""
        connection = self._server.connect()
        try:
            connection.cursor().execute(statement)
            connection.commit()
        finally:
            connection.close()


def _base(number: int, notes: str | None = None) -> RowBase:
    cells = {"id": CellBase(str(number)), "price": CellBase("10.00"), "notes": CellBase(notes)}
    return RowBase(f"r_{number}", (str(number),), cells)


def _conflict(number: int, now: datetime) -> ConflictEntry:
    return ConflictEntry(
        f"r_{number}", (str(number),), "price", "10.00", f"{11 + number}.00", f"{51 + number}.00", "none", "manual",
        sheet_at=now, table_at=now, sheet_actor="ann@example.com", event=f"c{number}", settled=False,
    )  # fmt: skip


@contextmanager
def console_on(place: ConsolePlace, settings: Settings) -> Iterator[str]:
    """A running console; its address."""
    with ExitStack() as stack:
        status = AloneStatus(settings)
        stack.callback(status.close)
        watch = Watch(status)
        stack.callback(watch.close)
        server = make_console_server(status, settings, watch, port=0)
        watch.start()
        service = Service("console", settings)
        thread = threading.Thread(target=serve_http(service, server))
        thread.start()
        stack.callback(thread.join)
        stack.callback(service.stop.set)
        yield f"http://127.0.0.1:{server.effective_port}"


@contextmanager
def filled(folder: Path, server: MysqlServer) -> Iterator[ConsolePlace]:
    """A store with some links, gone afterwards."""
    place = ConsolePlace(folder, server)
    place.sql(f"DROP DATABASE IF EXISTS {DEFAULT_SCHEMA}")  # what another file of tests left
    migrate(parse_url(server.url))
    place.fill()
    try:
        yield place
    finally:
        place.store.close()
        place.sql(f"DROP DATABASE {TABLE}")
        place.sql(f"DROP DATABASE {DEFAULT_SCHEMA}")


class Visitor(Watched):
    """A person at the console."""

    made_here = (*Watched.made_here, "blob:")

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.url + path)

    def row(self, grid: str, text: str) -> Locator:
        """A row of a grid that holds a text in one of its cells."""
        return self.page.locator(f"#{grid} .ag-row").filter(has=self.page.get_by_text(text, exact=True))

    def button(self, name: str) -> Locator:
        """The button of that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def is_open_to_all(self) -> None:
        """Nothing on the page keeps anybody out, and nothing sticks out of the window."""
        assert self.faults_for_others() == [], self.page.url
        width, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= window, self.page.url

    def faults_for_others(self) -> list[str]:
        """What keeps people with other eyes or hands out, as axe-core finds it."""
        return faults_for_others(self.page)


@contextmanager
def visiting(browser: Browser, url: str, size: dict[str, int], **options: Any) -> Iterator[Visitor]:
    """A browser of its own."""
    with watching(browser, Visitor, url, size, **options) as visitor:
        yield visitor
