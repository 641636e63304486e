"""What a table would hold after changes that are not made (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.model import Key
from core.ports import TableRow


class Overlay(Mapping[Key, TableRow]):
    """The rows of a table, and what was put over them.

    Args:
        table: its rows by key; never changed.
    """

    def __init__(self, table: Mapping[Key, TableRow]) -> None:
        self._table = table
        self._over: dict[Key, TableRow | None] = {}
        """``None`` for a row that is gone."""

    def put(self, key: Key, row: TableRow) -> None:
        """A row comes, or changes."""
        self._over[key] = row

    def drop(self, key: Key) -> None:
        """A row goes, if it is there."""
        self._over[key] = None

    def __getitem__(self, key: Key) -> TableRow:
        row = self._over[key] if key in self._over else self._table[key]
        if row is None:
            raise KeyError(key)
        return row

    def __iter__(self) -> Iterator[Key]:
        yield from (key for key in self._table if self._over.get(key, ()) is not None)
        yield from (key for key, row in self._over.items() if row is not None and key not in self._table)

    def __len__(self) -> int:
        return sum(1 for _ in self)
