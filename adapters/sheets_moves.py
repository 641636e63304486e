"""Where the columns of a tab have gone since they were seen last. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.sheets_cells import runs


class Moves:
    """Pairs each column of then with the one that it is now; all 0-based.

    Linked columns are known by their metadata. Others are taken to stand in the order in which they stood; where some
    have come or gone, as far from the next linked one as they stood.

    Args:
        then: linked header to column, as they were.
        now: as they are.
        width_then: columns that there were.
        width_now: that there are.
        copied: of then, so many from the left on are asked for.
    """

    def __init__(
        self, then: Mapping[str, int], now: Mapping[str, int], width_then: int, width_now: int, copied: int
    ) -> None:
        linked = {then[header]: column for header, column in now.items() if header in then}
        before = [column for column in range(width_then) if column not in then.values()]
        after = [column for column in range(width_now) if column not in now.values()]
        others = zip(before, after, strict=True) if len(before) == len(after) else _beside(before, linked, after)
        pairs = sorted({**linked, **dict(others)}.items())
        self._now = {was: is_now for was, is_now in pairs if was < copied}
        self._then = {is_now: was for was, is_now in self._now.items()}

    def now(self, column: int) -> int | None:
        """Where a column of then is; ``None`` if it is gone."""
        return self._now.get(column)

    def then(self, column: int) -> int | None:
        """Where a column of now was; ``None`` if it has come since."""
        return self._then.get(column)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """(first column then, first column now, how many) of neighbours that are neighbours still."""
        by_shift: dict[int, list[int]] = {}
        for was, is_now in self._now.items():
            by_shift.setdefault(is_now - was, []).append(was)
        found = ((first, first + shift, count) for shift, were in by_shift.items() for first, count in runs(were))
        yield from sorted(found)


def _beside(before: Sequence[int], linked: Mapping[int, int], after: Sequence[int]) -> Iterator[tuple[int, int]]:
    for column in before:
        left = max((one for one in linked if one < column), default=None)
        near = min(linked, default=column) if left is None else left
        place = linked.get(near, near) + column - near
        if place in after:
            yield column, place
