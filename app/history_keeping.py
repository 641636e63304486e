"""Keeps the history as long as the settings say: a thread of one service, at its start and once a day."""

from __future__ import annotations

import threading

import structlog

from adapters.mysql_months import HistoryMonths
from app.ending import let_end
from app.metrics import count_failure
from core.errors import TwinsheetError

EVERY_S = 24 * 3600.0
AGAIN_S = 600.0
"""After a failure."""

log = structlog.get_logger(__name__)


class HistoryKeeper:
    """Makes and drops months beside what its service does, until it is closed.

    Args:
        months: of the history.
        kept_months: see :meth:`HistoryMonths.tidy`.
    """

    def __init__(self, months: HistoryMonths, kept_months: int) -> None:
        self._months = months
        self._kept_months = kept_months
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="history", daemon=True)

    def start(self) -> HistoryKeeper:
        """Begin at once; returns itself."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Tidy no more, and wait a while for what is under way."""
        self._closed.set()
        let_end(self._thread)

    def tidied(self) -> bool:
        """Tidy once; whether all is done. What failed is told, and tried again."""
        try:
            done = self._months.tidy(self._kept_months)
        except TwinsheetError as error:
            count_failure(error)
            log.warning("history_not_tidied", reason=str(error), again_s=AGAIN_S)
            return False
        if done.made or done.dropped or done.forgotten:
            told = {"made": done.made, "dropped": done.dropped, "undos_forgotten": done.forgotten}
            log.info("history_tidied", **told, kept_months=self._kept_months)
        return True

    def _keep(self) -> None:
        pause_s = 0.0
        while not self._closed.wait(pause_s):
            pause_s = EVERY_S if self.tidied() else AGAIN_S
