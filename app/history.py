"""The one way to search the history: for the command line, the API, the console and undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.mysql_connection import MysqlSession, ThreadSessions
from adapters.mysql_history import HistorySearch
from core.errors import BadQuestion
from core.history import HistoryFilter, HistoryPlace, cursor_of, place_of

Item = dict[str, Any]

PAGE_ITEMS = 100
PAGE_ITEMS_MAX = 1000
WINDOWS_MAX = 2
"""A page that has found nothing yet is ended after so many windows; its cursor leads on."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Entries, newest first, and the cursor of what comes after them."""

    items: list[Item]
    cursor: str | None
    """Good for as long as the entries are kept, whatever comes in meanwhile; ``None`` where nothing is left. A page
    may hold fewer entries than were asked for, or none, and still have one: so far was looked."""


class History:
    """Questions to the history. An entry has ``id``, ``link``, ``row_id``, ``key``, ``column``, ``at``, ``old``,
    ``new``, ``side``, ``actor``, ``event``, ``what``, ``via``, its times and its ``way`` (:mod:`core.history`).

    What a person has ordered of a whole link (to pause it, to approve a hold) has an empty ``row_id``.

    Args:
        session: with the twinsheet schema as its default, and autocommit.
    """

    def __init__(self, session: MysqlSession | ThreadSessions) -> None:
        self._search = HistorySearch(session)

    def page(self, asked: HistoryFilter, *, cursor: str | None = None, limit: int = PAGE_ITEMS) -> HistoryPage:
        """The newest entries, or those after a cursor.

        Args:
            asked: which ones.
            cursor: of the page before.
            limit: entries of a page, up to PAGE_ITEMS_MAX.

        Raises:
            BadQuestion: a cursor that was never given out, or a limit out of bounds.
            MysqlUnavailable
        """
        if not 0 < limit <= PAGE_ITEMS_MAX:
            raise BadQuestion(
                f"A page holds 1 to {PAGE_ITEMS_MAX} entries.", "Leave the limit out, or follow the cursor."
            )
        place = place_of(cursor) if cursor else None
        for _ in range(WINDOWS_MAX):
            found = self._search.page(asked, place, limit)
            place = found.reached
            if found.items or place is None:
                break
        return HistoryPage(found.items, cursor_of(place) if place else None)

    def each(self, asked: HistoryFilter, *, limit: int | None = None) -> Iterator[Item]:
        """All entries, newest first, a page at a time.

        Args:
            asked: which ones.
            limit: at most so many; ``None`` for all.

        Raises:
            MysqlUnavailable
        """
        place: HistoryPlace | None = None
        left = limit
        while left is None or left > 0:
            found = self._search.page(asked, place, PAGE_ITEMS_MAX if left is None else min(left, PAGE_ITEMS_MAX))
            yield from found.items
            left = None if left is None else left - len(found.items)
            place = found.reached
            if place is None:
                return
