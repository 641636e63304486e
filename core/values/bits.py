"""BIT: a row of up to 64 bits, as the whole number that it spells.

Canonical: digits, as for an unsigned whole number. BIT(1) shows TRUE and FALSE, as BOOLEAN does.
"""

from __future__ import annotations

import re

from core.model import TableColumn
from core.values import Canonical, SheetValue
from core.values.base import ColumnCodec
from core.values.boolean import TRUTHS
from core.values.spelling import DIGITS_SAFE
from core.values.whole import WholeCodec

_BITS = re.compile(r"(?:b'([01]+)'|([01]+))")


class BitCodec(WholeCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        ColumnCodec.__init__(self, column)
        self.width = column.precision or 1
        self.lowest, self.highest = 0, 2**self.width - 1
        self.plain_text = len(str(self.highest)) > DIGITS_SAFE
        whole = f"a whole number from 0 to {self.highest}"
        self.wanted = "TRUE or FALSE" if self.width == 1 else whole

    def _of_boolean(self, truth: bool) -> str:
        return ("1" if truth else "0") if self.width == 1 else super()._of_boolean(truth)

    def _of_text(self, text: str) -> str:
        truth = TRUTHS.get(text.strip(" ").upper()) if self.width == 1 else None
        return super()._of_text(text) if truth is None else truth

    def _cell(self, value: str) -> SheetValue:
        return value == "1" if self.width == 1 else super()._cell(value)

    def _from_table(self, value: object) -> Canonical:
        """A client library gives a number, the binlog the bits as digits."""
        if isinstance(value, bytes | bytearray):
            return str(int.from_bytes(value, "big"))
        found = _BITS.fullmatch(value) if isinstance(value, str) else None
        return str(int(found[1] or found[2], 2)) if found else super()._from_table(value)
