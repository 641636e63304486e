"""Whose contents stand in a row of the tab: known by the key among them, and by something besides (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import Unfit
from core.model import CellBase, Key, Link, LinkedColumn, RowBase, SheetCell
from core.values import Canonical, Codec, SheetValue

_BLANK = SheetCell(None)
_NOTHING = CellBase(None)


def differs(column: LinkedColumn, cell: SheetCell, base: CellBase) -> bool:
    """Whether a cell of the tab holds something else than base, or became a formula, or one no longer."""
    if (cell.formula is not None) != base.formula:
        return True
    return not shows(column, cell, base.value)


def differs_in(link: Link, cells: Mapping[str, SheetCell], base: RowBase) -> tuple[LinkedColumn, ...]:
    """The columns in which a row of the tab holds something else than base."""
    return tuple(c for c in link.columns if differs(c, cells.get(c.header, _BLANK), base.cells.get(c.name, _NOTHING)))


def shows(column: LinkedColumn, cell: SheetCell, value: Canonical) -> bool:
    """Whether a cell of the tab holds that value of its column, however it shows it."""
    try:
        return column.codec.same(column.codec.from_sheet(cell.value), value)
    except Unfit:
        return False


def owed_or(column: LinkedColumn, base: CellBase, otherwise: SheetCell) -> SheetCell:
    """What a cell of a row that comes back has to show: what it is owed goes before what it held."""
    return SheetCell(column.codec.to_sheet(base.owed[0])) if base.owed else otherwise


def fitting_or_none(codec: Codec, value: SheetValue) -> Canonical:
    """A value of the tab as its column spells it; ``None`` for a blank and for one that does not fit."""
    try:
        return codec.from_sheet(value)
    except Unfit:
        return None


def is_row_of(link: Link, base: RowBase, cells: Mapping[str, SheetCell]) -> bool:
    """Whether a row of the tab is the one that base tells of: it holds its key, and something besides; or all that
    base tells, as long as its key is yet to come into the sheet."""
    key = key_in_base(link, base)
    if key is None:
        return not any(
            differs(c, cells.get(c.header, _BLANK), base.cells.get(c.name, _NOTHING)) for c in link.columns
        )
    if key != key_in_row(link, cells):
        return False
    return not _besides(link, base) or shared(link, base, cells) > 0


def is_anothers(link: Link, owner: RowBase, base: RowBase, cells: Mapping[str, SheetCell]) -> bool:
    """Whether what stands beside base's id is the other row's: it holds that one's key, and something besides or, at
    the least, nothing of base's own. A row that holds all of base's own besides, and nothing else, has been given the
    key of its copy.

    The tab may show one key of two rows, as long as it shows the old one of a row whose key has changed in the table.
    """
    key = key_in_base(link, owner)
    if key is None or key != key_in_row(link, cells) or key == key_in_base(link, base):
        return False
    of_owner, of_base = shared(link, owner, cells), shared(link, base, cells)
    if of_owner < of_base and all(column.key for column in differs_in(link, cells, base)):
        return False
    return is_row_of(link, owner, cells) or not of_base


def _besides(link: Link, base: RowBase) -> list[LinkedColumn]:
    return [c for c in link.columns if not c.key and base.cells.get(c.name, _NOTHING).value]


def shared(link: Link, base: RowBase, cells: Mapping[str, SheetCell]) -> int:
    """How many cells hold what base tells besides the key; blank ones tell nothing."""
    return sum(not differs(c, cells.get(c.header, _BLANK), base.cells[c.name]) for c in _besides(link, base))


def key_in_base(link: Link, base: RowBase) -> Key | None:
    """The key that the sheet shows for a row, as base knows it; ``None`` while a part of it is missing."""
    cells = [base.cells.get(c.name) for c in link.key_columns]
    return _whole([cell.value if cell else None for cell in cells])


def key_in_row(link: Link, cells: Mapping[str, SheetCell]) -> Key | None:
    """The key that stands in a row of the tab; ``None`` while a part of it is missing or does not fit."""
    try:
        return _whole([c.codec.from_sheet(cells.get(c.header, _BLANK).value) for c in link.key_columns])
    except Unfit:
        return None


def _whole(parts: Sequence[Canonical]) -> Key | None:
    return tuple(p for p in parts if p) if all(parts) else None
