"""A large link is copied, each way, while a program changes its table, a person types, and processes are killed.

The program counts upwards in one column, so that an older value that overwrites a newer one shows on either side: in
the sheet a number that goes back, in the table a number that lacks one of the counts.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import mysql.connector

from app.linking.add import add_link
from core.errors import SheetsRefused, SheetsUnavailable
from sandbox.stack.services import KINDS
from sandbox.stack.tour import connect
from tests.chaos.arena import VERIFY_WAIT_S, Arena, Failed
from tests.chaos.oracle import Oracle, look
from tests.e2e.main_job_world import COLUMNS, HEADERS, SCHEMA, TAB, MainJob, Orders

ROWS = 10_000
KILLS = 10
ROWS_PER_STATEMENT = 10
STATEMENTS_PER_S = 100
TYPED_EVERY_S = 0.5
LOOKED_EVERY_S = 1.0
KILLED = (*KINDS, "kafka", "mysql")
_names = itertools.count(1)


def backfill(arena: Arena) -> None:
    """Both ways, one after the other."""
    for side in ("table", "sheet"):
        orders = _filled(arena.job, side)
        with _Storm(orders, arena.dice.randrange(10**6)).at_work() as storm:
            began = time.monotonic()
            add_link(arena.job.settings, orders.entry())
            for _ in range(KILLS):
                arena.pause(0.5, 3)
                arena.kill(arena.dice.choice(KILLED))
            arena.timeline.tell("killed while copying", side=side, rows=storm.shown)
            while storm.shown < ROWS:
                if time.monotonic() - began > VERIFY_WAIT_S * 4:
                    raise Failed(
                        f"{orders.name}: {storm.shown} of {ROWS} rows after {time.monotonic() - began:.0f} s"
                    )
                arena.pause(0.2, 0.5)
            arena.timeline.tell("copied", side=side, rows=ROWS, took_s=round(time.monotonic() - began, 1))
        orders.verify(VERIFY_WAIT_S)
        faults = storm.faults()
        arena.timeline.tell("accounted for", counted=storm.counted, typed=storm.oracle.accepted, faults=faults[:20])
        if faults:
            raise Failed("\n".join(faults[:20]))
        orders.remove()


def _filled(job: MainJob, side: str) -> Orders:
    """A sheet and a table, not linked yet, one of the two filled."""
    name = f"copied_{next(_names)}"
    table = f"{SCHEMA}.{name}"
    job.sql(f"CREATE TABLE {table} ({COLUMNS}) CHARACTER SET utf8mb4")
    typed = [["", f"Customer {i}", "Teapot", 1] for i in range(1, ROWS + 1)] if side == "sheet" else []
    spreadsheet = job.spreadsheet(rows=[HEADERS, *typed])
    if side == "table":
        connection = connect(str(job.stack["mysql_url"]))
        with closing(connection):
            connection.cursor().executemany(
                f"INSERT INTO {table} (customer, item, quantity) VALUES (%s, 'Teapot', 1)",  # noqa: S608 -- our own table
                [(f"Customer {i}",) for i in range(1, ROWS + 1)],
            )
    return Orders(job, name, spreadsheet, TAB, table)


class _Storm:
    """Whoever works on a link while it is copied, and what they have seen."""

    def __init__(self, orders: Orders, seed: int) -> None:
        self._orders, self._dice = orders, random.Random(seed)
        self._over = threading.Event()
        self._certain: Counter[int] = Counter()
        """By order number, how often it was counted upwards, as the server has said."""
        self._doubtful: Counter[int] = Counter()
        self._last: dict[Any, int] = {}
        """By order number, what the sheet showed last."""
        self._backwards: list[str] = []
        self.oracle = Oracle()
        self.shown = 0
        """Rows that have their number in the sheet."""

    @property
    def counted(self) -> int:
        """Changes of rows that the server has confirmed."""
        return self._certain.total()

    @contextmanager
    def at_work(self) -> Iterator[_Storm]:
        """A program, a person and somebody who looks, until the block ends."""
        threads = [threading.Thread(target=one, daemon=True) for one in (self._count, self._type, self._look)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _count(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            with suppress(mysql.connector.Error), closing(connect(str(self._orders.job.stack["mysql_url"]))) as there:
                cursor = there.cursor()
                while not self._over.wait(max(0.0, due - time.monotonic())):
                    due = max(due, time.monotonic() - 1) + 1 / STATEMENTS_PER_S
                    self._count_some(cursor)

    def _count_some(self, cursor: Any) -> None:
        first = self._dice.randrange(1, ROWS - ROWS_PER_STATEMENT + 2)
        some = range(first, first + ROWS_PER_STATEMENT)
        statement = f"UPDATE {self._orders.table} SET quantity = quantity + 1 WHERE order_no BETWEEN %s AND %s"  # noqa: S608 -- our own table
        try:
            cursor.execute(statement, (some[0], some[-1]))
        except mysql.connector.Error:
            self._doubtful.update(some)
            raise
        (self._certain if cursor.rowcount == len(some) else self._doubtful).update(some)

    def _type(self) -> None:
        for number in itertools.count(1):
            if self._over.wait(TYPED_EVERY_S):
                return
            if self.shown > 0:
                row = self._dice.randrange(2, self.shown + 2)
                with suppress(SheetsRefused, SheetsUnavailable, OSError):
                    self._type_into(row, f"typed {number}")

    def _type_into(self, row: int, text: str) -> None:
        order_no = self._column("A", row, row)[0]
        if order_no:
            where = f"I{row}"
            self.oracle.cell("sheet", (int(order_no), "Notes"), text, lambda: self._orders.type(where, [text]), where)

    def _look(self) -> None:
        while not self._over.wait(LOOKED_EVERY_S):
            with suppress(SheetsRefused, SheetsUnavailable, OSError):
                self._compare(self._rows())

    def _compare(self, rows: Sequence[Sequence[Any]]) -> None:
        numbered = [(row[0], int(row[3])) for row in rows if len(row) > 3 and row[0]]
        for order_no, quantity in numbered:
            if quantity < self._last.get(order_no, 0):
                self._backwards.append(f"order {order_no} went back in the sheet: {self._last[order_no]}, {quantity}")
            self._last[order_no] = quantity
        self.shown = len(numbered)

    def _rows(self) -> list[list[Any]]:
        path = f"/v4/spreadsheets/{self._orders.spreadsheet}/values/{TAB}!A2:D{ROWS + 1}"
        found: list[list[Any]] = self._orders.job.sheets.call("GET", path).get("values", [])
        return found

    def _column(self, letter: str, first: int, last: int) -> list[Any]:
        path = f"/v4/spreadsheets/{self._orders.spreadsheet}/values/{TAB}!{letter}{first}:{letter}{last}"
        return [row[0] if row else "" for row in self._orders.job.sheets.call("GET", path).get("values", [[""]])]

    def faults(self) -> list[str]:
        """What was promised and is not so; to be asked when both sides rest and are equal."""
        held = dict(self._orders.sql("SELECT order_no, quantity FROM {table}"))
        missing = [f"{ROWS - len(held)} rows are missing in the table"] if len(held) != ROWS else []
        lost = [
            f"order {order_no} holds {quantity} in the table, counted {self._certain[order_no]} times for certain and"
            f" {self._doubtful[order_no]} perhaps"
            for order_no, quantity in held.items()
            if not 0 <= quantity - 1 - self._certain[order_no] <= self._doubtful[order_no]
        ]
        return [*missing, *self._backwards, *lost, *self.oracle.faults(look(self._orders))]
