"""How many cells went over and how long they took, by link and minute, for the last hour.

Delays are counted in steps of a fifth, so that an hour of any number of cells takes little room and a percentile is
right within a tenth.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.mysql_delays import Passed

MINUTES = 60
PERCENTILES = (50, 95, 99)
STEP = 1.2
DELAY_S_MIN = 0.001


@dataclass(slots=True)
class Minute:
    """What came from one side within one minute."""

    cells: int = 0
    delays: Counter[int] = field(default_factory=Counter)
    """By step."""

    def add(self, delay_s: float | None) -> None:
        """One more cell."""
        self.cells += 1
        if delay_s is not None:
            self.delays[round(math.log(max(delay_s, DELAY_S_MIN) / DELAY_S_MIN, STEP))] += 1


class Curves:
    """Gathers what the history tells; one thread writes, others may read."""

    def __init__(self) -> None:
        self._minutes: dict[str, dict[tuple[str, int], Minute]] = {}

    def add(self, passed: Iterable[Passed]) -> None:
        """Count these cells in."""
        for one in passed:
            minute = int(one.at_s // 60)
            of_link = {**self._minutes.get(one.link, {})}
            of_link.setdefault((one.side, minute), Minute()).add(one.delay_s)
            self._minutes[one.link] = of_link

    def forget(self, now_s: float) -> None:
        """Drop what is older than an hour."""
        oldest = int(now_s // 60) - MINUTES
        self._minutes = {
            link: kept
            for link, found in self._minutes.items()
            if (kept := {place: minute for place, minute in found.items() if place[1] > oldest})
        }

    def delays_of(self, link: str, now_s: float, minutes: int) -> list[float | None]:
        """The middle delay of each of the last minutes, both ways together, oldest first; ``None`` without any."""
        return [_percentile(delays, 50) for delays in _by_minute(self._minutes.get(link, {}), now_s, minutes)]

    def series(self, link: str, now_s: float) -> dict[str, dict[str, list[float | None]]]:
        """Of the last hour, by side: ``cells`` of each minute, and ``p50``, ``p95``, ``p99`` in seconds."""
        found, last = self._minutes.get(link, {}), int(now_s // 60)
        whole = range(last - MINUTES + 1, last + 1)
        told: dict[str, dict[str, list[float | None]]] = {}
        for side in ("sheet", "table"):
            minutes = [found.get((side, minute), Minute()) for minute in whole]
            told[side] = {"cells": [float(one.cells) for one in minutes]}
            told[side] |= {f"p{p}": [_percentile(one.delays, p) for one in minutes] for p in PERCENTILES}
        return told


def _by_minute(found: Mapping[tuple[str, int], Minute], now_s: float, minutes: int) -> list[Counter[int]]:
    last = int(now_s // 60)
    return [
        sum((found[side, minute].delays for side in ("sheet", "table") if (side, minute) in found), Counter())
        for minute in range(last - minutes + 1, last + 1)
    ]


def _percentile(delays: Mapping[int, int], percent: int) -> float | None:
    """The delay in seconds that so many percent do not exceed."""
    left = math.ceil(sum(delays.values()) * percent / 100)
    for step in sorted(delays):
        left -= delays[step]
        if left <= 0:
            return float(f"{DELAY_S_MIN * STEP**step:.3g}")
    return None
