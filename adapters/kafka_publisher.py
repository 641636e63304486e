"""Publishing to Kafka: acks=all, idempotent, bounded in time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from adapters.kafka_address import Bootstrap, kafka_address
from adapters.kafka_wire import MESSAGE_BYTES_MAX, RECONNECT_MS_MAX, connecting, encode, headers_at, unavailable
from core.errors import KafkaUnavailable
from core.ports import Json

Done = Callable[[KafkaUnavailable | None], None]
"""Called once per message, from Kafka's own thread: ``None`` when acknowledged, else why not."""

CLOSE_S = 2.0


class KafkaPublisher:
    """An :class:`core.ports.EventPublisher`; safe to share between threads.

    A producer that has failed is replaced with the next message: after an expired message it may have lost
    its sequence, and a broker that comes back finds a client that starts anew.

    Args:
        bootstrap: where Kafka is.
        ack_timeout_s: how long a message may wait for its acknowledgement.
        clock: seconds since 1970, for the header ``published_at``.
    """

    def __init__(
        self, bootstrap: Bootstrap, *, ack_timeout_s: float = 5.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._address = kafka_address(bootstrap)
        self._ack_timeout_s = ack_timeout_s
        self._clock = clock
        self._lock = threading.Lock()
        self._producer: Any = None
        self._closed = False

    def connect(self) -> None:
        """Reach Kafka now rather than with the first message.

        Raises:
            KafkaUnavailable: within ``ack_timeout_s``.
        """
        self._ready()

    def publish(self, topic: str, link: str, body: Json) -> None:
        """Return once Kafka has acknowledged.

        Raises:
            KafkaUnavailable: it has not within ``ack_timeout_s``; the message may still arrive.
        """
        self.publish_many([(topic, link, body)])

    def publish_many(self, messages: Sequence[tuple[str, str, Json]]) -> None:
        """Publish (topic, link, body) in order; return once all are acknowledged.

        Raises:
            KafkaUnavailable: at least one is not; each may still arrive.
        """
        if not messages:
            return
        deadline = time.monotonic() + 2 * self._ack_timeout_s
        producer = self._ready()
        try:
            futures = [self._send(producer, *message) for message in messages]
            for future in futures:
                future.get(timeout=max(0.0, deadline - time.monotonic()))
        except KafkaError as error:
            self._discard(producer)
            raise unavailable(self._address, "did not acknowledge", error) from error

    def start(self, topic: str, link: str, body: Json, done: Done) -> None:
        """Hand a message over without waiting; messages of one link arrive in the order of the calls.

        Raises:
            KafkaUnavailable: it could not even be handed over; ``done`` is not called.
        """
        producer = self._ready()
        try:
            future = self._send(producer, topic, link, body)
        except KafkaError as error:
            self._discard(producer)
            raise unavailable(self._address, "takes no message", error) from error

        def failed(error: BaseException) -> None:
            done(unavailable(self._address, "did not acknowledge", error))

        future.add_callback(lambda _metadata: done(None))
        future.add_errback(failed)

    def close(self) -> None:
        """Flush for at most two seconds and let go of the connection."""
        with self._lock:
            self._closed = True
            producer, self._producer = self._producer, None
        if producer is not None:
            _close(producer, CLOSE_S)

    def _send(self, producer: Any, topic: str, link: str, body: Json) -> Any:
        return producer.send(topic, value=encode(body), key=link.encode(), headers=headers_at(self._clock()))

    def _ready(self) -> Any:
        producer = self._producer
        if producer is not None:
            return producer
        if not self._lock.acquire(timeout=self._ack_timeout_s):
            raise unavailable(self._address, f"does not answer within {self._ack_timeout_s:g} s")
        try:
            if self._closed:
                raise unavailable(self._address, "is no longer used: this process is stopping")
            if self._producer is None:
                self._producer = self._connected()
            return self._producer
        finally:
            self._lock.release()

    def _connected(self) -> Any:
        timeout_ms = int(self._ack_timeout_s * 1000)
        with connecting(self._address, f"does not answer within {self._ack_timeout_s:g} s"):
            return KafkaProducer(
                **self._address.arguments,
                client_id="twinsheet",
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                batch_size=256 * 1024,
                max_request_size=MESSAGE_BYTES_MAX,
                delivery_timeout_ms=timeout_ms,
                request_timeout_ms=max(timeout_ms // 2, 1),
                max_block_ms=timeout_ms,
                bootstrap_timeout_ms=timeout_ms,
                reconnect_backoff_max_ms=RECONNECT_MS_MAX,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )

    def _discard(self, producer: Any) -> None:
        """Have the next message start a new producer; what the old one still holds ends by its own timeouts."""
        with self._lock:
            if self._producer is not producer:
                return
            self._producer = None
        closing = threading.Thread(target=_close, args=(producer, self._ack_timeout_s), daemon=True)
        closing.start()


def _close(producer: Any, timeout_s: float) -> None:
    with contextlib.suppress(KafkaError):  # not all was sent in time: whoever waits for it hears so
        producer.close(timeout=timeout_s)
