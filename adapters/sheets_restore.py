"""Finds the rows that a restore means as they stand now: people go on while we look at what we hit.

A restore is rare, so it may cost a read: each line of the scratch holds its row's id, and by the id the row
is found wherever it stands by now; a row without one, or a copy that has got one of its own, is known by the
other cells that it held. A row that was removed comes back in any case: another row with its id is its copy.
That it comes back once is the ticket's business (:mod:`adapters.sheets_tickets`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.sheets_layout import BAND_ROW, Band, Layout, counters_of, layout_of, scratch_filters
from adapters.sheets_near import Cells, Search
from adapters.sheets_parts import Grid, parts, state_part
from adapters.sheets_takeback import copied_columns
from core.model import ROW_ID_HEADER, SheetCell
from core.sheet import FormulaRestore, SheetTarget, SwapWrite
from core.values import Serial

Json = dict[str, Any]


def needs_resolving(write: SwapWrite) -> bool:
    """Whether the write brings anything back out of the scratch."""
    return bool(write.formula_restores or write.row_restores)


def search_for(target: SheetTarget, layout: Layout, write: SwapWrite) -> Search:
    """What to look for before a write that restores: the rows that were hit, by the lines of the scratch."""
    lines = [r.scratch_line for r in write.formula_restores] + [r.scratch_line for r in write.row_restores]

    def ids_of(answer: Json) -> set[str]:
        return _Scratch.of(answer, target, layout).ids(write)

    return Search({r.row for r in write.formula_restores}, ids_of, scratch_filters(layout, max(lines) + 1))


def resolve(
    answer: Json, cells: Cells, target: SheetTarget, layout: Layout, write: SwapWrite
) -> tuple[Layout, SwapWrite]:
    """The layout as it is now, and the write with every restore at the row where it belongs now.

    Cells that hold something else by now, or whose row is gone, are left out.

    Args:
        answer: to :func:`search_for`.
        cells: of the tab.
        target: the link.
        layout: as it was known before.
        write: restores, with rows as they stood when they were hit.
    """
    now, scratch = layout_of(answer, target, layout.date_formats), _Scratch.of(answer, target, layout)
    now = replace(now, scratch_columns=scratch.columns)
    places = _Places(now, scratch, cells, write)
    formulas = [replace(r, row=row) for r in write.formula_restores if (row := places.of_cell(r))]
    return now, replace(write, formula_restores=tuple(formulas))


def same_value(one: object, other: object) -> bool:
    """Whether two cells hold the same, however their columns show dates; an empty text is an empty cell."""

    def plain(value: object) -> object:
        return value.days if isinstance(value, Serial) else value or (None if value == "" else value)

    return plain(one) == plain(other)


@dataclass(frozen=True, slots=True)
class _Scratch:
    """The lines of the write that was a mistake."""

    band: Band
    grid: Grid
    columns: Mapping[str, int]
    """By which they stand."""

    @classmethod
    def of(cls, answer: Json, target: SheetTarget, layout: Layout) -> _Scratch:
        found = parts(answer)
        state = state_part(found)
        band = counters_of(state, target.link).band
        copied = copied_columns(state.grid_at(BAND_ROW, band.column), band)
        columns = copied or layout_of(answer, target, layout.date_formats).columns
        return cls(band, state.grid_at(band.line_row, band.column), columns)

    def value(self, line: int, header: str) -> object:
        """What the row of that line held."""
        column = self.columns.get(header)
        cell = self.grid.cell(self.band.line_row + line, self.band.column + column) if column is not None else None
        return cell.value if cell else None

    def ids(self, write: SwapWrite) -> set[str]:
        """By which the rows may be known that its restores mean."""
        held = {self.value(r.scratch_line, ROW_ID_HEADER) for r in write.formula_restores}
        put = {r.written.value for r in write.formula_restores if r.written and r.header == ROW_ID_HEADER}
        return {str(row_id) for row_id in held | put if row_id is not None}


class _Places:
    def __init__(self, layout: Layout, scratch: _Scratch, cells: Cells, write: SwapWrite) -> None:
        self._layout, self._scratch, self._cells, self._write = layout, scratch, cells, write
        self._rows = range(layout.header.row + 1, cells.last_row + 1)
        self._by_id: dict[object, list[int]] = {}
        for row in range(layout.header.row, cells.last_row + 1):
            if (row_id := self._here(row, ROW_ID_HEADER)) is not None:
                self._by_id.setdefault(row_id, []).append(row)

    def of_cell(self, restore: FormulaRestore) -> int | None:
        """The row that holds what has to be put back; ``None`` when it is gone."""
        if restore.header == ROW_ID_HEADER and restore.written is not None:
            named = self._rows_of(restore.written.value)  # the row whose id it really is may stand there, too
            return max(named, key=lambda row: self._in_common(restore, row), default=None)
        row_id = self._scratch.value(restore.scratch_line, ROW_ID_HEADER)
        row = self._row_of(row_id)
        if restore.written is not None:  # what somebody has typed over it meanwhile stays
            written = restore.written.value
            there = self._candidates(restore, row_id, written)
            return next((r for r in there if same_value(self._here(r, restore.header), written)), None)
        if row is not None:
            return row
        # the id itself was written over; or the row has none, and is known by what else it holds
        is_there = restore.header == ROW_ID_HEADER or (row_id is None and self._alike(restore))
        return restore.row if is_there and restore.row in self._rows else None

    def _candidates(self, restore: FormulaRestore, row_id: object, written: object) -> Iterator[int]:
        """Rows that may be the one that was hit, the likeliest first: the whole tab is searched only where its id
        does not tell."""
        yield from sorted(self._rows_of(row_id), key=lambda r: (-self._in_common(restore, r), r != restore.row))
        yield from sorted(self._alike_rows(restore), key=lambda r: r != restore.row)
        yield from self._similar_rows(restore)
        # by the place alone: a blank cell is nobody's own, so something else of the row has to tell
        if self._may_be_there(restore) and (written not in (None, "") or self._in_common(restore, restore.row)):
            yield restore.row

    def _may_be_there(self, restore: FormulaRestore) -> bool:
        """Whether the row that was hit may stand where it stood: the header row may have moved below that place, and
        a row that stood elsewhere before may have come there."""
        return restore.row in self._rows and self._here(restore.row, ROW_ID_HEADER) not in self._write.ids_before

    def _alike(self, restore: FormulaRestore) -> bool:
        """Whether a row without an id is still the one that was hit: another cell or its blankness tells."""
        others = [h for h in self._layout.columns if h not in (ROW_ID_HEADER, restore.header)]
        if all(self._scratch.value(restore.scratch_line, h) is None for h in others):
            return self._here(restore.row, ROW_ID_HEADER) is None
        return self._in_common(restore, restore.row) > 0

    def _in_common(self, restore: FormulaRestore, row: int) -> int:
        """How many other cells of a row hold what the row that was hit held."""
        others = [h for h in self._layout.columns if h not in (ROW_ID_HEADER, restore.header)]
        was = {h: self._scratch.value(restore.scratch_line, h) for h in others}
        return sum(value is not None and value == self._here(row, h) for h, value in was.items())

    def _alike_rows(self, restore: FormulaRestore) -> list[int]:
        """Rows that hold, beside what we wrote, just what the row held when it was hit: it may have moved, and may
        have been named since, a copy anew. One that held nothing else is known by its id, or by having none; or by
        its place, where it had none and may have been named or begun there."""
        was, row_id = self._held_besides(restore), self._scratch.value(restore.scratch_line, ROW_ID_HEADER)
        found = [row for row in self._told() if all(same_value(self._here(row, h), v) for h, v in was.items())]
        if any(value is not None for value in was.values()):
            return found
        is_told = restore.written not in (SheetCell(None), SheetCell("")) or restore.row in found
        there = [restore.row] if row_id is None and is_told and self._may_be_there(restore) else []
        return there + [row for row in found if same_value(self._here(row, ROW_ID_HEADER), row_id)]

    def _similar_rows(self, restore: FormulaRestore) -> list[int]:
        """Rows that hold most of what the row held beside what we wrote, the likest first: somebody has typed into
        it, too, and it stands beside another id."""
        was = {h: value for h, value in self._held_besides(restore).items() if value is not None}
        common = {row: sum(same_value(self._here(row, h), v) for h, v in was.items()) for row in self._told()}
        found = [row for row, count in common.items() if 2 * count > len(was)]
        return sorted(found, key=lambda row: -common[row])

    def _held_besides(self, restore: FormulaRestore) -> dict[str, object]:
        """What the row held when it was hit, in columns that the write left alone."""
        ours = {r.header for r in self._write.formula_restores if r.scratch_line == restore.scratch_line}
        others = [h for h in self._layout.columns if h != ROW_ID_HEADER and h not in ours]
        return {h: self._scratch.value(restore.scratch_line, h) for h in others}

    def _told(self) -> Iterable[int]:
        return self._cells.told(self._rows)

    def _here(self, row: int, header: str) -> object:
        column = self._layout.columns.get(header)
        cell = self._cells.cell(row, column) if column is not None else None
        return cell.value if cell else None

    def _row_of(self, row_id: object) -> int | None:
        return next(iter(self._rows_of(row_id)), None)

    def _rows_of(self, row_id: object) -> list[int]:
        """Every row with that id: a copy may have it too."""
        return self._by_id.get(row_id, [])
