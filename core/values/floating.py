"""DOUBLE: binary numbers, exactly the ones that both sides hold.

Canonical: the shortest text that is the number, ``0.1``, ``1e+300``. A typed text that lies between two of
these numbers is refused, because the table would keep another one. Cells have no negative zero: a table keeps
its own as long as the cell shows 0.

FLOAT is not carried: MySQL shows it with 6 digits whatever it holds, so a client never learns its value.
"""

from __future__ import annotations

import math
from decimal import Decimal

from core.values import Canonical, SheetValue
from core.values.base import ColumnCodec
from core.values.spelling import (
    DIGITS_SAFE,
    MINUS_ZERO,
    as_number,
    float_of,
    shown,
    significant_digits,
    spelled,
    spelled_signed,
)


class DoubleCodec(ColumnCodec):
    """See the module."""

    wanted = "a number"

    def _of_text(self, text: str) -> str:
        number = float_of(text)
        if number is None:
            self._misfit(text)
        if math.isinf(number):
            self._refuse(f"{shown(text)} is too large for the column")
        self._check_kept(Decimal(text.strip(" ")), number, text)
        return self._canonical(number)

    def _of_number(self, number: float) -> str:
        if isinstance(number, int):  # past 2^53 a whole number of JSON may lie between two doubles
            self._check_kept(Decimal(number), float(number), str(number))
        return self._canonical(float(number) or 0.0)

    def _check_kept(self, meant: Decimal, number: float, text: str) -> None:
        if Decimal(repr(number)) != meant:
            self._refuse(f"{shown(text)} has more digits than the column keeps; {spelled(number)} would fit")

    def _canonical(self, number: float) -> str:
        if number < 0 and self.column.unsigned:
            self._refuse(f"{spelled(number)} is negative, and the column holds no negative numbers")
        return spelled_signed(number)

    def _cell(self, value: str) -> SheetValue:
        is_safe = len(value) <= DIGITS_SAFE or significant_digits(value) <= DIGITS_SAFE
        return as_number(value) if is_safe else value

    def _stored(self, value: object) -> str:
        if isinstance(value, float | int | str | Decimal):
            return self._canonical(float(value))
        return super()._stored(value)

    def same(self, a: Canonical, b: Canonical) -> bool:
        """See :class:`core.values.Codec`; zero is zero."""
        return super().same("0" if a == MINUS_ZERO else a, "0" if b == MINUS_ZERO else b)

    def _parameter(self, value: str) -> object:
        # SQL reads -0.0 as a DECIMAL, which has no negative zero.
        return "-0e0" if value == MINUS_ZERO else float(value)

    def order_key(self, value: str) -> float:
        """By size."""
        return float(value)
