"""What MySQL and MariaDB say about a value that a table cannot hold, in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.errors import NoParent, Unfit

# Data exceptions (22…), integrity (23…) and SIGNAL (45…) are about the value, and so are some that the servers
# file under "general": no default (1364), wrong value (1366), a note that a value was cut (1265), MySQL's CHECK
# (3819), a row that outgrows a page (1118), a generated column (1906, 3105), keys used up (1467), bytes that are
# no text (1300).
_VALUE_STATES = ("22", "23", "45")
_VALUE_NUMBERS = frozenset({1118, 1265, 1300, 1364, 1366, 1369, 1467, 1906, 3105, 3819, 4025})
_NO_PARENT = frozenset({1216, 1452})
_CUT_NUMBERS = frozenset({1264, 1265, 1292, 1366, 1406})


def is_cut(number: int) -> bool:
    """Whether a warning of that number says that a value was stored differently from what was given."""
    return number in _CUT_NUMBERS


def unfit(number: int, text: str, sqlstate: str = "") -> Unfit | None:
    """The reason why a value was refused; ``None`` where the fault is no value's.

    Args:
        number: the server's error number.
        text: the server's message.
        sqlstate: five characters, where known.
    """
    if number not in _VALUE_NUMBERS and number not in _CUT_NUMBERS and sqlstate[:2] not in _VALUE_STATES:
        return None
    if number in _NO_PARENT:
        return _no_parent(text)
    words = _WORDS.get(number)
    return Unfit(words(text) if words else text)


def _match(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text, re.DOTALL)
    return tuple(g or "" for g in found.groups()) if found else ()


def _column(says: str) -> Callable[[str], str]:
    def words(text: str) -> str:
        found = _match(r"(?:[Cc]olumn|Field) [`']?(?:[^`']*`\.`)*([^`']+)[`']", text)
        return f"{found[0]}: {says}" if found else text

    return words


def _duplicate(text: str) -> str:
    found = _match(r"Duplicate entry '(.*)' for key '(?:.*\.)?(.*)'", text)
    if not found:
        return text
    where = "the primary key" if found[1] == "PRIMARY" else f"the unique key {found[1]}"
    return f"another row of the table already has '{found[0]}' in {where}; give one of the two another value"


def _no_parent(text: str) -> NoParent:
    found = _match(r"FOREIGN KEY \((.*?)\) REFERENCES (.*?) \((.*?)\)", text)
    if not found:
        return NoParent(text)
    columns, table, others = (part.replace("`", "") for part in found)
    return NoParent(f"{columns}: the table {table} has no row with this {others}", tuple(columns.split(", ")), table)


def _has_children(text: str) -> str:
    found = _match(r"fails \((?:`.*?`\.)?`(.*?)`", text)
    return f"rows of the table {found[0]} refer to this row" if found else text


def _check(text: str) -> str:
    found = _match(r"(?:Check constraint|CONSTRAINT) [`'](.*?)[`']", text)
    if not found:
        return text
    table, _, column = found[0].rpartition(".")  # MariaDB names the check of a column by both
    return (
        f"{column}: the table's check does not allow it" if table else f"the table's check {column} does not allow it"
    )


_WORDS: dict[int, Callable[[str], str]] = {
    1048: _column("cannot be empty"),
    1118: lambda _: "all values of the row together are too long for the table",
    1062: _duplicate,
    1169: _duplicate,
    1217: _has_children,
    1451: _has_children,
    1264: _column("the number is out of the column's range"),
    1265: _column("the column cannot hold the value exactly"),
    1292: lambda text: _column(text.split(" for column")[0].replace("Incorrect", "not a valid"))(text),
    1366: lambda text: _column(text.split(" for column")[0].replace("Incorrect", "not a valid"))(text),
    1364: _column("is required and has no default"),
    1406: _column("the value is too long for the column"),
    1467: lambda _: "the table has used up the numbers of its AUTO_INCREMENT column",
    1906: _column("is computed by the table and cannot be written"),
    3105: _column("is computed by the table and cannot be written"),
    3140: _column("is not valid JSON"),
    3819: _check,
    4025: _check,
}
