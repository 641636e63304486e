"""Compares a tab that is read piece by piece with its table, in memory that grows with neither."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Protocol

from core.compare import Difference, only_in_table, piece_differences
from core.model import Key, Link, RowBase
from core.ports import TableRow
from core.sheet import TabImage
from core.texts import Texts, key_text


class TableReader(Protocol):
    """Reads a linked table without locks."""

    def read_keys(self, link: Link) -> Iterable[Key]:
        """The keys of all rows, as of one moment."""

    def look_at_rows(self, link: Link, keys: Collection[Key]) -> Mapping[Key, TableRow]:
        """These rows, as of one moment."""


class WholeTableReader(TableReader, Protocol):
    """Reads a linked table without locks, all of it at once as well."""

    def read_rows(self, link: Link) -> Iterable[tuple[Key, TableRow]]:
        """All of it, as of one moment."""


class Piecewise:
    """Compares the pieces of a tab with the rows of the table that they show, and then asks which rows none showed.

    Args:
        link: the link.
        table: its table.
        differences_max: so many differing cells are kept.
    """

    def __init__(self, link: Link, table: TableReader, differences_max: int) -> None:
        self.found: list[Difference] = []
        """Cells that differ, in the order of the pieces, then of the table."""
        self._link, self._table, self._differences_max = link, table, differences_max
        self._shown, self._looked_at = Texts(), Texts()

    def add(
        self,
        image: TabImage,
        pending: Collection[tuple[str, str]],
        bases: Mapping[str, RowBase],
        *,
        perhaps_again: bool = False,
    ) -> None:
        """Compare one piece.

        Args:
            image: its rows.
            pending: see :func:`core.compare.differences`.
            bases: likewise.
            perhaps_again: a piece may have shown these rows already.
        """
        shown = self._looked_at if perhaps_again else self._shown

        def look_up(keys: Collection[Key]) -> Iterable[tuple[Key, TableRow]]:
            rows = self._table.look_at_rows(self._link, keys)
            for key in rows:
                shown.add(key_text(key))
            return rows.items()

        differing = piece_differences(self._link, image, look_up, pending, bases)
        self._take(differing)
        next(differing, None)  # what is shown is noted however much differs

    def finish(self) -> bool:
        """Find the rows that no piece showed; whether all is told: not where pieces showed one row twice, which has
        moved while they were read, as others may have past all of them."""
        keys = ((key, key_text(key)) for key in self._table.read_keys(self._link))
        unshown = (key for key, text in keys if text not in self._shown and text not in self._looked_at)
        some = list(islice(unshown, self._differences_max))
        for key, row in self._table.look_at_rows(self._link, some).items():
            self._take(only_in_table(self._link, key, row))
        return not len(self._shown.repeated())

    def _take(self, differing: Iterable[Difference]) -> None:
        self.found.extend(islice(differing, max(self._differences_max - len(self.found), 0)))
