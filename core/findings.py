"""What a scan is held against, and what it finds (pure)."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from core.model import Age, LinkedColumn, RowBase, SheetCell
from core.sheet import IdWrite, TabRow

_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class Before:
    """What was known of a link before its tab was read."""

    waiting_rows: Collection[str] = ()
    """Ids of rows with cells that wait; some of them stand in the sheet alone."""
    settled_n: int = 0
    """Number of our last settled write."""
    told: Container[str] = ()
    """Ids of rows of which an edit event has told; the guard does not count them."""
    open_cells: Collection[tuple[str, str]] = ()
    """(row id, column) that wait or were refused; the guard does not count their rows, and they are told also where
    they hold again what both sides share."""
    doubted: Container[str] = ()
    """Ids that the scan before found unclear."""

    @property
    def open_rows(self) -> frozenset[str]:
        """Ids of rows with open cells."""
        return frozenset(row_id for row_id, _ in self.open_cells)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at the tab has shown of the rows that are not in their place."""

    rows: Sequence[TabRow]
    """All of them, top down."""
    known: Mapping[str, RowBase]
    """Base of these rows, and of those that the tab does not hold, read before the tab was."""
    in_place: Container[str]
    """Ids of the other rows, each of which stands once in the tab and holds what base says."""
    bases: int
    """How many rows base knows."""
    is_blank: bool = False
    """Nothing stands in the tab."""
    is_whole: bool = True
    """Every row that is not in its place was looked at; else none counts as deleted."""
    is_swept: bool = False
    """One look was enough, and every row that it found in its place had been seen there by the sweep."""
    unread: Collection[str] = ()
    """Ids of rows that show the key of a row which was not looked at: nothing is told of them."""
    missing: int = 0
    """Missing rows besides the known ones."""
    changed: int = 0
    """Rows that differ without anybody having told of it, those that were not looked at included; fewer than were
    looked at where nobody has counted."""
    left: Container[str] = ()
    """Ids that stood in the tab as the sweep began, and do no longer."""
    is_scrambled: bool = False
    """More rows show another key than base knows of them than one look can tell apart."""


@dataclass(slots=True)
class Findings:
    """What a scan found."""

    rows: list[tuple[TabRow, tuple[LinkedColumn, ...]]] = field(default_factory=list)
    """Rows to tell of, and the columns in which they differ from base: all that are filled, where base does not know
    the row."""
    missing: list[str] = field(default_factory=list)
    """Row ids that base knows or that wait, and of which the tab holds nothing."""
    known_ages: dict[str, Age] = field(default_factory=dict)
    """Of missing rows that base knows, the last look which it knew of (:func:`core.freshness.newest_age`)."""
    is_leaving: bool = False
    """Rows have left the tab while it was swept: their contents may stand beside the ids of rows that had been found
    in their place before, which the next scan tells."""
    strangers: list[TabRow] = field(default_factory=list)
    """Rows without an id, and copies that carry another row's id."""
    moved_ids: list[IdWrite] = field(default_factory=list)
    """The contents of known rows were sorted past their ids, or have lost them: the ids have to follow."""
    unclear: set[str] = field(default_factory=set)
    """Ids beside which another known row's contents stand, and that row's own are nowhere, or rows that nobody knows
    after a write that base does not know of: nothing is told of them before a second look, because a write of ours
    may have put the row there, or be about to put back what it has replaced there."""
    still_unclear: set[str] = field(default_factory=set)
    """Ids that the scan before found unclear, and that are no clearer now: they are told of as they stand."""
    changed_rows: int = 0
    """Known rows that differ without anybody having told of it."""
    guard: tuple[str, str] | None = None
    """Name and reason of the guard that stops the link."""

    def cells(self) -> Iterator[tuple[TabRow, LinkedColumn, SheetCell]]:
        """Every cell to tell of."""
        return ((row, c, row.cells.get(c.header, _BLANK)) for row, columns in self.rows for c in columns)

    def digest(self) -> bytes:
        """The same of the same findings, for whoever cannot keep them."""
        told = blake2b(digest_size=16)
        for row, column, cell in self.cells():
            told.update(repr((row.row, row.row_id, column.name, cell)).encode("utf-8", "replace"))
        strangers = [row.row for row in self.strangers]
        told.update(repr((self.missing, strangers, self.moved_ids, sorted(self.unclear), self.guard)).encode())
        return told.digest()
