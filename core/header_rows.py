"""Which row of a tab looks like its headers (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.values import SheetValue

COLUMNS_MIN = 2
"""A single text may be a title as well."""


def likely_header_row(lines: Sequence[Sequence[SheetValue]], named: int) -> int | None:
    """The first other row of different texts over all columns that are filled below it, and above more than texts.

    Args:
        lines: the first rows of the tab, from row 1 on.
        named: 1-based row that a person named; where it has a title over more than half as many columns, one of
            its headers is missing rather than all of them.

    Returns:
        The 1-based row; ``None`` where none is evident.
    """
    filled = [{at: value for at, value in enumerate(line) if value not in (None, "")} for line in lines]
    titles = len(filled[named - 1]) if named <= len(filled) else 0
    for row, cells in enumerate(filled, start=1):
        if row != named and len(cells) >= max(COLUMNS_MIN, 2 * titles) and _are_headers(cells, filled[row:]):
            return row
    return None


def _are_headers(cells: Mapping[int, SheetValue], below: Sequence[Mapping[int, SheetValue]]) -> bool:
    texts = [value.casefold() for value in cells.values() if isinstance(value, str)]
    are_different = len(set(texts)) == len(cells)
    return (
        are_different
        and all(line.keys() <= cells.keys() for line in below)
        and any(not isinstance(value, str) for line in below for value in line.values())
    )
