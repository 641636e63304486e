"""Looks at everything in the background, so that no page waits for MySQL, Kafka or another process.

Often while somebody looks at the console, now and then otherwise: an idle console costs next to nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from adapters.mysql_delays import HistoryTail
from app.console.curves import Curves
from app.console.metrics import fetch_all
from app.console.samples import Samples
from app.ending import let_end
from app.status import Check, Status
from core.errors import TwinsheetError

LOOK_EVERY_S = 2.0
"""While a page is open."""
REST_EVERY_S = 15.0
LOOKED_AT_FOR_S = 10.0
"""A page asks every few seconds; after this long without a question nobody looks."""
CURVE_MINUTES = 30

Json = dict[str, Any]
log = structlog.get_logger("console")


@dataclass(frozen=True, slots=True)
class Picture:
    """How everything was at one moment."""

    taken_at_s: float = 0.0
    links: Sequence[Json] = ()
    checks: Sequence[Check] = ()
    doing: Sequence[str] = ()
    """What processes are in the middle of."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """What could not be asked, by name, and why."""

    def link(self, name: str) -> Json | None:
        """One link as it was."""
        return next((one for one in self.links if one["link"] == name), None)


class Watch:
    """Takes the pictures, and keeps the curves and samples of the last hour.

    Args:
        status: is asked.
        clock: seconds since 1970.
    """

    def __init__(self, status: Status, *, clock: Callable[[], float] = time.time) -> None:
        self._status = status
        self._clock = clock
        self._tail = HistoryTail(status.sessions)
        self.curves = Curves()
        self.samples = Samples()
        self._picture = Picture()
        self._checks: Sequence[Check] = ()
        self._lags: dict[str, dict[str, float]] = {"sheet_to_table": {}, "table_to_sheet": {}}
        self._looked_at_s = 0.0
        self._sampled_at_s = 0.0
        self._wake, self._stop, self._taking = threading.Event(), threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._wake.set()
        let_end(self._thread, within_s=5.0)

    @property
    def now_s(self) -> float:
        """Unix time."""
        return self._clock()

    def look(self) -> Picture:
        """The last picture; the next one comes sooner because somebody looks."""
        now = self._clock()
        if now - self._looked_at_s > LOOKED_AT_FOR_S:
            self._wake.set()
        self._looked_at_s = now
        return self._picture

    def look_again(self) -> Picture:
        """A picture of now, after something was done; without asking Kafka and other processes."""
        with self._taking:
            self._take({})
        return self._picture

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.take()
            except Exception:  # the next look may do better; a console that looks no more would show old things
                log.exception("look_failed")
            watched = self._clock() - self._looked_at_s < LOOKED_AT_FOR_S
            self._wake.wait(LOOK_EVERY_S if watched else REST_EVERY_S)
            self._wake.clear()

    def take(self) -> None:
        """Look at everything once."""
        faults: dict[str, str] = {}
        self._lags = _asked("kafka", self._status.lags, self._lags, faults)
        with self._taking:
            self._take(faults)
        self.curves.add(_asked("mysql", self._tail.read, [], faults))
        now = self._clock()
        if now - self._sampled_at_s >= REST_EVERY_S - LOOK_EVERY_S / 2:
            self._sampled_at_s = now
            self._sample(now, faults)

    def _take(self, faults: dict[str, str]) -> None:
        links = _asked("mysql", lambda: self._status.links(self._lags), None, faults)
        if links is None:
            self._picture = replace(self._picture, faults=faults)
            return
        now = self._clock()
        self._picture = Picture(
            taken_at_s=now,
            links=[one | {"curve": self.curves.delays_of(one["link"], now, CURVE_MINUTES)} for one in links],
            checks=self._checks,
            doing=[f"{note.name}: {note.doing}" for note in self._status.notes() if note.doing],
            faults=faults,
        )

    def _sample(self, now: float, faults: dict[str, str]) -> None:
        self._checks = self._status.checks()
        self.curves.forget(now)
        self.samples.add_metrics(now, [text for text in fetch_all(self._status.notes()) if text])
        self.samples.add_quota(now, _asked("mysql", self._status.calls_of_the_last_minute, {}, faults))


def _asked(name: str, question: Callable[[], Any], otherwise: Any, faults: dict[str, str]) -> Any:
    """The answer; where there is none, what was known before, and the fault is told."""
    try:
        return question()
    except TwinsheetError as error:
        faults[name] = str(error)
        return otherwise
