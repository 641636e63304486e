"""References inside formulas: moved by a copy, and by rows and columns that come and go."""

import re
from collections.abc import Callable, Sequence

from sandbox.google.area import column_index, column_letters, quoted_tab
from sandbox.google.shift import Dimension, Shift

_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]*"
_REFERENCE = re.compile(
    r'"(?:[^"]|"")*"'  # a text: passed over
    r"|(?<![\w.'\$])(?P<tab>(?:'(?:[^']|'')*'|[A-Za-z_][\w.]*)!)?"
    rf"(?P<ref>{_CELL}(?::(?:{_CELL}|\$?[A-Za-z]{{1,3}}|\$?[1-9][0-9]*))?|\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}|\$?[1-9][0-9]*:\$?[1-9][0-9]*)"
    r"(?![\w(!.])"
)
_CORNER = re.compile(r"(\$?)([A-Za-z]*)(\$?)([0-9]*)")
_LOST = "#REF!"
_ENDLESS = 1 << 30

Corner = tuple[bool, int | None, bool, int | None]
"""Column fixed, column, row fixed, row; counted from 0, None where absent."""


def references(formula: str) -> list[tuple[str | None, str]]:
    """The references of a formula as (tab title or None, A1 name)."""
    found: list[tuple[str | None, str]] = []

    def note(tab: str | None, ref: str) -> str:
        found.append((tab, ref))
        return ref

    _rewrite(formula, note)
    return found


def copied(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads when pasted so many rows and columns further on."""
    return _rewrite(formula, lambda _tab, ref: _join([_carried(c, rows, columns) for c in _corners(ref)]))


def shifted(formula: str, own_tab: str, tab: str, dimension: Dimension, shift: Shift) -> str:
    """The formula of a cell in ``own_tab`` after a shift of rows or columns in ``tab``."""

    def follow(named: str | None, ref: str) -> str:
        if (own_tab if named is None else named).lower() != tab.lower():
            return ref
        return _shifted_reference(ref, dimension, shift)

    return _rewrite(formula, follow)


def closed(formula: str, size_of: Callable[[str | None], tuple[int, int]]) -> str:
    """The formula with its ranges ended where their grids end: ``A:A``, ``A2:A``, ``A1:A99999``.

    Args:
        formula: the formula.
        size_of: rows and columns of a tab by its title (None: the formula's own).
    """

    def close(tab: str | None, ref: str) -> str:
        return _closed(ref, *size_of(tab)) if ":" in ref else ref

    return _rewrite(formula, close)


def tab_renamed(formula: str, old: str, new: str) -> str:
    """The formula after a tab got another title."""
    return tabs_renamed(formula, {old.lower(): new})


def tabs_renamed(formula: str, titles: dict[str, str]) -> str:
    """The formula with other titles of tabs, by the old ones in small letters."""

    def rename(match: re.Match[str]) -> str:
        new = titles.get(_title(match.group("tab")).lower()) if match.group("tab") else None
        return match.group(0) if new is None else f"{quoted_tab(new)}!{match.group('ref')}"

    return _REFERENCE.sub(rename, formula)


def _rewrite(formula: str, change: Callable[[str | None, str], str]) -> str:
    def one(match: re.Match[str]) -> str:
        if match.group("ref") is None:
            return match.group(0)
        tab = match.group("tab")
        new = change(_title(tab) if tab else None, match.group("ref"))
        return _LOST if new == _LOST else (tab or "") + new

    return _REFERENCE.sub(one, formula)


def _title(tab: str) -> str:
    name = tab[:-1]
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def _corners(ref: str) -> list[Corner]:
    return [_corner(part) for part in ref.split(":")]


def _corner(text: str) -> Corner:
    match = _CORNER.fullmatch(text)
    if match is None:  # the reference pattern lets nothing else through
        raise ValueError(text)
    column_fixed, letters, row_fixed, digits = match.groups()
    if not letters:  # of $3 the sign belongs to the row
        column_fixed, row_fixed = "", column_fixed or row_fixed
    return (
        bool(column_fixed),
        column_index(letters) if letters else None,
        bool(row_fixed),
        int(digits) - 1 if digits else None,
    )


def _carried(corner: Corner, rows: int, columns: int) -> Corner | None:
    column_fixed, column, row_fixed, row = corner
    if column is not None and not column_fixed:
        column += columns
    if row is not None and not row_fixed:
        row += rows
    lost = (column is not None and column < 0) or (row is not None and row < 0)
    return None if lost else (column_fixed, column, row_fixed, row)


def _shifted_reference(ref: str, dimension: Dimension, shift: Shift) -> str:
    corners = _corners(ref)
    part = 3 if dimension == "ROWS" else 1
    places = [place for c in corners if (place := c[part]) is not None]
    if not places:
        return ref
    low, high = min(places), max(places)
    span = shift.span(low, high + 1 if len(places) == len(corners) else _ENDLESS)
    if span is None:
        return _LOST
    new: dict[int | None, int] = {high: span[1] - 1, low: span[0]}
    return _join([c if c[part] is None else _with(c, part, new[c[part]]) for c in corners])


def _closed(ref: str, rows: int, columns: int) -> str:
    first, last = _corners(ref)
    left, right = _bounds(first[1], last[1], columns)
    top, bottom = _bounds(first[3], last[3], rows)
    return _join([(first[0], left, first[2], top), (last[0], right, last[2], bottom)])


def _bounds(one: int | None, other: int | None, limit: int) -> tuple[int, int]:
    known = [place for place in (one, other) if place is not None]
    low, high = (min(known), max(known)) if known else (0, limit - 1)
    if len(known) == 1 or low < limit <= high:
        high = max(limit - 1, low)
    return low, high


def _with(corner: Corner, part: int, place: int) -> Corner:
    column_fixed, column, row_fixed, row = corner
    return (column_fixed, column, row_fixed, place) if part == 3 else (column_fixed, place, row_fixed, row)


def _join(corners: Sequence[Corner | None]) -> str:
    texts = []
    for corner in corners:
        if corner is None:
            return _LOST
        column_fixed, column, row_fixed, row = corner
        letters = "" if column is None else ("$" if column_fixed else "") + column_letters(column)
        texts.append(letters + ("" if row is None else ("$" if row_fixed else "") + str(row + 1)))
    return ":".join(texts)
