"""Shapes between the bytes that MySQL and MariaDB store (SRID and WKB) and well-known text."""

from __future__ import annotations

import re
import struct

from core.values.spelling import spelled_signed

KINDS = {
    1: "POINT",
    2: "LINESTRING",
    3: "POLYGON",
    4: "MULTIPOINT",
    5: "MULTILINESTRING",
    6: "MULTIPOLYGON",
    7: "GEOMETRYCOLLECTION",
}
_NUMBERS = {name: kind for kind, name in KINDS.items()}
_POINT, _LINE, _POLYGON, _COLLECTION = 1, 2, 3, 7
_TOKEN = re.compile(r"[A-Z]+|[(),]|[-+.0-9e]+")


def text_of(raw: bytes) -> str:
    """Well-known text of a stored shape."""
    reader = _Reader(raw)
    (srid,) = reader.take("<I")
    prefix = f"SRID={srid};" if srid else ""
    return prefix + reader.shape()


def bytes_of(text: str) -> bytes:
    """The stored shape that a text of :func:`text_of` stands for."""
    srid, _, shape = text.rpartition(";")
    return struct.pack("<I", int(srid.removeprefix("SRID=") or 0)) + _Writer(shape).shape()


class _Reader:
    """Reads WKB from the start on; of either byte order."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self._order = "<"

    def take(self, layout: str) -> tuple[int, ...]:
        found = struct.unpack_from(layout, self._raw, self._at)
        self._at += struct.calcsize(layout)
        return found

    def shape(self) -> str:
        kind = self._head()
        body = self._body(kind)
        return KINDS[kind] + (" EMPTY" if body == "()" else body)

    def _head(self) -> int:
        self._order = "<" if self.take("B")[0] else ">"
        return self._count()

    def _count(self) -> int:
        return self.take(self._order + "I")[0]

    def _body(self, kind: int) -> str:
        if kind == _POINT:
            return f"({self._point()})"
        return "(" + ",".join([self._part(kind) for _ in range(self._count())]) + ")"

    def _part(self, kind: int) -> str:
        if kind == _LINE:
            return self._point()
        if kind == _POLYGON:
            return self._body(_LINE)
        return self.shape() if kind == _COLLECTION else self._body(self._head())

    def _point(self) -> str:
        x, y = self.take(self._order + "dd")
        return f"{spelled_signed(x)} {spelled_signed(y)}"


class _Writer:
    """Writes the WKB of a text."""

    def __init__(self, text: str) -> None:
        self._tokens = iter(_TOKEN.findall(text))

    def _next(self) -> str:
        return str(next(self._tokens))

    def shape(self) -> bytes:
        kind = _NUMBERS[self._next()]
        return self._whole(kind)

    def _whole(self, kind: int) -> bytes:
        return struct.pack("<BI", 1, kind) + self._body(kind)

    def _body(self, kind: int) -> bytes:
        if self._next() == "EMPTY":
            return struct.pack("<I", 0)
        if kind == _POINT:
            point = self._point()
            self._next()
            return point
        parts = []
        after = ","
        while after == ",":
            parts.append(self._part(kind))
            after = self._next()
        return struct.pack("<I", len(parts)) + b"".join(parts)

    def _part(self, kind: int) -> bytes:
        if kind == _LINE:
            return self._point()
        if kind == _POLYGON:
            return self._body(_LINE)
        return self.shape() if kind == _COLLECTION else self._whole(kind - 3)

    def _point(self) -> bytes:
        return struct.pack("<dd", float(self._next()), float(self._next()))
