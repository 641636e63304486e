"""Keeps our calls inside Google's quota: a burst goes out at once, sustained load is paced.

Google counts reads and writes per user and minute. Each process keeps to its own share of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from pyrate_limiter import InMemoryBucket, Rate, RateItem

SAFETY = 0.95
"""Part of the quota that is used: Google's minute and ours do not begin together."""
BURST_S = 15
BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 64.0


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def rates(per_minute: int) -> list[Rate]:
    """The limits that a quota of ``per_minute`` calls becomes: a third of it at once, all of it in a minute."""
    whole = max(1, int(per_minute * SAFETY))
    burst = max(1, -(-per_minute // 3))
    minute = Rate(whole, 60_000)
    return [Rate(burst, BURST_S * 1000), minute] if burst < whole else [minute]


@dataclass(slots=True)
class _Kind:
    """Tokens of one kind of call, and how long Google wants to be left alone."""

    bucket: InMemoryBucket
    refusals: int = 0
    closed_until_ms: int = 0


class QuotaGate:
    """Implements ``core.ports.Gate`` for one process.

    Args:
        reads_per_minute: read calls that Google allows this user.
        writes_per_minute: write calls that Google allows this user.
        clock_ms: milliseconds of a clock that only goes forward.
        jitter: a random number in [0, 1).
    """

    def __init__(
        self,
        reads_per_minute: int = 60,
        writes_per_minute: int = 60,
        *,
        clock_ms: Callable[[], int] = _monotonic_ms,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock_ms = clock_ms
        self._jitter = jitter
        self._lock = Lock()
        self._kinds = {
            "read": _Kind(InMemoryBucket(rates(reads_per_minute))),
            "write": _Kind(InMemoryBucket(rates(writes_per_minute))),
        }

    def wait_s(self, kind: str) -> float:
        """Take a token for a ``read`` or ``write``: 0 when it is in hand, else seconds until one may be."""
        with self._lock:
            state, now = self._kinds[kind], self._clock_ms()
            if now < state.closed_until_ms:
                return (state.closed_until_ms - now) / 1000
            state.bucket.leak(now)
            item = RateItem(kind, now)
            if state.bucket.put(item):
                self._forgive(state, now)
                return 0.0
            wait_ms = state.bucket.waiting(item)
            assert isinstance(wait_ms, int), "a bucket in memory answers at once"  # noqa: S101  narrows the type
            return max(1, wait_ms) / 1000

    def tokens(self, kind: str) -> int:
        """How many calls could go out at once now; for metrics."""
        with self._lock:
            state, now = self._kinds[kind], self._clock_ms()
            if now < state.closed_until_ms:
                return 0
            stamps = [item.timestamp for item in state.bucket.items]
            return min(r.limit - sum(1 for s in stamps if s >= now - r.interval) for r in state.bucket.rates)

    def exhausted(self, kind: str) -> None:
        """Google said 429: leave it alone, twice as long with every refusal in a row, with jitter."""
        with self._lock:
            state, now = self._kinds[kind], self._clock_ms()
            if now < state.closed_until_ms:
                return  # a call that was already under way when the gate closed
            wait_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**state.refusals) * (0.5 + self._jitter() / 2)
            state.refusals += 1
            state.closed_until_ms = now + int(wait_s * 1000)

    def _forgive(self, state: _Kind, now: int) -> None:
        """Forget refusals once a minute has passed since the gate opened again without another one."""
        if state.refusals and now - state.closed_until_ms > 60_000:
            state.refusals = 0
