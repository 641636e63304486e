"""A cell as the page shows it: its text, what the formula bar shows, its kind and its note."""

import calendar
from typing import Any

from sandbox.google import formats, typed
from sandbox.google.cells import Cell, ErrorValue
from sandbox.google.locales import rules_of

Json = dict[str, Any]

DATE_TYPES = frozenset({"DATE", "TIME", "DATE_TIME"})
_DIGITS_MAX = 15
_MONTHS = frozenset(name.lower() for name in calendar.month_abbr if name)


class Options:
    """The drop-downs of a tab, each sent once and named by its number."""

    def __init__(self) -> None:
        self.lists: list[tuple[str, ...]] = []
        self._numbers: dict[tuple[str, ...], int] = {}

    def number(self, cell: Cell) -> int | None:
        """The number of the cell's drop-down; None where it has none."""
        condition = (cell.validation or {}).get("condition") or {}
        if condition.get("type") != "ONE_OF_LIST":
            return None
        members = tuple(str(v.get("userEnteredValue", "")) for v in condition.get("values", ()))
        if members not in self._numbers:
            self._numbers[members] = len(self.lists)
            self.lists.append(members)
        return self._numbers[members]


def cell_json(cell: Cell | None, locale: str, options: Options) -> Json | str | None:
    """A cell in as few bytes as it takes: None for a bare one, a text for a plain text.

    Otherwise ``v`` what it shows, ``e`` what the formula bar shows where that differs, ``t`` its kind
    (``n`` number, ``d`` date, ``b`` boolean, ``e`` error), ``n`` its note, ``o`` its drop-down, ``s`` its style,
    ``c`` its background, ``x`` 1 for a checkbox.
    """
    if cell is None or cell.bare:
        return None
    shown, edited = formats.shown(cell, locale), edit_text(cell, locale)
    told: Json = {"v": shown} if shown else {}
    told |= {"e": edited} if edited != shown else {}
    told |= {"t": kind} if (kind := _kind(cell)) else {}
    told |= {"n": cell.note} if cell.note else {}
    told |= {"s": style} if (style := _style(cell)) else {}
    told |= {"c": colour} if (colour := _background(cell)) else {}
    if cell.validation:
        number = options.number(cell)
        told |= {"o": number} if number is not None else {}
        told |= {"x": 1} if (cell.validation.get("condition") or {}).get("type") == "BOOLEAN" else {}
    if not told:
        return None
    return shown if told.keys() == {"v"} else told


def edit_text(cell: Cell, locale: str) -> str:
    """What a person finds when they open the cell: typed again, it gives the same cell."""
    value = cell.value
    if cell.formula is not None:
        return cell.formula
    if isinstance(value, bool | ErrorValue) or value is None:
        return formats.shown(cell, locale)
    if isinstance(value, str):
        return _text_to_type(value, cell, locale)
    kind = cell.number_format[0]
    if kind in DATE_TYPES:
        return formats.shown(cell, locale)
    percent = kind == "PERCENT"
    text = f"{value * 100 if percent else value:.{_DIGITS_MAX}g}".replace(".", rules_of(locale).decimal)
    return text + "%" if percent else text


def _text_to_type(value: str, cell: Cell, locale: str) -> str:
    """A text that would be read as a number or a formula shows Google's leading apostrophe."""
    if cell.plain_text or not value:
        return value
    if _is_plainly_text(value):
        return value
    if value[0] == "'" or typed.parse(value, rules_of(locale))[0] != value:
        return "'" + value
    return value


def _is_plainly_text(value: str) -> bool:
    """Most texts: begun with a letter that begins no month, they are nothing that typing would read otherwise."""
    return value[0].isalpha() and value[:3].lower() not in _MONTHS and value.strip().upper() not in {"TRUE", "FALSE"}


def _kind(cell: Cell) -> str:
    value = cell.value
    if isinstance(value, bool):
        return "b"
    if isinstance(value, ErrorValue):
        return "e"
    if isinstance(value, float):
        return "d" if cell.number_format[0] in DATE_TYPES else "n"
    return ""


def _style(cell: Cell) -> str:
    text = (cell.format or {}).get("textFormat") or {}
    return ("b" if text.get("bold") else "") + ("i" if text.get("italic") else "")


def _background(cell: Cell) -> str:
    """As ``#rrggbb``; empty for none. Colours of the spreadsheet's theme, which the sandbox has not, are left out."""
    style = (cell.format or {}).get("backgroundColorStyle") or {}
    colour = style.get("rgbColor") or (cell.format or {}).get("backgroundColor")
    if not colour:
        return ""
    return "#" + "".join(f"{round(255 * colour.get(part, 0)):02x}" for part in ("red", "green", "blue"))
