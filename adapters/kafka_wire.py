"""How our messages look inside Kafka: key, headers, JSON body. Shared by publisher and source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import KafkaUnavailable
from core.ports import Delivery, Json

PUBLISHED_AT = "published_at"
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""A webhook body may have 1 MiB, and what we add to it must fit as well; set on the topics, too."""

RECONNECT_MS_MAX = 500
"""A client waits at most this long, and some jitter, before it knocks again at a broker that was away."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(body: Json) -> bytes:
    """A body as UTF-8 JSON without blanks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def headers_at(time_s: float) -> list[tuple[str, bytes]]:
    """The header that tells when a message was handed to Kafka, in microseconds since 1970."""
    return [(PUBLISHED_AT, str(int(time_s * 1_000_000)).encode())]


def delivery(record: Any) -> Delivery:
    """A consumer record of kafka-python as our own noun.

    A body that is no JSON object is delivered as kind ``unreadable``: it must not stop its partition.
    """
    return Delivery(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        link=(record.key or b"").decode(errors="replace"),
        body=_body(record.value),
        published_at=_published_at(record.headers, record.timestamp),
    )


def _body(raw: bytes | None) -> Json:
    try:
        body = json.loads(raw or b"")
    except ValueError as error:
        return {"kind": "unreadable", "reason": str(error)}
    return body if isinstance(body, dict) else {"kind": "unreadable", "reason": "not a JSON object"}


def _published_at(headers: Iterable[tuple[str, bytes]], timestamp_ms: int) -> datetime:
    for name, value in headers:
        if name == PUBLISHED_AT and value.isdigit():
            return _EPOCH + timedelta(microseconds=int(value))
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def servers(bootstrap: str | Sequence[str]) -> list[str]:
    """Bootstrap servers as a list, from ``host:port,host:port`` or a list of them."""
    parts = bootstrap.split(",") if isinstance(bootstrap, str) else bootstrap
    return [part.strip() for part in parts if part.strip()]


def unavailable(bootstrap: Sequence[str], what: str, error: BaseException | None = None) -> KafkaUnavailable:
    """The error for a Kafka that does not answer, with what a person looks at next."""
    detail = f" ({type(error).__name__}: {error})" if error is not None and str(error) else ""
    return KafkaUnavailable(
        f"Kafka at {', '.join(bootstrap)} {what}{detail}.",
        "Check that it runs and that TWINSHEET_KAFKA names it.",
    )


def partition_of(link: str, partitions: int) -> int:
    """The partition that the events of a link go to, as every Kafka client's default partitioner has it."""
    from kafka.partitioner.default import murmur2

    hashed: int = murmur2(link.encode())
    return (hashed & 0x7FFFFFFF) % partitions
