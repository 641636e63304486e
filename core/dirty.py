"""Which rows of a link still have to be compared, and how far the events may be counted as done (pure).

An event only says where to look, so it is done once every row it named has been looked at: the position
moves only past the oldest event that still has a row waiting.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.model import Key


class DirtyRows:
    """Keys to look at, in the order in which they were named, each with the first offset that named it."""

    def __init__(self) -> None:
        self._since: dict[Key, int | None] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, keys: Iterable[Key], offset: int | None) -> None:
        """Name keys; ``offset`` is that of the event, ``None`` where no event has to wait for them."""
        for key in keys:
            if key not in self._since or (self._since[key] is None and offset is not None):
                self._since[key] = offset

    def first(self, count: int) -> list[Key]:
        """The oldest keys, at most ``count``."""
        return [key for key, _ in zip(self._since, range(count), strict=False)]

    def done(self, keys: Iterable[Key]) -> None:
        """These have been looked at."""
        for key in keys:
            self._since.pop(key, None)

    def oldest_offset(self) -> int | None:
        """The first offset that is not done yet; ``None`` when nothing waits."""
        return min((o for o in self._since.values() if o is not None), default=None)
