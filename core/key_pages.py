"""The keys of all rows of a link, in some ten bytes each and a page at a time, so that any table fits (pure)."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from core.model import Key
from core.texts import Texts, key_text

KEYS_PER_PAGE = 1_000


class KeyPages:
    """Keys in the order in which they were given, to be taken once.

    Args:
        keys: the first of them.
        per_page: how many are taken at a time.
    """

    def __init__(self, keys: Iterable[Key] = (), *, per_page: int = KEYS_PER_PAGE) -> None:
        self._per_page = per_page
        self._pages: deque[str] = deque()
        self._count = 0
        self.extend(keys)

    def __len__(self) -> int:
        return self._count

    def extend(self, keys: Iterable[Key]) -> None:
        """More of them."""
        left = iter(keys)
        while page := tuple(islice(left, self._per_page)):
            self._pages.append(json.dumps(page))
            self._count += len(page)

    def take(self) -> tuple[Key, ...]:
        """The next page; empty where nothing is left."""
        if not self._pages:
            return ()
        page = tuple(tuple(key) for key in json.loads(self._pages.popleft()))
        self._count -= len(page)
        return page


def keys_of_both(table: Iterable[Key], bases: Iterable[Key], *, per_page: int = KEYS_PER_PAGE) -> KeyPages:
    """The keys of the table's rows, then those that bases alone know; each is looked through once, one after the
    other."""
    there = Texts()

    def noted() -> Iterator[Key]:
        for key in table:
            there.add(key_text(key))
            yield key

    keys = KeyPages(noted(), per_page=per_page)
    keys.extend(key for key in bases if key_text(key) not in there)
    return keys
