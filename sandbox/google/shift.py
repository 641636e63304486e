"""Where rows or columns, and ranges of them, are after some were inserted, deleted or moved."""

from dataclasses import dataclass
from typing import Literal, Protocol

Dimension = Literal["ROWS", "COLUMNS"]


class Shift(Protocol):
    """One change of the grid along one dimension."""

    def point(self, index: int) -> int | None:
        """The new index; None if deleted."""

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """The new half-open range; None if nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """``count`` new ones before index ``at``."""

    at: int
    count: int

    def point(self, index: int) -> int | None:
        """See Shift."""
        return index + self.count if index >= self.at else index

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """A range grows only where something comes between its first and its last one."""
        moved = start + self.count if start >= self.at else start
        return moved, (end + self.count if end > self.at else end)


@dataclass(frozen=True, slots=True)
class Deleted:
    """``count`` gone from index ``at``."""

    at: int
    count: int

    def point(self, index: int) -> int | None:
        """See Shift."""
        if self.at <= index < self.at + self.count:
            return None
        return index - self.count if index >= self.at else index

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """A range shrinks by what it loses."""
        start, end = self._edge(start), self._edge(end)
        return (start, end) if start < end else None

    def _edge(self, index: int) -> int:
        return index - min(max(index - self.at, 0), self.count)


@dataclass(frozen=True, slots=True)
class Moved:
    """``count`` from index ``at`` to before index ``to``, counted as before the move."""

    at: int
    count: int
    to: int

    def point(self, index: int) -> int | None:
        """See Shift."""
        landing = self.to if self.to <= self.at else self.to - self.count
        if self.at <= index < self.at + self.count:
            return index - self.at + landing
        without = index - self.count if index >= self.at + self.count else index
        return without + self.count if without >= landing else without

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """A range follows its first and its last one."""
        first, last = self.point(start), self.point(end - 1)
        low, high = sorted((first or 0, last or 0))
        return low, high + 1


def shifted_grid_range(grid_range: dict[str, int], dimension: Dimension, shift: Shift) -> dict[str, int] | None:
    """A GridRange of the API after a shift in its tab; None if nothing of it is left."""
    names = ("startRowIndex", "endRowIndex") if dimension == "ROWS" else ("startColumnIndex", "endColumnIndex")
    start, end = grid_range.get(names[0]), grid_range.get(names[1])
    if start is None and end is None:
        return grid_range
    span = shift.span(start or 0, (1 << 30) if end is None else end)
    if span is None:
        return None
    moved = dict(grid_range)
    if start is not None:
        moved[names[0]] = span[0]
    if end is not None:
        moved[names[1]] = span[1]
    return moved
