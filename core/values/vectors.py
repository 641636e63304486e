"""VECTOR: numbers of four bytes each, which the sheet shows and does not write.

Canonical: ``[1,0.1,1e-20]``, each number in the fewest digits that are it. (VECTOR_TO_STRING of MySQL keeps six.)
"""

from __future__ import annotations

import re
import struct
from array import array

from core.values import Canonical
from core.values.base import ColumnCodec
from core.values.spelling import spelled_signed

_VECTOR = re.compile(r"\[[-+.,0-9einfa]*\]")
_DIGITS_MAX = 9
"""So many digits tell every number of four bytes apart."""


class VectorCodec(ColumnCodec):
    """See the module."""

    plain_text = True
    read_only = True
    wanted = "a vector as the table gives it, like [1,0.5]; the column is read-only in the sheet"

    def _of_text(self, text: str) -> str:
        if not _VECTOR.fullmatch(text):
            self._misfit(text)
        return text

    def _from_table(self, value: object) -> Canonical:
        """A client library gives the numbers, or their bytes."""
        if isinstance(value, bytes | bytearray):
            return _text(struct.unpack(f"<{len(value) // 4}f", value))
        return _text(value) if isinstance(value, array | tuple) else super()._from_table(value)

    def _parameter(self, value: str) -> object:
        numbers = [float(part) for part in value[1:-1].split(",")]
        return struct.pack(f"<{len(numbers)}f", *numbers)


def _text(numbers: array[float] | tuple[float, ...]) -> str:
    return "[" + ",".join(_shortest(number) for number in numbers) + "]"


def _shortest(number: float) -> str:
    for digits in range(1, _DIGITS_MAX):
        text = f"{number:.{digits}g}"
        if array("f", [float(text)])[0] == number:
            return spelled_signed(float(text))
    return spelled_signed(float(f"{number:.{_DIGITS_MAX}g}"))
