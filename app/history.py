"""The one way to search the history: for the command line, the API, the console and undo."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.mysql_connection import MysqlSession, ThreadSessions
from adapters.mysql_history import HistorySearch
from core.errors import BadQuestion
from core.history import (
    Carried,
    HistoryFilter,
    HistoryPlace,
    carried,
    cursor_of,
    folded,
    halves,
    is_carried,
    place_of,
)
from core.undo import SIDE

Item = dict[str, Any]

PAGE_ITEMS = 100
PAGE_ITEMS_MAX = 1000
LOOKS_MAX = 20
"""A page for people is filled up so many times, where undos and their ways into the sheet are told as one."""
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
        return _page_by_page(lambda cursor, count: self.page(asked, cursor=cursor, limit=count), limit)

    def pairs(self, items: Sequence[Item], own_users: Collection[str]) -> list[Carried]:
        """Undos with what tells of their ways into the sheet, where one of the two is among these entries.

        Args:
            items: of a page.
            own_users: of MySQL, as whom we write.

        Raises:
            MysqlUnavailable
        """
        whole = carried(items, own_users)
        lone = halves(items, whole, own_users)
        undos, others = [o for o in lone if o["side"] == SIDE], [o for o in lone if o["side"] != SIDE]
        found = self._search.next_of_cells(undos, others)
        asked = [Carried(one, found[one["id"]]) for one in undos if one["id"] in found]
        asked += [Carried(found[one["id"]], one) for one in others if one["id"] in found]
        return [*whole, *(pair for pair in asked if is_carried(*pair, own_users))]

    def carries(self, items: Sequence[Item], own_users: Collection[str]) -> dict[int, int]:
        """By the number of an entry that tells of an undo's way into the sheet, that of the undo's entry; ``items``
        and ``own_users`` as for :meth:`pairs`."""
        return {pair.by["id"]: pair.undo["id"] for pair in self.pairs(items, own_users)}

    def told(
        self,
        asked: HistoryFilter,
        own_users: Collection[str],
        *,
        cursor: str | None = None,
        limit: int = PAGE_ITEMS,
    ) -> HistoryPage:
        """A page for people: as :func:`core.history.folded` has it, wherever the page ends.

        Args:
            asked: which ones.
            own_users: as for :meth:`pairs`.
            cursor: of the page before.
            limit: entries that are shown, up to PAGE_ITEMS_MAX.

        Raises:
            BadQuestion, MysqlUnavailable: as for :meth:`page`.
        """
        shown: list[Item] = []
        look = limit
        for _ in range(LOOKS_MAX):
            page = self.page(asked, cursor=cursor, limit=look)
            told = folded(page.items, self.pairs(page.items, own_users), asked)
            shown += told
            cursor, look = page.cursor, PAGE_ITEMS_MAX
            if cursor is None or len(shown) >= limit or len(told) == len(page.items):
                break
        if len(shown) > limit:
            last = shown[limit - 1]
            cursor = cursor_of(HistoryPlace(last["at"], last["id"]))
        return HistoryPage(shown[:limit], cursor)

    def each_told(
        self, asked: HistoryFilter, own_users: Collection[str], *, limit: int | None = None
    ) -> Iterator[Item]:
        """All entries for people, newest first, a page at a time; arguments as for :meth:`told` and :meth:`each`."""
        return _page_by_page(lambda cursor, count: self.told(asked, own_users, cursor=cursor, limit=count), limit)


def _page_by_page(page_of: Callable[[str | None, int], HistoryPage], limit: int | None) -> Iterator[Item]:
    """At most ``limit`` entries of pages that follow each other by their cursors."""
    cursor: str | None = None
    left = limit
    while left is None or left > 0:
        page = page_of(cursor, PAGE_ITEMS_MAX if left is None else min(left, PAGE_ITEMS_MAX))
        yield from page.items
        left = None if left is None else left - len(page.items)
        cursor = page.cursor
        if cursor is None:
            return
