"""Google's quotas: requests a minute, per project and per user, reads and writes apart."""

import time
from collections.abc import Callable
from threading import Lock

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from sandbox.google.faults import Quotas

MINUTE_MS = 60_000
USERS_PER_PROJECT = 5
"""A project's quota is that of so many users (300 and 60)."""


class Quota:
    """Counts the calls of the last minute.

    Args:
        limits: the quotas in force, asked at every call.
        clock: seconds, only ever growing.
    """

    def __init__(self, limits: Callable[[], Quotas], clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._buckets: dict[tuple[str, str, int], InMemoryBucket] = {}
        self._lock = Lock()

    def refuses(self, kind: str, user: str) -> tuple[str, int] | None:
        """Count a call.

        Args:
            kind: ``Read`` or ``Write``.
            user: who calls.

        Returns:
            None if it may go on, else the exhausted scope (``" per user"`` or ``""``) and its limit.
        """
        scopes = ((" per user", user, self._user_limit(kind)), ("", "", self.project_limit(kind)))
        with self._lock:
            for scope, name, limit in scopes:
                if not self._takes(kind, name, limit):
                    return scope, limit
        return None

    def project_limit(self, kind: str) -> int:
        """How many calls of a kind all users together may make in a minute."""
        return self._user_limit(kind) * USERS_PER_PROJECT

    def forget(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._buckets.clear()

    def _user_limit(self, kind: str) -> int:
        limits = self._limits()
        return limits.reads_per_minute if kind == "Read" else limits.writes_per_minute

    def _takes(self, kind: str, name: str, limit: int) -> bool:
        if limit == 0:
            return False
        bucket = self._buckets.setdefault((kind, name, limit), InMemoryBucket([Rate(limit, MINUTE_MS)]))
        now_ms = int(self._clock() * 1000)
        bucket.leak(now_ms)
        return bool(bucket.put(RateItem(name, now_ms)))
