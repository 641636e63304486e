"""Reading from Kafka in a consumer group, from the offsets that State keeps.

kafka-python's consumer is used from one thread only: the one that calls :meth:`KafkaSource.poll`. Its rebalance
callbacks run on a thread of their own, so they do no more than raise a flag; ``poll`` does the claiming.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import structlog
from kafka import TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from adapters.kafka_address import Bootstrap, kafka_address
from adapters.kafka_group import GroupConsumer
from adapters.kafka_wire import MESSAGE_BYTES_MAX, RECONNECT_MS_MAX, connecting, delivery, partition_of, unavailable
from core.errors import Stalled
from core.ports import Delivery

log = structlog.get_logger(__name__)

Place = tuple[str, int]
"""Topic and partition."""
Claim = Callable[[frozenset[Place]], Mapping[Place, int]]
Partitions = Callable[[frozenset[Place]], None]

ANSWER_S = 5.0
PROBE_EVERY_S = 5.0
PROBE_S = 2.0
DEAF_PROBES_MAX = 3
_NO_TOPIC = "00000000-0000-0000-0000-000000000000"
SHARED_OUT_WITHIN_S = 360.0
"""Kafka itself gives a member that does not join 300 s."""
REPORT_EVERY_S = 5.0
GATHER_MS = 100


class _Rebalanced(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Notes that the assignment is a new one, even when it holds the same partitions."""

    def __init__(self) -> None:
        self.flag = threading.Event()
        self.settled = False
        """Between revoking and assigning, the library goes on naming what may be another member's already."""

    def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002  (the library's signature)
        self.settled = False
        self.flag.set()

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002  (the library's signature)
        self.flag.set()
        self.settled = True


def _nothing(_places: frozenset[Place]) -> None:
    return None


class KafkaSource:
    """An :class:`core.ports.EventSource`. One thread only.

    Both topics are keyed by link and equally partitioned, and the range assignor gives the same partition
    number of both to the same member: all events of a link come to one process.

    Args:
        bootstrap: where Kafka is.
        group: consumer group; its members share the partitions.
        topics: what to read.
        claim: called with partitions that have become ours; answers the next offset of each, none where
            nothing is stored (then the partition is read from its beginning), and one that Kafka never had where
            it is worth nothing. What it raises comes out of ``poll``, and is tried again by the next ``poll``;
            nothing of the partitions is delivered before.
        revoked: called with partitions that are no longer ours.
        lost: called with partitions whose stored offset Kafka does not hold any more, or from which messages
            vanished unread. They are read from what is there; the caller compares everything.
        member: stable name of this process. A restarted process of the same name has its partitions back at
            once; without a name the group first waits ``session_timeout_s`` for the one that was killed.
        session_timeout_s: a silent member's partitions go to others after this.
        unhurried: the broker gathers what comes within GATHER_MS instead of waking us for each message.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        bootstrap: Bootstrap,
        group: str,
        topics: Sequence[str],
        *,
        claim: Claim,
        revoked: Partitions = _nothing,
        lost: Partitions = _nothing,
        member: str | None = None,
        session_timeout_s: float = 10.0,
        records_max: int = 500,
        unhurried: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = kafka_address(bootstrap)
        self._claim, self._revoked, self._lost = claim, revoked, lost
        self._clock = clock
        self._rebalanced = _Rebalanced()
        self._next: dict[Place, int] = {}
        """The next offset of every claimed partition; nothing else is delivered."""
        self._ends: dict[Place, int] = {}
        self._topic_ids: dict[str, str] = {}
        """Of the topics, when their partitions were claimed."""
        self._heard_at = self._reported_at = self._settled_at = clock()
        self._deaf_probes = 0
        """Times in a row that messages were known to wait while none was delivered."""
        self._consumer = self._connected(
            group, member, session_timeout_s, records_max, MESSAGE_BYTES_MAX if unhurried else 1
        )
        self._consumer.subscribe(topics=list(topics), listener=self._rebalanced)
        self._see_topics(topics)

    def poll(self, timeout_s: float) -> list[Delivery]:
        """What has come in, in order of each partition; waits at most ``timeout_s`` for the first message.

        Raises:
            KafkaUnavailable: Kafka has not answered for some seconds. Polling again goes on when it is back.
            Stalled: Kafka answers, and for a while nothing of what waits has been delivered, or the group has
                not shared out its partitions.
        """
        try:
            batches = self._consumer.poll(timeout_ms=max(0, int(timeout_s * 1000)))
        except KafkaError as error:
            raise unavailable(self._address, "refuses to deliver", error) from error
        new = self._follow_assignment() | self._begun_anew()
        # Records of partitions just claimed were fetched before the seek to the stored offset.
        old = {tp: records for tp, records in batches.items() if (tp.topic, tp.partition) not in new}
        found = [d for tp, records in old.items() for d in self._accepted(tp, records)]
        if found:
            self._heard_at, self._deaf_probes = self._clock(), 0
        elif self._clock() - self._heard_at > PROBE_EVERY_S:
            self._probe()
        return found

    def assigned(self) -> frozenset[Place]:
        """Partitions that are ours and claimed."""
        return frozenset(self._next)

    def owns(self, topic: str, link: str) -> bool:
        """Whether the events of a link come to us."""
        count = len(self._consumer.partitions_for_topic(topic) or ())
        return count > 0 and (topic, partition_of(link, count)) in self._next

    def topic_ids(self) -> dict[str, str]:
        """The id of each topic, as far as the broker tells ids; a topic that is made anew has another one."""
        told = {topic: self._consumer._cluster.topic_id(topic) for topic in sorted(self._consumer.subscription())}
        return {topic: str(found) for topic, found in told.items() if found and str(found) != _NO_TOPIC}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Deliver from ``offset`` again, e.g. after a rolled-back transaction; nothing if no longer ours."""
        place = (topic, partition)
        if place not in self._next:
            return
        self._next[place] = offset
        with contextlib.suppress(ValueError):  # revoked a moment ago; the next poll drops it
            self._consumer.seek(TopicPartition(*place), offset)

    def report(self, offsets: Mapping[Place, int]) -> None:
        """Tell Kafka how far we are, so that its own tools show the lag. At most every five seconds.

        Nothing rests on it: the offsets that count are those in MySQL.
        """
        if not offsets or self._clock() - self._reported_at < REPORT_EVERY_S:
            return
        self._reported_at = self._clock()
        self._consumer.commit_async(
            {TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
        )

    def lag(self) -> dict[Place, int]:
        """Messages waiting per claimed partition, as far as known without asking."""
        known = {}
        for place, position in self._next.items():
            end = self._ends.get(place, position)
            with contextlib.suppress(KafkaError, AssertionError):  # revoked a moment ago
                end = self._consumer.highwater(TopicPartition(*place)) or end
            known[place] = max(0, end - position)
        return known

    def close(self) -> None:
        """Leave the group; takes at most two seconds."""
        self._next.clear()
        with contextlib.suppress(KafkaError):  # a Kafka that is gone notices by itself that we are
            self._consumer.close(autocommit=False, timeout_ms=1500)

    # --- the assignment ---------------------------------------------------------------

    def _follow_assignment(self) -> frozenset[Place]:
        """Give up what is no longer ours, claim what has become ours; the partitions just claimed."""
        if self._rebalanced.flag.is_set():
            self._rebalanced.flag.clear()
            self._give_up()
        if not self._rebalanced.settled:
            return frozenset()
        self._settled_at = self._clock()
        ours = {(tp.topic, tp.partition) for tp in self._consumer.assignment()}
        new = frozenset(ours - self._next.keys())
        if new:
            self._take(new)
        return new

    def _give_up(self) -> None:
        gone = frozenset(self._next)
        self._next.clear()
        if gone:
            self._revoked(gone)

    def _take(self, new: frozenset[Place]) -> None:
        self._topic_ids = self.topic_ids()
        stored = self._claim(new)
        partitions = [TopicPartition(*place) for place in new]
        try:
            begin = self._consumer.beginning_offsets(partitions, timeout_ms=int(ANSWER_S * 1000))
            end = self._consumer.end_offsets(partitions, timeout_ms=int(ANSWER_S * 1000))
        except KafkaError as error:
            raise unavailable(self._address, f"does not answer within {ANSWER_S:g} s", error) from error
        missing = set()
        for partition in partitions:
            place = (partition.topic, partition.partition)
            offset = stored.get(place, begin[partition])
            if not begin[partition] <= offset <= end[partition]:
                missing.add(place)
                offset = begin[partition]
            self._start_at(partition, offset)
            self._ends[place] = end[partition]
        if missing:
            self._tell_lost(missing)

    def _tell_lost(self, places: Collection[Place]) -> None:
        log.warning("events_lost", places=[f"{topic}/{partition}" for topic, partition in sorted(places)])
        self._lost(frozenset(places))

    def _start_at(self, partition: TopicPartition, offset: int) -> None:
        try:
            self._consumer.seek(partition, offset)
        except ValueError:  # revoked while we were claiming; the flag is up, the next poll sorts it out
            return
        self._next[(partition.topic, partition.partition)] = offset

    def _accepted(self, partition: TopicPartition, records: Sequence[Any]) -> list[Delivery]:
        place = (partition.topic, partition.partition)
        expected = self._next.get(place)
        if expected is None or not records:
            return []
        if records[0].offset != expected:  # removed unread, or the topic was made anew
            self._tell_lost({place})
        self._next[place] = records[-1].offset + 1
        return [delivery(record) for record in records]

    def _probe(self) -> None:
        """Kafka-python waits in silence for a broker that is gone; ask it something."""
        partitions = [TopicPartition(*place) for place in self._next]
        try:
            if partitions:
                ends = self._consumer.end_offsets(partitions, timeout_ms=int(PROBE_S * 1000))
                self._ends.update({(tp.topic, tp.partition): end for tp, end in ends.items()})
            elif not self._consumer.bootstrap_connected():
                self._consumer.topics()
        except KafkaError as error:
            raise unavailable(self._address, "does not answer", error) from error
        self._heard_at = self._clock()
        self._check_hearing()

    def _begun_anew(self) -> frozenset[Place]:
        """Partitions of topics that were made anew while we read them: what was in them is gone, and nobody says so.
        They are read from their beginning."""
        now = self.topic_ids()
        anew = {topic for topic, known in self._topic_ids.items() if now.get(topic, known) != known}
        self._topic_ids |= {topic: now[topic] for topic in anew}
        places = frozenset(place for place in self._next if place[0] in anew)
        for place in places:
            self.seek(*place, 0)
        if places:
            self._tell_lost(places)
        return places

    def _check_hearing(self) -> None:
        """What does not come although the broker answers is this consumer's fault; a fresh process has none."""
        if self._clock() - self._settled_at > SHARED_OUT_WITHIN_S:
            raise Stalled(
                f"Kafka at {self._address} has not shared out the group's partitions for {SHARED_OUT_WITHIN_S:g} s."
            )
        waits = any(self._ends.get(place, offset) > offset for place, offset in self._next.items())
        self._deaf_probes = self._deaf_probes + 1 if waits else 0
        if self._deaf_probes >= DEAF_PROBES_MAX:
            raise Stalled(f"Kafka at {self._address} holds messages and delivers none.")

    def _see_topics(self, topics: Sequence[str]) -> None:
        """A member that joins without knowing a topic's partitions shares out none of them; and one that learns of
        them after it has subscribed and joined takes them for new, and has its group join again."""
        deadline = time.monotonic() + ANSWER_S
        while missing := [topic for topic in topics if not self._consumer.partitions_for_topic(topic)]:
            if time.monotonic() > deadline:
                self._consumer.close(autocommit=False, timeout_ms=0)
                raise unavailable(self._address, f"has no topic {', '.join(missing)}")
            time.sleep(0.1)

    def _connected(
        self, group: str, member: str | None, session_timeout_s: float, records_max: int, bytes_min: int
    ) -> Any:
        with connecting(self._address, f"does not answer within {ANSWER_S:g} s"):
            return GroupConsumer(
                **self._address.arguments,
                client_id=f"twinsheet-{member or group}",
                group_id=group,
                group_instance_id=member,
                partition_assignment_strategy=[RangePartitionAssignor],
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_min_bytes=bytes_min,
                fetch_max_wait_ms=GATHER_MS,
                fetch_max_bytes=8 * MESSAGE_BYTES_MAX,
                max_partition_fetch_bytes=MESSAGE_BYTES_MAX,
                max_poll_records=records_max,
                session_timeout_ms=int(session_timeout_s * 1000),
                heartbeat_interval_ms=1000,
                request_timeout_ms=int(ANSWER_S * 1000),
                bootstrap_timeout_ms=int(ANSWER_S * 1000),
                reconnect_backoff_max_ms=RECONNECT_MS_MAX,
                metadata_max_age_ms=10_000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
