"""What a scan has found, told piece by piece as the table writer takes it in.

A tab that is linked when it is full, or a paste that nobody reported, is thousands of rows: told at once they would
keep whatever a person types meanwhile waiting behind them. What if this stops halfway? The next scan finds the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from core.events import SHEET_OBSERVED
from core.ports import Clock, Delivery, EventPublisher, Json

EVENTS_AHEAD = 2
"""So many are told before the table writer has taken them in: it finds the next one while it applies one."""
GO_ON_AFTER_S = 20.0
"""A piece that does not come back to us, or that nobody takes in, holds the rest back no longer than this."""

Place = tuple[str, int]


@dataclass(slots=True)
class _Rest:
    """What is left of one scan."""

    events: Iterator[Json]
    event: str
    unheard: int = 0
    """Events that were published and have not come back to us yet."""
    heard: list[tuple[Place, int]] = field(default_factory=list)
    """Partition and offset of those that have, and that the table writer has not taken in."""
    late_at: float = 0.0

    def room(self, applied: Mapping[Place, int], now_s: float) -> int:
        """How many more may be told."""
        self.heard = [(place, offset) for place, offset in self.heard if applied.get(place, 0) <= offset]
        if now_s >= self.late_at:
            self.unheard, self.heard = 0, []
        return EVENTS_AHEAD - self.unheard - len(self.heard)


class Telling:
    """Publishes the events of scans.

    Args:
        publisher: to ``sheet.observed``.
        applied: how far the table writer has come, by partition.
        clock: when a piece is late.
    """

    def __init__(self, publisher: EventPublisher, applied: Callable[[], Mapping[Place, int]], clock: Clock) -> None:
        self._publisher = publisher
        self._applied = applied
        self._clock = clock
        self._rests: dict[str, _Rest] = {}

    def begin(self, link: str, events: Iterator[Json], event: str) -> None:
        """Tell the first of a scan's events; :meth:`go_on` tells the others.

        Raises:
            KafkaUnavailable: nothing is told any more; the next scan finds it again.
        """
        self._rests[link] = _Rest(events, event)
        self._tell(link, EVENTS_AHEAD)

    def is_busy(self, link: str) -> bool:
        """Whether there is more to tell of the link's last scan."""
        return link in self._rests

    def forget(self, link: str) -> None:
        """The link is somebody else's now."""
        self._rests.pop(link, None)

    def heard(self, delivery: Delivery) -> None:
        """A message has come through ``sheet.observed``; it may be one of ours."""
        rest = self._rests.get(delivery.link)
        if rest is not None and delivery.body.get("event") == rest.event:
            rest.unheard = max(0, rest.unheard - 1)
            rest.heard.append(((delivery.topic, delivery.partition), delivery.offset))

    def go_on(self) -> None:
        """Tell more of what has been taken in so far."""
        if not self._rests:
            return
        applied, now = self._applied(), self._clock.monotonic()
        for link, rest in list(self._rests.items()):
            room = rest.room(applied, now)
            if room > 0:
                self._tell(link, room)

    def _tell(self, link: str, count: int) -> None:
        rest = self._rests.pop(link)
        some = list(islice(rest.events, count))
        if not some:
            return
        self._publisher.publish_many([(SHEET_OBSERVED, link, event) for event in some])
        for more in islice(rest.events, 1):  # a scan of which all was told keeps nobody waiting
            rest.events = chain((more,), rest.events)
            rest.unheard, rest.late_at = rest.unheard + len(some), self._clock.monotonic() + GO_ON_AFTER_S
            self._rests[link] = rest
