"""Values: one file per family of column types, each with a canonical text for its values (DESIGN section 9)."""

from __future__ import annotations

from typing import Protocol

from core.model import Canonical, SheetValue


class Codec(Protocol):
    """Carries the values of one column between sheet and table without loss.

    Every method is total: it answers exactly, or raises :class:`core.errors.Unfit` with what would fit.
    """

    plain_text: bool
    """Whether the sheet's column has to be formatted as plain text, so that Google never reads a number into it."""
    number_format: tuple[str, str] | None
    """Google number format (type, pattern) of the sheet's column, e.g. ``("DATE", "yyyy-mm-dd")``."""
    options: tuple[str, ...]
    """Members for a drop-down in the sheet; empty for most types."""

    def from_sheet(self, value: SheetValue) -> Canonical:
        """Canonical text of what a cell holds; raises Unfit."""

    def to_sheet(self, value: Canonical) -> SheetValue:
        """What the cell has to hold for a canonical value."""

    def from_table(self, value: object) -> Canonical:
        """Canonical text of what mysql-connector or the binlog reader returned."""

    def to_table(self, value: Canonical) -> object:
        """The parameter for SQL."""

    def same(self, one: Canonical, other: Canonical) -> bool:
        """Whether two canonical texts stand for the same value of this column."""
