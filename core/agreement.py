"""Is a difference between tab and table only an event on its way, or one that no event explains? (pure)

One look reads the tab and then the table, while people and programs go on; whatever changes between the two reads,
or waits in a queue, shows as a difference. So one look proves nothing: a difference is unexplained when looks found
the very same one for a while, and everything that had been told of by the first of them was carried out before the
last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.compare import Difference

LASTS_S = 10.0
"""Longer than any pause of ours, such as the sheet writer's before it looks for a row again."""
TOLD_MAX = 5
SEEN_MAX = 10_000
"""So many differing cells are looked at. While rows are copied by the thousands there may be millions, and looking at
them again soon would take from the copy the time that it needs."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look proves, together with the looks before."""

    seen: Mapping[Difference, float]
    """What differs, and when it was first seen so."""
    unexplained: tuple[Difference, ...]
    """Cells that differ although nothing is on its way; in the order of the table, then of the tab."""
    look_soon: bool
    """The first look that finds differences, and fewer than SEEN_MAX, is repeated after LASTS_S; later ones come when
    they are due."""

    @property
    def identical(self) -> bool:
        """Whether nothing differs."""
        return not self.seen


def judge(
    differences: Collection[Difference], seen: Mapping[Difference, float], now_s: float, *, rested: bool
) -> Verdict:
    """Judge a look.

    Args:
        differences: found now, cells aside that are known to differ; SEEN_MAX at the most.
        seen: of the look before.
        now_s: when this look was, on a clock that only goes forward.
        rested: whether after the look before, and before this one began, nothing was on its way: no message unread,
            no change of the table unpublished, no write to the sheet open; and whether the table has not changed
            while both were read.
    """
    lasting = {one: seen.get(one, now_s) for one in differences}
    return Verdict(
        seen=lasting,
        unexplained=tuple(one for one, since in lasting.items() if rested and now_s - since >= LASTS_S),
        look_soon=0 < len(lasting) < SEEN_MAX and not seen,
    )


def told(unexplained: Collection[Difference]) -> str:
    """The first few differences, in a line for the log."""
    first = "; ".join(_one(one) for one in tuple(unexplained)[:TOLD_MAX])
    more = len(unexplained) - TOLD_MAX
    return f"{first}; and {more} more" if more > 0 else first


def _one(one: Difference) -> str:
    row = "/".join(part if part is not None else "NULL" for part in one.key) if one.key else one.row_id or "no key"
    return f"row {row}, {one.column}: sheet {one.sheet!r}, table {one.table!r}"
