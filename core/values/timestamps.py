"""TIMESTAMP: an instant, shown in UTC on both sides.

Canonical: as for DATETIME. The table's sessions are in UTC, so whatever zone a server or a client has, one instant
has one text; and in UTC no hour is missing or there twice.
"""

from __future__ import annotations

from datetime import datetime

from core.model import TableColumn
from core.values.dates import ZERO_DATE, DateTimeCodec
from core.values.spelling import shown

FIRST, LAST = "1970-01-01", "2106-02-07 06:28:16"
"""What servers hold at most: MySQL, and MariaDB before 11.5, end in 2038 and say so themselves."""

_ZERO_IN_BINLOG = datetime(1970, 1, 1)  # noqa: DTZ001  (the column's moments are UTC)


class TimestampCodec(DateTimeCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        self.wanted += " in UTC"

    def _of_text(self, text: str) -> str:
        canonical = super()._of_text(text)
        if not FIRST <= canonical < LAST and not canonical.startswith(f"{ZERO_DATE} 00:00:00"):
            self._refuse(f"{shown(text)} is not between 1970-01-01 00:00:01 and 2038-01-19 03:14:07 in UTC")
        return canonical

    def _stored(self, value: object) -> str:
        return super()._stored(f"{ZERO_DATE} 00:00:00" if value == _ZERO_IN_BINLOG else value)
