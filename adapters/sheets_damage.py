"""What a request did in the wrong places of a tab, and the requests that undo it. Pure.

The rows are found again by their ids, and a cell is put back only while it still holds what was written, so that
nothing that people did since is touched. All rows that are touched are copied first, below the copies that are put
back: by them it is known whether they were the rows that were meant, and what to undo where they were not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.sheets_cells import copy_paste, grid, row_span
from adapters.sheets_layout import Layout
from adapters.sheets_moves import Moves
from adapters.sheets_near import NEAR_ROWS, Cells
from adapters.sheets_parts import Grid, SheetPart
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, SheetCell
from core.sheet import SwapWrite
from core.values import Serial, SheetValue

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """What a request did to the tab; rows are 1-based and numbered as just before it, columns 0-based."""

    rows: tuple[int, ...]
    """The rows that it copied before all else, ascending."""
    line_row: int
    """1-based row of the hidden tab that holds the first copy."""
    written: Mapping[int, Mapping[int, SheetValue]]
    """What it wrote, by row and column."""
    deleted: frozenset[int]
    inserted: frozenset[str]
    """Ids of the rows that it made."""
    id_column: int
    """Where it put those ids."""
    stood: Layout
    """Where the columns stood as it was done."""
    is_again: bool = False
    """Whether some of it has been undone before."""

    @classmethod
    def of(cls, write: SwapWrite, used: Layout, stood: Layout) -> Deed:
        """Of a swap write that went by ``used``."""
        written: dict[int, dict[int, SheetValue]] = {}
        for cell in write.cells:
            written.setdefault(cell.row, {})[used.columns[cell.header]] = cell.value
        for given in write.ids:
            written.setdefault(given.row, {})[used.columns[ROW_ID_HEADER]] = given.row_id
        deleted, inserted = frozenset(d.row for d in write.deletes), frozenset(i.row_id for i in write.inserts)
        line_row, id_column = used.band.line_row, used.columns[ROW_ID_HEADER]
        return cls(write.looked_at, line_row, written, deleted, inserted, id_column, stood)

    def moves(self, used: Layout, now: Layout) -> Moves:
        """Where the columns have gone since."""
        widths = (self.stood.tab_columns, now.tab_columns)
        return Moves(self.stood.columns, now.columns, *widths, used.band.half)

    def ids(self, copies: Grid, left: int, id_column: int | None) -> frozenset[str]:
        """By which the rows that it touched may be known.

        Args:
            copies: the rows that it copied.
            left: 0-based column of the hidden tab where these begin.
            id_column: where the ids stood as it was done.
        """
        lines = range(len(self.rows)) if id_column is not None else ()
        held = [copies.cell(self.line_row + line, left + (id_column or 0)) for line in lines]
        written = {str(value) for row in self.written.values() for value in row.values()}
        own = {str(cell.value) for cell in held if cell is not None}
        return self.inserted | own | {text for text in written if text.startswith(ROW_ID_PREFIX)}


class Damage:
    """What a deed did in the wrong places.

    Args:
        deed: what was done.
        used: the layout that it went by.
        now: the layout as it is.
        cells: the tab as it is.
        copies: the rows that the deed copied.
    """

    def __init__(self, deed: Deed, used: Layout, now: Layout, cells: Cells, copies: Grid) -> None:
        self.now = now
        self._deed, self._used, self._cells, self._copies = deed, used, cells, copies
        self._moves = moves = deed.moves(used, now)
        self._width = min(used.copied_columns, now.tab_columns)
        self._id_column = now.columns.get(ROW_ID_HEADER)
        self._new_ids_column = moves.now(deed.id_column)
        self._written = {
            row: {at: value for column, value in cells_of.items() if (at := moves.now(column)) is not None}
            for row, cells_of in deed.written.items()
        }
        self._by_id = self._find_ids()
        self._doomed = sorted(row for row in range(2, cells.last_row + 1) if self._is_new(row))
        self._places = self._find_places()
        self._back = list(self._find_cells())
        self._lost = list(self._find_lost())
        header = {now.header.row} if now.header.is_seen else set()
        self._touched = tuple(sorted(header | {row for _, row, _ in self._back} | set(self._doomed)))
        below = deed.line_row + len(deed.rows)
        self._copied_to = max([below, *(row - line for line, row in enumerate(self._touched))])

    def requests(self) -> Iterator[Json]:
        """Copies of all that is touched, then what undoes the deed."""
        missing = self._copied_to + len(self._touched) - 1 - self.now.state_rows
        if missing > 0:
            yield {"appendDimension": {"sheetId": self.now.state_id, "dimension": "ROWS", "length": missing}}
        for line, row in enumerate(self._touched):
            there = grid(self.now.state_id, self._copied_to + line, 1, self._used.band.column, self._width)
            yield copy_paste(grid(self.now.tab_id, row, 1, 0, self._width), there)
        for line, row, column in self._back:
            yield self._put_back(line, row, self._moves.then(column) or 0, column, 1)
        for row in reversed(self._doomed):
            yield {"deleteDimension": {"range": row_span(self.now.tab_id, row, 1)}}
        for line, row in self._lost:
            inherit = row > self.now.header.row + 1
            yield {"insertDimension": {"range": row_span(self.now.tab_id, row, 1), "inheritFromBefore": inherit}}
            yield from (self._put_back(line, row, *run) for run in self._moves.runs())

    def own_deed(self, stood: Layout) -> Deed:
        """What :meth:`requests` do in their turn."""
        written: dict[int, dict[int, SheetValue]] = {}
        for line, row, column in self._back:
            written.setdefault(row, {})[column] = _value(self._copy(line, column))
        # a copy that has come back stays where it is: by its id its original would be taken for it
        brought_back = (self._id_of(line) for line, _ in self._lost)
        inserted = frozenset(row_id for row_id in brought_back if row_id and row_id not in self._by_id)
        id_column = self._deed.id_column if self._id_column is None else self._id_column
        return Deed(self._touched, self._copied_to, written, frozenset(self._doomed), inserted, id_column, stood)

    def has_hit(self, state: SheetPart) -> bool:
        """Whether the requests touched the rows that were meant: their copies tell, by the rows' ids and by what was
        put back over."""
        band = self._used.band
        hit = state.grid_at(self._copied_to, band.column)

        def is_meant(row: int, column: int) -> bool:
            copied = hit.cell(self._copied_to + self._touched.index(row), band.column + column)
            return _value(self._cells.cell(row, column)) == _value(copied)

        ids = [(row, self._id_column) for row in self._touched if self._id_column is not None]
        return all(is_meant(row, column) for row, column in [*ids, *((row, column) for _, row, column in self._back)])

    def _find_places(self) -> dict[int, int]:
        """Line to the row where it stands by now; rows that were deleted stand nowhere."""
        left = [(line, row) for line, row in enumerate(self._deed.rows) if row not in self._deed.deleted]
        return {line: place for line, row in left if (place := self._place_of(line, row))}

    def _place_of(self, line: int, row: int) -> int | None:
        own = self._by_id.get(self._id_of(line), [])
        if self._id_column is not None and self._id_column in self._written_in(row):
            named = self._by_id.get(str(self._written_in(row)[self._id_column]), [])
            there = self._alike(line, row, named or self._near(row))
            return there or self._nearest(row, named or own) or self._expected(row)
        if self._id_of(line):  # a copy may have it, too
            return (self._alike(line, row, own) if len(own) > 1 else None) or self._nearest(row, own)
        return self._alike(line, row) or self._expected(row)

    def _expected(self, row: int) -> int:
        """Where the row of that number stands if nothing but the deed has moved it."""
        place = row - sum(1 for deleted in self._deed.deleted if deleted < row)
        for doomed in self._doomed:
            place += 1 if doomed <= place else 0
        return place

    def _near(self, row: int) -> Iterable[int]:
        return self._cells.told(range(max(1, row - NEAR_ROWS), min(row + NEAR_ROWS, self._cells.last_row) + 1))

    def _nearest(self, row: int, rows: Iterable[int]) -> int | None:
        expected = self._expected(row)
        return min(rows, key=lambda place: abs(place - expected), default=None)

    def _find_ids(self) -> dict[str, list[int]]:
        """Id to the rows that have it, top down."""
        found: dict[str, list[int]] = {}
        for row in range(1, self._cells.last_row + 1) if self._id_column is not None else ():
            cell = self._cells.cell(row, self._id_column or 0)
            if cell is not None:
                found.setdefault(str(cell.value), []).append(row)
        return found

    def _alike(self, line: int, row: int, among: Iterable[int] | None = None) -> int | None:
        """Where a row stands that is known by its contents, as one above the header: it holds what was written,
        and else what it held. Looked for ``among`` these, or wherever it may be."""

        def holds(place: int, column: int) -> bool:
            wanted = self._written_in(row).get(column, _value(self._copy(line, column)))
            return _value(self._cells.cell(place, column)) == _bare(wanted)

        rows = self._by_id.get(row_id, []) if (row_id := self._id_of(line)) else self._near(row)
        expected = self._expected(row)
        by_distance = sorted(rows if among is None else among, key=lambda place: abs(place - expected))
        return next((p for p in by_distance if all(holds(p, column) for column in range(self._width))), None)

    def _find_cells(self) -> Iterator[tuple[int, int, int]]:
        """Line, row and column of what comes back."""
        for line, place in self._places.items():
            for column, value in self._written_in(self._deed.rows[line]).items():
                if _value(self._cells.cell(place, column)) == _bare(value):
                    yield line, place, column

    def _is_new(self, row: int) -> bool:
        cell = None if self._new_ids_column is None else self._cells.cell(row, self._new_ids_column)
        return cell is not None and cell.value in self._deed.inserted

    def _find_lost(self) -> Iterator[tuple[int, int]]:
        """Line of each row that the deed removed, and the row where it comes back; top down."""
        for line, row in enumerate(self._deed.rows):
            if row in self._deed.deleted and not self._is_back(line, row):
                yield line, max(1, row + self._shift(row))

    def _is_back(self, line: int, row: int) -> bool:
        """Whether a row that was removed stands there again: an earlier attempt may have been broken off."""
        if self._deed.is_again and self._id_of(line) in self._by_id:
            return True
        is_blank = all(_value(self._copy(line, column)) is None for column in range(self._width))
        return (self._deed.is_again or not is_blank) and self._alike(line, row) is not None

    def _shift(self, row: int) -> int:
        """How far the rows around one have moved since the deed, aside from what it did itself."""
        known = min(self._places, key=lambda line: abs(self._deed.rows[line] - row), default=None)
        if known is None:
            return 0
        was, place = self._deed.rows[known], self._places[known]
        expected = was - sum(1 for deleted in self._deed.deleted if deleted < was)
        return place - sum(1 for doomed in self._doomed if doomed < place) - expected

    def _written_in(self, row: int) -> Mapping[int, SheetValue]:
        return self._written.get(row, {})

    def _copy(self, line: int, column: int) -> SheetCell | None:
        """What the row held in a column of now."""
        then = self._moves.then(column)
        at = None if then is None else self._used.band.column + then
        return None if at is None else self._copies.cell(self._deed.line_row + line, at)

    def _id_of(self, line: int) -> str:
        """The true id of a row that was copied: the whole row was, whatever its columns."""
        cell = self._copy(line, self._id_column) if self._id_column is not None else None
        return "" if cell is None else str(cell.value)

    def _put_back(self, line: int, row: int, then: int, now: int, width: int) -> Json:
        band, state = self._used.band, self.now.state_id
        source = grid(state, self._deed.line_row + line, 1, band.column + then, width)
        return copy_paste(source, grid(self.now.tab_id, row, 1, now, width))


def _value(cell: SheetCell | None) -> SheetValue:
    return _bare(cell.value if cell else None)


def _bare(value: SheetValue) -> SheetValue:
    """A value without what the format of a wrong column makes of it."""
    if isinstance(value, Serial):
        return value.days
    return None if value == "" else value
