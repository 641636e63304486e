"""What one change replaced: enough to save it, to roll it back, to undo it and to go back to before it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from sandbox.google.cells import Column, Metadata, Row

RowKey = tuple[int, int]
"""Sheet number and row uid."""


@dataclass(frozen=True, slots=True)
class SheetProps:
    """A tab without its rows. Dictionaries and lists in it are treated as immutable."""

    sheet_id: int
    title: str
    columns: tuple[Column, ...]
    hidden: bool = False
    frozen_rows: int = 0
    frozen_columns: int = 0
    properties: dict[str, Any] = field(default_factory=dict)
    metadata: tuple[Metadata, ...] = ()
    protected: tuple[dict[str, Any], ...] = ()
    merges: tuple[dict[str, Any], ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    basic_filter: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DocumentProps:
    """A spreadsheet without its tabs."""

    title: str
    locale: str = "en_US"
    time_zone: str = "Etc/GMT"
    order: tuple[int, ...] = ()
    metadata: tuple[Metadata, ...] = ()
    named: tuple[dict[str, Any], ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)
    next_id: int = 1
    """The next uid of a row or column, and the next id of whatever else is numbered."""


@dataclass(slots=True)
class Change:
    """Before and after of everything that one change touched; None stands for absent."""

    user: str
    undoable: bool = False
    rows_before: dict[RowKey, Row | None] = field(default_factory=dict)
    rows_after: dict[RowKey, Row | None] = field(default_factory=dict)
    sheets_before: dict[int, SheetProps | None] = field(default_factory=dict)
    sheets_after: dict[int, SheetProps | None] = field(default_factory=dict)
    document_before: DocumentProps | None = None
    document_after: DocumentProps | None = None

    @property
    def nothing(self) -> bool:
        """Whether it touched nothing."""
        return not (self.rows_after or self.sheets_after or self.document_after)

    @property
    def structural(self) -> bool:
        """Whether rows, columns or tabs came, went, moved or were renamed."""
        if self.sheets_after or self.document_after:
            return True
        return any(
            after is None or before is None or before.rank != after.rank
            for (key, after) in self.rows_after.items()
            for before in (self.rows_before[key],)
        )

    def row(self, sheet_id: int, before: Row | None, after: Row | None) -> None:
        """Note that a row was replaced."""
        known = before or after
        if known is None:
            return
        key = (sheet_id, known.uid)
        self.rows_before.setdefault(key, before)
        self.rows_after[key] = after

    def sheet(self, sheet_id: int, before: SheetProps | None, after: SheetProps | None) -> None:
        """Note that a tab's properties were replaced."""
        self.sheets_before.setdefault(sheet_id, before)
        self.sheets_after[sheet_id] = after

    def document(self, before: DocumentProps, after: DocumentProps) -> None:
        """Note that the spreadsheet's properties were replaced."""
        self.document_before = self.document_before or before
        self.document_after = after


def row_undone(before: Row | None, after: Row | None, now: Row | None) -> Row | None:
    """A row with one change taken back; what others changed since then stays."""
    if before is None or now is None:
        return before if after is None else None
    if after is None:
        return now
    cells = dict(now.cells)
    for uid in before.cells.keys() | after.cells.keys():
        if now.cells.get(uid) == after.cells.get(uid) and before.cells.get(uid) != after.cells.get(uid):
            _put(cells, uid, before.cells.get(uid))
    return replace(_fields_undone(before, after, now, skip="cells"), cells=cells)


def sheet_undone(before: SheetProps | None, after: SheetProps | None, now: SheetProps | None) -> SheetProps | None:
    """A tab's properties with one change taken back."""
    if before is None or now is None:
        return before if after is None else None
    if after is None:
        return now
    columns = _columns_undone(before.columns, after.columns, now.columns)
    return replace(_fields_undone(before, after, now, skip="columns"), columns=columns)


def document_undone(before: DocumentProps, after: DocumentProps, now: DocumentProps) -> DocumentProps:
    """A spreadsheet's properties with one change taken back; numbers are never used again."""
    return _fields_undone(before, after, now, skip="next_id")


Record = TypeVar("Record", Row, SheetProps, DocumentProps)


def _fields_undone(before: Record, after: Record, now: Record, skip: str) -> Record:
    back = {
        f.name: getattr(before, f.name)
        for f in fields(before)
        if f.name != skip
        and getattr(before, f.name) != getattr(after, f.name)
        and getattr(now, f.name) == getattr(after, f.name)
    }
    return replace(now, **back)


def _columns_undone(
    before: tuple[Column, ...], after: tuple[Column, ...], now: tuple[Column, ...]
) -> tuple[Column, ...]:
    if now == after:
        return before
    old, new = _by_uid(before), _by_uid(after)
    kept = [c for c in now if c.uid in old or c.uid not in new]
    kept = [old[c.uid] if c.uid in old and new.get(c.uid) == c else c for c in kept]
    for place, column in enumerate(before):
        if column.uid not in new and column.uid not in _by_uid(now):
            kept.insert(min(place, len(kept)), column)
    return tuple(kept)


def _by_uid(columns: Iterable[Column]) -> dict[int, Column]:
    return {c.uid: c for c in columns}


def _put(cells: dict[int, Any], uid: int, cell: Any) -> None:
    if cell is None:
        cells.pop(uid, None)
    else:
        cells[uid] = cell
