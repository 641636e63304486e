"""The rows of a whole table in memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from core.lazily import LazyMapping
from core.model import Key, Link
from core.ports import TableRow


def held_rows(link: Link, rows: Iterable[tuple[Key, TableRow]]) -> Mapping[Key, TableRow]:
    """Rows of a table by key, each held in few bytes.

    Args:
        link: whose rows they are.
        rows: in the order in which they are to be gone through.
    """
    names = [column.name for column in link.columns]
    held = {key: msgspec.msgpack.encode([row.get(name) for name in names]) for key, row in rows}
    return LazyMapping(held, lambda values: dict(zip(names, msgspec.msgpack.decode(values), strict=True)))
