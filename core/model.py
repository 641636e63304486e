"""The nouns of Twinsheet: links, stamps, bases, observations and what may stand in a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from core.values import Canonical, Codec, SheetValue
from core.where import Condition

ROW_ID_HEADER = "_row_id"
ROW_ID_PREFIX = "r_"
"""Every id begins with it, whoever gives it; what a person has written into the id column seldom does."""
STATE_TAB = "_twinsheet"

BOTH_WAYS = "both"
TO_SHEET = "to_sheet"
TO_TABLE = "to_table"
"""Which way a column's values go (:attr:`LinkedColumn.direction`)."""


class SheetCell(NamedTuple):
    """One cell of the tab: its value and, where it has one, its formula; a tuple, as there may be millions."""

    value: SheetValue
    formula: str | None = None

    def __eq__(self, other: object) -> bool:
        """TRUE is not 1, though Python calls them equal."""
        same_kind = isinstance(other, SheetCell) and isinstance(self.value, bool) is isinstance(other.value, bool)
        return same_kind and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of the table, as information_schema describes it."""

    name: str
    data_type: str
    """Lower case without length, e.g. ``decimal``."""
    column_type: str
    """As declared, e.g. ``decimal(10,2) unsigned`` or ``enum('a','b')``."""
    nullable: bool = True
    has_default: bool = False
    """An INSERT may leave the column out: it has a default, is nullable, or is generated."""
    auto_increment: bool = False
    generated: bool = False
    """Computed by the table (GENERATED ALWAYS); never written."""
    length_chars: int | None = None
    precision: int | None = None
    scale: int | None = None
    fraction_digits: int = 0
    """Digits of seconds of TIME, DATETIME and TIMESTAMP."""
    charset: str | None = None
    collation: str | None = None
    options: tuple[str, ...] = ()
    """Members of an ENUM or SET, in order."""

    @property
    def required(self) -> bool:
        """Whether an INSERT has to give it a value."""
        return not (self.nullable or self.has_default or self.auto_increment or self.generated)

    @property
    def unsigned(self) -> bool:
        """Whether a number column holds no negative numbers."""
        return "unsigned" in self.column_type


@dataclass(frozen=True, slots=True)
class LinkedColumn:
    """A header of the tab tied to a column of the table."""

    header: str
    column: TableColumn
    codec: Codec
    policy: str = "last_write_wins"
    """Conflict policy or rule of this column, by name."""
    key: bool = False
    direction: str = BOTH_WAYS
    """``to_sheet``: what is typed in the sheet is put back; ``to_table``: what changes in the table stays there."""
    where: Condition | None = None
    """What the column holds in every row that the link shows."""
    name: str = field(init=False, repr=False, compare=False)
    """The table's name of the column."""

    def __post_init__(self) -> None:
        """The name is asked for with every cell."""
        object.__setattr__(self, "name", self.column.name)

    @property
    def look(self) -> tuple[bool, tuple[str, str] | None, tuple[str, ...]]:
        """What the column's type has the tab look like: plain text, a format, a list to choose from."""
        return self.codec.plain_text, self.codec.number_format, self.codec.options

    @property
    def read_only(self) -> bool:
        """Whether the sheet only shows the column: the table computes it, holds bytes, shapes or vectors in it, or
        the link says so."""
        return self.column.generated or self.codec.read_only or self.direction == TO_SHEET

    @property
    def follows_table(self) -> bool:
        """Whether a change of the table is written into the sheet; else the two may differ for good."""
        return self.direction != TO_TABLE

    @property
    def required(self) -> bool:
        """Whether a new row cannot be inserted before this cell is filled."""
        can_be_blank = self.column.nullable and self.admits(None)
        if self.where is not None and self.where.only_value is None and not can_be_blank:
            return True
        return self.column.required

    def admits(self, value: Canonical) -> bool:
        """Whether a row of the table with this value is one that the link shows."""
        return self.where is None or self.where.holds(value, self.codec.same)


@dataclass(frozen=True, slots=True)
class Link:
    """One tab of one spreadsheet tied to one table, resolved against the table's real columns."""

    name: str
    spreadsheet_id: str
    tab: str
    schema: str
    table: str
    columns: tuple[LinkedColumn, ...]
    header_row: int = 1
    """1-based row of the tab that held the headers when it was linked."""
    key_columns: tuple[LinkedColumn, ...] = field(init=False, repr=False, compare=False)
    """The columns of the primary key, in the key's order."""
    _by_name: Mapping[str, LinkedColumn] = field(init=False, repr=False, compare=False)
    _by_header: Mapping[str, LinkedColumn] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Columns are looked for with every cell."""
        object.__setattr__(self, "key_columns", tuple(c for c in self.columns if c.key))
        object.__setattr__(self, "_by_name", {c.name: c for c in self.columns})
        object.__setattr__(self, "_by_header", {c.header: c for c in self.columns})

    @property
    def headers(self) -> tuple[str, ...]:
        """Linked headers in the order of ``columns``."""
        return tuple(c.header for c in self.columns)

    @property
    def shape(self) -> object:
        """What of it says which changes of either side are its own: one that has another shape is to be compared."""
        columns = [(c.header, c.column, c.direction, c.where) for c in self.columns]
        return (self.spreadsheet_id, self.tab, self.schema, self.table, columns)

    def key_after(self, key: Key, update: Mapping[str, Canonical]) -> Key:
        """The key of a row once these columns of it are set."""
        return tuple(str(update.get(c.name, part)) for c, part in zip(self.key_columns, key, strict=True))

    def key_of(self, row: Mapping[str, Canonical]) -> Key:
        """The key in a row of the table, which never holds NULL in it."""
        return tuple(row[c.name] or "" for c in self.key_columns)

    @property
    def is_filtered(self) -> bool:
        """Whether it shows some rows of its table alone."""
        return any(c.where is not None for c in self.columns)

    @property
    def unfiltered(self) -> Link:
        """The same link with every row of its table."""
        return replace(self, columns=tuple(replace(c, where=None) for c in self.columns))

    def shows(self, row: Mapping[str, Canonical]) -> bool:
        """Whether a row of the table is one of the link's: to everybody any other is not there."""
        return all(c.admits(row.get(c.name)) for c in self.columns if c.where is not None)

    def by_name(self, name: str) -> LinkedColumn | None:
        """The linked column with that table name, if there is one."""
        return self._by_name.get(name)

    def by_header(self, header: str) -> LinkedColumn | None:
        """The linked column with that header, if there is one."""
        return self._by_header.get(header)


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """The place of a look at the sheet in the sheet's own timeline (docs/architecture.md).

    Both counters only grow; a stamp may be too old for what was seen, never too new.
    """

    n: int = 0
    """Number of our last write that the look could see."""
    q: int = 0
    """Number of the last edit that the script had seen."""
    epoch: int = 0
    """Epoch of the writer that made write ``n``."""
    scan: int = 0
    """A scan's number, in the order in which scans of the link began; of an edit, how many scans had begun by the
    time that it was heard of: the next one looked later. 0 for a swap."""


class Age(NamedTuple):
    """Where an observation stands in the order of edits; a later one is greater."""

    place: int = 0
    """Twice the number ``q`` of the last edit that it could see, and one more for a look at the whole: a scan or a
    swap comes after the edit event with the same number."""
    scan: int = 0
    """The scan's number, or the number of scans that had begun (:attr:`Stamp.scan`)."""

    def is_past(self, other: Age) -> bool:
        """Whether this one is as new as the other, as far as anybody can tell.

        An edit event is stamped before the script reads the cells: a scan with the same number of edits is known to
        be the later look only when it began after the event was heard of.
        """
        if self.place == other.place + 1 and self.place % 2:
            return self.scan > other.scan
        return self >= other

    @property
    def after(self) -> Age:
        """Past this observation, and before every other that is newer."""
        return Age(self.place | 1, self.scan + 1)


NEVER = Age()
"""Before every observation."""


Key = tuple[str, ...]
"""The primary key of a row as canonical texts, in the key's column order."""


class CellBase(NamedTuple):
    """What both sides were last known to share in one cell, and when; a tuple, as there may be millions of them."""

    value: Canonical
    n: int = 0
    """Our last settled write to this cell."""
    age: Age = NEVER
    """Age of the newest observation that decided (:func:`core.freshness.age`)."""
    formula: bool = False
    """The sheet computes this cell; it is never overwritten."""
    owed: tuple[Canonical, ...] = ()
    """What somebody typed, and our own write has replaced, or chose, until the sheet shows it again; one at most."""


@dataclass(frozen=True, slots=True)
class RowBase:
    """Base of one row; a row that is gone is kept, so that a late event cannot bring it back."""

    row_id: str
    key: Key | None
    cells: Mapping[str, CellBase]
    """By table column name."""
    gone: bool = False
    n: int = 0
    """Our write that placed or removed the row in the sheet; 0 if a person did."""
    age: Age = NEVER
    """Age of the observation that brought or removed it."""
    former_key: Key | None = None
    """The key that the row had until a write of ours changed it in the table, an empty one where that has inserted
    the row; as long as the change feed has not told of that."""

    def under(self, key: Key) -> RowBase:
        """The same row, once a write of ours has given it that key in the table."""
        return self if key == self.key else replace(self, key=key, former_key=self.key)


@dataclass(frozen=True, slots=True)
class Observed:
    """One cell as seen in the sheet at one moment, with everything that a decision needs to know of it."""

    row_id: str
    column: str
    """Table column name."""
    cell: SheetCell
    stamp: Stamp
    source: str
    """``edit`` (the script), ``scan``, or ``swap`` (found by one of our writes)."""
    edited_at: datetime | None = None
    """When the person edited; ``None`` when nobody knows."""
    actor: str = ""
    event: str = ""
    base: Canonical = None
    """Only for ``swap``: the base that the unseen edit replaced."""
    row: int | None = None
    """1-based row of the tab where it was seen; a hint, rows move."""


@dataclass(frozen=True, slots=True)
class TableTimes:
    """Commit times of the table's last change, by column; empty where nobody knows."""

    by_column: Mapping[str, datetime] = field(default_factory=dict)
