"""SET: any of the members that the column names, separated by commas.

Canonical: the members in the column's order, each once, ``new,paid``. In a cell their order, repetitions and blanks
around commas do not matter; an empty cell is the empty set where the column holds no NULL.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.model import TableColumn
from core.values.enum import EnumCodec


class SetCodec(EnumCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        self.blank = None if column.nullable else ""
        self.wanted += " (several are separated by commas)"

    def _of_text(self, text: str) -> str:
        return self._joined([self._member(part) for part in text.split(",")])

    def _member(self, part: str) -> str:
        return super()._of_text(part if part in self.options else part.strip(" "))

    def _joined(self, members: Iterable[object]) -> str:
        chosen = set(members)
        return ",".join(member for member in self.options if member in chosen)

    def _stored(self, value: object) -> str:
        """A client library gives a text, the binlog a set of members."""
        if isinstance(value, set | frozenset):
            return self._joined(value)
        return value if isinstance(value, str) else super()._stored(value)

    def order_key(self, value: str) -> int:
        """By the members' bits, as MySQL sorts them."""
        chosen = value.split(",")
        return sum(1 << place for place, member in enumerate(self.options) if member in chosen)
