"""How far a long piece of work has come, for people (pure)."""

from __future__ import annotations

from dataclasses import dataclass

_TELLING_DONE = 0.02
"""Of the whole: before that, an estimate is a guess."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Work on rows, under way."""

    total: int
    began_s: float
    """On a clock that only goes forward."""

    def text(self, left: int, now_s: float) -> str:
        """E.g. ``45000 of 100000 rows, 45 %, 1700 rows/s, about 32 s left``."""
        done, took_s = self.total - left, now_s - self.began_s
        share = done / self.total if self.total else 1.0
        told = f"{done} of {self.total} rows, {100 * share:.0f} %"
        if not done or share < _TELLING_DONE or took_s <= 0:
            return told
        return f"{told}, {done / took_s:.0f} rows/s, about {_span(left * took_s / done)} left"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
