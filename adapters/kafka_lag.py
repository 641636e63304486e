"""How long the oldest message that nobody has consumed yet has been waiting, by link."""

from __future__ import annotations

import time
from collections.abc import Mapping

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from adapters.kafka_address import Bootstrap, kafka_address
from adapters.kafka_source import Place
from adapters.kafka_wire import connecting, unavailable

MESSAGES_MAX = 20_000


def oldest_waiting(
    bootstrap: Bootstrap,
    ends: Mapping[Place, int],
    consumed: Mapping[Place, int],
    *,
    timeout_s: float = 2.0,
) -> dict[str, float]:
    """When the oldest message of each link that waits was published; links that wait for nothing are left out.

    Looks at what lies between ``consumed`` and ``ends``, bounded in messages and time: in a very long queue, links
    that have none among its first messages are left out too.

    Args:
        bootstrap: where Kafka is.
        ends: next offset to be written, by (topic, partition), from :func:`adapters.kafka_admin.end_offsets`.
        consumed: next offset to be read; a partition of which nothing is known counts from its beginning.
        timeout_s: how long to look.

    Returns:
        Unix time in seconds by link.

    Raises:
        KafkaUnavailable: Kafka does not answer.
    """
    behind = {place: consumed.get(place, 0) for place, end in ends.items() if end > consumed.get(place, 0)}
    if not behind:
        return {}
    address = kafka_address(bootstrap)
    what = f"does not answer within {timeout_s:g} s"
    with connecting(address, what):
        consumer = KafkaConsumer(
            **address.arguments,
            client_id="twinsheet-lag",
            enable_auto_commit=False,
            bootstrap_timeout_ms=int(timeout_s * 1000),
            auto_offset_reset="earliest",
        )
    try:
        return _first_of_each_link(consumer, behind, ends, time.monotonic() + timeout_s)
    except KafkaError as error:
        raise unavailable(address, what, error) from error
    finally:
        consumer.close()


def _first_of_each_link(
    consumer: KafkaConsumer, behind: Mapping[Place, int], ends: Mapping[Place, int], deadline: float
) -> dict[str, float]:
    left = {TopicPartition(*place): ends[place] for place in behind}
    consumer.assign(list(left))
    for place, offset in behind.items():
        consumer.seek(TopicPartition(*place), offset)
    found: dict[str, float] = {}
    seen = 0
    while left and seen < MESSAGES_MAX and time.monotonic() < deadline:
        for partition, messages in consumer.poll(timeout_ms=200, max_records=2000).items():
            seen += len(messages)
            for message in messages:
                link = (message.key or b"").decode()
                found[link] = min(message.timestamp / 1000, found.get(link, float("inf")))
            if messages and messages[-1].offset + 1 >= left.get(partition, 0):
                left.pop(partition, None)
    return found
