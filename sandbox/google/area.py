"""Rectangles of cells and their A1 names.

Inside the sandbox rows and columns count from 0; people and A1 names count from 1.
"""

import re
from dataclasses import dataclass

_A1_CORNER = re.compile(r"^\$?([A-Za-z]{1,3})?\$?([0-9]{1,8})?$")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle: first row and column (from 0), and how many of each."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def row_end(self) -> int:
        """The row after the last one."""
        return self.row + self.rows

    @property
    def column_end(self) -> int:
        """The column after the last one."""
        return self.column + self.columns

    @property
    def single(self) -> bool:
        """Whether it is one cell."""
        return self.rows == 1 and self.columns == 1

    def a1(self) -> str:
        """Its A1 name without a tab, such as ``A3:G3``; one cell is ``A3``."""
        first = f"{column_letters(self.column)}{self.row + 1}"
        if self.single:
            return first
        return f"{first}:{column_letters(self.column_end - 1)}{self.row_end}"


@dataclass(frozen=True, slots=True)
class OpenArea:
    """What an A1 name says: every bound may be missing (``A:C``, ``3:3``, a whole tab)."""

    row: int | None = None
    column: int | None = None
    row_end: int | None = None
    column_end: int | None = None

    def within(self, row_count: int, column_count: int) -> Area:
        """Close the open bounds by a grid's size."""
        row, column = self.row or 0, self.column or 0
        row_end = row_count if self.row_end is None else self.row_end
        column_end = column_count if self.column_end is None else self.column_end
        return Area(row, column, max(row_end - row, 0), max(column_end - column, 0))


def column_letters(column: int) -> str:
    """Letters of a column counted from 0: 0 is A, 26 is AA; none for a column left of the first."""
    letters = ""
    number = column + 1
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Column counted from 0 of its letters: A is 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def parse_a1(text: str) -> OpenArea:
    """Read an A1 name without its tab.

    Raises:
        ValueError: it is none.
    """
    first, colon, second = text.partition(":")
    a, b = _corner(first), _corner(second or first)
    if (colon and not second) or (not second and (a[0] is None or a[1] is None)):
        raise ValueError(text)
    rows = sorted(r for r in (a[0], b[0]) if r is not None)
    columns = sorted(c for c in (a[1], b[1]) if c is not None)
    return OpenArea(
        row=rows[0] if rows else None,
        column=columns[0] if columns else None,
        row_end=rows[-1] + 1 if a[0] is not None and b[0] is not None else None,
        column_end=columns[-1] + 1 if a[1] is not None and b[1] is not None else None,
    )


def split_tab(text: str) -> tuple[str | None, str]:
    """Part ``'My tab'!A1:B2`` into the tab's title (None if absent) and the rest."""
    if text.startswith("'"):
        end = text.find("'", 1)
        while end != -1 and text[end + 1 : end + 2] == "'":
            end = text.find("'", end + 2)
        if end != -1 and text[end + 1 : end + 2] in ("", "!"):
            return text[1:end].replace("''", "'"), text[end + 2 :]
    tab, mark, rest = text.rpartition("!")
    return (tab, rest) if mark else (None, text)


def quoted_tab(title: str) -> str:
    """A tab's title as it stands in an A1 name: quoted where Google quotes it."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", title) and not re.fullmatch(r"[A-Za-z]{1,3}[0-9]+", title):
        return title
    return "'" + title.replace("'", "''") + "'"


def _corner(text: str) -> tuple[int | None, int | None]:
    match = _A1_CORNER.match(text)
    if not match or not text or match.group(2) == "0":
        raise ValueError(text)
    letters, digits = match.groups()
    return (int(digits) - 1 if digits else None), (column_index(letters) if letters else None)
