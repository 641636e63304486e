"""Cuts a swap write that is too large for one request into several. Pure.

Google asks for requests of about 2 MB at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from core.sheet import SwapWrite
from core.write_size import REQUEST_BYTES_MAX, payload_bytes

T = TypeVar("T")


def split(write: SwapWrite, payload_bytes_max: int = REQUEST_BYTES_MAX, rows_max: int = 1000) -> list[SwapWrite]:
    """Writes that together do the same, in their order.

    Restores come first, then cells and ids, inserts, and deletes bottom up, so that the numbers of rows of
    every part are right when its turn comes. All parts carry the number of the whole; the caller gives each
    one its own.

    Args:
        write: what is to be done.
        payload_bytes_max: about how large a request may be.
        rows_max: how many rows one request may touch.
    """
    if payload_bytes(write) <= payload_bytes_max and _rows(write) <= rows_max:
        return [write]
    bare = SwapWrite(write.n, write.epoch, insert_after_row=write.insert_after_row, header_row=write.header_row)
    parts: list[SwapWrite] = []
    if write.formula_restores or write.row_restores:
        # the scratch holds what they need only until the next copy into it
        parts.append(replace(bare, formula_restores=write.formula_restores, row_restores=write.row_restores))
    moved = {r: _restored(write, r) for r in {*write.looked_at, write.insert_after_row}}
    cells = tuple(replace(c, row=moved[c.row]) for c in write.cells)
    ids = tuple(replace(i, row=moved[i.row]) for i in write.ids)
    after = moved[write.insert_after_row]
    bare = replace(bare, insert_after_row=after)
    limits = (payload_bytes_max, rows_max)
    parts += _pieces(cells, lambda some: replace(bare, cells=some), limits)
    parts += _pieces(ids, lambda some: replace(bare, ids=some), limits)
    for part in _pieces(write.inserts, lambda some: replace(bare, inserts=some), limits):
        parts.append(replace(part, insert_after_row=after))
        after += len(part.inserts)
    shifted = (replace(d, row=_inserted(write, moved[d.row])) for d in write.deletes)
    bottom_up = tuple(sorted(shifted, key=lambda d: -d.row))
    parts += _pieces(bottom_up, lambda some: replace(bare, deletes=some), limits)
    return parts


def _rows(write: SwapWrite) -> int:
    return len(write.looked_at) + len(write.inserts)


def _restored(write: SwapWrite, row: int) -> int:
    for restore in sorted(r.row for r in write.row_restores):
        row += 1 if restore <= row else 0
    return row


def _inserted(write: SwapWrite, row: int) -> int:
    return row + (len(write.inserts) if row > _restored(write, write.insert_after_row) else 0)


def _pieces(
    items: Sequence[T], make: Callable[[tuple[T, ...]], SwapWrite], limits: tuple[int, int]
) -> Iterator[SwapWrite]:
    """Writes with as many items each as fit; at least one."""
    payload_bytes_max, rows_max = limits
    start = 0
    while start < len(items):
        part = make(tuple(items[start : start + rows_max]))
        count = min(rows_max, len(items) - start)
        while count > 1 and payload_bytes(part) > payload_bytes_max:
            count = (count + 1) // 2
            part = make(tuple(items[start : start + count]))
        yield part
        start += count
