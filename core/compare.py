"""Is every mapped cell of the tab equal to its cell of the table? From the two alone, without base (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from core.contents import fitting_or_none, shows
from core.model import Key, Link, RowBase, SheetCell
from core.ports import TableRow
from core.row_view import value_text
from core.sheet import TabImage, TabRow
from core.values import Canonical

_BLANK = SheetCell(None)

DIFFERENCES_MAX = 10_000
"""So many cells that differ are told: a table of a million rows beside an empty tab has more than fit into memory."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that differs; a row that only one side has is one difference per column."""

    row_id: str | None
    key: Key | None
    column: str
    sheet: str | None
    table: Canonical


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides compared."""

    rows: int
    """Rows of the table."""
    differences: tuple[Difference, ...]
    """The first DIFFERENCES_MAX of them."""

    @property
    def is_cut(self) -> bool:
        """Whether there may be more differences."""
        return len(self.differences) == DIFFERENCES_MAX


def compare(
    link: Link,
    image: TabImage,
    table: Iterable[tuple[Key, TableRow]],
    pending: Collection[tuple[str, str]],
    bases: Mapping[str, RowBase],
) -> Comparison:
    """Compare a tab with its table; arguments as of :func:`differences`."""
    rows = 0

    def counted() -> Iterator[tuple[Key, TableRow]]:
        nonlocal rows
        for one in table:
            rows += 1
            yield one

    read = counted()
    found = tuple(islice(differences(link, image, read, pending, bases), DIFFERENCES_MAX))
    deque(read, maxlen=0)  # the rest are counted all the same
    return Comparison(rows, found)


def differences(
    link: Link,
    image: TabImage,
    table: Iterable[tuple[Key, TableRow]],
    pending: Collection[tuple[str, str]],
    bases: Mapping[str, RowBase],
) -> Iterator[Difference]:
    """Compare a tab with its table, rows matched by the key that stands in the sheet, as far as somebody asks.

    Args:
        link: the link.
        image: the tab as of one read.
        table: every row of the table.
        pending: (row id, column) that are known not to be equal, and shown as such.
        bases: by row id, those of rows with anything pending at least: they tell the key in the table of rows whose
            own key is pending.

    Returns:
        In the order of the table, then of the tab.
    """
    yield from piece_differences(link, image, lambda _keys: table, pending, bases)


def piece_differences(
    link: Link,
    image: TabImage,
    look_up: Callable[[Collection[Key]], Iterable[tuple[Key, TableRow]]],
    pending: Collection[tuple[str, str]],
    bases: Mapping[str, RowBase],
) -> Iterator[Difference]:
    """The same of some rows of a tab, with the rows of the table that ``look_up`` answers for their keys."""
    places, keyless = _by_key(link, image, pending, bases)
    waiting_rows = {row_id for row_id, _ in pending}
    for key, row in look_up(list(places)):
        place = places.pop(key, None)
        yield from _cells(link, key, row, None if place is None else image.rows[place], pending)
    for extra in chain(map(image.rows.__getitem__, places.values()), keyless):
        if extra.row_id not in waiting_rows:
            yield from _only_in_sheet(link, extra)


def only_in_table(link: Link, key: Key, row: TableRow) -> Iterator[Difference]:
    """The differences of a row that the tab does not show."""
    return _cells(link, key, row, None, ())


def first_missing(link: Link, row: TabRow) -> str | None:
    """Which cell an incomplete row waits for: its first column that the table requires and that is blank.

    Args:
        link: the link.
        row: as it stands in the tab.

    Returns:
        The table's name of the column; ``None`` where nothing that is required is blank.
    """
    for column in link.columns:
        if column.required and row.cells.get(column.header, _BLANK).value in (None, ""):
            return column.name
    return None


def _by_key(
    link: Link, image: TabImage, pending: Collection[tuple[str, str]], bases: Mapping[str, RowBase]
) -> tuple[dict[Key, int], list[TabRow]]:
    """Places in the image of rows by their key in the table, which is base's where the one that the row shows is
    pending; and the rows that have none, or one that a row above has too."""
    names = {column.name for column in link.key_columns}
    key_pending = {row_id for row_id, column in pending if column in names}
    places: dict[Key, int] = {}
    cleared: dict[Key, int] = {}
    keyless: list[TabRow] = []
    for place, row in enumerate(image.rows):
        key = _key_in_base(row, bases) if row.row_id in key_pending else key_in_sheet(link, row)
        if not row.cells and key is not None:
            cleared.setdefault(key, place)
        elif row.cells and (key is None or key in places):
            keyless.append(row)
        elif key is not None:
            places[key] = place
    return cleared | places, keyless


def _key_in_base(row: TabRow, bases: Mapping[str, RowBase]) -> Key | None:
    base = bases.get(row.row_id or "")
    return base.key if base is not None else None


def key_in_sheet(link: Link, row: TabRow) -> Key | None:
    """The key that a row of the tab shows; ``None`` where it is blank or does not fit."""
    parts = [fitting_or_none(c.codec, row.cells.get(c.header, _BLANK).value) for c in link.key_columns]
    return tuple(p for p in parts if p is not None) if all(p is not None for p in parts) else None


def _cells(
    link: Link, key: Key, row: TableRow, own: TabRow | None, pending: Collection[tuple[str, str]]
) -> Iterator[Difference]:
    for column in link.columns:
        value = row.get(column.name)
        if own is None:
            yield Difference(None, key, column.name, None, value)
        elif column.follows_table:
            cell = own.cells.get(column.header, _BLANK)
            if not shows(column, cell, value) and (own.row_id or "", column.name) not in pending:
                yield Difference(own.row_id, key, column.name, value_text(cell.value), value)


def _only_in_sheet(link: Link, row: TabRow) -> Iterator[Difference]:
    key = key_in_sheet(link, row)
    for column in link.columns:
        cell = row.cells.get(column.header)
        if cell is not None:
            yield Difference(row.row_id, key, column.name, value_text(cell.value), None)


def headers_to_columns(headers: Iterable[str], names: Iterable[str]) -> Mapping[str, str]:
    """Headers tied to the columns of the same name: exactly, else with case, blanks and marks left aside."""
    exact = set(names)
    alike = {folded(name): name for name in names}
    found: dict[str, str] = {}
    for header in headers:
        name = header if header in exact else alike.get(folded(header))
        if name is not None and name not in found.values():
            found[header] = name
    return found


def folded(text: str) -> str:
    """A header as a column might be called: ``Order no.`` is ``order_no``."""
    return "".join(ch if ch.isalnum() else "_" for ch in text.casefold()).strip("_").replace("__", "_")
