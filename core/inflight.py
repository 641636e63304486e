"""Messages on their way, and how far their source may be considered read.

A position is passed only when everything published before it is acknowledged: after a crash the source is read
again from there, so that nothing is lost and little is sent twice.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

P = TypeVar("P")


class InFlight(Generic[P]):
    """An ordered list of unacknowledged messages with positions between them.

    Positions are opaque and come in reading order. Acknowledgements may come in any order, and from another
    thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._next_token = 0
        self._waiting: set[int] = set()
        self._queue: deque[tuple[int, P | None]] = deque()
        """(token, None) is a message, (-1, position) a place that is passed once all before it is done."""
        self._passed: P | None = None

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    def begin(self) -> int:
        """Note a message that is about to be published; the token that :meth:`done` takes."""
        with self._lock:
            token = self._next_token
            self._next_token += 1
            self._waiting.add(token)
            self._queue.append((token, None))
            return token

    def done(self, token: int) -> None:
        """The message is acknowledged; a token that is not known (any more) changes nothing."""
        with self._lock:
            self._waiting.discard(token)
            self._advance()
            self._freed.notify_all()

    def reached(self, position: P) -> None:
        """Everything up to ``position`` has been begun."""
        with self._lock:
            if self._queue and self._queue[-1][0] < 0:
                self._queue.pop()  # nothing was published between the two: the later one says it all
            self._queue.append((-1, position))
            self._advance()

    def passed(self) -> P | None:
        """The newest position before which nothing waits for its acknowledgement; ``None`` before the first."""
        with self._lock:
            return self._passed

    def wait_below(self, count: int, timeout_s: float) -> bool:
        """Wait until fewer than ``count`` messages are unacknowledged; whether that came to be in time."""
        with self._freed:
            return self._freed.wait_for(lambda: len(self._waiting) < count, timeout_s)

    def _advance(self) -> None:
        while self._queue and self._queue[0][0] not in self._waiting:
            token, position = self._queue.popleft()
            if token < 0:
                self._passed = position
