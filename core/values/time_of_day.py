"""TIME: a time of day or a length of time, from -838:59:59 to 838:59:59.

Canonical: ``[-]hh:mm:ss`` with exactly the column's digits of seconds; hours have three digits from 100 on. A
serial number holds the times of one day to the millisecond; what it cannot hold stands as that text in the cell.
What people type as a length (25:30) is a serial number past 1, and read as the time that it is.
"""

from __future__ import annotations

import re
from datetime import timedelta

from core.model import TableColumn
from core.values import Serial, SheetValue
from core.values.base import ColumnCodec
from core.values.serials import DAY_MS, ms_of
from core.values.spelling import shown

_TIME = re.compile(r"(-)?([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,6}))?)?")
_DAY_US = DAY_MS * 1000
_US_MAX = ((838 * 60 + 59) * 60 + 59) * 1_000_000


class TimeCodec(ColumnCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        self.digits = column.fraction_digits
        fraction = "." + "0" * min(self.digits, 3) if self.digits else ""
        # In brackets the hours go on counting past 24: the cell shows what it holds.
        self.number_format: tuple[str, str] | None = ("TIME", "[hh]:mm:ss" + fraction)
        example = "07:08:09" + ("." + "123456"[: self.digits]).rstrip(".")
        self.wanted = f"a time like {example}, from -838:59:59 to 838:59:59"

    def _of_text(self, text: str) -> str:
        return self._of_us(self.order_key(text.strip(" ")), text)

    def _of_number(self, number: float) -> str:
        return self._of_serial(Serial(number))

    def _of_serial(self, serial: Serial) -> str:
        if not abs(serial.days) <= _US_MAX / _DAY_US:  # nan is not within either
            self._misfit(shown(serial.days))
        ms = ms_of(serial.days)
        if ms is None:
            self._refuse(f"{shown(serial.days)} is finer than a thousandth of a second")
        return self._of_us(ms * 1000, shown(serial.days))

    def _of_us(self, us: int, text: str) -> str:
        if abs(us) > _US_MAX:
            self._misfit(text)
        if us % 10 ** (6 - self.digits):
            kept = f"{self.digits} digits of seconds" if self.digits else "whole seconds"
            self._refuse(f"{shown(text)} is too fine, the column holds {kept}")
        return self._spelled(us)

    def _spelled(self, us: int) -> str:
        seconds, fraction = divmod(abs(us), 1_000_000)
        digits = f".{fraction:06}"[: self.digits + 1].rstrip(".") if self.digits else ""
        return f"{'-' if us < 0 else ''}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{digits}"

    def _cell(self, value: str) -> SheetValue:
        us = self.order_key(value)
        return Serial(us // 1000 / DAY_MS) if 0 <= us < _DAY_US and us % 1000 == 0 else value

    def _stored(self, value: object) -> str:
        if isinstance(value, timedelta):
            return self._of_us(value // timedelta(microseconds=1), str(value))
        return self._of_text(value) if isinstance(value, str) else super()._stored(value)

    def order_key(self, value: str) -> int:
        """By length, in microseconds."""
        found = _TIME.fullmatch(value)
        if found is None:
            self._misfit(value)
        sign, hours, minutes, seconds, fraction = found.groups()
        whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds or 0)
        us = whole * 1_000_000 + int((fraction or "").ljust(6, "0"))
        return -us if sign else us
