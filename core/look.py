"""One look at the rows that a sweep has not found in their place: what else it has to show before it decides (pure).

People sort, insert and delete between the pieces of a sweep and the look, and between two looks. So a look comes with
the whole id column, as of the same read, and counts only once it shows every row whose id the column does not show in
its place, once base was read before it for all of them, and for all that the column lacks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping

from core.contents import key_in_base, key_in_row
from core.findings import Looked
from core.guards import ROWS_UNGUARDED
from core.model import Link, RowBase
from core.sheet import OPEN_END, Span, TabImage, TabRow
from core.sift import Swept, are_covered, clipped, joined, out_of_place, told_apart
from core.texts import Texts, key_text, mark_of

ROUNDS_MAX = 6
"""Looks after which people have moved too much."""


class Lot:
    """Rows that one look can take.

    Args:
        link: the link.
        swept: what the sweep has found.
        first_row: 1-based row from which on they are taken.
        grid_rows: of the tab, as of the sweep.
        rows_max: rows that are not blank.
    """

    def __init__(self, link: Link, swept: Swept, first_row: int, grid_rows: int, rows_max: int) -> None:
        self.spans, self.next_row = swept.lot(first_row, grid_rows, rows_max)
        """Rows to look at; and where the next lot begins, ``None`` where this is the last."""
        self._changed = {row_id for row, row_id in swept.changed.items() if _is_within(row, self.spans)}
        self.wanted = self._changed
        """Ids of rows of which base is to be read before the look."""
        self.missing = Texts()
        """Likewise, as far as only this is known of them, and as far as they are :meth:`kept`."""
        self.rounds = 0
        self._link, self._swept, self._first_row, self.rows_max = link, swept, first_row, rows_max
        self._guests: set[int] = set()
        self._keys: frozenset[str] = frozenset()
        self.is_only = first_row == 1 and self.next_row is None
        """One look takes all rows."""
        self._is_whole = self.next_row is None and not swept.is_left
        if self._is_whole:
            self._first_row = 1

    @property
    def is_spent(self) -> bool:
        """Whether one more look would most likely lack something as well."""
        return self.rounds >= ROUNDS_MAX

    def kept(self, base: RowBase, count: int) -> bool:
        """Whether a missing row has to be known: its contents may stand in one of the rows that were looked at; or
        ``count`` others are not enough to tell of."""
        key = key_in_base(self._link, base)
        return count < self.rows_max or key is None or key_text(key) in self._keys

    def take(
        self, image: TabImage, bases: Mapping[str, RowBase], base_ids: Texts, open_rows: Collection[str]
    ) -> Looked | None:
        """What a look has shown; ``None`` where it lacks something, which the next one is to show as well.

        Args:
            image: the spans, and all ids.
            bases: of the wanted and the missing rows.
            base_ids: of all live rows; these three were read before the look.
            open_rows: ids of rows with cells that wait or were refused.
        """
        self.rounds += 1
        column = _Column(image.ids, self._swept.in_place, self._guests)
        ids, required = column.ids, self._required(image, column)
        rows = list(_among(image.rows, required))
        missing = base_ids.without(ids)
        known = sum(1 for row_id in bases if row_id not in ids)
        lacking = {row.row_id for row in rows if row.row_id and row.row_id not in bases and row.row_id in base_ids}
        unread = self._unread(rows, bases, ids)
        lacks_missing = known < min(len(missing), self.rows_max)
        keys = frozenset(self._shown_keys(rows) if known < len(missing) else ())
        lacks_guests = bool(unread) and not self.is_spent
        is_covered = are_covered(required, self.spans) and keys <= self._keys
        if lacking or lacks_missing or lacks_guests or not is_covered:
            self._guests.update(*unread.values())
            self.wanted = lacking | _named(image.ids, self._guests)
            self.wanted |= {row.row_id for row in rows if row.row_id and row.row_id in bases}
            self.missing, self._keys = missing, keys
            self.spans = [(a, OPEN_END if b == image.grid_rows else b) for a, b in self._required(image, column)]
            return None
        agreeing, others = told_apart(self._link, rows, bases, open_rows)
        away = {row.row_id for row in others}
        return Looked(
            rows=others,
            known={row_id: bases[row_id] for row_id in bases if row_id in away or row_id not in ids},
            in_place=_Standing(agreeing, column),
            bases=len(base_ids),
            is_blank=self._is_whole and not (agreeing or any(r.cells for r in others) or column.stands_any),
            is_whole=self._is_whole,
            is_swept=self.is_only and self.rounds == 1 and len(missing) == known and not agreeing - self._changed,
            unread=frozenset(unread),
            missing=len(missing) - known,
            changed=0 if self.is_only else self._swept.unreported,
            left=self._swept.stood.without(ids),
            is_scrambled=not self._is_whole and self._swept.displaced > max(self.rows_max, ROWS_UNGUARDED),
        )

    def _required(self, image: TabImage, column: _Column) -> list[Span]:
        """Rows that the look has to show."""
        window = self._first_row, self.next_row - 1 if self.next_row is not None else image.grid_rows
        apart = out_of_place(column.standing(), image.header_row, image.grid_rows, column.is_in_place)
        guests = ((row, row) for row, mark in column.standing() if mark in self._guests) if self._guests else ()
        return joined([*clipped(apart, window), *guests])

    def _shown_keys(self, rows: Iterable[TabRow]) -> Iterator[str]:
        keys = (key_in_row(self._link, row.cells) for row in rows)
        return (key_text(key) for key in keys if key is not None)

    def _unread(self, rows: Iterable[TabRow], bases: Mapping[str, RowBase], ids: Texts) -> dict[str, set[int]]:
        """Ids of rows that show a key which is another's, with the marks of those that stand elsewhere, unread."""
        shown: dict[str, int] = {}
        looked = set()
        for row in rows:
            base = bases.get(row.row_id or "")
            key = key_in_row(self._link, row.cells) if base is not None else None
            if base is not None and key is not None and key != key_in_base(self._link, base):
                shown[base.row_id] = mark_of(key_text(key))
            looked.add(mark_of(row.row_id or ""))
        owners = self._swept.owners_of(set(shown.values())) if shown else {}
        found = {row_id: {o for o in owners.get(key, ()) if o not in looked} for row_id, key in shown.items()}
        return {row_id: left for row_id, marks in found.items() if (left := {o for o in marks if ids.holds(o)})}


class _Column:
    """The id column as of one look, sixteen bytes a row.

    Args:
        ids: row and id of all rows that have one.
        swept: ids of rows that the sweep has found in their place.
        guests: marks of ids of rows that have to be looked at nevertheless.
    """

    def __init__(self, ids: Iterable[tuple[int, str]], swept: Texts, guests: Collection[int]) -> None:
        self._rows, self._marks = array("L"), array("Q")
        self.ids = Texts()
        for row, row_id in ids:
            mark = mark_of(row_id)
            self._rows.append(row)
            self._marks.append(mark)
            self.ids.add_mark(mark)
        self._swept, self._guests, self._repeated = swept, guests, self.ids.repeated()

    def standing(self) -> Iterator[tuple[int, int]]:
        """Row and mark of each id, top down."""
        return zip(self._rows, self._marks, strict=True)

    def is_in_place(self, mark: int) -> bool:
        """Whether the id of that mark, which stands there, does so once, in its place."""
        return self._swept.holds(mark) and not self._repeated.holds(mark) and mark not in self._guests

    @property
    def stands_any(self) -> bool:
        """Whether some row is in its place."""
        return any(map(self.is_in_place, self._marks))


class _Standing:
    """Ids of rows that stand in their place, as the look or the sweep has shown."""

    def __init__(self, agreeing: Collection[str], column: _Column) -> None:
        self._agreeing, self._column = agreeing, column

    def __contains__(self, row_id: object) -> bool:
        mark = mark_of(str(row_id))
        return row_id in self._agreeing or (self._column.ids.holds(mark) and self._column.is_in_place(mark))


def _named(ids: Iterable[tuple[int, str]], marks: Collection[int]) -> set[str]:
    """The ids that these marks stand for."""
    return {row_id for _, row_id in ids if mark_of(row_id) in marks} if marks else set()


def _among(rows: Iterable[TabRow], spans: list[Span]) -> Iterator[TabRow]:
    """Of rows from the top down those within spans."""
    left = iter(spans)
    span = next(left, None)
    for row in rows:
        while span is not None and span[1] < row.row:
            span = next(left, None)
        if span is not None and span[0] <= row.row:
            yield row


def _is_within(row: int, spans: list[Span]) -> bool:
    place = bisect_right(spans, (row, row)) - 1
    return any(first <= row <= last for first, last in spans[max(place, 0) : place + 2])
