"""GEOMETRY and its kinds: shapes, which the sheet shows and does not write.

Canonical: well-known text, ``POINT(13.4 52.5)``, after ``SRID=4326;`` where the shape has a reference system. The
coordinates stand in the order in which the table stores them: x or longitude first.
"""

from __future__ import annotations

import re

from core.values import Canonical
from core.values.base import ColumnCodec
from core.values.shapes import KINDS, bytes_of, text_of

GEOMETRY_TYPES = frozenset(
    {"geometry", "geomcollection", *(kind.lower() for kind in KINDS.values())},
)

_SHAPE = re.compile(rf"(?:SRID=[0-9]{{1,10}};)?(?:{'|'.join(KINDS.values())})(?:\([-+.,()0-9eA-Z ]*\)| EMPTY)")


class GeometryCodec(ColumnCodec):
    """See the module."""

    plain_text = True
    read_only = True
    wanted = "a shape as the table gives it, like POINT(13.4 52.5); the column is read-only in the sheet"

    def _of_text(self, text: str) -> str:
        if not _SHAPE.fullmatch(text):
            self._misfit(text)
        return text

    def _from_table(self, value: object) -> Canonical:
        """Both servers give the reference system's number and WKB."""
        return text_of(bytes(value)) if isinstance(value, bytes | bytearray) else super()._from_table(value)

    def _parameter(self, value: str) -> object:
        return bytes_of(value)
