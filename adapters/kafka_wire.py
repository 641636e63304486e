"""How our messages look inside Kafka: key, headers, JSON body. Shared by publisher and source."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka.errors import (
    AuthorizationError,
    InvalidReceiveError,
    KafkaError,
    KafkaTimeoutError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from adapters.compact_json import load
from adapters.kafka_address import KafkaAddress
from core.errors import KafkaUnavailable
from core.ports import Delivery, Json

PUBLISHED_AT = "published_at"
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""A webhook body may have 1 MiB, and what we add to it must fit as well; set on the topics, too."""

_NOT_SIGNED_IN = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError)
_TIME_OVER = (KafkaTimeoutError, RequestTimedOutError)
_TRIES = logging.getLogger("kafka.net.manager")
RECONNECT_MS_MAX = 500
"""A client waits at most this long, and some jitter, before it knocks again at a broker that was away."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(body: Json) -> bytes:
    """A body as UTF-8 JSON without blanks; where a text holds half a character, all of it in JSON's escapes."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


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
        body = load(raw or b"")
    except ValueError as error:
        return {"kind": "unreadable", "reason": str(error)}
    return body if isinstance(body, dict) else {"kind": "unreadable", "reason": "not a JSON object"}


def _published_at(headers: Iterable[tuple[str, bytes]], timestamp_ms: int) -> datetime:
    for name, value in headers:
        if name == PUBLISHED_AT and value.isdigit():
            return _EPOCH + timedelta(microseconds=int(value))
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def unavailable(address: KafkaAddress, what: str, error: BaseException | None = None) -> KafkaUnavailable:
    """The error for a Kafka that does not answer or does not let us in, with what a person looks at next."""
    detail = f" ({type(error).__name__}: {error})" if error is not None and str(error) else ""
    return KafkaUnavailable(f"Kafka at {address} {what}{detail}.", _next_look(address, error))


@contextmanager
def connecting(address: KafkaAddress, what: str) -> Iterator[None]:
    """Around the making of a client: our error where it does not come about, with the reason for it.

    A client tries until its time is over and then says no more than that; why each try failed, it only logs.

    Raises:
        KafkaUnavailable
    """
    heard = _Heard()
    _TRIES.setLevel(logging.WARNING)  # however little is shown of what the library logs, we listen
    _TRIES.addHandler(heard)
    try:
        yield
    except KafkaError as error:
        raise unavailable(address, what, heard.reason or error) from error
    finally:
        _TRIES.removeHandler(heard)


class _Heard(logging.Handler):
    """Keeps the last error that was logged, but for those that only say that the time was over."""

    reason: Exception | None = None

    def emit(self, record: logging.LogRecord) -> None:
        given = record.args if isinstance(record.args, tuple) else ()
        errors = (one for one in given if isinstance(one, Exception) and not isinstance(one, _TIME_OVER))
        self.reason = next(errors, self.reason)


def _next_look(address: KafkaAddress, error: BaseException | None) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            "Set TWINSHEET_KAFKA_SSL_CA to the authority that signed its certificate, and name the servers in"
            " TWINSHEET_KAFKA as the certificate does."
        )
    if isinstance(error, AuthorizationError):
        return "Give the user of TWINSHEET_KAFKA_USER the rights that docs/security.md lists."
    # The library drops the last answer of a broker that hangs up: that a password is wrong is rarely heard.
    # TLS that is read as Kafka's own words makes no sense either way.
    hung_up = "disconnected" in str(error) or isinstance(error, InvalidReceiveError)
    if address.signs_in and (hung_up or isinstance(error, _NOT_SIGNED_IN)):
        return (
            "Check TWINSHEET_KAFKA_USER, TWINSHEET_KAFKA_PASSWORD, TWINSHEET_KAFKA_SASL_MECHANISM and"
            " TWINSHEET_KAFKA_SECURITY: a broker that does not accept them hangs up."
        )
    if hung_up:
        return "Check that TWINSHEET_KAFKA_SECURITY says what it speaks there: TLS, and whether it asks for a user."
    return "Check that it runs and that TWINSHEET_KAFKA names it."


def partition_of(link: str, partitions: int) -> int:
    """The partition that the events of a link go to, as every Kafka client's default partitioner has it."""
    from kafka.partitioner.default import murmur2

    hashed: int = murmur2(link.encode())
    return (hashed & 0x7FFFFFFF) % partitions
