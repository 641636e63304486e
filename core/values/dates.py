"""Dates and times of day: DATE and DATETIME, without a time zone on either side.

Canonical: ISO text with exactly the column's digits of seconds, ``2024-05-06`` and ``2024-05-06 07:08:09.5``.
What a serial number cannot hold (before 1899-12-30, finer than a millisecond, MySQL's zero dates) stands as
that text in the cell and is read back from it.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NoReturn

from core.model import TableColumn
from core.values import Serial, SheetValue
from core.values.base import ColumnCodec
from core.values.serials import day_of, days_to, moment_of, serial_of
from core.values.spelling import shown

_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?"
_ISO = re.compile(rf"{_DATE}(?:[ T]{_TIME})?")

ZERO_DATE = "0000-00-00"


class _CalendarCodec(ColumnCodec):
    """What DATE and DATETIME share: a number is a serial number."""

    def _of_number(self, number: float) -> str:
        return self._of_serial(Serial(number))

    def _moment(self, serial: Serial) -> datetime:
        moment = moment_of(serial.days)
        if moment is not None:
            return moment
        if serial.days >= 0:
            self._refuse(f"{shown(serial.days)} is not {self.wanted}, to the thousandth of a second")
        self._refuse(f"{shown(serial.days)} is before 1899-12-30, where dates stand as text, like '1850-01-31")

    def _parts(self, text: str) -> tuple[str, str, str]:
        """Date, time to the second and fraction of an ISO text, checked."""
        match = _ISO.fullmatch(text.strip(" "))
        if match is None or not _is_day(*(int(part) for part in match.groups()[:3])):
            self._misfit(text)
        year, month, day, hour, minute, second, fraction = match.groups()
        return f"{year}-{month}-{day}", f"{hour or '00'}:{minute or '00'}:{second or '00'}", fraction or ""

    def _serial_or_text(self, value: str) -> SheetValue:
        try:
            days = serial_of(datetime.fromisoformat(value))
        except ValueError:  # a zero date is no date to Python
            return value
        return value if days is None else Serial(days)

    def _from_table(self, value: object) -> str | None:
        """Drivers return ``None`` for MySQL's zero dates too."""
        if value is None and not self.column.nullable:
            value = ZERO_DATE
        return super()._from_table(value)


class DateCodec(_CalendarCodec):
    """See the module."""

    number_format: tuple[str, str] | None = ("DATE", "yyyy-mm-dd")
    wanted = "a date like 2024-05-06"

    def _of_serial(self, serial: Serial) -> str:
        if (day := day_of(serial.days)) is not None:
            return day.isoformat()
        self._refuse_time(self._moment(serial).isoformat(" "))

    def _of_text(self, text: str) -> str:
        if _is_iso_day(text):
            return text
        day, time, fraction = self._parts(text)
        if time != "00:00:00" or fraction.strip("0"):
            self._refuse_time(text)
        return day

    def _refuse_time(self, text: str) -> NoReturn:
        self._refuse(f"{shown(text)} has a time of day, and the column holds dates only")

    def _cell(self, value: str) -> SheetValue:
        try:
            days = days_to(date.fromisoformat(value))
        except ValueError:  # a zero date is no date to Python
            return value
        return value if days is None else Serial(days)

    def _stored(self, value: object) -> str:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        return self._of_text(value) if isinstance(value, str) else super()._stored(value)


class DateTimeCodec(_CalendarCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        self.digits = column.fraction_digits
        fraction = "." + "0" * min(self.digits, 3) if self.digits else ""
        self.number_format = ("DATE_TIME", "yyyy-mm-dd hh:mm:ss" + fraction)
        self.wanted = "a date and time like 2024-05-06 07:08:09" + ("." + "123456"[: self.digits]).rstrip(".")

    def _of_serial(self, serial: Serial) -> str:
        return self._of_moment(self._moment(serial))

    def _of_text(self, text: str) -> str:
        day, time, fraction = self._parts(text)
        if fraction[self.digits :].strip("0"):
            kept = f"{self.digits} digits of seconds" if self.digits else "whole seconds"
            self._refuse(f"{shown(text)} is too fine, the column holds {kept}")
        digits = fraction[: self.digits].ljust(self.digits, "0")
        return f"{day} {time}" + (f".{digits}" if digits else "")

    def _of_moment(self, moment: datetime) -> str:
        return self._of_text(moment.isoformat(" ", timespec="microseconds"))

    def _cell(self, value: str) -> SheetValue:
        return self._serial_or_text(value)

    def _stored(self, value: object) -> str:
        if isinstance(value, datetime) and value.tzinfo is None:
            return self._of_moment(value)
        return self._of_text(value) if isinstance(value, str) else super()._stored(value)


def _is_iso_day(text: str) -> bool:
    """Whether a text is a day of the calendar in the one spelling; the others are looked at more closely."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_day(year: int, month: int, day: int) -> bool:
    """Whether MySQL may hold this day: one of the calendar, or one with zeros, as its SQL mode allows."""
    if 0 in (year, month, day):
        return month <= 12 and day <= 31
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
