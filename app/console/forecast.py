"""What will become of Google's quota if everything goes on as in the last minutes (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

AHEAD_MIN = 5
"""How far it looks."""
NOTICED_MIN = 0.5
"""Less history than this tells no trend."""


@dataclass(frozen=True, slots=True)
class Used:
    """Calls of one kind in the minute before a moment."""

    at_s: float
    calls: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of one user and kind of call."""

    line: tuple[tuple[float, float], ...]
    """(Unix time, calls a minute), from now on."""
    told: str
    """For a person."""


def forecast(samples: Sequence[Used], limit: int, waiting: int) -> Forecast:
    """Go on with the trend of the samples, never past the limit, because calls wait there.

    Args:
        samples: oldest first, one at least.
        limit: calls that a minute allows.
        waiting: links that wait for a token now.
    """
    now = samples[-1]
    slope = _slope(samples)
    line = [(now.at_s, float(now.calls))]
    for minute in range(1, AHEAD_MIN + 1):
        calls = min(max(now.calls + slope * minute, 0.0), float(limit))
        line.append((now.at_s + 60 * minute, round(calls, 1)))
    return Forecast(tuple(line), _told(now.calls, slope, limit, waiting))


def _slope(samples: Sequence[Used]) -> float:
    """Calls a minute more with every minute, by the least squares of the last minutes."""
    recent = [one for one in samples if one.at_s > samples[-1].at_s - 60 * AHEAD_MIN]
    minutes = [(one.at_s - recent[-1].at_s) / 60 for one in recent]
    if -minutes[0] < NOTICED_MIN:
        return 0.0
    middle, level = sum(minutes) / len(minutes), sum(one.calls for one in recent) / len(recent)
    spread = sum((at - middle) ** 2 for at in minutes)
    shared = sum((at - middle) * (one.calls - level) for at, one in zip(minutes, recent, strict=True))
    return shared / spread


def _told(calls: int, slope: float, limit: int, waiting: int) -> str:
    if waiting:
        links = "1 link waits" if waiting == 1 else f"{waiting} links wait"
        return (
            f"{calls} of {limit} used in the last minute; {links} for the next call. Nothing is lost, it comes later."
        )
    if calls >= limit:
        return f"All {limit} of a minute are used; what comes now waits for its turn."
    if slope > 0 and (limit - calls) / slope <= AHEAD_MIN:
        left_min = (limit - calls) / slope
        return f"{calls} of {limit} used in the last minute; at this pace all are used in {left_min:.0f} min."
    return f"{calls} of {limit} used in the last minute; enough for what comes."
