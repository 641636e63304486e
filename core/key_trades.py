"""Keys that rows hand on to each other in a ring, two rows that trade theirs above all (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.errors import Unfit
from core.model import Key, LinkedColumn

_SPARE = ("0", "-1", "-2", "-3", "~", "~~", "~~~", "0001-01-01", "9999-12-31", "00:00:01")
"""Texts that a key is parked under for a moment; each type takes some of them."""


def rings(wanted: Mapping[Key, Key]) -> list[list[Key]]:
    """Rings among rows that are to get other keys: each key of a ring wants the next one, the last the first.

    Args:
        wanted: the key now to the key to be.
    """
    found: list[list[Key]] = []
    seen: set[Key] = set()
    for start in wanted:
        path: list[Key] = []
        key = start
        while key in wanted and key not in seen:
            seen.add(key)
            path.append(key)
            key = wanted[key]
        if key in path and len(ring := path[path.index(key) :]) > 1:
            found.append(ring)
    return found


def spare_values(column: LinkedColumn) -> Iterator[str]:
    """Values that hardly any row has in a key column."""
    for text in _SPARE:
        try:
            value = column.codec.from_sheet(text)
        except Unfit:
            continue
        if value is not None:
            yield value
