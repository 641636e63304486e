"""Every process of ours and every server killed once, in the middle of work on both sides; nothing is lost.

An oracle of the test's own: every text that anybody writes is written once, into a cell that its side writes once.
In the end each text stands on both sides, or `history` or `conflicts` tells of it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import mysql.connector
import pytest
from main_job_world import LETTER, MainJob, Orders

from core.errors import SheetsRefused, SheetsUnavailable

ROWS = 120
COLUMNS = ("Customer", "Item", "Notes")
PACE_S = 0.12
SEED = 20260504


@dataclass
class Oracle:
    """Texts whose writer was told that they are written."""

    accepted: set[str] = field(default_factory=set)
    in_doubt: int = 0

    def attempt(self, text: str, write: Callable[[], object]) -> None:
        """Write a text; one whose writer got no answer is nobody's promise."""
        try:
            write()
        except (SheetsRefused, SheetsUnavailable, mysql.connector.Error, OSError):
            self.in_doubt += 1
            time.sleep(PACE_S)  # a person and a program wait a little before they go on
        else:
            self.accepted.add(text)


class Load(threading.Thread):
    """People and programs at work, until they are told to stop or every cell is written."""

    def __init__(self, orders: Orders) -> None:
        super().__init__(name="load")
        self.oracle = Oracle()
        self.done = threading.Event()
        self.failure: BaseException | None = None
        self._orders = orders
        self._dice = random.Random(SEED)
        cells = [(n, c) for n in orders.numbers() for c in COLUMNS]
        self._dice.shuffle(cells)
        self._cells = iter(cells)
        self._rows = {int(r["Order no."]): int(r["row"]) for r in orders.sheet_rows()}

    def run(self) -> None:
        """Rows only come below, so every order stays where it is."""
        try:
            for number, (order_no, header) in enumerate(self._cells):
                if self.done.wait(PACE_S):
                    return
                self._act(number, order_no, header)
        except BaseException as fault:  # noqa: BLE001 -- told by the test itself
            self.failure = fault

    def _act(self, number: int, order_no: int, header: str) -> None:
        way = self._dice.random()
        if way < 0.5 or way > 0.85:
            self.oracle.attempt(f"typed {number}", lambda: self._type(order_no, header, f"typed {number}"))
        if way >= 0.5:  # and in some cells both at once
            self.oracle.attempt(f"stored {number}", lambda: self._store(order_no, header, f"stored {number}"))
        if way > 0.95:
            self.oracle.attempt(f"born {number}", lambda: self._bear(f"born {number}"))

    def _type(self, order_no: int, header: str, text: str) -> None:
        user = self._dice.choice(("ann@example.com", "bob@example.com"))
        self._orders.type(f"{LETTER[header]}{self._rows[order_no]}", [text], user=user)

    def _store(self, order_no: int, header: str, text: str) -> None:
        statement = f"UPDATE {{table}} SET {header.lower()} = %s WHERE order_no = %s"  # noqa: S608
        self._orders.sql(statement, text, order_no)

    def _bear(self, text: str) -> None:
        self._orders.sql("INSERT INTO {table} (customer, item, quantity) VALUES (%s, 'Lamp', 1)", text)


@pytest.fixture
def load(main_job: MainJob) -> Iterator[Load]:
    """Work on a link of its own, stopped at the end of the test whatever happens."""
    orders = main_job.orders(ROWS)
    working = Load(orders)
    working.start()
    yield working
    working.done.set()
    working.join()
    orders.remove()


def test_kill_9_of_each_process_in_the_middle_of_work_loses_no_accepted_edit(main_job: MainJob, load: Load) -> None:
    orders = load._orders
    for name in (
        "table_writer",
        "sheet_writer",
        "binlog",
        "sheet_scanner",
        "webhook",
        "console",
        "sandbox",
        "kafka",
        "mysql",
    ):
        main_job.kill(name)
        assert load.is_alive(), load.failure or "the load ran out of cells before every process was killed"
    load.done.set()
    load.join()
    assert load.failure is None
    main_job.lift_quota()  # the sandbox forgot it when it was killed

    done = main_job.command("verify", orders.name, "--wait", "60", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert orders.status()["state"] == "live"

    oracle = load.oracle
    assert len(oracle.accepted) > 60, "the load did too little to tell anything"
    assert not oracle.accepted - everything_told(orders)


def everything_told(orders: Orders) -> set[object]:
    """Every text that both sides hold now, or that the records tell of."""
    shown = {row[c] for row in orders.sheet_rows() for c in COLUMNS}
    held = {value for row in orders.sql("SELECT customer, item, notes FROM {table}") for value in row}
    history = {h[side] for h in orders.records("history") for side in ("old", "new")}
    conflicts = {c[side] for c in orders.records("conflicts") for side in ("sheet", "table", "base")}
    return (shown & held) | history | conflicts
