"""Kafka from outside the flow: making the topics, and looking how far everybody is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError

from adapters.kafka_address import Bootstrap, kafka_address
from adapters.kafka_source import Place
from adapters.kafka_wire import MESSAGE_BYTES_MAX, RECONNECT_MS_MAX, connecting, unavailable
from core.errors import SettingsError
from core.events import SHEET_OBSERVED, TABLE_CHANGED

TOPICS = (SHEET_OBSERVED, TABLE_CHANGED)


def ensure_topics(
    bootstrap: Bootstrap,
    partitions: int = 6,
    *,
    topics: Sequence[str] = TOPICS,
    replication: int = 1,
    timeout_s: float = 5.0,
) -> None:
    """Create the topics that are not there yet; harmless when several processes do it at once.

    Raises:
        KafkaUnavailable: Kafka does not answer within about ``timeout_s``.
        SettingsError: the topics exist with different numbers of partitions, so that the events of a link
            would be spread over several processes.
    """
    with _admin(bootstrap, timeout_s) as admin:
        missing = set(topics) - set(admin.list_topics())
        for topic in sorted(missing):
            # Creating one by one: a topic that another process has just made is no reason to skip the next.
            with contextlib.suppress(TopicAlreadyExistsError):
                admin.create_topics({topic: _options(partitions, replication)}, timeout_ms=int(timeout_s * 1000))
        admin.wait_for_topics(list(topics), timeout_ms=int(timeout_s * 1000))
        counts = {t["name"]: len(t["partitions"]) for t in admin.describe_topics(list(topics))}
    if len(set(counts.values())) > 1:
        raise SettingsError(
            "The topics have different numbers of partitions: "
            + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            + ".",
            "Give both the same number (kafka-topics --alter --partitions).",
        )


def end_offsets(bootstrap: Bootstrap, topics: Sequence[str] = TOPICS, *, timeout_s: float = 5.0) -> dict[Place, int]:
    """The offset that the next message of each partition will get.

    Raises:
        KafkaUnavailable: Kafka does not answer within about ``timeout_s``.
    """
    with _admin(bootstrap, timeout_s) as admin:
        places = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in admin.describe_topics(list(topics))
            for partition in topic["partitions"]
        ]
        found = admin.list_partition_offsets(
            dict.fromkeys(places, OffsetSpec.LATEST), timeout_ms=int(timeout_s * 1000)
        )
    return {(tp.topic, tp.partition): at.offset for tp, at in found.items()}


def lag(ends: Mapping[Place, int], consumed: Mapping[Place, int]) -> int:
    """Messages published and not yet consumed, from :func:`end_offsets` and the offsets that State keeps.

    A partition of which nothing is stored counts from its beginning.
    """
    return sum(max(0, end - consumed.get(place, 0)) for place, end in ends.items())


def _options(partitions: int, replication: int) -> dict[str, Any]:
    return {
        "num_partitions": partitions,
        "replication_factor": replication,
        "configs": {"max.message.bytes": str(MESSAGE_BYTES_MAX)},
    }


@contextlib.contextmanager
def _admin(bootstrap: Bootstrap, timeout_s: float) -> Iterator[Any]:
    address = kafka_address(bootstrap)
    timeout_ms = int(timeout_s * 1000)
    with connecting(address, f"does not answer within {timeout_s:g} s"):
        admin = KafkaAdminClient(
            **address.arguments,
            client_id="twinsheet-admin",
            request_timeout_ms=timeout_ms,
            bootstrap_timeout_ms=timeout_ms,
            reconnect_backoff_max_ms=RECONNECT_MS_MAX,
        )
    with contextlib.closing(admin):
        try:
            yield admin
        except KafkaError as error:
            raise unavailable(address, f"does not answer within {timeout_s:g} s", error) from error
