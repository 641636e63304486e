"""Which observation still has a say: order without clocks (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.model import Age, CellBase, Observed, RowBase, Stamp
from core.values import Canonical


def age(seen: Observed) -> Age:
    """The observation's place in the order of edits."""
    return Age(2 * seen.stamp.q + (seen.source != "edit"), seen.stamp.scan)


def scan_age(stamp: Stamp) -> Age:
    """Age of what a scan with this stamp saw."""
    return Age(2 * stamp.q + 1, stamp.scan)


def is_newer(one: Observed, other: Observed) -> bool:
    """Whether ``one`` replaces ``other``, both of the same cell; the same again counts as newer."""
    if one.stamp.q == other.stamp.q and {one.source, other.source} == {"edit", "scan"}:
        return age(one).is_past(age(other)) if one.source == "scan" else not age(other).is_past(age(one))
    return _order(one) >= _order(other)


def _order(seen: Observed) -> tuple[int, int, int]:
    place, scan = age(seen)
    return place, seen.stamp.n, scan


def is_subsumed(seen: Observed, base: CellBase) -> bool:
    """Older than our last settled write to the cell, which has looked at the cell itself."""
    return seen.stamp.n < base.n


def is_overtaken(seen: Observed, base: CellBase) -> bool:
    """A newer observation of the cell has decided already."""
    return not age(seen).is_past(base.age)


def says_nothing(seen: Observed, base: CellBase) -> bool:
    """Whether a look by others than our own writes comes behind another one at the cell, which has decided."""
    return seen.source != "swap" and (is_subsumed(seen, base) or is_overtaken(seen, base))


def tells_who_it_was(seen: Observed, base: CellBase) -> bool:
    """Whether an edit tells who typed what a scan had found: the scan read the cell before the edit's trigger ran."""
    return seen.source == "edit" and bool(seen.actor) and base.age.place % 2 == 1


def tells_of_going(stamp: Stamp, base: RowBase) -> bool:
    """Whether a scan that missed the row came past our last write to it, and past every other look at it."""
    return is_past_writes(stamp, base) and all(scan_age(stamp).is_past(one) for one in _ages(base))


def newest_age(base: RowBase) -> Age:
    """That of the last look which base knows of the row."""
    return max(_ages(base))


def _ages(base: RowBase) -> list[Age]:
    return [base.age, *(cell.age for cell in base.cells.values())]


def is_outrun(stamp: Stamp, base: RowBase) -> bool:
    """Whether a scan that missed the row may have come past all that was told of it, and nobody can tell: the last
    edit that it could see was heard of only after it had begun. The next scan comes past that."""
    may_be_past = all(one.place <= scan_age(stamp).place for one in _ages(base))
    return may_be_past and is_past_writes(stamp, base) and not tells_of_going(stamp, base)


def is_outrun_by_edit(seen: Observed, base: CellBase) -> bool:
    """The same of a scan that has shown a cell, by the edit that has decided on it."""
    may_be_past = seen.source == "scan" and base.age.place < age(seen).place
    return may_be_past and not is_subsumed(seen, base) and is_overtaken(seen, base)


def is_past_writes(stamp: Stamp, base: RowBase) -> bool:
    """Whether a look came after our last write to the row."""
    return stamp.n >= max([base.n, *(cell.n for cell in base.cells.values())])


@dataclass(frozen=True, slots=True)
class OpenWrite:
    """The part of an open intent that observations have to wait for."""

    n: int
    values: Mapping[str, frozenset[Canonical]] = field(default_factory=dict)
    """By column: every value that the write puts somewhere."""
    cells: frozenset[tuple[str, str]] = frozenset()
    """(row id, column) that the write names."""
    row_ids: frozenset[str] = frozenset()
    """Rows that the write inserts, deletes, or gives another key."""


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
