"""Dates between sheets, scripts and people: serial numbers, instants, and their texts."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # serial numbers are wall-clock time without a zone
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"(?:GMT|UTC)([+-])(\d{1,2})(?::?(\d{2}))?")
_PATTERN = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+")


def zone(name: str) -> tzinfo:
    """The time zone of that name, such as ``Europe/Berlin`` or ``GMT+1``.

    Raises:
        ValueError: there is none.
    """
    if match := _OFFSET.fullmatch(name):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(offset if sign == "+" else -offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"Invalid argument: timeZone. Should be of type: String ({name})") from error


def instant_ms(serial: float, zone_: tzinfo) -> int | None:
    """The instant (ms since 1970) at which clocks of the zone show a serial number; None beyond the calendar."""
    try:
        wall = SERIAL_EPOCH + timedelta(milliseconds=round(serial * 86_400_000))
        return round((wall.replace(tzinfo=zone_) - EPOCH) / timedelta(milliseconds=1))
    except OverflowError:
        return None


def serial_of(instant_ms_: float, zone_: tzinfo) -> float:
    """The serial number that clocks of the zone show at an instant."""
    wall = wall_clock(instant_ms_, zone_).replace(tzinfo=None)
    return (wall - SERIAL_EPOCH) / timedelta(days=1)


def wall_clock(instant_ms_: float, zone_: tzinfo) -> datetime:
    """Date and time of the zone at an instant."""
    return (EPOCH + timedelta(milliseconds=instant_ms_)).astimezone(zone_)


def format_date(instant_ms_: float, zone_name: str, pattern: str) -> str:
    """A date as a text, by the letters of Java's SimpleDateFormat.

    Raises:
        ValueError: an unknown zone or letter.
    """
    when = wall_clock(instant_ms_, zone(zone_name))

    def written(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return match.group(1).replace("''", "'") or "'"
        return _field(when, match.group(2), len(match.group(0))) if match.group(2) else match.group(0)

    return _PATTERN.sub(written, pattern)


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "d": lambda when: when.day,
    "D": lambda when: when.timetuple().tm_yday,
    "H": lambda when: when.hour,
    "k": lambda when: when.hour or 24,
    "K": lambda when: when.hour % 12,
    "h": lambda when: when.hour % 12 or 12,
    "m": lambda when: when.minute,
    "s": lambda when: when.second,
    "S": lambda when: when.microsecond // 1000,
    "u": lambda when: when.isoweekday(),
    "w": lambda when: int(when.strftime("%U")) + 1,
}


def _field(when: datetime, letter: str, width: int) -> str:
    if letter in _NUMBERS:
        return str(_NUMBERS[letter](when)).zfill(width)
    if letter in _TEXTS:
        return _TEXTS[letter](when, width)
    raise ValueError(f"Illegal pattern character '{letter}'")


def _year(when: datetime, width: int) -> str:
    return str(when.year % 100).zfill(2) if width == 2 else str(when.year).zfill(width)


def _month(when: datetime, width: int) -> str:
    return str(when.month).zfill(width) if width <= 2 else when.strftime("%b" if width == 3 else "%B")


def _iso_offset(when: datetime, width: int) -> str:
    offset = when.strftime("%z")
    if offset == "+0000":
        return "Z"
    return {1: offset[:3], 2: offset}.get(width, f"{offset[:3]}:{offset[3:]}")


_TEXTS: dict[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "Y": _year,
    "M": _month,
    "L": _month,
    "E": lambda when, width: when.strftime("%a" if width <= 3 else "%A"),
    "a": lambda when, _width: "AM" if when.hour < 12 else "PM",
    "Z": lambda when, _width: when.strftime("%z"),
    "X": _iso_offset,
    "z": lambda when, _width: when.tzname() or when.strftime("%z"),
}
