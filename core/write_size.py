"""How much one write to the sheet takes (pure).

A known row costs a look at the whole of it, there and back; a new one costs what it holds. Google recommends 2 MB for
a request at the most, and while one link writes, a quiet one in the same process waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from core.model import Key
from core.sheet import SwapWrite

KNOWN_ROWS_MAX = 1_000
NEW_ROWS_MAX = 5_000
REQUEST_BYTES_MAX = 2_000_000
CELL_BYTES = 41
"""Of a cell in a request, besides what it holds."""
WORK_S = 1.2
"""From the plan of a write until it is settled."""


def share(keys: Sequence[Key], known: Collection[Key]) -> Sequence[Key]:
    """The first of these rows, so that no more than KNOWN_ROWS_MAX of them are known."""
    left = KNOWN_ROWS_MAX
    for index, key in enumerate(keys):
        left -= key in known
        if left < 0:
            return keys[:index]
    return keys


def rows_next(write: SwapWrite, took_s: float) -> int:
    """How many rows the next write may take.

    Args:
        write: the last one, which has landed.
        took_s: from its plan until it was settled.
    """
    if not write.inserts or write.looked_at:
        return KNOWN_ROWS_MAX
    count = len(write.inserts)
    fitting = REQUEST_BYTES_MAX * count // sum(_inserted_bytes(write))
    in_time = int(count * WORK_S / took_s) if took_s > 0 else NEW_ROWS_MAX
    return max(1, min(fitting, in_time, NEW_ROWS_MAX))


def _inserted_bytes(write: SwapWrite) -> Iterator[int]:
    for row in write.inserts:
        yield CELL_BYTES + len(row.row_id)
        for value in row.cells.values():
            yield CELL_BYTES + (len(value) if isinstance(value, str) else 8)
