"""In which row of a tab each row id stands, in some fifteen bytes a row, so that any tab fits into memory (pure).

Ids are told apart by marks of theirs (:mod:`core.texts`), because a million of them take ten times as much as texts.
An index never changes: what comes of one shares with it all that stays the same.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from core.texts import mark_of

_PARTS = 1024
"""A row that comes has one part of so many copied."""


class _Part(NamedTuple):
    marks: array[int]
    """In ascending order."""
    rows: array[int]
    """Those of the ids with these marks."""

    def copy(self) -> _Part:
        return _Part(self.marks[:], self.rows[:])

    def find(self, mark: int) -> int | None:
        """Which of the marks it is."""
        place = bisect_left(self.marks, mark)
        return place if place < len(self.marks) and self.marks[place] == mark else None

    def put(self, mark: int, row: int) -> int | None:
        """Note the row; the one that was noted before."""
        marks, rows = self
        place = bisect_left(marks, mark)
        if place < len(marks) and marks[place] == mark:
            before, rows[place] = rows[place], row
            return before
        marks.insert(place, mark)
        rows.insert(place, row)
        return None


_NONE = _Part(array("Q"), array("I"))


class RowIndex:
    """Row id to 1-based row.

    Args:
        rows: each id with its row.
    """

    __slots__ = ("_bottom", "_parts")

    def __init__(self, rows: Mapping[str, int] | None = None) -> None:
        self._parts: dict[int, _Part] = {}
        self._bottom = 0
        for row_id, row in (rows or {}).items():
            self._put(mark_of(row_id), row)

    @classmethod
    def of_column(cls, ids: Iterable[tuple[int, str]]) -> tuple[RowIndex, frozenset[str]]:
        """The index of an id column, and the ids that stand in several rows: of these it has the first.

        Args:
            ids: 1-based row and id, from the top on.
        """
        index, repeated = cls(), set[str]()
        for row, row_id in ids:
            mark = mark_of(row_id)
            first = index._put(mark, row)
            if first is not None:
                repeated.add(row_id)
                index._put(mark, first)
        return index, frozenset(repeated)

    def __len__(self) -> int:
        return sum(len(part.marks) for part in self._parts.values())

    def __contains__(self, row_id: object) -> bool:
        return isinstance(row_id, str) and self.get(row_id) is not None

    def __getitem__(self, row_id: str) -> int:
        row = self.get(row_id)
        if row is None:
            raise KeyError(row_id)
        return row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowIndex) and dict(self._by_mark()) == dict(other._by_mark())

    __hash__ = None  # type: ignore[assignment]  # as for any other container that is compared by what it holds
    __iter__ = None  # it knows no ids to go through; Python would ask for row 0, 1, … of them otherwise

    @property
    def bottom(self) -> int:
        """No id stands in a row below this one."""
        return self._bottom

    def get(self, row_id: str) -> int | None:
        """Its row; ``None`` where the tab has no such id."""
        return self._row_of(mark_of(row_id))

    def standing_in(self, rows: Collection[int]) -> dict[int, int]:
        """Marks of the ids that stand in these rows, by row."""
        wanted = frozenset(rows)
        holding = (part for part in self._parts.values() if not wanted.isdisjoint(part.rows))
        return {row: mark for part in holding for mark, row in zip(*part, strict=True) if row in wanted}

    def with_rows(self, news: Mapping[str, int]) -> RowIndex:
        """With these ids in these rows, wherever they stood before."""
        made = self._like(self._parts)
        copied: set[int] = set()
        for row_id, row in news.items():
            mark = mark_of(row_id)
            number = mark % _PARTS
            if number in self._parts and number not in copied:
                made._parts[number] = self._parts[number].copy()
                copied.add(number)
            made._put(mark, row)
        return made

    def without(self, row_ids: Iterable[str]) -> RowIndex:
        """Without these ids."""
        made = self._like(self._parts)
        for mark in map(mark_of, row_ids):
            part = made._parts.get(mark % _PARTS, _NONE)
            if (place := part.find(mark)) is not None:
                made._parts[mark % _PARTS] = part = part.copy()
                del part.marks[place], part.rows[place]
        return made

    def moved(self, move: Callable[[int], int]) -> RowIndex:
        """With each row where ``move`` has it stand; no two of them change places."""
        made = self._like({n: _Part(part.marks, array("I", map(move, part.rows))) for n, part in self._parts.items()})
        made._bottom = move(self._bottom)
        return made

    def _like(self, parts: Mapping[int, _Part]) -> RowIndex:
        made = RowIndex()
        made._parts, made._bottom = dict(parts), self._bottom
        return made

    def _by_mark(self) -> Iterable[tuple[int, int]]:
        return (entry for part in self._parts.values() for entry in zip(*part, strict=True))

    def _row_of(self, mark: int) -> int | None:
        part = self._parts.get(mark % _PARTS, _NONE)
        place = part.find(mark)
        return None if place is None else part.rows[place]

    def _put(self, mark: int, row: int) -> int | None:
        """As :meth:`_Part.put`; while nobody shares the part."""
        part = self._parts.get(mark % _PARTS)
        if part is None:
            self._parts[mark % _PARTS] = part = _NONE.copy()
        self._bottom = max(self._bottom, row)
        return part.put(mark, row)
