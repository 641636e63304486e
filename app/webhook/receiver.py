"""What happens to one event: through the gate, into Kafka, then the answer."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog

from app.metrics import SHEET_TO_TABLE_S, count_failure
from app.webhook.body import parse_body
from app.webhook.gate import Gate, Request, of_link
from core.errors import KafkaUnavailable, TwinsheetError
from core.events import SHEET_OBSERVED
from core.ports import EventPublisher, Json

log = structlog.get_logger(__name__)

REMEMBERED_S = 600
REMEMBERED_HERE_MAX = 100_000
ACCEPTED, REPEATED = 202, 200
STRIPES = 256
"""Locks that keep two requests with the same id from overtaking each other."""
KAFKA_RESTS_S = 1.0
PROBE_S = 30.0
"""How long one request may take to find out whether the shared memory is back."""
ROWS_TOLD_MAX = 100
"""In one line of the log."""
TROUBLE_S = 30.0
"""A failure is told for so long; without requests nobody knows whether the next one will go well."""


class Seen(Protocol):
    """Remembers for ten minutes which events were accepted, over restarts and for all webhook processes."""

    def seen(self, link: str, event: str) -> bool:
        """Whether that event of that link was accepted before."""

    def remember(self, link: str, event: str) -> None:
        """It was accepted; remembering twice is harmless."""


class SeenHereFirst:
    """Asks this process's memory before the shared one, and goes on with it alone while the shared one is away.

    A repeated event that slips through does no harm: an event only says where to look. One that is turned away
    because MySQL rests for a moment would be lost to the fast path.

    Args:
        shared: the memory of all processes.
        clock: seconds, monotonic.
    """

    def __init__(self, shared: Seen, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        self._lock = threading.Lock()
        self._here: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._ask_again_at = 0.0
        self._is_away = False

    def seen(self, link: str, event: str) -> bool:
        """See :class:`Seen`."""
        with self._lock:
            at = self._here.get((link, event))
        if at is not None and self._clock() - at < REMEMBERED_S:
            return True
        return bool(self._ask(lambda: self._shared.seen(link, event)))

    def remember(self, link: str, event: str) -> None:
        """See :class:`Seen`."""
        now = self._clock()
        with self._lock:
            self._here[link, event] = now
            while self._here and (len(self._here) > REMEMBERED_HERE_MAX or self._oldest() < now - REMEMBERED_S):
                self._here.popitem(last=False)
        self._ask(lambda: self._shared.remember(link, event))

    def _oldest(self) -> float:
        return next(iter(self._here.values()))

    def _ask(self, question: Callable[[], bool | None]) -> bool | None:
        with self._lock:
            now = self._clock()
            if now < self._ask_again_at:
                return None
            if self._is_away:  # one request finds out whether it is back, the others do not wait with it
                self._ask_again_at = now + PROBE_S
        try:
            answer = question()
        except TwinsheetError as error:
            self._is_away, self._ask_again_at = True, self._clock() + 1.0
            count_failure(error)
            log.warning("ids_not_shared", reason=str(error))
            return None
        self._is_away, self._ask_again_at = False, 0.0
        return answer


class Receiver:
    """Takes events of sheets.

    Args:
        gate: lets them in.
        seen: accepted events.
        publisher: to Kafka.
    """

    def __init__(self, gate: Gate, seen: Seen, publisher: EventPublisher) -> None:
        self._gate = gate
        self._seen = seen
        self._publisher = publisher
        self._clock = gate.clock
        self._alone = [threading.Lock() for _ in range(STRIPES)]
        self._kafka_rests_until = 0.0
        self._failure: tuple[float, str] | None = None
        """When Kafka did not take an event, and why; ``None`` once it has taken one again."""

    @property
    def trouble(self) -> str:
        """Why events could not be stored of late; empty when they can be."""
        failure = self._failure
        return failure[1] if failure and self._clock() - failure[0] < TROUBLE_S else ""

    def receive(self, request: Request) -> int:
        """Check and publish one event.

        Returns:
            202 once Kafka has it, 200 when it had it before.

        Raises:
            WebhookRefused: 404, 413, 401 or 400, the first that applies in this order.
            KafkaUnavailable: nothing was promised; the sender tries again.
        """
        guest = self._gate.admit(request)
        entry, event, received_at = guest.link, guest.id, guest.at
        with self._alone[hash((entry.name, event)) % len(self._alone)]:
            if self._seen.seen(entry.name, event):
                return REPEATED
            body = of_link(parse_body(request.body), entry)
            at = datetime.fromtimestamp(received_at, UTC)
            body |= {"event": event, "received_at": at.isoformat(timespec="microseconds").replace("+00:00", "Z")}
            self._publish(entry.name, body)
            self._seen.remember(entry.name, event)
        _measure(body, received_at, self._clock())
        _tell(entry.name, event, body)
        return ACCEPTED

    def _publish(self, link: str, body: Json) -> None:
        """Publish; for a moment after a failure nobody waits for Kafka again, so that the others are answered."""
        if self._clock() < self._kafka_rests_until:
            raise KafkaUnavailable("Kafka did not acknowledge a moment ago.")
        try:
            self._publisher.publish(SHEET_OBSERVED, link, body)
        except KafkaUnavailable as error:
            now = self._clock()
            self._kafka_rests_until, self._failure = now + KAFKA_RESTS_S, (now, str(error))
            count_failure(error)
            raise
        self._failure = None


def _tell(link: str, event: str, body: Json) -> None:
    """What a person follows the edit by."""
    rows = dict.fromkeys(cell["row_id"] for cell in body.get("cells", ()))
    told = {"rows": list(rows)[:ROWS_TOLD_MAX], "row_count": len(rows)}
    log.info("accepted", link=link, event_id=event, kind=body["kind"], **told)


def _measure(body: Json, received_at: float, published_at: float) -> None:
    SHEET_TO_TABLE_S.labels("received_to_published").observe(max(published_at - received_at, 0))
    edited_at = datetime.fromisoformat(body["edited_at"]).timestamp()
    SHEET_TO_TABLE_S.labels("edited_to_received").observe(max(received_at - edited_at, 0))
