"""Builds the adapters that more than one process uses, out of the settings."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from adapters.google_sign_in import identity
from adapters.kafka_log import KafkaSource, Place, ensure_topics, kafka_of
from adapters.mysql_connection import MysqlSession, ThreadSessions, parse_url
from adapters.mysql_links import linked_columns
from adapters.mysql_quota import MysqlQuota
from adapters.mysql_schema import describe_table
from adapters.mysql_store import MysqlStore, open_store
from adapters.quota import CommandMeter, Payer, QuotaGate
from adapters.sheets_client import SheetsClient
from app.metrics import FAILURES, QuotaMetrics
from app.service import Service
from config.links import Links
from config.rules import load_user_rule
from config.settings import Settings
from core.errors import NotLinked, SettingsError
from core.model import Link
from core.rules import rule_faults
from core.values.catalog import codec_for


def process_name(service: str) -> str:
    """A name that no other process has, for fencing."""
    return f"{secrets.token_hex(4)}:{service}:{os.getpid()}@{socket.gethostname()}"[:64]


def member_name(settings: Settings) -> str | None:
    """A name that outlives a restart under a supervisor, so that the partitions come back at once."""
    slot = os.environ.get("SUPERVISOR_PROCESS_NAME")
    return f"{socket.gethostname()}:{settings.kafka_port}:{slot}" if slot else None


def sheets_client(settings: Settings) -> SheetsClient:
    """A connection to Google Sheets, or to the sandbox, for a person's command: its calls wait for their turn."""
    return SheetsClient(
        credentials=settings.google_credentials,
        subject=settings.google_subject,
        endpoint=settings.sheets_endpoint or "",
        meter=CommandMeter(quota_gate(settings)),
    )


def service_client(settings: Settings, gate: QuotaGate) -> SheetsClient:
    """The same for a service, which asks the gate itself before it calls, and tries a read once."""
    return SheetsClient(
        credentials=settings.google_credentials,
        subject=settings.google_subject,
        endpoint=settings.sheets_endpoint or "",
        read_attempts=1,
        meter=gate,
    )


def quota_gate(settings: Settings) -> QuotaGate:
    """Tokens for calls to Google, which all processes share."""
    project, user = identity(settings.google_credentials, settings.google_subject)
    per_minute = {"read": settings.sheets_reads_per_minute, "write": settings.sheets_writes_per_minute}
    payer = Payer(project, user, per_minute, settings.sheets_project_per_minute)
    return QuotaGate(MysqlQuota(parse_url(settings.mysql_url.get_secret_value())), payer, QuotaMetrics())


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


def links_for(path: Path, session: MysqlSession | ThreadSessions, *, tries_rules: bool = False) -> Links:
    """The links of a file, resolved against the tables of a server."""
    describe, linked_as = partial(describe_table, session), partial(linked_columns, session)
    if not tries_rules:
        return Links(path, describe, codec_for, linked_as=linked_as)
    return Links(
        path, describe, codec_for, linked_as=linked_as, rule_faults=partial(rule_faults, load=load_user_rule)
    )


def asked_links(path: Path, session: MysqlSession, name: str | None) -> list[Link]:
    """Links that a person asks about, as of now.

    Args:
        path: of links.yaml.
        session: reads tables and what is known of links.
        name: of one link; ``None`` for all.

    Raises:
        SettingsError: an entry that is asked for cannot be followed.
        NotLinked: there is no link of that name.
    """
    followed = links_for(path, session)
    links = followed.current()
    found = [one for one in links if name in (None, one.name)]
    told = followed.unresolved.get(name or "")
    if told is None and followed.faults and (name is None or not found):
        told = "; ".join(followed.faults)
    if told is not None:
        raise SettingsError(told, f"Mend {path} or the table; the other links go on meanwhile.")
    if name is not None and not found:
        raise NotLinked.among(name, (one.name for one in links))
    return found


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
