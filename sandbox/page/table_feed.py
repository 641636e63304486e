"""The linked table as the page shows it: read again whenever the server committed something.

One thread per link that some page looks at; it ends when the last page leaves. The question
"did anything happen?" is the server's own count of transactions, which costs next to nothing.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adapters.mysql_connection import MysqlAddress, MysqlSession
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_reports import Reports
from adapters.mysql_rows import read_row, select_rows
from core.errors import MysqlRefused, TwinsheetError
from core.model import Key, Link
from core.values import Canonical

ROWS_MAX = 20_000
LOOK_EVERY_S = 0.01
READ_EVERY_S = 0.25
"""Where the server does not count transactions."""
REPORT_EVERY_S = 0.5
READ_AGAIN_AFTER_S = (0.3, 1.0, 4.0)
"""MariaDB counts a transaction a moment before others can see what it did: so long after a change the table is read
once more."""
SHARE_OF_TIME = 4
"""Reading the table takes at most one part in so many of the time."""

_COUNTS = {"gtid_executed": "gtid_binlog_pos", "gtid_binlog_pos": "gtid_executed"}
"""MySQL's and MariaDB's name of the transactions that were committed."""

Raw = tuple[Any, ...]
Cells = dict[str, Canonical]


@dataclass(frozen=True, slots=True)
class TableImage:
    """The table at one moment."""

    rows: dict[Key, Cells] = field(default_factory=dict)
    """In the key's order; a row that did not change is the same object as before."""
    cut: bool = False
    """Whether the table has more rows than are shown."""
    earliest_s: float = 0.0
    """time.time() of the last look before the first sign of the change that made it so."""
    at_s: float = 0.0
    """time.time() of that first sign."""


@dataclass(frozen=True, slots=True)
class Health:
    """What there is to say about the link itself."""

    state: str = ""
    reason: str = ""
    conflicts: int = 0
    rejections: int = 0
    pending: tuple[tuple[str, str, str], ...] = ()
    """Row id, column and reason of every cell that waits for a person."""
    fault: str = ""
    hint: str = ""


class TableFeed:
    """Reads one linked table while somebody looks.

    Args:
        link: the link.
        address: the server.
    """

    def __init__(self, link: Link, address: MysqlAddress) -> None:
        self.link = link
        self.image: TableImage | None = None
        self.health = Health()
        self._address = address
        self._count = "gtid_executed"
        self._key_places = [i for i, c in enumerate(link.columns) if c.key]
        self._known: dict[Raw, tuple[Raw, Key, Cells]] = {}
        self._looked_at_s = time.time()
        self._moved: tuple[float, float] | None = None
        """time.time() of the first sign that there is something to read, and of the look before it."""
        self._again_s: list[float] = []
        """time.monotonic() of further reads, in order."""
        self._watchers = 0
        self._lock = threading.Lock()
        self._left = threading.Event()

    def enter(self) -> None:
        """Somebody looks from now on."""
        with self._lock:
            self._watchers += 1
            if self._watchers == 1:
                self._left = threading.Event()
                threading.Thread(target=self._run, args=(self._left,), name="table", daemon=True).start()

    def leave(self) -> None:
        """Somebody stopped looking."""
        with self._lock:
            self._watchers -= 1
            if not self._watchers:
                self._left.set()

    def _run(self, left: threading.Event) -> None:
        # Its own sessions: the thread before this one may still hang in its last question.
        session = MysqlSession(self._address, autocommit=True)
        state = MysqlSession(self._address, schema=DEFAULT_SCHEMA, autocommit=True)
        marked: object = None
        read_due_s = report_due_s = 0.0
        while not left.is_set():
            pause_s = LOOK_EVERY_S
            try:
                now_s = time.monotonic()
                looked_at_s = time.time()
                mark = self._mark(session)
                if (mark is None or mark != marked) and not self._moved:
                    self._moved = (self._looked_at_s, time.time())
                self._looked_at_s = looked_at_s
                if mark is not None and mark != marked:
                    self._again_s = [now_s + after_s for after_s in READ_AGAIN_AFTER_S]
                if (self._moved or self._is_due(now_s)) and now_s >= read_due_s:
                    marked = mark
                    took_s = self._timed(lambda: self._read(session))
                    read_due_s = now_s + max(took_s * SHARE_OF_TIME, READ_EVERY_S if mark is None else 0.0)
                if now_s >= report_due_s:
                    took_s = self._timed(lambda: self._report(state))
                    report_due_s = now_s + max(took_s * SHARE_OF_TIME, REPORT_EVERY_S)
            except TwinsheetError as error:
                marked, pause_s = None, 1.0
                self.health = Health(fault=error.message, hint=error.hint)
            left.wait(pause_s)
        session.drop()
        state.drop()

    def _is_due(self, now_s: float) -> bool:
        is_due = bool(self._again_s) and self._again_s[0] <= now_s
        self._again_s = [due_s for due_s in self._again_s if due_s > now_s]
        return is_due

    @staticmethod
    def _timed(work: Callable[[], None]) -> float:
        began_s = time.monotonic()
        work()
        return time.monotonic() - began_s

    def _mark(self, session: MysqlSession) -> object:
        """Something that changes with every commit; None where the server has no such thing."""
        try:
            return session.query(f"SELECT @@GLOBAL.{self._count}")[0][0] or None
        except MysqlRefused:
            self._count = _COUNTS[self._count]  # the other server's name of it
            return None

    def _read(self, session: MysqlSession) -> None:
        (earliest_s, at_s), self._moved = self._moved or (time.time(), time.time()), None
        statement, parameters = select_rows(self.link)
        found = session.query(f"{statement} LIMIT {ROWS_MAX + 1}", tuple(parameters))
        known = {}
        for raw in found[:ROWS_MAX]:
            place = tuple(bytes(v) if isinstance(v, bytearray) else v for v in (raw[i] for i in self._key_places))
            before = self._known.get(place)
            known[place] = before if before is not None and before[0] == raw else self._canonical(raw)
        rows = {key: cells for _, key, cells in known.values() if self.link.shows(cells)}
        self._known = known
        old = self.image
        if old is None or list(old.rows) != list(rows) or any(old.rows[k] is not v for k, v in rows.items()):
            self.image = TableImage(rows, len(found) > ROWS_MAX, earliest_s, at_s)

    def _canonical(self, raw: Raw) -> tuple[Raw, Key, Cells]:
        cells = read_row(self.link, raw)
        return raw, self.link.key_of(cells), cells

    def _report(self, session: MysqlSession) -> None:
        reports = Reports(session)
        name = self.link.name
        try:
            found = next((r for r in reports.links() if r.state.name == name), None)
        except MysqlRefused:  # the product has not made its schema yet
            self.health = Health()
            return
        if found is None:
            self.health = Health()
            return
        waiting = tuple((p["row_id"], p["column"], p["detail"] or p["reason"]) for p in reports.pending(name))
        self.health = Health(found.state.state, found.state.reason or "", found.conflicts, found.rejections, waiting)
