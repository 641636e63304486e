"""Which observation still has a say: order without clocks (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.model import Canonical, CellBase, Observed


def age(seen: Observed) -> int:
    """The observation's place in the order of edits: grows with ``q``; of two with the same ``q``, a look at
    the whole (a scan or a swap) comes after an edit event."""
    return 2 * seen.stamp.q + (seen.source != "edit")


def is_newer(one: Observed, other: Observed) -> bool:
    """Whether ``one`` replaces ``other``, both of the same cell; the same again counts as newer."""
    return (age(one), one.stamp.n) >= (age(other), other.stamp.n)


def is_subsumed(seen: Observed, base: CellBase) -> bool:
    """Older than our last settled write to the cell, which has looked at the cell itself."""
    return seen.stamp.n < base.n


def is_overtaken(seen: Observed, base: CellBase) -> bool:
    """A newer observation of the cell has decided already."""
    return age(seen) < base.age


@dataclass(frozen=True, slots=True)
class OpenWrite:
    """The part of an open intent that observations have to wait for."""

    n: int
    values: Mapping[str, frozenset[Canonical]] = field(default_factory=dict)
    """By column: every value that the write puts somewhere."""
    cells: frozenset[tuple[str, str]] = frozenset()
    """(row id, column) that the write names."""
    row_ids: frozenset[str] = frozenset()
    """Rows that the write inserts, names or deletes."""


def must_wait(seen: Observed, value: Canonical, write: OpenWrite | None) -> bool:
    """Whether the observation may have seen our own write, which is not settled yet.

    Either it equals a value that the write puts into that column (in whatever row: rows move), or its
    counter says that it looked at a cell of the write after the write.
    """
    if write is None:
        return False
    if value in write.values.get(seen.column, frozenset()):
        return True
    touched = (seen.row_id, seen.column) in write.cells or seen.row_id in write.row_ids
    return touched and seen.stamp.n >= write.n
