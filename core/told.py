"""What the change feed has told of rows that it was asked about, so that it is asked once (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import Key, RowBase
from core.ports import TableRow
from core.renames import print_of

ROWS_MAX = 10_000
"""Of a link so many rows are kept in mind; about others the feed is asked again."""


class ToldRows:
    """Of one link's rows what they held under which key when the feed had told of all that came to that.

    A row may differ from base for good, in columns that go to the table alone, and each scan tells of its refused
    cells again.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Key, str]] = {}

    def note(self, told: Mapping[str, tuple[Key | None, str | None]]) -> None:
        """The feed has told of these: row ids with key and print (:func:`core.renames.print_of`)."""
        for row_id, (key, held) in told.items():
            if key is not None and held is not None:
                self._rows.pop(row_id, None)
                self._rows[row_id] = (key, held)
        for row_id in list(self._rows)[:-ROWS_MAX]:
            del self._rows[row_id]

    def covers(self, base: RowBase | None, row: TableRow | None) -> bool:
        """Whether the row under base's key is what was told of it."""
        known = self._rows.get(base.row_id) if base is not None else None
        return base is not None and known is not None and known == (base.key, print_of(row))
