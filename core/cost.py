"""How many requests a write to the sheet takes, and how long Google's quota makes it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from core.quota import WINDOW_MS, Limit
from core.write_size import KNOWN_ROWS_MAX, NEW_ROWS_MAX, REQUEST_BYTES_MAX

REQUEST_S = 1.0
"""About what a full request takes."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What is to be sent, by estimate."""

    requests: int
    size_bytes: int
    time_s: float
    """With the whole quota for it."""


def cost_of(known: int, new: int, size_bytes: int, writes_per_minute: int, before: int = 0) -> Cost:
    """The cost of a write.

    Args:
        known: rows of the tab, and cells of such, to be written.
        new: rows that the tab is to get.
        size_bytes: about what the requests hold.
        writes_per_minute: the quota.
        before: requests that prepare the tab.
    """
    by_rows = ceil(known / KNOWN_ROWS_MAX) + ceil(new / NEW_ROWS_MAX)
    requests = before + max(by_rows, ceil(size_bytes / REQUEST_BYTES_MAX))
    limit = Limit(writes_per_minute)
    paced_s = max(0, requests - limit.burst) * WINDOW_MS / 1000 / limit.usable
    return Cost(requests, size_bytes, round(max(paced_s, requests * REQUEST_S), 1))
