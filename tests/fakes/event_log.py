"""Kafka in memory: partitions, consumer groups with the range assignor, retention.

Passes tests/contract/test_event_log.py, as the real one does. Rebalancing happens
when the members poll, in one thread, so that tests decide who sees what when.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from core.errors import KafkaUnavailable
from core.ports import Delivery, Json

Place = tuple[str, int]


def _now() -> datetime:
    return datetime.now(UTC)


class FakeEventLog:
    """The broker.

    Args:
        partitions: of every topic.
        clock: gives ``published_at``.
    """

    def __init__(self, partitions: int = 3, *, clock: Callable[[], datetime] = _now) -> None:
        self.partitions = partitions
        self.clock = clock
        self.down = False
        """While true, nothing is acknowledged and nothing delivered."""
        self._kept: dict[Place, list[Delivery]] = {}
        self._begin: dict[Place, int] = {}
        self._groups: dict[str, list[FakeEventSource]] = {}

    # --- what tests do to it ----------------------------------------------------------

    def forget(self, topic: str, before: Mapping[int, int]) -> None:
        """Retention: drop what lies before these offsets, by partition."""
        for partition, offset in before.items():
            self._begin[topic, partition] = offset

    def lose(self, topic: str) -> None:
        """The topic is made anew, empty."""
        for partition in range(self.partitions):
            self._kept.pop((topic, partition), None)
            self._begin.pop((topic, partition), None)

    def all(self, topic: str, link: str | None = None) -> list[Delivery]:
        """Everything in a topic, of one link where it is named, by partition and offset."""
        kept = [d for p in range(self.partitions) for d in self._kept.get((topic, p), ())]
        return [d for d in kept if link is None or d.link == link]

    # --- the broker -------------------------------------------------------------------

    def partition_of(self, link: str) -> int:
        """Where a link's messages go, in every topic."""
        return zlib.crc32(link.encode()) % self.partitions

    def append(self, topic: str, link: str, body: Json) -> None:
        """Take a message in; it travels as JSON, as it would."""
        if self.down:
            raise KafkaUnavailable("Kafka did not acknowledge.", "Check that it runs.")
        place = (topic, self.partition_of(link))
        kept = self._kept.setdefault(place, [])
        kept.append(Delivery(*place, len(kept), link, json.loads(json.dumps(body)), self.clock()))

    def begin_offset(self, place: Place) -> int:
        """The oldest message that is still there."""
        return self._begin.get(place, 0)

    def end_offset(self, place: Place) -> int:
        """The offset that the next message gets."""
        return len(self._kept.get(place, ()))

    def end_offsets(self, topics: Sequence[str]) -> dict[Place, int]:
        """By topic and partition."""
        return {(t, p): self.end_offset((t, p)) for t in topics for p in range(self.partitions)}

    def read(self, place: Place, offset: int, count: int) -> list[Delivery]:
        """Messages from an offset on."""
        kept = self._kept.get(place, [])
        return kept[max(offset, self.begin_offset(place)) :][:count] if len(kept) > offset else []

    def join(self, group: str, member: FakeEventSource) -> None:
        """Share the partitions anew with one more."""
        self._groups.setdefault(group, []).append(member)
        self._rebalance(group)

    def leave(self, group: str, member: FakeEventSource) -> None:
        """Share the partitions anew with one fewer."""
        self._groups[group].remove(member)
        self._rebalance(group)

    def _rebalance(self, group: str) -> None:
        members = self._groups[group]
        for index, member in enumerate(members):
            mine = [p for p in range(self.partitions) if p * len(members) // self.partitions == index]
            member.promised = frozenset((topic, p) for topic in member.topics for p in mine)
            member.generation += 1


class FakeEventPublisher:
    """An :class:`core.ports.EventPublisher`."""

    def __init__(self, log: FakeEventLog) -> None:
        self._log = log
        self._closed = False

    def publish(self, topic: str, link: str, body: Json) -> None:
        self.publish_many([(topic, link, body)])

    def publish_many(self, messages: Sequence[tuple[str, str, Json]]) -> None:
        for message in messages:
            if self._closed:
                raise KafkaUnavailable("Kafka is no longer used: this process is stopping.")
            self._log.append(*message)

    def close(self) -> None:
        self._closed = True


def _nothing(_places: frozenset[Place]) -> None:
    return None


class FakeEventSource:
    """An :class:`core.ports.EventSource`, with the callbacks of the one on Kafka."""

    def __init__(
        self,
        log: FakeEventLog,
        group: str,
        topics: Sequence[str],
        *,
        claim: Callable[[frozenset[Place]], Mapping[Place, int]],
        revoked: Callable[[frozenset[Place]], None] = _nothing,
        lost: Callable[[frozenset[Place]], None] = _nothing,
        records_max: int = 500,
    ) -> None:
        self._log, self._group, self.topics = log, group, tuple(topics)
        self._claim, self._revoked, self._lost = claim, revoked, lost
        self._records_max = records_max
        self._next: dict[Place, int] = {}
        self._followed = 0
        self.generation = 0
        self.promised: frozenset[Place] = frozenset()
        log.join(group, self)

    def poll(self, timeout_s: float) -> list[Delivery]:
        """Never waits: nothing happens in memory meanwhile."""
        if self._log.down:
            raise KafkaUnavailable("Kafka does not answer.", "Check that it runs.")
        if self._followed != self.generation:
            self._followed = self.generation
            self._give_up()
        new = self.promised - self._next.keys()
        if new:
            self._take(new)
        return self._deliver()

    def assigned(self) -> frozenset[Place]:
        return frozenset(self._next)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        if (topic, partition) in self._next:
            self._next[topic, partition] = offset

    def report(self, offsets: Mapping[Place, int]) -> None:
        """Only for show."""

    def lag(self) -> dict[Place, int]:
        return {place: self._log.end_offset(place) - offset for place, offset in self._next.items()}

    def close(self) -> None:
        self._next.clear()
        self._log.leave(self._group, self)

    def _give_up(self) -> None:
        gone = frozenset(self._next)
        self._next.clear()
        if gone:
            self._revoked(gone)

    def _take(self, new: frozenset[Place]) -> None:
        stored = self._claim(new)
        missing = set()
        for place in sorted(new):
            begin, end = self._log.begin_offset(place), self._log.end_offset(place)
            offset = stored.get(place, begin)
            if not begin <= offset <= end:
                missing.add(place)
                offset = begin
            self._next[place] = offset
        if missing:
            self._lost(frozenset(missing))

    def _deliver(self) -> list[Delivery]:
        found: list[Delivery] = []
        for place, offset in self._next.items():
            batch = self._log.read(place, offset, self._records_max - len(found))
            if batch:
                if batch[0].offset != offset:
                    self._lost(frozenset({place}))
                self._next[place] = batch[-1].offset + 1
                found += batch
        return found
