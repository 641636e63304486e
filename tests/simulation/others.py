"""Another table, not linked, to whose rows the notes refer by a foreign key: they come late, what waits goes in."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator

from adapters.binlog_events import RowChange
from adapters.mysql_ddl import ForeignKey

OTHERS = ForeignKey(("shop", "others"), frozenset({"note"}), "RESTRICT", "RESTRICT")
COMES_CHANCE = 0.1
"""Of one of the rows that are waited for, at each step of the world."""


class Others(Collection[str]):
    """The rows of that table. What is asked for and is not there is wanted, and comes at some time.

    Args:
        seed: of the scenario; draws nothing that other draws depend on.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"others {seed}")
        self._there: set[str] = set()
        self._wanted: dict[str, None] = {}
        self.by_program = False
        """A program brings the rows that its own refer to along."""

    def __contains__(self, text: object) -> bool:
        if self.by_program:
            self.add(str(text))
        if text not in self._there:
            self._wanted[str(text)] = None
        return text in self._there

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._there))

    def __len__(self) -> int:
        return len(self._there)

    def add(self, text: str) -> None:
        """Have it, from the beginning."""
        self._there.add(text)
        self._wanted.pop(text, None)

    def next_change(self) -> RowChange | None:
        """A row that is waited for comes, or none now."""
        if not self._wanted or self._rng.random() >= COMES_CHANCE:
            return None
        text = self._rng.choice(list(self._wanted))
        self.add(text)
        return RowChange(*OTHERS.parent, "insert", None, {"note": text})
