"""Where rows stand in the tab, kept up to date by what we write and what the script tells (pure).

Only ever a belief: a swap write shows which rows it really hit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.sheet import Positions, SwapWrite
from core.texts import mark_of


def after_write(positions: Positions, write: SwapWrite) -> Positions | None:
    """The positions once a write has landed; row numbers in ``write`` are those before it.

    ``None`` where one of several rows with the same id has got another one: where the others stand nobody knows, and
    whether they are several still.
    """
    if any(named.expected in positions.repeated for named in write.ids):
        return None
    doomed = sorted(d.row for d in write.deletes)
    top, count = write.insert_after_row, len(write.inserts)
    overwritten = (i.expected for i in write.ids if i.expected and positions.rows.get(i.expected) == i.row)
    rows = positions.rows.without([*(d.row_id for d in write.deletes), *overwritten])
    if doomed or top < rows.bottom:  # rows that were put below all others move none of them; there may be a million
        rows = rows.moved(lambda row: _moved(row, doomed, top, count))
    first = _moved(top, doomed, top, count) + 1
    news = {insert.row_id: first + i for i, insert in enumerate(write.inserts)}
    news.update({named.row_id: _moved(named.row, doomed, top, count) for named in write.ids})
    last = max([positions.last_row, *(named.row for named in write.ids)])
    return replace(positions, rows=rows.with_rows(news), last_row=last + count - len(doomed))


def _moved(row: int, doomed: list[int], top: int, inserted: int) -> int:
    above = sum(1 for d in doomed if d < row) if doomed else 0
    return row - above + (inserted if row > top else 0)


def with_hints(positions: Positions, seen: Iterable[tuple[str, int]]) -> Positions | None:
    """The positions with rows as the script has just seen them, as (row id, 1-based row).

    ``None`` where another row was believed to stand in such a place, or the header row or what is above it: nobody
    knows where those are now.
    """
    news = {row_id: row for row_id, row in seen if positions.rows.get(row_id) != row}
    if not news:
        return positions
    taken = set(news.values())
    if min(taken) <= positions.header_row:
        return None
    if not {mark_of(row_id) for row_id in news}.issuperset(positions.rows.standing_in(taken).values()):
        return None
    return replace(positions, rows=positions.rows.with_rows(news), last_row=max(positions.last_row, *taken))
