"""How much one write to the sheet takes (pure).

A known row costs a look at the whole of it, there and back; a new one costs what it holds. Google recommends 2 MB for
a request at the most, and while one link writes, a quiet one in the same process waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from core.model import Key, RowBase
from core.ports import TableRow
from core.sheet import SwapWrite

KNOWN_ROWS_MAX = 1_000
NEW_ROWS_MAX = 5_000
NEW_ROWS_MIN = 500
"""Below that it is not the rows that take the time: fewer of them would only make more writes that take as long."""
REQUEST_BYTES_MAX = 2_000_000
WORK_S = 2.0
"""From the plan of a write until it is settled."""
BYTES_PER_WRITE = 2_500
_BYTES_PER_LOOK = 1_000
"""Two copies of a row of its own, and the frames of its cells or of its removal."""
_BYTES_PER_ROW = 16
_BYTES_PER_BLANK = 3
_BYTES_PER_TEXT = 41
"""What is spelled around a value."""
_ID_CHARS = 18


def share(keys: Sequence[Key], known: Collection[Key]) -> Sequence[Key]:
    """The first of these rows, so that no more than KNOWN_ROWS_MAX of them are known."""
    left = KNOWN_ROWS_MAX
    for index, key in enumerate(keys):
        left -= key in known
        if left < 0:
            return keys[:index]
    return keys


def fitting(keys: Sequence[Key], rows: Mapping[Key, TableRow], bases: Mapping[Key, RowBase]) -> Sequence[Key]:
    """The first of these rows, one at the least, so that what the tab lacks of them fits into a request.

    Args:
        keys: theirs.
        rows: what the table holds under these keys.
        bases: of those that the tab has.
    """
    left = REQUEST_BYTES_MAX - BYTES_PER_WRITE
    for index, key in enumerate(keys):
        left -= lacking_bytes(rows.get(key, {}), bases.get(key))
        if left < 0 and index:
            return keys[:index]
    return keys


def lacking_bytes(row: TableRow, base: RowBase | None) -> int:
    """About what a row takes in a request, reckoned from the values of the table."""
    if base is None:
        lacking, around = list(row.values()), _BYTES_PER_ROW + _BYTES_PER_TEXT + _ID_CHARS
    else:
        lacking = [value for name, value in row.items() if name not in base.cells or base.cells[name].value != value]
        around = _BYTES_PER_LOOK if lacking else 0
    texts = [value for value in lacking if value]
    blanks = _BYTES_PER_BLANK * (len(lacking) - len(texts))
    return around + blanks + _BYTES_PER_TEXT * len(texts) + len("".join(texts).encode("utf-8", "surrogatepass"))


def rows_next(write: SwapWrite, took_s: float, *, is_full: bool) -> int:
    """How many rows the next write may take.

    Args:
        write: the last one, which has landed.
        took_s: from its plan until it was settled.
        is_full: a row more would not have fitted into it.
    """
    if not write.inserts or write.looked_at:
        return KNOWN_ROWS_MAX
    count = len(write.inserts)
    as_large = count + count // 16 + 1 if is_full else NEW_ROWS_MAX
    in_time = max(NEW_ROWS_MIN, int(count * WORK_S / took_s)) if took_s > 0 else NEW_ROWS_MAX
    return min(as_large, in_time, NEW_ROWS_MAX)
