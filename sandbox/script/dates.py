"""Dates between sheets, scripts and people: serial numbers, instants, and their texts."""

import re
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


def _field(when: datetime, letter: str, width: int) -> str:
    numbers = {
        "d": when.day,
        "D": when.timetuple().tm_yday,
        "H": when.hour,
        "k": when.hour or 24,
        "K": when.hour % 12,
        "h": when.hour % 12 or 12,
        "m": when.minute,
        "s": when.second,
        "S": when.microsecond // 1000,
        "u": when.isoweekday(),
        "w": int(when.strftime("%U")) + 1,
    }
    if letter in numbers:
        return str(numbers[letter]).zfill(width)
    if letter in "yY":
        return str(when.year % 100).zfill(2) if width == 2 else str(when.year).zfill(width)
    if letter in "ML":
        if width <= 2:
            return str(when.month).zfill(width)
        return when.strftime("%b" if width == 3 else "%B")
    if letter == "E":
        return when.strftime("%a" if width <= 3 else "%A")
    if letter == "a":
        return "AM" if when.hour < 12 else "PM"
    return _zone_field(when, letter, width)


def _zone_field(when: datetime, letter: str, width: int) -> str:
    offset = when.strftime("%z")
    if letter == "Z":
        return offset
    if letter == "X":
        if offset == "+0000":
            return "Z"
        return {1: offset[:3], 2: offset}.get(width, f"{offset[:3]}:{offset[3:]}")
    if letter == "z":
        return when.tzname() or offset
    raise ValueError(f"Illegal pattern character '{letter}'")
