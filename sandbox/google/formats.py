"""The text that a cell shows."""

import re
from functools import lru_cache
from threading import Lock
from typing import Any

import ironcalc

from sandbox.google.cells import Cell, ErrorValue
from sandbox.google.date_patterns import by_date_pattern, is_date_pattern
from sandbox.google.locales import rules_of

_SIGNIFICANT_DIGITS = 10
_PLAIN_NUMBER_MAX = 1e15
_FALLBACK_PATTERNS = {
    "NUMBER": "#,##0.00",
    "PERCENT": "0.00%",
    "SCIENTIFIC": "0.00E+00",
    "TIME": "h:mm:ss AM/PM",
}
_NAMES = re.compile("mmm|ddd", re.IGNORECASE)
"""Names of months and days: the engine knows them in the locale's language."""

_lock = Lock()


def shown(cell: Cell, locale: str) -> str:
    """The formatted text of a cell, as Google's ``FORMATTED_VALUE``."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, ErrorValue):
        return value.text
    pattern = pattern_of(cell, locale)
    return by_pattern(value, pattern, locale) if pattern else automatic(value, locale)


def pattern_of(cell: Cell, locale: str) -> str:
    """The number pattern in force; empty for automatic and plain text."""
    type_, pattern = cell.number_format
    if type_ in ("", "TEXT"):
        return pattern if type_ == "" else ""
    rules = rules_of(locale)
    own = {
        "DATE": rules.date_pattern,
        "DATE_TIME": f"{rules.date_pattern} H:mm:ss",
        "CURRENCY": rules.currency_pattern,
    }
    return pattern or own.get(type_) or _FALLBACK_PATTERNS.get(type_, "")


def automatic(number: float, locale: str) -> str:
    """A number without a format: ten digits that count, no thousands marks."""
    if number.is_integer() and abs(number) < _PLAIN_NUMBER_MAX:
        return str(int(number))
    text = f"{number:.{_SIGNIFICANT_DIGITS}g}"
    if abs(number) >= _PLAIN_NUMBER_MAX or "e" in text:
        mantissa, _, power = f"{number:.5E}".partition("E")
        text = f"{mantissa.rstrip('0').rstrip('.')}E{power[0]}{int(power[1:]):02d}"
    return text.replace(".", rules_of(locale).decimal)


def by_pattern(number: float, pattern: str, locale: str) -> str:
    """A number by a pattern such as ``yyyy-mm-dd`` or ``#,##0.00``."""
    if is_date_pattern(pattern) and not (_NAMES.search(pattern) and rules_of(locale).engine[:2] != "en"):
        text = by_date_pattern(number, pattern)
        if text is not None:
            return text
    with _lock:
        model, row = _scratch(pattern, rules_of(locale).engine)
        model.update_cell_with_number(0, row, 1, number)
        return str(model.get_formatted_cell_value(0, row, 1))


@lru_cache(maxsize=512)
def _scratch(pattern: str, engine_locale: str) -> tuple[Any, int]:
    model = _scratch_model(engine_locale)
    _rows[engine_locale] = row = _rows.get(engine_locale, 0) + 1
    shape = pattern.lower() if is_date_pattern(pattern) else pattern
    model.set_cell_style(0, row, 1, model.get_cell_style(0, row, 1) | {"num_fmt": shape})
    return model, row


_rows: dict[str, int] = {}


@lru_cache(maxsize=16)
def _scratch_model(engine_locale: str) -> Any:
    return ironcalc.create("formats", engine_locale, "UTC", "en")
