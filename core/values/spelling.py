"""How numbers are spelled, and read, without losing a digit."""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal, Inexact, InvalidOperation

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation])
"""Arithmetic that raises rather than rounds; wide enough for every DECIMAL (65 digits)."""

NUMBER_SAFE = 2**53
"""From here on a number in a cell stands for several whole numbers, and nobody knows which one was meant."""

NUMBER_MAX = 1.7976931348623157e308
"""The largest double; JSON knows larger numbers, cells do not."""

DIGITS_SAFE = 15
"""Every decimal of so many significant digits survives as a number in a cell."""

SHOWN_CHARS_MAX = 60

MINUS_ZERO = "-0"
"""How a double that is a negative zero is spelled."""

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_SCIENTIFIC = re.compile(_PLAIN.pattern + r"(?:[eE][+-]?[0-9]{1,4})?")


def shown(value: str | float) -> str:
    """A value as a message quotes it: on one line, cut when it is long."""
    text = value if isinstance(value, str) else spelled(value)
    line = text.replace("\r", "⏎").replace("\n", "⏎")
    return line if len(line) <= SHOWN_CHARS_MAX else line[: SHOWN_CHARS_MAX - 1] + "…"


def spelled(number: float) -> str:
    """The shortest text that is exactly this number: 5.0 is ``5``, 0.1 is ``0.1``, 1e300 is ``1e+300``.

    Written out between 1e-6 and 1e21, as spreadsheets and browsers do; there is no negative zero.
    """
    if isinstance(number, int):
        return str(number)
    if number == 0:
        return "0"
    text = repr(number)
    if 1e-6 <= abs(number) < 1e21:
        plain = format(Decimal(text), "f") if "e" in text else text
        return plain.removesuffix(".0")
    return text.replace("e-0", "e-")


def spelled_signed(number: float) -> str:
    """The same, with a negative zero: ``-0``."""
    return MINUS_ZERO if number == 0 and math.copysign(1, number) < 0 else spelled(number)


def decimal_of(text: str) -> Decimal | None:
    """The number that a text spells out with digits, sign and point; ``None`` if it is no such text.

    Spaces around it do not matter. Everything that could be meant in two ways (``1,234``) is no number.
    """
    bare = text.strip(" ")
    return Decimal(bare) if _PLAIN.fullmatch(bare) else None


def float_of(text: str) -> float | None:
    """The double that a text spells, with or without an exponent; ``None`` if it is no number.

    Too large a number comes back infinite.
    """
    bare = text.strip(" ")
    return float(bare) if _SCIENTIFIC.fullmatch(bare) else None


def significant_digits(text: str) -> int:
    """How many digits of a spelled number carry its value: 3 for ``-0.0120e5``."""
    mantissa = re.split("[eE]", text)[0]
    digits = re.sub(r"[^0-9]", "", mantissa).lstrip("0")
    return len(digits.rstrip("0")) if digits else 0


def as_number(text: str) -> int | float:
    """A spelled number as a cell holds it; the caller knows that no digit is lost."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < NUMBER_SAFE else number
