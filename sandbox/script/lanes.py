"""Waiting triggers: one lane for each spreadsheet and kind of event, run in order, each on a thread of its own.

A lane's thread lives while there is work. What waits is lost when the process dies, as faults are
meant to be: the product has to live with lost triggers.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

Work = Callable[[], None]


class Lanes:
    """Runs work of one lane one after the other, of different lanes side by side."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, str], deque[tuple[float, Work]]] = {}
        self._closed = False

    def put(self, lane: tuple[str, str], work: Work, *, delay_s: float = 0.0, depth: int | None = None) -> bool:
        """Put work at the end of a lane.

        Args:
            lane: spreadsheet and kind of event.
            work: runs on the lane's thread; never raises.
            delay_s: how long to wait at least before it runs.
            depth: how many may run or wait in the lane; more are dropped. None for no limit.

        Returns:
            Whether it was taken.
        """
        with self._changed:
            queue = self._waiting.get(lane)
            if self._closed or (depth is not None and queue is not None and len(queue) >= depth):
                return False
            due = time.monotonic() + delay_s
            if queue is not None:
                queue.append((due, work))
                return True
            self._waiting[lane] = deque([(due, work)])
        threading.Thread(target=self._run, args=(lane,), name=f"script {lane[1]}", daemon=True).start()
        return True

    def rest(self, timeout_s: float) -> bool:
        """Wait until every lane is empty; False when it took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Drop what waits and wait for what runs; False when it took too long."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return self.rest(timeout_s)

    def _run(self, lane: tuple[str, str]) -> None:
        """Work down a lane. The head stays in the queue while it runs, because it counts for the depth."""
        while True:
            with self._changed:
                queue = self._waiting[lane]
                due, work = queue[0]
                if self._changed.wait_for(self._is_closed, max(due - time.monotonic(), 0)):
                    del self._waiting[lane]
                    self._changed.notify_all()
                    return
            work()
            with self._changed:
                queue.popleft()
                if not queue:
                    del self._waiting[lane]
                    self._changed.notify_all()
                    return

    def _is_closed(self) -> bool:
        return self._closed
