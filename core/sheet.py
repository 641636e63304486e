"""What is asked of and answered by the sheet: reads of the tab, and the swap write (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from core.model import Link, SheetCell, Stamp
from core.row_index import RowIndex
from core.values import SheetValue

if TYPE_CHECKING:
    from core.ports.record import LinkState


@dataclass(frozen=True, slots=True)
class SheetTarget:
    """Where a link lives in Google's terms."""

    link: str
    spreadsheet_id: str
    sheet_id: int
    """Google's id of the tab; survives a renaming."""
    headers: tuple[str, ...]
    """Linked headers, as the column metadata names them."""
    header_row: int = 1
    """1-based row of the headers when the tab was linked; they are where the id column's title stands by now."""

    @classmethod
    def of(cls, link: Link, state: LinkState) -> SheetTarget:
        """Of a link whose tab was prepared."""
        return cls(link.name, state.spreadsheet_id, state.sheet_id, link.headers, link.header_row)


@dataclass(frozen=True, slots=True)
class TabRow:
    """One row of the tab that is not empty in the linked columns and the id column."""

    row: int
    """1-based, as people see it."""
    row_id: str | None
    cells: Mapping[str, SheetCell]
    """By linked header; blank cells are left out."""


Span = tuple[int, int]
"""First and last row, 1-based, of rows that stand together."""
OPEN_END = 10_000_001
"""As the last row of a span: to the end of the tab, which cannot have that many."""


@dataclass(frozen=True, slots=True)
class TabImage:
    """The tab, or some rows of it, as of one read; the counters were read no later than the rows."""

    stamp: Stamp
    columns: Mapping[str, int]
    """Linked header (and ``_row_id``) to 0-based column, from the metadata."""
    rows: Sequence[TabRow]
    """Top down; each may be made anew whenever it is looked at."""
    last_row: int
    """1-based last row with content in any linked column or the id column; the header's when there is only that."""
    read_at: datetime
    """When the read began, by our clock."""
    missing_headers: tuple[str, ...] = ()
    """Linked headers whose column is gone."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Linked header (and ``_row_id``) to what the header row says now."""
    other_titles: tuple[str, ...] = ()
    """What it says above columns that are not linked, from left to right."""
    header_row: int = 1
    """1-based; what stands above it is a person's, and left out."""
    grid_rows: int = 0
    """Rows that the tab has, blank ones included."""
    ids: Iterable[tuple[int, str]] = ()
    """Row and id of every row with an id, top down, where the read was asked for them; made anew each time."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Which row id stands in which row, as of one read of the id column."""

    stamp: Stamp
    columns: Mapping[str, int]
    rows: RowIndex
    """Of a repeated id the first row."""
    last_row: int
    """1-based last row with an id; the header's when there is none."""
    repeated: frozenset[str] = frozenset()
    """Ids that stand in several rows: copies that have no id of their own yet."""
    header_row: int = 1
    """1-based; 0 where nobody knows."""


@dataclass(frozen=True, slots=True)
class CellWrite:
    """Put a value into one cell of a row that is believed to stand at ``row``."""

    row_id: str
    row: int
    header: str
    value: SheetValue


@dataclass(frozen=True, slots=True)
class RowInsert:
    """A new row, put after the last data row by inserting a fresh row, so that nothing is overwritten."""

    row_id: str
    cells: Mapping[str, SheetValue]


@dataclass(frozen=True, slots=True)
class RowDelete:
    """Remove the row that is believed to stand at ``row``."""

    row_id: str
    row: int


@dataclass(frozen=True, slots=True)
class IdWrite:
    """Give the row that stands at ``row`` an id; ``expected`` is the id there now, ``None`` for none."""

    row: int
    row_id: str
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class FormulaRestore:
    """Copy a cell that the write before this one hit by mistake back from the scratch."""

    scratch_line: int
    """0-based line of the scratch."""
    row: int
    header: str
    written: SheetCell | None = None
    """What the write before put there: where it stands no longer, somebody has typed since, and nothing is put
    back. ``None`` where nobody knows."""


@dataclass(frozen=True, slots=True)
class RowRestore:
    """Bring back a row that the write before this one removed by mistake, from the scratch."""

    scratch_line: int
    row: int
    """1-based row that it will have once it and the restored rows above it are back."""


@dataclass(frozen=True, slots=True)
class SwapWrite:
    """One atomic write: look at what is there, write, and set the counters.

    The order within the request: restores from the scratch, copies into the scratch (in the order of
    ``looked_at``), cells and ids, inserts after ``insert_after_row``, deletes bottom up, counters.
    Every row number but that of a restored row is that of the tab before the write, whatever the write itself
    inserts or removes. A restore finds its row by the id in its line of the scratch, so its number is only a
    hint; a restore that is sent again once it has landed changes nothing.
    """

    n: int
    epoch: int
    cells: tuple[CellWrite, ...] = ()
    ids: tuple[IdWrite, ...] = ()
    inserts: tuple[RowInsert, ...] = ()
    insert_after_row: int = 1
    deletes: tuple[RowDelete, ...] = ()
    formula_restores: tuple[FormulaRestore, ...] = ()
    row_restores: tuple[RowRestore, ...] = ()
    header_row: int = 0
    """Where the header row stood when the rows were numbered: elsewhere the write takes no effect. 0 for wherever it
    is; intents do not keep it, because what is sent again looks anew."""
    ids_before: Container[object] = field(default=(), compare=False, repr=False)
    """Ids that stood in the tab when the rows were numbered, of this write or of the one that it brings back from: a
    row that was hit beside another id, or none, bears none of these by now. Intents do not keep them."""

    def row_after(self, row: int) -> int:
        """Where a row that this write did not delete stands after it; ``row`` numbered as before it."""
        for restored in sorted(r.row for r in self.row_restores):
            row += 1 if restored <= row else 0
        above = sum(1 for d in {d.row for d in self.deletes} if d < row)
        return row - above + (len(self.inserts) if row > self.insert_after_row else 0)

    @property
    def brings_back(self) -> bool:
        """Whether it undoes a mistake of the write before: it is sent again until it has landed."""
        return bool(self.formula_restores or self.row_restores)

    @property
    def row_ids(self) -> frozenset[str]:
        """The rows that it names."""
        named = {c.row_id for c in self.cells} | {i.row_id for i in self.inserts} | {d.row_id for d in self.deletes}
        return frozenset(named | {i.row_id for i in self.ids})

    @property
    def looked_at(self) -> tuple[int, ...]:
        """1-based rows that are copied into the scratch, in the scratch's order (ascending, no repeats)."""
        rows = {c.row for c in self.cells} | {i.row for i in self.ids} | {d.row for d in self.deletes}
        return tuple(sorted(rows))


@dataclass(frozen=True, slots=True)
class HitRow:
    """A row as it was just before the write."""

    scratch_line: int
    row: int
    row_id: str | None
    cells: Mapping[str, SheetCell]
    """Every linked header that was not blank."""


@dataclass(frozen=True, slots=True)
class SwapAnswer:
    """What a swap write found: the counters and every row it looked at, as they were just before it."""

    before: Stamp
    rows: tuple[HitRow, ...]
    layout_changed: bool = False
    """The linked columns were not where the writer believed them to be. The write has been taken back: the
    tab holds what it held before, only the counters moved. Close the intent without settling it, read the
    tab and plan again."""


@dataclass(frozen=True, slots=True)
class LookedRow:
    """Notes and backgrounds of a row of the tab at one moment."""

    row: int
    """1-based."""
    row_id: str | None
    notes: Mapping[str, str]
    """By linked header; cells without one are left out."""
    colours: Mapping[str, str]
    """By linked header: ``#rrggbb``, or ``theme:NAME``; cells without one are left out."""


@dataclass(frozen=True, slots=True)
class MarksLook:
    """What stands beside the cells of some rows."""

    last: int
    """Number of the last marking that landed; the next one lands only as its successor."""
    rows: tuple[LookedRow, ...]
    columns: frozenset[str] = frozenset()
    """Linked headers that the tab has."""
    header: LookedRow = LookedRow(1, None, {}, {})
    """The header row, whichever rows were asked for."""


@dataclass(frozen=True, slots=True)
class MarkWrite:
    """Put a note and a background on one cell of a row that was seen at ``row``; ``None`` removes them."""

    row: int
    row_id: str | None
    header: str
    note: str | None
    colour: str | None
