"""YEAR: four digits, from 1901 to 2155, and 0000.

Canonical: four digits, ``2024``. MySQL would read 24 as 2024 and 70 as 1970; here they are refused.
"""

from __future__ import annotations

from core.values import SheetValue
from core.values.base import ColumnCodec
from core.values.spelling import decimal_of, shown

YEARS = range(1901, 2156)


class YearCodec(ColumnCodec):
    """See the module."""

    wanted = f"a year from {YEARS.start} to {YEARS.stop - 1}"

    def _of_text(self, text: str) -> str:
        number = decimal_of(text)
        # The range comes first: what follows would be slow for a cell with 50,000 digits.
        if number is None or not 0 <= number < YEARS.stop or number != int(number):
            self._misfit(text)
        year = int(number)
        if year not in YEARS and year != 0:
            self._misfit(text)
        return f"{year:04}"

    def _of_number(self, number: float) -> str:
        return self._of_text(shown(number))

    def _cell(self, value: str) -> SheetValue:
        return int(value)

    def _stored(self, value: object) -> str:
        if isinstance(value, int):
            return "0000" if value == _ZERO_IN_BINLOG else f"{value:04}"
        return value if isinstance(value, str) else super()._stored(value)

    def _parameter(self, value: str) -> object:
        return int(value)  # as a text, 0 would be the year 2000


_ZERO_IN_BINLOG = 1900
"""The binlog counts years from 1900 on, and has 0 for 0000."""
