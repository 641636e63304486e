"""Whole numbers: TINYINT, SMALLINT, MEDIUMINT, INT, BIGINT, each with its exact range.

Canonical: digits with a sign where negative, ``-7``. A column whose numbers can have more than 15 digits
stands as plain text in the sheet, because a number there keeps no more.
"""

from __future__ import annotations

from decimal import Decimal

from core.model import TableColumn
from core.values import SheetValue
from core.values.base import ColumnCodec
from core.values.spelling import DIGITS_SAFE, NUMBER_SAFE, decimal_of, shown

BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "integer": 32, "bigint": 64}


class WholeCodec(ColumnCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        bits = BITS[column.data_type]
        self.lowest = 0 if column.unsigned else -(2 ** (bits - 1))
        self.highest = 2**bits - 1 if column.unsigned else 2 ** (bits - 1) - 1
        self.plain_text = len(str(self.highest)) > DIGITS_SAFE
        self.wanted = f"a whole number from {self.lowest} to {self.highest}"

    def _of_text(self, text: str) -> str:
        number = decimal_of(text)
        if number is None:
            self._misfit(text)
        return self._within(number, text)

    def _of_number(self, number: float) -> str:
        if abs(number) >= NUMBER_SAFE:
            self._refuse(
                f"{shown(number)} may have lost digits as a number; "
                "format the cell as plain text and type the number again"
            )
        return self._within(number, number)

    def _within(self, number: Decimal | float, typed: str | float) -> str:
        # The range comes first: what follows would be slow for a cell with 50,000 digits.
        if not self.lowest <= number <= self.highest or number != (whole := int(number)):
            self._misfit(typed)
        return str(whole)

    def _cell(self, value: str) -> SheetValue:
        return value if self.plain_text else int(value)

    def _stored(self, value: object) -> str:
        if isinstance(value, int | str):
            return str(int(value))
        return super()._stored(value)

    def _parameter(self, value: str) -> object:
        return int(value)

    def order_key(self, value: str) -> int:
        """By size."""
        return int(value)
