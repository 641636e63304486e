"""The rows of a whole table in memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from core.model import Key, Link
from core.ports import TableRow


class HeldRows(Mapping[Key, TableRow]):
    """Rows of a table by key, each held in few bytes and made anew whenever it is looked at.

    Args:
        link: whose rows they are.
        rows: in the order in which they are to be gone through.
    """

    def __init__(self, link: Link, rows: Iterable[tuple[Key, TableRow]]) -> None:
        self._names = [column.name for column in link.columns]
        self._held = {key: msgspec.msgpack.encode([row.get(name) for name in self._names]) for key, row in rows}

    def __getitem__(self, key: Key) -> TableRow:
        return dict(zip(self._names, msgspec.msgpack.decode(self._held[key]), strict=True))

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def __iter__(self) -> Iterator[Key]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)
