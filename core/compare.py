"""Is every mapped cell of the tab equal to its cell of the table? From the two alone, without base (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.errors import Unfit
from core.model import Canonical, Key, Link, LinkedColumn, SheetCell
from core.ports import TableRow
from core.row_view import value_text
from core.sheet import TabImage, TabRow

_BLANK = SheetCell(None)


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


def compare(
    link: Link,
    image: TabImage,
    table: Iterable[tuple[Key, TableRow]],
    pending: Collection[tuple[str, str]],
    keys: Mapping[str, Key],
) -> Comparison:
    """Compare a tab with its table, rows matched by the key that stands in the sheet.

    Args:
        link: the link.
        image: the tab as of one read.
        table: every row of the table.
        pending: (row id, column) that are known not to be equal, and shown as such.
        keys: by row id the key of its row of the table, as base has it: for rows whose own key is pending.
    """
    by_key, keyless = _by_key(_keyed(link, image, pending, keys))
    waiting_rows = {row_id for row_id, _ in pending}
    found: list[Difference] = []
    rows = 0
    for key, row in table:
        rows += 1
        own = by_key.pop(key, None)
        found.extend(_cells(link, key, row, own, pending))
    alone = [row for row in (*by_key.values(), *keyless) if row.row_id not in waiting_rows]
    for extra in alone:
        found.extend(_only_in_sheet(link, extra))
    return Comparison(rows, tuple(found))


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


def _keyed(
    link: Link, image: TabImage, pending: Collection[tuple[str, str]], keys: Mapping[str, Key]
) -> Iterator[tuple[Key | None, TabRow]]:
    """Each row of the tab with the key of its row in the table: base's where the one that it shows is pending."""
    names = {column.name for column in link.key_columns}
    key_pending = {row_id for row_id, column in pending if column in names}
    for row in image.rows:
        yield keys.get(row.row_id or "") if row.row_id in key_pending else key_in_sheet(link, row), row


def _by_key(keyed: Iterable[tuple[Key | None, TabRow]]) -> tuple[dict[Key, TabRow], list[TabRow]]:
    by_key: dict[Key, TabRow] = {}
    keyless: list[TabRow] = []
    for key, row in sorted(keyed, key=lambda one: not one[1].cells):  # a row that was cleared whole shows no key
        if key is None or key in by_key:
            if row.cells:
                keyless.append(row)
        else:
            by_key[key] = row
    return by_key, keyless


def key_in_sheet(link: Link, row: TabRow) -> Key | None:
    """The key that a row of the tab shows; ``None`` where it is blank or does not fit."""
    parts = [_canonical(c, row) for c in link.key_columns]
    return tuple(p for p in parts if p is not None) if all(p is not None for p in parts) else None


def _canonical(column: LinkedColumn, row: TabRow) -> Canonical:
    try:
        return column.codec.from_sheet(row.cells.get(column.header, _BLANK).value)
    except Unfit:
        return None


def _cells(
    link: Link, key: Key, row: TableRow, own: TabRow | None, pending: Collection[tuple[str, str]]
) -> Iterator[Difference]:
    for column in link.columns:
        value = row.get(column.name)
        if own is None:
            yield Difference(None, key, column.name, None, value)
        elif (own.row_id or "", column.name) not in pending:
            cell = own.cells.get(column.header, _BLANK)
            if not _same(column, cell, value):
                yield Difference(own.row_id, key, column.name, value_text(cell.value), value)


def _same(column: LinkedColumn, cell: SheetCell, value: Canonical) -> bool:
    try:
        return column.codec.same(column.codec.from_sheet(cell.value), value)
    except Unfit:
        return False


def _only_in_sheet(link: Link, row: TabRow) -> Iterator[Difference]:
    for column in link.columns:
        cell = row.cells.get(column.header)
        if cell is not None:
            yield Difference(row.row_id, key_in_sheet(link, row), column.name, value_text(cell.value), None)


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
