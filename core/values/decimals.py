"""DECIMAL and NUMERIC: exact decimals that never pass through binary arithmetic.

Canonical: exactly as many decimals as the column has, ``12.50``. A number in a cell counts as its shortest
spelling, never as its binary expansion, and only where no other decimal of the column shares that number.
"""

from __future__ import annotations

from decimal import Decimal, Inexact

from core.model import TableColumn
from core.values import SheetValue
from core.values.base import ColumnCodec
from core.values.spelling import DIGITS_SAFE, EXACT, NUMBER_SAFE, as_number, decimal_of, shown


class DecimalCodec(ColumnCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        precision = 10 if column.precision is None else column.precision
        self.scale = column.scale or 0
        self.whole_digits = precision - self.scale
        self.plain_text = precision > DIGITS_SAFE
        self._end = 10**self.whole_digits
        self._safe_below = NUMBER_SAFE * Decimal(1).scaleb(-self.scale, EXACT)
        self._unit = Decimal(1).scaleb(-self.scale, EXACT)
        self.wanted = f"a number with {_decimals(self.scale)}" if self.scale else "a whole number"

    def _of_text(self, text: str) -> str:
        number = decimal_of(text)
        if number is None:
            self._misfit(text)
        return self._canonical(number, text)

    def _of_number(self, number: float) -> str:
        text = repr(number)
        if (fits := self._as_it_is(text.removesuffix(".0"))) is not None and len(fits) <= DIGITS_SAFE:
            return fits
        if Decimal(number).copy_abs() >= self._safe_below:
            self._refuse(
                f"{shown(number)} may have lost digits as a number; "
                "format the cell as plain text and type the number again"
            )
        return self._canonical(Decimal(text), number)

    def _as_it_is(self, text: str) -> str | None:
        """A number without a sign that is spelled out and fits the column, found without arithmetic; ``None`` for any
        other."""
        whole, _, decimals = text.partition(".")
        missing = self.scale - len(decimals)
        is_spelled = text.isascii() and whole.isdigit() and (whole[0] != "0" or whole == "0")
        if not is_spelled or missing < 0 or len(whole) > self.whole_digits or not (decimals + "0").isdigit():
            return None
        return f"{whole}.{decimals}{'0' * missing}" if self.scale else whole

    def _canonical(self, number: Decimal, typed: str | float) -> str:
        # copy_abs and comparisons are exact; abs() would round to 28 digits.
        if number.copy_abs() >= self._end:
            self._refuse(f"{shown(typed)} has more than {self.whole_digits} digits before the point")
        if number < 0 and self.column.unsigned:
            self._refuse(f"{shown(typed)} is negative, and the column holds no negative numbers")
        try:
            exact = EXACT.quantize(number, self._unit)
        except Inexact:
            excess = f"more than {_decimals(self.scale)}" if self.scale else "decimals, and the column holds none"
            self._refuse(f"{shown(typed)} has {excess}; in a formula, ROUND(…, {self.scale}) helps")
        return format(exact if exact else exact.copy_abs(), "f")

    def _cell(self, value: str) -> SheetValue:
        return value if self.plain_text else as_number(value)

    def _stored(self, value: object) -> str:
        if isinstance(value, Decimal | int | str):
            text = str(value)
            return self._as_it_is(text) or self._canonical(Decimal(value), text)
        return super()._stored(value)

    def _parameter(self, value: str) -> object:
        # Python spells small decimals with an exponent, and SQL reads a number with an exponent as a double.
        number = Decimal(value)
        return value if "E" in str(number) else number

    def order_key(self, value: str) -> Decimal:
        """By size."""
        return Decimal(value)


def _decimals(count: int) -> str:
    return "1 decimal" if count == 1 else f"{count} decimals"
