"""What Google makes of what a person types (and of ``USER_ENTERED`` values)."""

import calendar
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sandbox.google.cells import Cell, Format, Value
from sandbox.google.locales import LocaleRules, rules_of

SERIAL_ZERO = date(1899, 12, 30)
"""The day whose serial number is 0."""

_DATE_TYPES = {"DATE", "TIME", "DATE_TIME"}
_TIME = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?:\s*([AaPp])\.?[Mm]\.?)?")
_ISO_DATE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})")
_NAMED = (
    (re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})"), "mdy", "mmm d, yyyy"),
    (re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})\.?[ -](\d{4}|\d{2})"), "dmy", "d mmm yyyy"),
)
_MONTHS = {name.lower(): i for i in range(1, 13) for name in (calendar.month_name[i], calendar.month_abbr[i])}

Parsed = tuple[Value, tuple[str, str] | None]
"""A value, and type and pattern of the number format that goes with it."""


def typed(text: str, old: Cell, locale: str) -> Cell:
    """The cell after a person typed ``text`` into ``old``."""
    if text == "":
        return _plain(old, None)
    if text.startswith("'"):
        return _plain(old, text[1:] or None)
    if old.plain_text:
        return _plain(old, text)
    rules = rules_of(locale)
    value, number_format = parse(text, rules)
    if value is None:
        formula = text.rstrip() if text.startswith("=") else f"={text.rstrip()}"
        return replace(old, value=None, formula=formula, extras=None)
    if isinstance(value, float) and number_format is None and old.number_format[0] == "PERCENT":
        value = value / 100
    return Cell(value, None, _with_format(old, number_format), old.note, old.validation)


def _plain(old: Cell, value: Value) -> Cell:
    return Cell(value, None, old.format, old.note, old.validation)


def parse(text: str, rules: LocaleRules) -> Parsed:
    """Value and number format of a typed text; the value None stands for a formula."""
    bare = text.strip()
    if bare.upper() in ("TRUE", "FALSE"):
        return bare.upper() == "TRUE", None
    found = _number(bare, rules) or _date(bare, rules) or _time(bare) or _date_time(bare, rules)
    if found is not None:
        return found
    if len(bare) > 1 and text.startswith(("=", "+")):
        return None, None
    return text, None


def serial_of(day: date, seconds: float = 0.0) -> float:
    """The serial number of a day and the seconds since its midnight."""
    return (day - SERIAL_ZERO).days + seconds / 86_400


def _with_format(old: Cell, number_format: tuple[str, str] | None) -> Format | None:
    if number_format is None:
        return old.format
    known = old.number_format[0]
    same_kind = (known in _DATE_TYPES) == (number_format[0] in _DATE_TYPES)
    if known and same_kind:
        return old.format
    return (old.format or {}) | {"numberFormat": {"type": number_format[0], "pattern": number_format[1]}}


# -- numbers ---------------------------------------------------------------------------------


def _number(text: str, rules: LocaleRules) -> Parsed | None:
    negative, body = _sign(text)
    percent, body = _strip_mark(body, "%")
    money, body = _strip_mark(body, rules.currency)
    if percent and money:
        return None
    if body[:1] == "-" and money and not negative:
        negative, body = True, body[1:]
    group, mark = re.escape(rules.groups), re.escape(rules.decimal)
    match = re.fullmatch(
        rf"(?P<whole>\d{{1,3}}(?:[{group}]\d{{3}})+|\d*)(?P<fraction>{mark}\d*)?(?P<power>[eE][+-]?\d{{1,3}})?", body
    )
    if not match or not re.search(r"\d", (match["whole"] or "") + (match["fraction"] or "")):
        return None
    whole = re.sub(r"\D", "", match["whole"])
    fraction = (match["fraction"] or "")[1:]
    number = float(f"{whole or 0}.{fraction or 0}{match['power'] or ''}")
    if number in (float("inf"),):
        return None
    number = -number if negative else number
    marks = _Marks(percent, money, bool(match["power"]), len(whole) < len(match["whole"]))
    return (number / 100 if percent else number), _number_format(rules, fraction, marks)


@dataclass(frozen=True, slots=True)
class _Marks:
    """What was typed around a number's digits."""

    percent: bool
    money: bool
    power: bool
    grouped: bool


def _number_format(rules: LocaleRules, fraction: str, marks: _Marks) -> tuple[str, str] | None:
    if marks.percent:
        return "PERCENT", "0.00%" if fraction else "0%"
    if marks.money:
        return "CURRENCY", rules.currency_pattern if fraction else rules.currency_pattern.replace(".00", "")
    if marks.power:
        return "SCIENTIFIC", "0.00E+00"
    if marks.grouped:
        return "NUMBER", "#,##0.00" if fraction else "#,##0"
    return None


def _sign(text: str) -> tuple[bool, str]:
    if text.startswith("(") and text.endswith(")") and text[1:2] not in "+-(":
        return True, text[1:-1].strip()
    if text.startswith(("+", "-")):
        return text[0] == "-", text[1:].lstrip()
    return False, text


def _strip_mark(text: str, mark: str) -> tuple[bool, str]:
    if text.endswith(mark):
        return True, text[: -len(mark)].rstrip()
    if text.startswith(mark):
        return True, text[len(mark) :].lstrip()
    return False, text


# -- dates and times -------------------------------------------------------------------------


def _date(text: str, rules: LocaleRules) -> Parsed | None:
    found = _day(text, rules)
    return None if found is None else (serial_of(found[0]), ("DATE", found[1]))


def _day(text: str, rules: LocaleRules) -> tuple[date, str] | None:
    if match := _ISO_DATE.fullmatch(text):
        pattern = "yyyy-mm-dd" if match[2] == "-" else "yyyy/mm/dd"
        return _real_day(int(match[1]), int(match[3]), int(match[4]), pattern)
    for shape, order, pattern in _NAMED:
        if (match := shape.fullmatch(text)) and (month := _MONTHS.get(match[1 if order == "mdy" else 2].lower())):
            return _real_day(_year(match[3]), month, int(match[2 if order == "mdy" else 1]), pattern)
    return _digits_day(text, rules)


def _digits_day(text: str, rules: LocaleRules) -> tuple[date, str] | None:
    match = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})(?:\2(\d{4}|\d{2}))?\.?", text)
    if not match or (match[2] == "." and "." not in rules.date_pattern):
        return None
    first, second = int(match[1]), int(match[3])
    if match[4] is None and match[2] == "." and not text.endswith("."):
        return None  # 12.5 is no day unless it ends with a dot
    day, month = (second, first) if rules.date_order != "dmy" else (first, second)
    if match[4] is None:
        pattern = "d/m" if rules.date_order == "dmy" else "m/d"
        return _real_day(datetime.now(UTC).year, month, day, pattern.replace("/", match[2]))
    return _real_day(_year(match[4]), month, day, rules.date_pattern.lower())


def _real_day(year: int, month: int, day: int, pattern: str) -> tuple[date, str] | None:
    try:
        return date(year, month, day), pattern
    except ValueError:
        return None


def _year(text: str) -> int:
    if len(text) == 4:
        return int(text)
    return int(text) + (2000 if int(text) < 30 else 1900)


def _time(text: str) -> Parsed | None:
    found = _clock(text)
    return None if found is None else (found[0] / 86_400, ("TIME", found[1]))


def _clock(text: str) -> tuple[float, str] | None:
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    half = (match[5] or "").lower()
    if minutes > 59 or seconds > 59 or (half and not 1 <= hours <= 12):
        return None
    hours = hours % 12 + (12 if half == "p" else 0) if half else hours
    pattern = ("[h]" if hours > 23 else "h") + (":mm:ss" if match[3] else ":mm")
    pattern += ".000" if match[4] else ""
    return hours * 3600 + minutes * 60 + seconds + float(match[4] or 0), pattern + (" AM/PM" if half else "")


def _date_time(text: str, rules: LocaleRules) -> Parsed | None:
    head, _, tail = text.partition(" ")
    for _ in range(text.count(" ")):
        day, clock = _day(head.rstrip(","), rules), _clock(tail.strip())
        if day is not None and clock is not None and clock[0] < 86_400:
            return serial_of(day[0], clock[0]), ("DATE_TIME", f"{day[1]} {clock[1]}")
        more, _, tail = tail.partition(" ")
        head = f"{head} {more}"
    return None
