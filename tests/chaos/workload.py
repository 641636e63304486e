"""People and programs at work on one link: seeded, until they are told to rest or to stop."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from tests.chaos.oracle import WHOLE, Oracle, answered
from tests.e2e.main_job_world import LETTER, Orders

USERS = ("ann@example.com", "bob@example.com")
WHOLE_ROWS = 10
"""The last rows of a link are written by programs alone, each statement all columns."""
LIVING_MAX = 25


class Load(threading.Thread):
    """Edits of both sides into the cells of one link, and rows that come and go.

    Rows come and go, and are sorted, by one side's hand alone: a person who counts rows while a program deletes some
    does not type where the oracle thinks.

    Args:
        orders: the link; its rows are there already.
        seed: of what happens in it.
        pace_s: mean time between two acts.
        side: whose rows come and go, ``sheet`` or ``table``.
    """

    def __init__(self, orders: Orders, seed: int, pace_s: float, side: str = "table") -> None:
        super().__init__(name=f"load {orders.name}", daemon=True)
        self.orders = orders
        self.oracle = Oracle()
        self.diary: list[tuple[str, ...]] = []
        """Every act, with its time, for whoever looks for the reason of a fault."""
        self.failure: BaseException | None = None
        self._side = side
        self._pace_s = pace_s
        self._dice = random.Random(seed)
        self._done = threading.Event()
        self._rest = threading.Event()
        self._resting = threading.Event()
        self._go_on = threading.Event()
        self._numbers = orders.numbers()
        self._cells: list[tuple[int, str]] = []
        self._count = self._moves = 0
        self._look_where_rows_stand()

    # --- told by the test -----------------------------------------------------------------

    def rest(self) -> None:
        """Finish the act in hand, and do nothing until :meth:`go_on`."""
        self._go_on.clear()
        self._rest.set()
        while self.is_alive() and not self._resting.wait(0.1):
            pass
        self.complain()

    def go_on(self) -> None:
        """Work again."""
        self._resting.clear()
        self._rest.clear()
        self._go_on.set()

    def end(self) -> None:
        """Stop for good."""
        self._done.set()
        self._go_on.set()
        self.join()

    def complain(self) -> None:
        """Tell what went wrong in here."""
        if self.failure:
            raise AssertionError(f"{self.name} ended: {self.failure!r}") from self.failure

    # --- the work -------------------------------------------------------------------------

    def run(self) -> None:
        """Act until told to stop."""
        try:
            while not self._done.wait(self._dice.uniform(0.2, 1.8) * self._pace_s):
                if self._rest.is_set():
                    self._resting.set()
                    self._go_on.wait()
                    continue
                self._count += 1
                self._act(f"{self._count} of {self.orders.name}")
        except BaseException as fault:  # noqa: BLE001 -- told by the test itself
            self.failure = fault

    def _act(self, mark: str) -> None:
        way = self._dice.random()
        if way < 0.80:
            self._edit(mark, way / 0.80)
        elif way < 0.86:
            self._whole(f"whole {mark}")
        elif way < 0.94:
            self._bear(f"born {mark}")
        elif way < 0.99 or self._side == "table":
            self._delete()
        else:
            self._sort()

    def _edit(self, mark: str, way: float) -> None:
        order_no, header = self._next_cell()
        if way < 0.5 or way > 0.85:
            self._type(order_no, header, f"typed {mark}")
        if way >= 0.5:  # and in some cells both at once
            self._store(order_no, header, f"stored {mark}")

    def _next_cell(self) -> tuple[int, str]:
        """Every cell comes once before any comes again."""
        if not self._cells:
            self._cells = [(n, c) for n in self._numbers[:-WHOLE_ROWS] for c in WHOLE]
            self._dice.shuffle(self._cells)
        return self._cells.pop()

    def _type(self, order_no: int, header: str, text: str) -> None:
        area, user = f"{LETTER[header]}{self._rows[order_no]}", self._dice.choice(USERS)
        self._note("type", area, f"{order_no}", text)
        place = f"{area} after {self._moves} moves"
        self.oracle.cell("sheet", (order_no, header), text, lambda: self.orders.type(area, [text], user=user), place)

    def _store(self, order_no: int, header: str, text: str) -> None:
        statement = f"UPDATE {{table}} SET {header.lower()} = %s WHERE order_no = %s"  # noqa: S608
        self._note("store", header, f"{order_no}", text)
        self.oracle.cell("table", (order_no, header), text, lambda: self.orders.sql(statement, text, order_no))

    def _whole(self, text: str) -> None:
        order_no = self._dice.choice(self._numbers[-WHOLE_ROWS:])
        statement = "UPDATE {table} SET customer = %s, item = %s, notes = %s WHERE order_no = %s"
        self.oracle.row(order_no, text, lambda: self.orders.sql(statement, text, text, text, order_no))

    def _note(self, *what: str) -> None:
        self.diary.append((datetime.now(UTC).isoformat(timespec="milliseconds"), *what))

    def _bear(self, text: str) -> None:
        self._note("bear", text)
        if self._side == "table":
            statement = "INSERT INTO {table} (customer, item, notes, quantity) VALUES (%s, %s, %s, 1)"
            self.oracle.born(text, lambda: self.orders.sql(statement, text, text, text))
            return

        def paste() -> None:
            row = self.orders.next_row()
            self.orders.type(f"B{row}:I{row}", [text, text, "1", "9.5", "", "", "new", text])

        self.oracle.born(text, paste)

    def _delete(self) -> None:
        living = self.oracle.living()
        if len(living) < LIVING_MAX // 2:
            return
        text = self._dice.choice(living)
        if self._side == "table":
            statement = "DELETE FROM {table} WHERE customer = %s"
            self._note("delete", text)
            self.oracle.deleted(text, lambda: self.orders.sql(statement, text))
            return
        stands = list[int]()

        def find() -> None:
            stands.extend(r["row"] for r in self.orders.sheet_rows() if r["Customer"] == text)

        # For a moment after a sort, a write that was under way may stand where the row is.
        if answered(find) and stands:
            self._note("delete", text, f"{stands[0]}")
            where = {"tab": self.orders.tab, "at": stands[0], "count": 1}
            self.oracle.deleted(text, lambda: self.orders.person("delete_rows", **where))
            self._until_seen(self._look_where_rows_stand)

    def _sort(self) -> None:
        header = self._dice.choice(("B", "C", "I"))

        def sort() -> None:
            last = self.orders.next_row() - 1
            self._note("sort", header, f"{last}")
            self.orders.person("sort", tab=self.orders.tab, range=f"A2:J{last}", column=header)

        answered(sort)
        self._until_seen(self._look_where_rows_stand)

    def _look_where_rows_stand(self) -> None:
        self._moves += 1
        self._rows = {int(r["Order no."]): int(r["row"]) for r in self.orders.sheet_rows() if r["Order no."]}

    def _until_seen(self, look: Callable[[], None]) -> None:
        while not self._done.is_set() and not answered(look):
            pass
