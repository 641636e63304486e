"""What restoring a held link rests on, and what it comes to (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from core.model import Key, Link, RowBase, SheetCell
from core.ports import TableRow, Waiting
from core.sheet import TabImage, TabRow
from core.values import Canonical


@dataclass(frozen=True, slots=True)
class RestoreView:
    """Everything that a decision on a held link rests on."""

    link: Link
    guard: str
    image: TabImage
    """The tab as of one read, numbered as a scan is."""
    bases: Sequence[RowBase]
    """Of every live row."""
    table: Mapping[Key, TableRow]
    former: Mapping[str, RowBase] = field(default_factory=dict)
    """Of rows that are gone and whose ids the tab shows."""
    waiting: Mapping[str, Sequence[Waiting]] = field(default_factory=dict)
    refused: Collection[tuple[str, str]] = ()
    """(row id, column) that hold what the table refused."""
    next_n: int = 0
    """Number of the next write to the sheet, at least."""
    unlinked: Sequence[str] = ()
    """Columns of the table that are not linked."""
    referring: Sequence[str] = ()
    """Tables whose rows were deleted or changed with rows of this one."""


@dataclass(frozen=True, slots=True)
class CellBack:
    """A cell of the tab that gets the table's value."""

    row_id: str
    key: Key | None
    column: str
    holds: SheetCell
    value: Canonical


@dataclass(slots=True)
class RestorePlan:
    """What is brought back where, and what cannot be."""

    side: str
    """The damaged one: ``sheet`` or ``table``."""
    header: bool = False
    """The header row is written again."""
    columns: list[str] = field(default_factory=list)
    """Headers whose columns are made again."""
    place: list[RowBase] = field(default_factory=list)
    """Rows that are to stand in the tab again."""
    cells: list[CellBack] = field(default_factory=list)
    remove: list[TabRow] = field(default_factory=list)
    """Rows of an older version of the tab that neither side has any more."""
    insert: list[tuple[RowBase, TableRow]] = field(default_factory=list)
    """Rows that the table gets again, with their values."""
    bases: dict[str, RowBase] = field(default_factory=dict)
    """What base says from now on, so that the ordinary way does the rest."""
    drop: list[Waiting] = field(default_factory=list)
    """Values that waited and stand in the sheet no longer."""
    cannot: list[str] = field(default_factory=list)
    """What cannot be brought back, and what would."""
    refusal: str | None = None
    """Why nothing can be restored as things are."""

    @property
    def is_empty(self) -> bool:
        """Whether both sides hold everything already."""
        return not (self.header or self.columns or self.place or self.cells or self.remove or self.insert)


def in_key_order(link: Link, bases: Sequence[RowBase]) -> list[RowBase]:
    """As the table sorts them."""
    keyed = [b for b in bases if b.key is not None]
    return sorted(
        keyed, key=lambda b: [c.codec.order_key(p) for c, p in zip(link.key_columns, b.key or (), strict=True)]
    )
