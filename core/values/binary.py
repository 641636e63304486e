"""BINARY, VARBINARY and the BLOB types: bytes, which the sheet shows and does not write.

Canonical: two hexadecimal digits per byte, ``00FFA0``, as HEX() gives them.
"""

from __future__ import annotations

import re

from core.values import Canonical
from core.values.base import ColumnCodec

BINARY_TYPES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})

_HEX = re.compile("(?:[0-9A-Fa-f]{2})*")


class BinaryCodec(ColumnCodec):
    """See the module."""

    plain_text = True
    read_only = True
    wanted = "bytes as the table gives them, in hexadecimal digits; the column is read-only in the sheet"

    def _of_text(self, text: str) -> str:
        if not _HEX.fullmatch(text):
            self._misfit(text)
        return text.upper()

    def _from_table(self, value: object) -> Canonical:
        """The binlog gives no bytes at all as an empty text."""
        if value == "":
            value = b""
        if not isinstance(value, bytes | bytearray):
            return super()._from_table(value)
        raw = bytes(value)
        if self.column.data_type == "binary":  # the binlog leaves the zeros at the end out
            raw = raw.ljust(self.column.length_chars or 1, b"\0")
        return raw.hex().upper()

    def _parameter(self, value: str) -> object:
        return bytes.fromhex(value)
