"""What the codecs of all families share: telling apart what a cell holds, and refusing in one style."""

from __future__ import annotations

import struct
from typing import Any, NoReturn

from core.errors import Unfit
from core.model import TableColumn
from core.values import Canonical, CellError, Serial, SheetValue
from core.values.spelling import NUMBER_MAX, shown

_OF_ANOTHER_TYPE = (ValueError, ArithmeticError, LookupError, StopIteration, struct.error)
"""What reading a value raises that is none of the column's type: it had another one before an ALTER TABLE."""

CELL_CHARS_MAX = 50_000
"""Google's limit for one cell, in UTF-16 units."""


class ColumnCodec:
    """A codec that refuses everything; a family overrides what it takes.

    Implements :class:`core.values.Codec`. Empty cells, NULL, errors and numbers that are none are dealt
    with here, so that a family's own methods see ordinary values only.

    Args:
        column: the table's column; its name begins every refusal.
    """

    plain_text = False
    number_format: tuple[str, str] | None = None
    options: tuple[str, ...] = ()
    read_only = False
    wanted = "a value of this column"
    """What would fit, as it ends the sentence "price: 12,50 is not …"."""
    blank: Canonical = None
    """What an empty cell means."""

    def __init__(self, column: TableColumn) -> None:
        self.column = column

    # --- the sheet

    def from_sheet(self, value: SheetValue) -> Canonical:
        """See :class:`core.values.Codec`."""
        if value is None or value == "":
            return self.blank
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, bool):  # before numbers: Python's True is an int
            return self._of_boolean(value)
        if isinstance(value, Serial):
            return self._of_serial(value)
        if isinstance(value, CellError):
            self._refuse(f"the cell shows {value.text}")
        if not -NUMBER_MAX <= value <= NUMBER_MAX:  # nan is not within either
            self._misfit(str(value))
        return self._of_number(value)

    def to_sheet(self, value: Canonical) -> SheetValue:
        """See :class:`core.values.Codec`."""
        return None if value is None else self._cell(value)

    def _of_text(self, text: str) -> str:
        self._misfit(text)

    def _of_number(self, number: float) -> str:
        self._misfit(number)

    def _of_boolean(self, truth: bool) -> str:
        self._misfit("TRUE" if truth else "FALSE")

    def _of_serial(self, _serial: Serial) -> str:
        self._misfit("a date")

    def _cell(self, value: str) -> SheetValue:
        if "\0" in value:
            self._refuse("holds a NUL character, which a cell cannot hold")
        is_short = 2 * len(value) <= CELL_CHARS_MAX  # whatever its characters are
        if not is_short and len(value.encode("utf-16-le", "surrogatepass")) // 2 > CELL_CHARS_MAX:
            self._refuse(f"has {len(value)} characters, and a cell holds {CELL_CHARS_MAX}")
        return value

    # --- the table

    def from_table(self, value: object) -> Canonical:
        """See :class:`core.values.Codec`."""
        try:
            return self._from_table(value)
        except _OF_ANOTHER_TYPE:
            self._refuse(f"the table returned {shown(repr(value))}, which is not {self.wanted}")

    def _from_table(self, value: object) -> Canonical:
        if value is None:
            return None
        if isinstance(value, bytes | bytearray):
            value = self._decoded(bytes(value))
        return self._stored(value)

    def to_table(self, value: Canonical) -> object:
        """See :class:`core.values.Codec`."""
        if value is not None:
            try:
                return self._parameter(value)
            except _OF_ANOTHER_TYPE:
                self._misfit(value)
        if not self.column.nullable and not self.column.auto_increment:
            self._refuse("must not be empty")
        return None

    def _stored(self, value: object) -> str:
        self._refuse(f"the table returned {value!r}, which is not {self.wanted}")

    def _parameter(self, value: str) -> object:
        return value

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse("the table holds bytes that are no text")

    # --- comparing

    def same(self, a: Canonical, b: Canonical) -> bool:
        """See :class:`core.values.Codec`; an empty cell shows NULL and an empty text alike."""
        return (a or None) == (b or None)

    def order_key(self, value: str) -> Any:
        """See :class:`core.values.Codec`; by code points unless a family knows better."""
        return value

    # --- refusing

    def _misfit(self, value: str | float) -> NoReturn:
        self._refuse(f"{shown(value)} is not {self.wanted}")

    def _refuse(self, reason: str) -> NoReturn:
        raise Unfit(f"{self.column.name}: {reason}")
