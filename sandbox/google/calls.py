"""Counts of API calls by spreadsheet, for ``GET /state``."""

from collections import Counter, defaultdict
from threading import Lock
from typing import Any


class CallCounts:
    """Calls by method, and how many reads and writes were carried out; since the start."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: dict[str, Counter[str]] = defaultdict(Counter)
        self._done: dict[str, Counter[str]] = defaultdict(Counter)

    def called(self, spreadsheet_id: str, method: str) -> None:
        """Count a call, whatever becomes of it."""
        with self._lock:
            self._calls[spreadsheet_id][method] += 1

    def done(self, spreadsheet_id: str, kind: str) -> None:
        """Count a read or write that was carried out (``Read`` or ``Write``)."""
        with self._lock:
            self._done[spreadsheet_id][kind] += 1

    def of(self, spreadsheet_id: str) -> dict[str, Any]:
        """The counts of one spreadsheet."""
        with self._lock:
            done = self._done[spreadsheet_id]
            return {"calls": dict(self._calls[spreadsheet_id]), "writes": done["Write"], "reads": done["Read"]}
