"""An oracle outside the product: what people and programs were told is written, and where it has to be found.

Every text is written once. In the end it stands on both sides, or history, conflicts or rejections tell of it, or the
same side has written over it since. Rows of one write hold one text in all of its cells, and stand on each side once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import mysql.connector

from core.errors import SheetsRefused, SheetsUnavailable
from tests.e2e.main_job_world import Orders

Cell = tuple[int, str]
"""Order number and header."""
DOUBT_PAUSE_S = 0.3
"""A person and a program wait a little after an answer that did not come."""
WHOLE = ("Customer", "Item", "Notes")
"""Columns of which one write fills all, in rows that are written whole."""


def answered(act: Callable[[], object]) -> bool:
    """Do something; whether the answer came."""
    try:
        act()
    except (SheetsRefused, SheetsUnavailable, mysql.connector.Error, OSError):
        time.sleep(DOUBT_PAUSE_S)
        return False
    return True


@dataclass
class Row:
    """A row that one write makes, and perhaps one write deletes; ``None`` where the answer did not come."""

    made: bool | None
    gone: bool | None = False


@dataclass
class Seen:
    """One link by the product's public outputs."""

    sheet: list[dict[str, Any]]
    table: list[dict[str, Any]]
    told: set[Any]
    """What history, conflicts and rejections tell of."""


def look(orders: Orders) -> Seen:
    """Both sides of a link, and what is told of it."""
    names = "order_no, customer, item, notes"
    table = [
        dict(zip(("Order no.", *WHOLE), row, strict=True))
        for row in orders.sql(f"SELECT {names} FROM {{table}}")  # noqa: S608 -- names of ours
    ]
    told = {h[side] for h in orders.records("history") for side in ("old", "new")}
    told |= {c[side] for c in orders.records("conflicts") for side in ("sheet", "table", "base")}
    told |= {r["value"] for r in orders.records("rejections")}
    return Seen(orders.sheet_rows(), table, told)


@dataclass
class Oracle:
    """What the writers of one link were told."""

    written: dict[tuple[str, Cell], list[tuple[str, bool]]] = field(default_factory=dict)
    """By side and cell: each text that was tried, in order, and whether its writer was told that it is written."""
    placed: dict[str, list[str]] = field(default_factory=dict)
    """The same texts of the sheet, by the place that they were typed into."""
    rows: dict[str, Row] = field(default_factory=dict)
    """By their text."""
    whole: dict[int, list[tuple[str, bool]]] = field(default_factory=dict)
    """By order number: texts that one statement wrote into every column of a row."""
    accepted: int = 0
    in_doubt: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def attempt(self, write: Callable[[], object]) -> bool:
        """Write; whether the writer was told that it is written."""
        good = answered(write)
        self.accepted += good
        self.in_doubt += not good
        return good

    def cell(self, side: str, cell: Cell, text: str, write: Callable[[], object], place: str = "") -> None:
        """One side writes a text into a cell; ``place`` is where it stood when somebody looked."""
        good = self.attempt(write)
        with self.lock:
            self.written.setdefault((side, cell), []).append((text, good))
            if place:  # a person who looked in the instant of a mistaken write of ours types into another row
                self.placed.setdefault(place, []).append(text)

    def row(self, order_no: int, text: str, write: Callable[[], object]) -> None:
        """One statement writes a text into every column of a row that nobody else writes."""
        self.whole.setdefault(order_no, []).append((text, self.attempt(write)))

    def born(self, text: str, write: Callable[[], object]) -> None:
        """One write makes a row that holds the text in every column."""
        self.rows[text] = Row(True if self.attempt(write) else None)

    def deleted(self, text: str, write: Callable[[], object]) -> None:
        """One write deletes such a row."""
        self.rows[text].gone = True if self.attempt(write) else None

    def living(self) -> list[str]:
        """Rows that are certain to be there."""
        return [text for text, row in self.rows.items() if row.made and row.gone is False]

    # --- the verdict ----------------------------------------------------------------------

    def faults(self, seen: Seen) -> list[str]:
        """What was promised and is not so, in words; call it when both sides rest and are equal."""
        return [*self._lost(seen), *self._rows(seen), *self._halves(seen)]

    def _lost(self, seen: Seen) -> Iterable[str]:
        shown = {row[c] for row in seen.sheet for c in WHOLE}
        accounted = (shown & {row[c] for row in seen.table for c in WHOLE}) | seen.told
        with self.lock:
            written = {where: list(texts) for where, texts in self.written.items()}
            placed = [list(texts) for texts in self.placed.values()]
        later = {text: texts[n + 1 :] for texts in placed for n, text in enumerate(texts)}
        for (side, cell), texts in written.items():
            found = [text in accounted for text, _ in texts]
            for number, (text, good) in enumerate(texts):
                written_over = any(one in accounted for one in later.get(text, ()))
                if good and not any(found[number:]) and not written_over:
                    yield f"lost: {text!r}, which the {side} wrote into {cell}"

    def _rows(self, seen: Seen) -> Iterable[str]:
        for side, rows in (("sheet", seen.sheet), ("table", seen.table)):
            counts = Counter(row["Customer"] for row in rows)
            for text, row in self.rows.items():
                least = 1 if row.made and row.gone is False else 0
                most = 0 if row.gone else 1
                if not least <= counts[text] <= most:
                    yield f"row {text!r} stands {counts[text]} times in the {side}, not {least} to {most}"

    def _halves(self, seen: Seen) -> Iterable[str]:
        for side, rows in (("sheet", seen.sheet), ("table", seen.table)):
            for row in rows:
                held = {row[c] for c in WHOLE}
                if row["Customer"] in self.rows and len(held) > 1:
                    yield f"half a row in the {side}: {sorted(map(str, held))}"
                if row["Order no."] in self.whole:
                    yield from _whole(side, held, self.whole[row["Order no."]])


def _whole(side: str, held: Collection[Any], texts: list[tuple[str, bool]]) -> Iterable[str]:
    last = max((n for n, (_, good) in enumerate(texts) if good), default=-1)
    possible = {text for text, _ in texts[max(last, 0) :]}
    if last >= 0 and (len(held) > 1 or not held <= possible):  # type: ignore[operator]  # a set
        yield f"half a row in the {side}: it holds {sorted(map(str, held))}, not one of {sorted(possible)}"
