"""What a sheet is made of: immutable cells, rows and columns.

Nothing here is ever changed in place, only replaced. That makes undo, versions and
all-or-nothing batches a matter of keeping the old object.

Rows and columns have ids of their own (``uid``), independent of their place. A cell lies in
its row under its column's uid, so inserting or moving a column touches no row.
"""

import re
from dataclasses import dataclass, field
from typing import Any

Format = dict[str, Any]
"""A CellFormat of the Sheets API; treated as immutable."""


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """The value of a formula that failed, such as ``#DIV/0!``.

    Args:
        type: Google's ErrorType, such as ``DIVIDE_BY_ZERO``.
        text: what the cell shows.
    """

    type: str
    text: str


Value = str | float | bool | ErrorValue | None
"""A cell's value; numbers are floats, dates are serial numbers with a date format."""


def alike(one: Value, other: Value) -> bool:
    """Whether both are one value: TRUE and 1 are not, though Python calls them equal."""
    return one == other and type(one) is type(other)


@dataclass(slots=True)
class Cell:
    """One cell; not frozen, because a large write makes a million and a frozen one takes three times as long to make.

    Args:
        value: the effective value; of a formula its result.
        formula: the formula with its ``=``; None for a plain value.
        format: the user-entered format, None for none.
        note: the note, None for none.
        validation: the DataValidationRule, None for none.
        extras: further CellData fields (``textFormatRuns``, ``chipRuns``), as Google names them.
    """

    value: Value = None
    formula: str | None = None
    format: Format | None = None
    note: str | None = None
    validation: dict[str, Any] | None = None
    extras: dict[str, Any] | None = None
    result_pattern: str | None = None
    """Of a formula: the number pattern that its result has by itself, such as a date's."""
    spilled: bool = False
    """Whether the value comes from a formula elsewhere whose result fills several cells."""

    @property
    def empty(self) -> bool:
        """Whether it holds no value and no formula (a format or note may stay)."""
        return self.value is None and self.formula is None

    @property
    def entered(self) -> Value:
        """The plain value that somebody entered; None for what formulas show."""
        return None if self.spilled or self.formula is not None else self.value

    @property
    def bare(self) -> bool:
        """Whether it holds nothing at all."""
        return self.value is None and self == EMPTY

    @property
    def number_format(self) -> tuple[str, str]:
        """Type (``TEXT``, ``DATE``, …; ``""`` for automatic) and pattern of its number format."""
        number = (self.format or {}).get("numberFormat")
        if number is None and self.result_pattern and self.formula is not None:
            return _type_of(self.result_pattern), self.result_pattern
        number = number or {}
        return number.get("type", ""), number.get("pattern", "")

    @property
    def plain_text(self) -> bool:
        """Whether the cell is formatted as plain text: what is typed stays as typed."""
        return self.number_format[0] == "TEXT"


EMPTY = Cell()
_formats: dict[str, Format] = {}


def shared_format(cell_format: Format | None) -> Format | None:
    """The one object of all equal formats: a column formatted as plain text has one for all its cells, and what comes
    of it is made once."""
    return None if cell_format is None else _formats.setdefault(repr(cell_format), cell_format)


def _type_of(pattern: str) -> str:
    """The number format type of a pattern that the engine gave a result."""
    if "%" in pattern:
        return "PERCENT"
    if re.search("[yd]", pattern):
        return "DATE_TIME" if "h" in pattern else "DATE"
    if "h" in pattern or "ss" in pattern:
        return "TIME"
    return "CURRENCY" if re.search("[$€£¥]", pattern) else "NUMBER"


@dataclass(frozen=True, slots=True)
class Metadata:
    """One developer metadata entry; its place is whoever holds it."""

    id: int
    key: str
    value: str | None
    visibility: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its id, its properties and its developer metadata."""

    uid: int
    hidden: bool = False
    pixel_size: int = 100
    metadata: tuple[Metadata, ...] = ()
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its id, its rank among the rows (a text that sorts), its cells by column uid."""

    uid: int
    rank: str
    cells: dict[int, Cell] = field(default_factory=dict)
    hidden: bool = False
    pixel_size: int = 21
    metadata: tuple[Metadata, ...] = ()
    filtered: bool = False

    def with_cells(self, cells: dict[int, Cell]) -> "Row":
        """The same row with other cells."""
        return Row(self.uid, self.rank, cells, self.hidden, self.pixel_size, self.metadata, self.filtered)
