"""Builds the adapters that services use, out of their settings."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence

from adapters.kafka_log import KafkaSource, Place, ensure_topics, kafka_of
from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_store import MysqlStore, open_store
from adapters.quota import QuotaGate
from adapters.sheets_client import SheetsClient
from app.metrics import FAILURES
from app.parts import links_for
from app.service import Service
from config.links import Links
from config.settings import Settings


def process_name(service: str) -> str:
    """A name that no other process has, for fencing."""
    return f"{secrets.token_hex(4)}:{service}:{os.getpid()}@{socket.gethostname()}"[:64]


def member_name(settings: Settings) -> str | None:
    """A name that outlives a restart under a supervisor, so that the partitions come back at once."""
    slot = os.environ.get("SUPERVISOR_PROCESS_NAME")
    return f"{socket.gethostname()}:{settings.kafka_port}:{slot}" if slot else None


def service_client(settings: Settings, gate: QuotaGate) -> SheetsClient:
    """The same for a service, which asks the gate itself before it calls, and tries a read once."""
    return SheetsClient(
        credentials=settings.google_credentials,
        subject=settings.google_subject,
        endpoint=settings.sheets_endpoint or "",
        read_attempts=1,
        meter=gate,
    )


def store_of(service: Service) -> MysqlStore:
    """The state, with the twinsheet schema at this program's version."""
    return service.closing(open_store(service.settings.mysql_url.get_secret_value()))


class _Dropping:
    """Closes a session at the end of a service."""

    def __init__(self, session: MysqlSession) -> None:
        self._session = session

    def close(self) -> None:
        self._session.drop()


def session_of(service: Service, schema: str | None = None) -> MysqlSession:
    """A connection for questions, each with an end of its own; closed at the end of the service."""
    session = MysqlSession(parse_url(service.settings.mysql_url.get_secret_value()), schema=schema, autocommit=True)
    service.closing(_Dropping(session))
    return session


def links_of(service: Service, *, tries_rules: bool = False) -> Links:
    """The links, followed while running.

    Args:
        service: with settings.
        tries_rules: try the user's own rules on sample values, and tell what is wrong with them.
    """
    return links_for(service.settings.links, session_of(service), tries_rules=tries_rules)


def source_of(  # noqa: PLR0917 -- the callbacks of one consumer group
    service: Service,
    store: MysqlStore,
    group: str,
    topics: Sequence[str],
    owner: str,
    claimed: Callable[[frozenset[Place]], None] = lambda _places: None,
    released: Callable[[frozenset[Place]], None] = lambda _places: None,
    lost: Callable[[frozenset[Place]], None] = lambda _places: None,
    *,
    unhurried: bool = False,
) -> KafkaSource:
    """A consumer of a group that starts at the offsets kept in MySQL."""
    ensure_topics(kafka_of(service.settings), service.settings.kafka_partitions)

    def claim(places: frozenset[Place]) -> dict[Place, int]:
        stored = store.run(lambda tx: tx.claim_offsets(group, owner, places, source.topic_ids()))
        claimed(places)
        return stored

    def gone(places: frozenset[Place]) -> None:
        FAILURES.labels("kafka", "EventsLost").inc()
        lost(places)

    source = KafkaSource(
        kafka_of(service.settings),
        group,
        topics,
        claim=claim,
        revoked=released,
        lost=gone,
        member=member_name(service.settings),
        unhurried=unhurried,
    )
    return service.closing(source)
