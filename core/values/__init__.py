"""Values: one file per family of column types, each with a canonical text for its values.

How values are compared: every value becomes its column's canonical text, and two texts hold the same value
when ``codec.same`` says so. That is equality, with the few exceptions that a cell cannot show apart: NULL and
an empty text are both an empty cell, and a line may end in two ways. Whoever compares sheet, base and table
asks ``same`` and writes nothing where it says yes: so an empty text stays an empty text and a NULL stays a
NULL until somebody edits the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Canonical = str | None
"""A value as text in the one spelling that its column's type gives it; ``None`` is NULL and an empty cell.

Two sides hold the same value exactly when their canonical texts are equal.
"""


@dataclass(frozen=True, slots=True)
class Serial:
    """A date or time as Google holds it: days since 1899-12-30, in the spreadsheet's time zone."""

    days: float


@dataclass(frozen=True, slots=True)
class CellError:
    """What a formula shows that could not be computed, e.g. ``#DIV/0!``."""

    text: str


SheetValue = str | int | float | bool | Serial | CellError | None
"""What a cell of the sheet holds, typed as Google types it."""


class Codec(Protocol):
    """Carries the values of one column between sheet and table without loss.

    Every method is total: it answers exactly, or raises :class:`core.errors.Unfit` with what would fit.
    A canonical text read as if it had been typed is itself: ``from_sheet(c) == c``; and what ``to_sheet``
    puts into a cell is read back as the same value.
    """

    plain_text: bool
    """Whether the sheet's column has to be formatted as plain text, so that Google never reads a number into it."""
    number_format: tuple[str, str] | None
    """Google number format (type, pattern) of the sheet's column, e.g. ``("DATE", "yyyy-mm-dd")``."""
    options: tuple[str, ...]
    """Members for a drop-down in the sheet; empty for most types."""
    read_only: bool
    """Whether the sheet only shows the column: what is typed there is put back, and new rows leave it out."""

    def from_sheet(self, value: SheetValue) -> Canonical:
        """Canonical text of what a cell holds; raises Unfit.

        An empty cell is ``None``, or ``''`` in a text column that holds no NULL. Whether a column may stay
        empty is asked later, by ``to_table``: a row that is still being typed has empty cells.
        """

    def to_sheet(self, value: Canonical) -> SheetValue:
        """What the cell has to hold for a canonical value; raises Unfit for what no cell can hold."""

    def from_table(self, value: object) -> Canonical:
        """Canonical text of what mysql-connector or the binlog reader returned."""

    def to_table(self, value: Canonical) -> object:
        """The parameter for SQL; raises Unfit for NULL where the column takes none."""

    def same(self, a: Canonical, b: Canonical) -> bool:
        """Whether two canonical texts are one value, for the sheet and the table alike."""

    def order_key(self, value: str) -> Any:
        """Sorts canonical texts as the column sorts its values; comparable within one column only."""
