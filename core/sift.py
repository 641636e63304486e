"""Rows of a tab told apart: those that stand in their place and hold what base says, and all others (pure).

The former are nearly all of a tab, and nothing more has to be known of them than their ids. So a tab of any size is
swept piece by piece: what the others are is decided on one look at them, with the whole id column.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from core.contents import differs_in, key_in_base, key_in_row
from core.findings import Findings, Looked
from core.model import Key, Link, RowBase
from core.sheet import OPEN_END, Span, TabRow
from core.texts import Texts, key_text, mark_of

SPANS_MAX = 1000
"""Of one read."""


def told_apart(
    link: Link, rows: Sequence[TabRow], bases: Mapping[str, RowBase], open_rows: Collection[str]
) -> tuple[Set[str], list[TabRow]]:
    """Ids of rows that stand once and hold what base says, and all other rows, top down.

    Args:
        link: the link.
        rows: of its tab.
        bases: of these rows, read before the tab was.
        open_rows: ids of rows with cells that wait or were refused: always among the others.
    """
    agreeing: dict[str, int] = {}
    seen: set[str] = set()
    others: list[TabRow] = []
    for index, row in enumerate(rows):
        row_id = row.row_id or ""
        if row_id in agreeing:
            others.append(rows[agreeing.pop(row_id)])
        if row_id in seen or row_id in open_rows or not agrees(link, row, bases.get(row_id)):
            others.append(row)
        else:
            agreeing[row_id] = index
        seen.add(row_id)
    return agreeing.keys(), sorted(others, key=lambda row: row.row)


def agrees(link: Link, row: TabRow, base: RowBase | None) -> bool:
    """Whether a row of the tab is what base tells of the row with its id."""
    if base is None or not row.cells or key_in_row(link, row.cells) != key_in_base(link, base):
        return False
    return not differs_in(link, row.cells, base)


@dataclass(slots=True)
class Swept:
    """What the pieces of a tab have told so far. Every row takes some dozens of bytes, whatever it holds."""

    stood: Texts = field(default_factory=Texts)
    """Ids that stood in the tab as the sweep began."""
    in_place: Texts = field(default_factory=Texts)
    """Ids of rows that hold what base says, or were looked at and are themselves."""
    others: array[int] = field(default_factory=lambda: array("L"))
    """Numbers of all other rows that are not blank, top down."""
    changed: dict[int, str] = field(default_factory=dict)
    """Of these the ones that base knows, with their ids."""
    unreported: int = 0
    """Of those the ones of which nobody has told."""
    displaced: int = 0
    """And the ones that show another key than base knows."""
    is_left: bool = False
    """Looks have shown rows that need another id, or of which it is not clear whose they are."""
    _spans: array[int] = field(default_factory=lambda: array("L"))
    """First and last rows of all that stands between rows in their place, blank rows included."""
    _last: int = 0
    _keys: array[int] = field(default_factory=lambda: array("Q"))
    _owners: array[int] = field(default_factory=lambda: array("Q"))
    """Marks of the keys that base knows, and in the same order of the ids of their rows."""

    def begin(self, header_row: int, ids: Iterable[tuple[int, str]] = ()) -> None:
        """Rows are told of from below the header row; these ids stand in the tab, each with its row."""
        self._last = header_row
        self.stood = Texts(row_id for _, row_id in ids)

    def add(
        self,
        link: Link,
        rows: Iterable[TabRow],
        bases: Mapping[str, RowBase],
        open_rows: Collection[str],
        told: Container[str],
    ) -> None:
        """One piece more; arguments as of :func:`told_apart`, and ``told`` the rows that edit events told of."""
        for row in rows:
            row_id = row.row_id or ""
            base = bases.get(row_id)
            if base is not None:
                self._note_key(key_in_base(link, base), row_id)
            if base is not None and row_id not in open_rows and agrees(link, row, base):
                self.in_place.add(row_id)
                self._put_span(row.row)
                continue
            self.others.append(row.row)
            if base is not None:
                self.changed[row.row] = row_id
                self.unreported += row_id not in told and row_id not in open_rows
                key = key_in_row(link, row.cells)
                self.displaced += key is not None and key != key_in_base(link, base)

    def note(self, looked: Looked, found: Findings) -> None:
        """These rows were looked at, and this was found."""
        for row in looked.rows:
            if row.row_id is not None and row.cells:
                self.in_place.add(row.row_id)
        self.is_left |= bool(found.strangers or found.moved_ids or found.unclear)

    def owners_of(self, keys: Collection[int]) -> dict[int, set[int]]:
        """By marks of keys, as :func:`key_text` spells them, those of the ids of rows whose keys they are."""
        found: dict[int, set[int]] = {}
        for key, owner in zip(self._keys, self._owners, strict=True):
            if key in keys:
                found.setdefault(key, set()).add(owner)
        return found

    def lot(self, first_row: int, grid_rows: int, rows_max: int) -> tuple[list[Span], int | None]:
        """Rows to look at from ``first_row`` on, which hold no more than ``rows_max`` rows that are not blank; and
        where the next lot begins, ``None`` where this is the last."""
        at = bisect_left(self.others, first_row)
        more = self.others[at + rows_max] if at + rows_max < len(self.others) else None
        spans: list[Span] = []
        for first, last in self._all_spans(grid_rows):
            if last < first_row:
                continue
            if more is not None and first >= more:
                break
            if len(spans) == SPANS_MAX:
                return spans, first
            spans.append((max(first, first_row), last if more is None else min(last, more - 1)))
        return spans, more

    def add_late(
        self, link: Link, rows: Iterable[TabRow], bases: Mapping[str, RowBase], open_rows: Collection[str]
    ) -> None:
        """Rows that have come since the sweep; base was read after them."""
        for row in rows:
            base = bases.get(row.row_id or "")
            if base is not None and base.row_id not in open_rows and agrees(link, row, base):
                self._note_key(key_in_base(link, base), base.row_id)
                self.in_place.add(base.row_id)

    def _all_spans(self, grid_rows: int) -> Iterator[Span]:
        for index in range(0, len(self._spans), 2):
            yield self._spans[index], self._spans[index + 1]
        if self._last < grid_rows:
            yield self._last + 1, OPEN_END

    def _put_span(self, row: int) -> None:
        if row > self._last + 1:
            self._spans.extend((self._last + 1, row - 1))
        self._last = row

    def _note_key(self, key: Key | None, row_id: str) -> None:
        if key is not None:
            self._keys.append(mark_of(key_text(key)))
            self._owners.append(mark_of(row_id))


def out_of_place(
    standing: Iterable[tuple[int, int]], header_row: int, grid_rows: int, is_in_place: Callable[[int], bool]
) -> Iterator[Span]:
    """Rows of a tab that are not known to stand in their place, those without an id included.

    Args:
        standing: row and mark of the id of all rows that have one, top down.
        header_row: 1-based.
        grid_rows: of the tab.
        is_in_place: whether the row with the id of that mark is.
    """
    last = header_row
    for row, mark in standing:
        if is_in_place(mark):
            if row > last + 1:
                yield last + 1, row - 1
            last = row
    if last < grid_rows:
        yield last + 1, grid_rows


def clipped(spans: Iterable[Span], window: Span) -> list[Span]:
    """Of these spans what lies within another one."""
    low, high = window
    return [(max(first, low), min(last, high)) for first, last in spans if first <= high and last >= low]


def are_covered(wanted: Sequence[Span], asked: Sequence[Span]) -> bool:
    """Whether all these rows were asked for; both ascending and apart."""
    at = 0
    for first, last in wanted:
        while at < len(asked) and asked[at][1] < first:
            at += 1
        if at == len(asked) or first < asked[at][0] or last > asked[at][1]:
            return False
    return True


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same rows in ascending order, apart."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found
