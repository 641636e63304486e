"""Which rows of a large tab are read next, top down (pure)."""

from __future__ import annotations

from core.sheet import Span, TabImage

BLANK_PIECES_TIMES_MAX = 16
"""Pieces below a blank one are larger, up to so many times: blank rows cost nothing, and may be a million."""


class Sweep:
    """The pieces in which a tab is read.

    Args:
        rows_at_once: of a piece that may hold something.
    """

    def __init__(self, rows_at_once: int) -> None:
        self._rows_at_once = rows_at_once
        self._first, self._times = 1, 1

    @property
    def span(self) -> Span:
        """The rows to read now."""
        return self._first, self._first + self._rows_at_once * self._times - 1

    def goes_on(self, piece: TabImage) -> bool:
        """Whether there are more rows, once these have been read."""
        self._first += self._rows_at_once * self._times
        self._times = 1 if piece.rows else min(self._times * 2, BLANK_PIECES_TIMES_MAX)
        return self._first <= piece.grid_rows
