"""Columns whose type stands in a cell in another way than people may expect (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from core.model import Link, LinkedColumn

_NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "integer", "bigint", "decimal", "numeric"})
_MOMENTS = frozenset({"time", "datetime", "timestamp"})
SERIAL_DIGITS = 3
"""Digits of seconds that a serial number holds."""


@dataclass(frozen=True, slots=True)
class Care:
    """What to know of a column before it is linked."""

    column: str
    """Table column name."""
    column_type: str
    what: str


def columns_with_care(link: Link, time_zone: str) -> list[Care]:
    """The linked columns that need care, with the reason.

    Args:
        link: with its columns.
        time_zone: of the spreadsheet; empty where nobody knows.
    """
    told = ((column, what) for column in link.columns for what in _what(column, time_zone))
    return [Care(column.name, column.column.column_type, what) for column, what in told]


def _what(column: LinkedColumn, time_zone: str) -> list[str]:
    kind, found = column.column.data_type, []
    if column.column.generated:
        found.append("the table computes it: the sheet shows it, and what is typed there is put back")
    elif column.codec.read_only:
        found.append("the sheet shows it as text, and what is typed there is put back")
    if kind in _NUMBERS and column.codec.plain_text:
        found.append("its numbers can have more than 15 digits, so they stand as plain text in the sheet")
    if kind == "timestamp":
        own = f", whatever the spreadsheet's time zone ({time_zone})" if time_zone else ""
        found.append(f"it stands in UTC in the sheet{own}")
    if kind in _MOMENTS and column.column.fraction_digits > SERIAL_DIGITS:
        found.append("a time finer than a thousandth of a second stands as text in the sheet")
    return found
