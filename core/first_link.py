"""Both sides before they are linked: rows matched by key, and what base is to say of them (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.compare import key_in_sheet
from core.errors import Unfit
from core.lazily import LazyMapping, LazySequence
from core.model import (
    ROW_ID_HEADER,
    ROW_ID_PREFIX,
    CellBase,
    Key,
    Link,
    LinkedColumn,
    Observed,
    RowBase,
    SheetCell,
    Stamp,
)
from core.ports import ConflictEntry, TableRow
from core.sheet import TabImage, TabRow
from core.values import Canonical

SHEET, TABLE, CONFLICTS = "sheet", "table", "conflicts"
RULE = "both sides were filled before they were linked"
EVENT = "link"
"""Where the record says that such a conflict comes from."""
_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class Match:
    """A row that both sides have."""

    row: TabRow
    key: Key
    table: TableRow


def match_rows(link: Link, image: TabImage, table: Mapping[Key, TableRow]) -> Sequence[Match]:
    """The rows that show a key of the table; of a key that stands twice the first."""
    rows = image.rows
    found: dict[Key, int] = {}
    for place, row in enumerate(rows):
        key = key_in_sheet(link, row)
        if key is not None and key in table:
            found.setdefault(key, place)
    keys = list(found)
    return LazySequence(len(keys), lambda i: Match(rows[found[keys[i]]], keys[i], table[keys[i]]))


def differing(link: Link, match: Match) -> Iterable[tuple[LinkedColumn, SheetCell]]:
    """Cells of the tab that hold another value than the table; what does not fit its column is no value."""
    for column in link.columns:
        cell = match.row.cells.get(column.header, _BLANK)
        try:
            value = column.codec.from_sheet(cell.value)
        except Unfit:
            continue
        if not column.codec.same(value, match.table.get(column.name)):
            yield column, cell


def is_a_choice(column: LinkedColumn) -> bool:
    """Whether somebody has to say which value stays where both sides differ; else one side alone gives it."""
    return column.follows_table and not column.read_only


def shared_bases(link: Link, matches: Sequence[Match], prefer: str | None) -> Mapping[str, RowBase]:
    """Bases by row id that let the ordinary flow copy what differs: from the table where base is the sheet's value,
    from the sheet where base is the table's. What is to be a conflict was never shared."""

    def shared(place: int) -> RowBase:
        m = matches[place]
        return RowBase(m.row.row_id or "", m.key, {c.name: _base(c, m.row, m.table, prefer) for c in link.columns})

    places = {match.row.row_id: place for place, match in enumerate(matches) if match.row.row_id}
    return LazyMapping(places, shared)


def _base(column: LinkedColumn, row: TabRow, table: Mapping[str, Canonical], prefer: str | None) -> CellBase:
    if not is_a_choice(column):
        prefer = TABLE if column.read_only else SHEET
    cell = row.cells.get(column.header, _BLANK)
    value, is_formula = table.get(column.name), cell.formula is not None
    try:
        seen = column.codec.from_sheet(cell.value)
    except Unfit:
        return CellBase(None if prefer == TABLE else value, formula=is_formula)
    if prefer == TABLE:
        value = seen
    elif prefer == CONFLICTS and not (is_formula or column.codec.same(seen, value)):
        value = None  # never shared: a side that is blank gets the other's value
    return CellBase(value, formula=is_formula)


def first_conflicts(link: Link, matches: Iterable[Match], stamp: Stamp) -> list[tuple[Observed, ConflictEntry]]:
    """Cells that both sides have filled with different values, as conflicts that wait for a person.

    What a formula computes, and what one side alone gives, is no matter of choice.
    """
    found = []
    for match in matches:
        row_id = match.row.row_id
        for column, cell in differing(link, match) if row_id else ():
            sheet, table = column.codec.from_sheet(cell.value), match.table.get(column.name)
            if row_id and sheet and table and cell.formula is None and is_a_choice(column):
                seen = Observed(row_id, column.name, cell, stamp, "scan", event=EVENT, row=match.row.row)
                entry = ConflictEntry(
                    row_id, match.key, column.name, None, sheet, table, "none", RULE, event=EVENT, settled=False
                )
                found.append((seen, entry))
    return found


def as_named(image: TabImage) -> TabImage:
    """The tab as the first scan will see it, once every row has an id; the ids are made up."""
    columns = {ROW_ID_HEADER: max(image.columns.values(), default=-1) + 1, **image.columns}
    rows = image.rows

    def named(place: int) -> TabRow:
        row = rows[place]
        return row if row.row_id else replace(row, row_id=f"{ROW_ID_PREFIX}row{row.row}")

    stamp = replace(image.stamp, scan=1)
    return replace(image, stamp=stamp, columns=columns, rows=LazySequence(len(rows), named))
