"""Kafka as the log between the two sides: the ports EventPublisher and EventSource, and what surrounds them."""

from adapters.kafka_address import KafkaAddress, kafka_of
from adapters.kafka_admin import TOPICS, end_offsets, ensure_topics, lag
from adapters.kafka_publisher import KafkaPublisher
from adapters.kafka_source import KafkaSource, Place

__all__ = [
    "TOPICS",
    "KafkaAddress",
    "KafkaPublisher",
    "KafkaSource",
    "Place",
    "end_offsets",
    "ensure_topics",
    "kafka_of",
    "lag",
]
