"""Rows of a grid that browsers follow: each is sent what has changed since it asked last, and nothing else."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
GONE_MAX = 5_000
"""So many rows that went are remembered; who has not asked for longer gets all rows anew."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a browser has to do to be up to date."""

    seen: str
    """To be shown with the next question."""
    whole: list[Row] | None = None
    """All rows, where the browser knows none or too old ones."""
    parts: dict[str, list[Row]] | None = None
    """``add``, ``update`` and ``remove`` otherwise; ``None`` where nothing has changed."""


@dataclass(slots=True)
class _Kept:
    row: Row
    born: int
    changed: int


class Deltas:
    """The rows as they are known now; safe to share between threads. Every row has an ``id``."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(4)
        self._number = 1
        self._rows: dict[Any, _Kept] = {}
        self._gone: dict[Any, tuple[int, int]] = {}
        """When each came and when it went."""
        self._oldest = 0
        self._lock = threading.Lock()

    def take(self, rows: Iterable[Row]) -> None:
        """These are the rows now."""
        with self._lock:
            number, now = self._number + 1, {row["id"]: row for row in rows}
            changed = [known for known, row in now.items() if known not in self._rows or self._rows[known].row != row]
            gone = self._rows.keys() - now.keys()
            if not changed and not gone:
                return
            self._number = number
            self._gone |= {known: (self._rows[known].born, number) for known in gone}
            for known in changed:
                born = self._rows[known].born if known in self._rows else number
                self._rows[known] = _Kept(now[known], born, number)
                if self._gone.pop(known, None):
                    self._oldest = number  # it is back: who has not seen it go would add it a second time
            self._rows = {known: self._rows[known] for known in now}
            if len(self._gone) > GONE_MAX:
                self._gone, self._oldest = {}, number

    def since(self, seen: str | None) -> Delta:
        """What is new to a browser that has shown ``seen``."""
        with self._lock:
            told = f"{self._name}.{self._number}"
            name, _, number = (seen or "").partition(".")
            if name != self._name or not number.isdecimal() or int(number) < self._oldest:
                return Delta(told, whole=[kept.row for kept in self._rows.values()])
            last = int(number)
            fresh = [kept for kept in self._rows.values() if kept.changed > last]
            parts: dict[str, list[Row]] = {
                "add": [kept.row for kept in fresh if kept.born > last],
                "update": [kept.row for kept in fresh if kept.born <= last],
                "remove": [{"id": known} for known, (came, went) in self._gone.items() if came <= last < went],
            }
            return Delta(told, parts=parts if any(parts.values()) else None)


class Shelf:
    """The rows of several grids, by name; those that were looked at longest ago are forgotten.

    Args:
        room: so many are kept.
    """

    def __init__(self, room: int = 40) -> None:
        self._room = room
        self._kept: OrderedDict[tuple[str, ...], Deltas] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, *name: str) -> Deltas:
        """The rows of that name, empty at first."""
        with self._lock:
            found = self._kept.setdefault(name, Deltas())
            self._kept.move_to_end(name)
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)
            return found
