"""Google's serial numbers: days since 1899-12-30, the time of day as their fraction, no time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - serial numbers and the columns that they fill have no zone
DAY_MS = 86_400_000
DAYS_END = 2_958_466
"""The first day that no column holds: 10000-01-01."""

_EPOCH_DAY = EPOCH.toordinal()

_NOISE_MS = 0.1
"""A serial number of today is exact to 0.001 ms, one of the year 9999 to 0.05 ms."""


def day_of(days: float) -> date | None:
    """The day of a serial number that stands for one as a whole; ``None`` for any other."""
    is_day = 0 <= days < DAYS_END and days == int(days)
    return date.fromordinal(_EPOCH_DAY + int(days)) if is_day else None


def days_to(day: date) -> float | None:
    """The serial number of a day; ``None`` for one before 1899-12-30."""
    days = day.toordinal() - _EPOCH_DAY
    return float(days) if days >= 0 else None


def moment_of(days: float) -> datetime | None:
    """The moment of a serial number, or ``None`` where it stands for none.

    None are numbers before 1899-12-30 and past the year 9999, and fractions finer than a thousandth of a
    second, which only a formula makes.
    """
    if not 0 <= days < DAYS_END:
        return None
    ms = ms_of(days)
    return None if ms is None or ms >= DAYS_END * DAY_MS else EPOCH + timedelta(milliseconds=ms)


def ms_of(days: float) -> int | None:
    """The thousandths of a second of a serial number, or ``None`` where it is finer, which only a formula makes."""
    ms = round(days * DAY_MS)
    return None if abs(days * DAY_MS - ms) > _NOISE_MS else ms


def serial_of(moment: datetime) -> float | None:
    """The serial number of a moment, or ``None`` where none holds it exactly."""
    since = moment - EPOCH
    if since.days < 0 or since.microseconds % 1000:
        return None
    return (since.days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000) / DAY_MS
