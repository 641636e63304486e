"""Where the contract of the event log is tried: in memory and on Kafka."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol
from uuid import uuid4

from fakes.event_log import FakeEventLog, FakeEventPublisher, FakeEventSource
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from adapters.kafka_log import KafkaPublisher, KafkaSource, Place, end_offsets, ensure_topics
from core.ports import EventPublisher, EventSource

PARTITIONS = 4


class LogPlace(Protocol):
    """One broker with two topics of its own."""

    topics: tuple[str, str]

    def publisher(self) -> EventPublisher: ...
    def source(self, group: str, **callbacks: Any) -> EventSource:
        """One more member."""

    def end_offsets(self) -> Mapping[Place, int]: ...
    def forget(self, topic: str, before: Mapping[int, int]) -> None:
        """Retention: drop what lies before these offsets."""

    def close(self) -> None: ...


class MemoryLogPlace:
    """The fake."""

    def __init__(self) -> None:
        self.topics = ("observed", "changed")
        self._log = FakeEventLog(PARTITIONS)
        self.forget = self._log.forget

    def publisher(self) -> EventPublisher:
        return FakeEventPublisher(self._log)

    def source(self, group: str, **callbacks: Any) -> EventSource:
        return FakeEventSource(self._log, group, self.topics, **callbacks)

    def end_offsets(self) -> Mapping[Place, int]:
        return self._log.end_offsets(self.topics)

    def close(self) -> None:
        """Nothing is held."""


class KafkaLogPlace:
    """Real topics that no other test uses, deleted at the end."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self.topics = (f"observed.{uuid4().hex[:8]}", f"changed.{uuid4().hex[:8]}")
        ensure_topics(bootstrap, PARTITIONS, topics=self.topics)
        self._stack = ExitStack()
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._stack.callback(self._admin.close)
        self._stack.callback(self._admin.delete_topics, list(self.topics))

    def publisher(self) -> EventPublisher:
        publisher = KafkaPublisher(self._bootstrap)
        self._stack.callback(publisher.close)
        return publisher

    def source(self, group: str, **callbacks: Any) -> EventSource:
        source = KafkaSource(self._bootstrap, f"{group}.{self.topics[0]}", self.topics, **callbacks)
        self._stack.callback(source.close)
        return source

    def end_offsets(self) -> Mapping[Place, int]:
        return end_offsets(self._bootstrap, self.topics)

    def forget(self, topic: str, before: Mapping[int, int]) -> None:
        self._admin.delete_records({TopicPartition(topic, p): offset for p, offset in before.items()})

    def close(self) -> None:
        self._stack.close()


Open = Callable[[], LogPlace]
