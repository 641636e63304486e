"""Kafka, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came from Kafka."""

    topic: str
    partition: int
    offset: int
    link: str
    body: Json
    published_at: datetime


class EventPublisher(Protocol):
    """Publishes with acks=all and an idempotent producer.

    Publishing the same body twice is harmless: events only say where to look.
    """

    def publish(self, topic: str, link: str, body: Json) -> None:
        """Return once Kafka has acknowledged; raise KafkaUnavailable within a bounded time otherwise."""

    def publish_many(self, messages: Sequence[tuple[str, str, Json]]) -> None:
        """Publish (topic, link, body) in order; return once all are acknowledged."""

    def close(self) -> None:
        """Flush within a bounded time and let go of the connection."""


class EventSource(Protocol):
    """Delivers messages in order of each partition, at least once, starting at the offsets that State keeps."""

    def poll(self, timeout_s: float) -> list[Delivery]:
        """What has come in, waiting at most ``timeout_s`` for the first message; may be empty."""

    def assigned(self) -> frozenset[tuple[str, int]]:
        """Partitions that are ours now."""

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Deliver from there again, e.g. after a rolled-back transaction."""

    def close(self) -> None:
        """Leave the group."""
