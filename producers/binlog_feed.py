"""Gather from the binlog, publish to Kafka, move the position: the change feed from table to sheet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from adapters.binlog_events import Committed, Position, PositionLost, Table
from app.metrics import FAILURES
from core.errors import KafkaUnavailable, MysqlUnavailable
from core.inflight import InFlight
from core.model import Link
from core.ports import Json
from producers.binlog_messages import Cascades, Message, Messages, Parents, compare_all

log = structlog.get_logger(__name__)

UNACKNOWLEDGED_MAX = 2000
ACK_WAIT_S = 10.0
NOTE_EVERY_S = 0.5
IDLE_NOTE_EVERY_S = 10.0
"""While only tables pass that nobody has linked, so that their binlog may be purged one day."""
CHECK_EVERY_S = 1.0
PRUNE_EVERY_S = 60.0
STAND_BY_S = 1.0
LAST_ACKS_S = 2.0
TRAIL_MAX = 100
KEYS_TOLD_MAX = 20


class Links(Protocol):
    """The links as of now; cheap to ask."""

    version: int

    def current(self) -> list[Link]: ...
    def refresh(self) -> None:
        """Describe the tables again."""


class Publisher(Protocol):
    """Kafka, without waiting for each message."""

    def start(self, topic: str, link: str, body: Json, done: Callable[[KafkaUnavailable | None], None]) -> None: ...
    def publish_many(self, messages: Sequence[Message]) -> None: ...


class Lease(Protocol):
    """The right to read, and the note of the position."""

    def acquire(self, timeout_s: float) -> bool: ...
    def check(self) -> None: ...
    def load(self) -> Position | None: ...
    def save(self, position: Position) -> None: ...
    def give_up(self, beginning: int) -> None: ...
    def outbox_since_note(self) -> list[Message]: ...
    def prune(self) -> None: ...


class Server(Protocol):
    """The server's binlog, seen from outside."""

    def position(self) -> Position: ...
    def resume(self, stored: Position) -> tuple[Position, bool]: ...


class Reader(Protocol):
    """One pass over the binlog."""

    def read(self) -> Iterator[Committed | None]: ...
    def close(self) -> None: ...


class Watched(Protocol):
    """The tables that the reader looks at."""

    def set(self, tables: set[Table]) -> None: ...


OpenReader = Callable[[Position, bool], Reader]
CascadesOf = Callable[[set[Table]], Cascades]
"""By linked table, the foreign keys through which its rows change without a word in the binlog."""
ParentsOf = Callable[[set[Table]], Parents]
"""By linked table, the foreign keys by which its rows refer to others."""
Reading = Callable[[datetime | None], None]
"""Told once a second with the commit time of the transaction read last; ``None`` at the end of the binlog."""
Published = Callable[[datetime, bool], None]
"""Told with the commit time of each transaction's messages once Kafka has them, and whether it is exact."""


class BinlogFeed:
    """One process's life as the (or a waiting) reader of the binlog.

    The position is noted only past transactions whose messages Kafka has acknowledged, and only while the
    lease is held; whatever breaks, reading begins again at the note. A message may be sent twice, never not.
    """

    def __init__(
        self,
        *,
        server: Server,
        open_reader: OpenReader,
        watch: Watched,
        lease: Lease,
        publisher: Publisher,
        links: Links,
        messages: Messages,
        stop: threading.Event,
        cascades: CascadesOf = lambda _tables: {},
        parents: ParentsOf = lambda _tables: {},
        beat: Callable[[], None] = lambda: None,
        stand_by: Callable[[], None] = lambda: None,
        published: Published = lambda _at, _exact: None,
        reading: Reading = lambda _at: None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._server, self._open_reader, self._watch = server, open_reader, watch
        self._lease, self._publisher, self._links = lease, publisher, links
        self._messages, self._stop, self._beat, self._tell_standing_by = messages, stop, beat, stand_by
        self._cascades, self._parents = cascades, parents
        self._published, self._reading = published, reading
        self._clock, self._wall_clock = clock, wall_clock
        self._inflight: InFlight[Position] = InFlight()
        self._failure: KafkaUnavailable | None = None
        self._links_version: int | None = None
        self._known: dict[str, object] | None = None
        self._noted: Position | None = None
        self._fresh: Position | None = None
        """Where reading was begun anew without a note; lost again, it is no use to try once more."""
        self._noted_at = self._checked_at = self._pruned_at = clock()
        self._trail: list[Json] = []
        """Changes handed to Kafka that no line of the log tells yet."""
        self._news = False
        """Whether anything was published since the last note."""

    def run(self) -> None:
        """Stand by, then read until asked to stop.

        Raises:
            KafkaUnavailable, MysqlUnavailable: begin anew later; nothing is lost.
            MysqlRefused: the server's settings or grants do not allow it.
            Fenced: another reader has taken over.
        """
        if not self._stand_by():
            return
        self._follow_links()
        start, by_gtid = self._begin()
        while not self._stop.is_set():
            try:
                self._read(start, by_gtid)
            except PositionLost as error:
                if start == self._fresh:
                    raise MysqlUnavailable(f"The binlog cannot be read: {error.message}", error.hint) from error
                start, by_gtid = self._start_over(error.message), False

    def _stand_by(self) -> bool:
        waited = False
        while not self._stop.is_set():
            if self._lease.acquire(STAND_BY_S):
                log.info("binlog_reader_active", waited=waited)
                return True
            if not waited:
                log.info("binlog_reader_standing_by")
            waited = True
            self._tell_standing_by()
        return False

    def _begin(self) -> tuple[Position, bool]:
        stored = self._lease.load()
        if stored is None:
            return self._start_over("the binlog was not read before"), False
        self._noted = stored
        try:
            start, by_gtid = self._server.resume(stored)
        except PositionLost as error:
            return self._start_over(str(error)), False
        if by_gtid and stored.file:  # of another server; noted at once, for whoever goes on after us
            self._noted = start = replace(start, file="", offset=0, beginning=self._next_beginning())
            self._lease.save(start)
        log.info("binlog_resumed", file=start.file, offset=start.offset, by_gtid=by_gtid)
        return start, by_gtid

    def _start_over(self, reason: str) -> Position:
        """Read from now on, after having everything compared that was changed before.

        Once that is told, nothing that reads on from the old place would be believed: were it found again after all,
        when this breaks off, its changed keys would count as followed.
        """
        now = replace(self._server.position(), beginning=self._next_beginning())
        links = self._links.current()
        FAILURES.labels("mysql", "PositionLost").inc()
        log.warning("binlog_started_over", reason=reason, file=now.file, offset=now.offset, links=len(links))
        asked = [
            (topic, link, self._messages.answered(topic, link, body, exact=False))
            for topic, link, body in self._lease.outbox_since_note()
        ]
        self._lease.give_up(now.beginning)
        self._publisher.publish_many([*compare_all(links, reason, beginning=now.beginning), *asked])
        self._inflight = InFlight()
        self._lease.save(now)
        self._noted = self._fresh = now
        return now

    def _next_beginning(self) -> int:
        """Later than any before, also where the note of the last one is gone."""
        last = self._noted.beginning if self._noted else 0
        return max(last + 1, int(self._wall_clock()))

    # --- gather, publish, move the position ------------------------------------------------

    def _read(self, start: Position, by_gtid: bool) -> None:
        reader = self._open_reader(start, by_gtid)
        try:
            for committed in reader.read():
                if committed is not None:
                    self._publish(committed)
                self._keep_up(committed.committed_at if committed else None)
                if self._stop.is_set():
                    break
            self._inflight.wait_below(1, LAST_ACKS_S)
            self._note_position()
            self._tell_trail()
        finally:
            reader.close()

    def _publish(self, committed: Committed) -> None:
        altered = False
        for topic, link, body in self._messages.of(committed):
            self._hand_over(topic, link, body, committed)
            altered = altered or body.get("kind") == "ddl"
        if committed.last and not committed.own:
            self._inflight.reached(committed.position)
        if altered:
            self._links.refresh()

    def _hand_over(self, topic: str, link: str, body: Json, committed: Committed) -> None:
        if not self._inflight.wait_below(UNACKNOWLEDGED_MAX, ACK_WAIT_S):
            raise KafkaUnavailable(
                f"Kafka has acknowledged nothing for {ACK_WAIT_S:g} s.", "Check that it runs; it is tried again."
            )
        self._raise_failure()
        inflight = self._inflight
        token = inflight.begin()

        def done(error: KafkaUnavailable | None) -> None:  # on Kafka's own thread
            if error is not None:
                self._failure = error
                return
            inflight.done(token)
            self._published(committed.committed_at, committed.exact)

        self._publisher.start(topic, link, body, done)
        self._news = True
        if body.get("transaction"):
            self._trail.append(_told(link, body))
            if len(self._trail) >= TRAIL_MAX:
                self._tell_trail()

    def _tell_trail(self) -> None:
        """What a person follows changes by; one line for all since the last one, because there may be thousands."""
        trail, self._trail = self._trail, []
        if trail:
            log.info("published", changes=trail)

    def _keep_up(self, read_at: datetime | None) -> None:
        self._raise_failure()
        now = self._clock()
        if now - self._noted_at >= (NOTE_EVERY_S if self._news else IDLE_NOTE_EVERY_S):
            self._note_position()
        if now - self._checked_at >= CHECK_EVERY_S:
            self._checked_at = now
            self._lease.check()
            self._follow_links()
            self._beat()
            self._tell_trail()
            self._reading(read_at)
        if now - self._pruned_at >= PRUNE_EVERY_S:
            self._pruned_at = now
            self._lease.prune()

    def _note_position(self) -> None:
        self._noted_at = self._clock()
        passed = self._inflight.passed()
        if passed is None or passed == self._noted:
            return
        self._news = len(self._inflight) > 0
        self._lease.save(passed)
        self._noted = passed

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _follow_links(self) -> None:
        links = self._links.current()
        if self._links.version == self._links_version:
            return
        self._links_version = self._links.version
        tables = {(link.schema, link.table) for link in links}
        self._messages.set_links(links, self._cascades(tables), self._parents(tables))
        self._watch.set(self._messages.tables)
        known, self._known = self._known, {link.name: link.shape for link in links}
        log.info("binlog_links", links=sorted(self._known))
        if known is not None:  # what happened to its table before it was watched is found by comparing
            new = [link for link in links if known.get(link.name) != self._known[link.name]]
            self._publisher.publish_many(compare_all(new, "the link is new or was changed"))


def _told(link: str, body: Json) -> Json:
    keys = body.get("keys", [])
    return {"link": link, "transaction": body["transaction"], "keys": keys[:KEYS_TOLD_MAX], "key_count": len(keys)}
