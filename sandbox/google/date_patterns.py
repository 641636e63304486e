"""Dates and times by a pattern such as ``yyyy-mm-dd hh:mm:ss.000``, also before 1899 and past 24 hours.

The patterns are those of https://developers.google.com/workspace/sheets/api/guides/formats.
"""

import calendar
import re
from datetime import datetime, timedelta

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<elapsed>h+|m+|s+)\]|(?P<fraction>\.0+)|(?P<half>am/pm|a/p)'
    r"|(?P<field>y+|m+|d+|h+|s+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  # serial numbers have no time zone
_MS_PER_DAY = 86_400_000
_MS_MAX = 9_999 * 366 * _MS_PER_DAY


def is_date_pattern(pattern: str) -> bool:
    """Whether a pattern shows a date or a time."""
    return re.search("[ymdhs]", _QUOTED.sub("", pattern), re.IGNORECASE) is not None


def by_date_pattern(serial: float, pattern: str) -> str | None:
    """The text of a serial number; None beyond the calendar (years 1 to 9999)."""
    ms = round(serial * _MS_PER_DAY)
    if abs(ms) > _MS_MAX:
        return None
    try:
        when = _ZERO + timedelta(milliseconds=ms)
    except OverflowError:
        return None
    tokens = list(_TOKEN.finditer(pattern))
    with_half = any(token["half"] for token in tokens)
    return "".join(_text(tokens, place, when, ms, with_half) for place in range(len(tokens)))


def _text(tokens: list[re.Match[str]], place: int, when: datetime, ms: int, with_half: bool) -> str:
    token = tokens[place]
    if token["quoted"] is not None or token["escaped"] or token["other"]:
        return token["quoted"] or token["escaped"] or token["other"] or ""
    if token["elapsed"]:
        unit_ms = {"h": 3_600_000, "m": 60_000, "s": 1000}[token["elapsed"][0].lower()]
        return f"{ms // unit_ms:0{len(token['elapsed'])}d}"
    if token["fraction"]:
        return f".{when.microsecond:06d}"[: len(token["fraction"])]
    if token["half"]:
        half = "PM" if when.hour >= 12 else "AM"
        return half if len(token["half"]) > 3 else half[0]
    return _field(token["field"].lower(), when, minutes=_is_minutes(tokens, place), with_half=with_half)


def _field(field: str, when: datetime, *, minutes: bool, with_half: bool) -> str:
    letter, width = field[0], len(field)
    if letter == "y":
        return f"{when.year:04d}" if width > 2 else f"{when.year % 100:02d}"
    if letter == "d" and width > 2:
        return (calendar.day_abbr if width == 3 else calendar.day_name)[when.weekday()]
    if letter == "m" and width > 2 and not minutes:
        name = calendar.month_name[when.month]
        return {3: name[:3], 5: name[:1]}.get(width, name)
    hour = (when.hour % 12 or 12) if with_half else when.hour
    numbers = {"d": when.day, "h": hour, "s": when.second, "m": when.minute if minutes else when.month}
    return f"{numbers[letter]:0{min(width, 2)}d}"


def _is_minutes(tokens: list[re.Match[str]], place: int) -> bool:
    """An m means minutes right after an hour or right before a second."""
    before = _neighbour(tokens[:place][::-1])
    return before == "h" or _neighbour(tokens[place + 1 :]) == "s"


def _neighbour(tokens: list[re.Match[str]]) -> str:
    fields = (token["field"] or token["elapsed"] for token in tokens)
    return next((field[0].lower() for field in fields if field), "")
