"""Columns of numbers that become columns of text, because some of their cells hold no number (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.contents import fitting_or_none
from core.infer import Cell
from core.model import TableColumn
from core.values import CellError, Codec, SheetValue
from core.values.catalog import codec_for
from core.values.spelling import decimal_of, shown


class LostLook(NamedTuple):
    """A number whose look its text does not have, e.g. without its currency."""

    row: int
    """1-based."""
    look: str
    text: str


@dataclass(frozen=True, slots=True)
class MixedColumn:
    """A proposed column of text that holds numbers as well."""

    column: TableColumn
    numbers: Sequence[Cell]
    """Its cells that hold numbers."""
    others: Sequence[Cell]
    """Its cells that keep it from being a column of numbers; one at least."""

    def told(self, looks: Mapping[int, str]) -> str:
        """What keeps it from being a column of numbers, and what that makes of its cells.

        Args:
            looks: 1-based row to what its cell shows to people, of some rows.
        """
        row, value = self.others[0]
        more = len(self.others) - 1
        told = f"row {row} holds '{shown(str(codec_for(self.column).from_sheet(value)))}'"
        if more:
            told += f", and {more} more {'row holds' if more == 1 else 'rows hold'} no number either"
        mend = "these cells" if more else f"row {row}"
        return f"{told}. {self._loss(looks)}Mend {mend} to have a column of numbers"

    def _loss(self, looks: Mapping[int, str]) -> str:
        lost = lost_look(codec_for(self.column), self.numbers, looks)
        return f"{lost.look} (row {lost.row}) becomes {lost.text} on both sides. " if lost else ""


def mixed_column(column: TableColumn, cells: Sequence[Cell]) -> MixedColumn | None:
    """The column as a mixed one; ``None`` where it is none of text, or one of texts alone.

    Args:
        column: as it is proposed.
        cells: every row of its data.
    """
    if not column.charset:
        return None
    numbers = [(row, value) for row, value in cells if is_number(value)]
    texts = [(row, value) for row, value in cells if not is_number(value) and not _is_blank(value)]
    plain = [(row, value) for row, value in texts if not isinstance(value, str) or decimal_of(value) is None]
    others = plain or texts  # of texts that spell numbers, some are spelled as no number comes back
    return MixedColumn(column, numbers, others) if numbers and others else None


def lost_look(codec: Codec, cells: Iterable[Cell], looks: Mapping[int, str]) -> LostLook | None:
    """The first number that a column of text takes without its look; ``None`` where there is none. One that it
    refuses is told of as such elsewhere.

    Args:
        codec: of the column of text.
        cells: of the tab.
        looks: as of :meth:`MixedColumn.told`.
    """
    for row, value in cells:
        look = looks.get(row) if is_number(value) else None
        text = fitting_or_none(codec, value) if look else None
        if look and text is not None and look != text:
            return LostLook(row, look, text)
    return None


def is_number(value: SheetValue) -> bool:
    """Whether a cell holds a number; a date is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_blank(value: SheetValue) -> bool:
    return value is None or value == "" or isinstance(value, CellError)
