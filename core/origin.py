"""Where a change of the table came from, as it travels with the change into the sheet and the history (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.ports.record import HistoryEntry


@dataclass(frozen=True, slots=True)
class Origin:
    """A transaction of the table, with what the server tells of it."""

    transaction: str
    actor: str = ""
    """The user of MySQL, where the connection was still open when its change was read."""
    via: str = ""
    """Its connection, and the comment of its statement."""
    committed_at: datetime | None = None
    received_at: datetime | None = None
    """When the reader of the binlog had it."""
    queued_at: datetime | None = None
    """When Kafka had it."""


def origin_of(body: Mapping[str, Any], queued_at: datetime | None) -> Origin | None:
    """What a message of kind ``rows`` tells; ``None`` where it names no transaction."""
    if not body.get("transaction"):
        return None
    return Origin(
        transaction=body["transaction"],
        actor=body.get("actor", ""),
        via=body.get("via", ""),
        committed_at=_time(body.get("committed_at")),
        received_at=_time(body.get("received_at")),
        queued_at=queued_at,
    )


def made_by(origin: Origin, entry: HistoryEntry) -> HistoryEntry:
    """An entry with who changed the table and on which way it came."""
    return replace(
        entry,
        event=f"{entry.event} {origin.transaction}".strip(),
        actor=origin.actor,
        via=origin.via,
        committed_at=origin.committed_at,
        received_at=origin.received_at,
        queued_at=origin.queued_at,
    )


def origin_to_json(origin: Origin) -> list[Any]:
    """As an intent keeps it, beside its transaction."""
    times = (origin.committed_at, origin.received_at, origin.queued_at)
    return [origin.actor, origin.via, *(None if at is None else at.isoformat() for at in times)]


def origin_from_json(transaction: str, raw: list[Any] | None) -> Origin:
    """The inverse of :func:`origin_to_json`; ``None`` for an intent that knows the transaction alone."""
    if raw is None:
        return Origin(transaction)
    return Origin(transaction, raw[0], raw[1], *(_time(at) for at in raw[2:]))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
