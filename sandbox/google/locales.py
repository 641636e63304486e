"""How a spreadsheet's locale writes numbers, money and dates."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocaleRules:
    """What typing and showing depend on.

    Args:
        decimal: the decimal mark.
        groups: marks between thousands.
        date_order: order of day, month and year in an all-digit date.
        date_pattern: the pattern of a date without one of its own.
        currency: the currency sign.
        currency_pattern: the pattern of money without one of its own.
        engine: the calculation engine's name of the locale.
    """

    decimal: str = "."
    groups: str = ","
    date_order: str = "mdy"
    date_pattern: str = "M/d/yyyy"
    currency: str = "$"
    currency_pattern: str = '"$"#,##0.00'
    engine: str = "en"


_EN_US = LocaleRules()
_LOCALES = {
    "en_US": _EN_US,
    "en_GB": LocaleRules(
        date_order="dmy", date_pattern="dd/MM/yyyy", currency="£", currency_pattern='"£"#,##0.00', engine="en-GB"
    ),
    "de_DE": LocaleRules(",", ".", "dmy", "dd.MM.yyyy", "€", '#,##0.00\\ "€"', "de"),
    "fr_FR": LocaleRules(",", " \u00a0\u202f", "dmy", "dd/MM/yyyy", "€", '#,##0.00\\ "€"', "fr"),
    "es_ES": LocaleRules(",", ".", "dmy", "d/M/yyyy", "€", '#,##0.00\\ "€"', "es"),
    "it_IT": LocaleRules(",", ".", "dmy", "dd/MM/yyyy", "€", '#,##0.00\\ "€"', "it"),
    "ja_JP": LocaleRules(date_order="ymd", date_pattern="yyyy/MM/dd", currency="¥", currency_pattern='"¥"#,##0'),
}
_BY_LANGUAGE = {name.split("_")[0]: rules for name, rules in reversed(_LOCALES.items())}


def rules_of(locale: str) -> LocaleRules:
    """The rules of a locale; of its language, else of en_US, when there are none of its own."""
    language = re.split("[_-]", locale)[0]
    return _LOCALES.get(locale) or _BY_LANGUAGE.get(language, _EN_US)
