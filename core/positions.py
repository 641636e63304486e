"""Where rows stand in the tab, kept up to date by what we write and what the script tells (pure).

Only ever a belief: a swap write shows which rows it really hit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.sheet import Positions, SwapWrite


def after_write(positions: Positions, write: SwapWrite) -> Positions:
    """The positions once a write has landed; row numbers in ``write`` are those before it."""
    doomed = sorted(d.row for d in write.deletes)
    removed = {d.row_id for d in write.deletes}
    top = write.insert_after_row
    count = len(write.inserts)
    if doomed or top < max(positions.rows.values(), default=0):
        rows = {
            row_id: _moved(row, doomed, top, count) for row_id, row in positions.rows.items() if row_id not in removed
        }
    else:  # rows that were put below all others move none of them; there may be many
        rows = dict(positions.rows)
    first = _moved(top, doomed, top, count) + 1
    rows.update({insert.row_id: first + i for i, insert in enumerate(write.inserts)})
    rows.update({named.row_id: _moved(named.row, doomed, top, count) for named in write.ids})
    last = max([positions.last_row, *(named.row for named in write.ids)])
    return replace(positions, rows=rows, last_row=last + count - len(doomed))


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
    if any(row in taken and row_id not in news for row_id, row in positions.rows.items()):
        return None
    return replace(positions, rows={**positions.rows, **news}, last_row=max(positions.last_row, *taken))
