"""Which events the webhook has accepted in the last minutes, over restarts and for all webhook processes."""

from __future__ import annotations

import threading
import time

from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA, migrate

REMEMBERED_S = 600
ANSWER_WITHIN_S = 2
"""A sender waits for this answer."""
PRUNE_EVERY_S = 30
PRUNE_ROWS_MAX = 20_000


class WebhookSeen:
    """Remembers events for REMEMBERED_S by link and id. Any number of threads; one connection each.

    Args:
        url: ``mysql://user:password@host:port/``.
        schema: Twinsheet's schema, brought to its version here.

    Raises:
        MysqlUnavailable, MysqlRefused
    """

    def __init__(self, url: str, schema: str = DEFAULT_SCHEMA) -> None:
        address = parse_url(url)
        migrate(address, schema)
        self._sessions = ThreadSessions(address, schema=schema, read_timeout_s=ANSWER_WITHIN_S)
        self._lock = threading.Lock()
        self._pruned_at = time.monotonic()

    def seen(self, link: str, event: str) -> bool:
        """Whether that event of that link was accepted within the time."""
        return bool(
            self._sessions.query(
                "SELECT 1 FROM webhook_seen WHERE link = %s AND id = %s"
                " AND seen_at >= CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND",
                (link, event, REMEMBERED_S),
            )
        )

    def remember(self, link: str, event: str) -> None:
        """It was accepted; remembering twice is harmless. Forgets old events now and then."""
        self._sessions.query(
            "INSERT INTO webhook_seen (link, id) VALUES (%s, %s)"
            " ON DUPLICATE KEY UPDATE seen_at = CURRENT_TIMESTAMP(6)",
            (link, event),
        )
        if self._prune_is_due():
            self.prune()

    def prune(self) -> None:
        """Forget what is older than REMEMBERED_S, a bounded number at a time."""
        self._sessions.query(
            "DELETE FROM webhook_seen WHERE seen_at < CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND"
            " ORDER BY seen_at LIMIT %s",
            (REMEMBERED_S, PRUNE_ROWS_MAX),
        )

    def _prune_is_due(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._pruned_at < PRUNE_EVERY_S:
                return False
            self._pruned_at = now
            return True

    def close(self) -> None:
        """Let go of all connections."""
        self._sessions.close()
