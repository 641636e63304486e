"""The ledger of calls to Google in MySQL, one row per project and kind of call.

Nobody holds a lock between two statements: a change names the version that it rests on, and is refused where another
process was faster. So a process that is stopped or killed halfway holds nobody up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.mysql_connection import MysqlAddress, MysqlSession, translated
from adapters.mysql_cursor import Cursor
from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_query import Query
from core.quota import Account, Ledger, Place

Json = dict[str, Any]

CLOCK_TOLERANCE_MS = 250
"""By this much a process may be wrong about the server's clock before it looks again."""

_NOW_MS = "CAST(UNIX_TIMESTAMP(CURRENT_TIMESTAMP(3)) * 1000 AS SIGNED)"


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A ledger as it was read or written last."""

    version: int
    ledger: Ledger
    ahead_ms: int
    """The server's clock ahead of our own."""


class MysqlQuota:
    """Reads and changes ledgers. One thread at a time.

    Args:
        address: where the server is.
        schema: the twinsheet schema.
        clock_ms: milliseconds of a clock that only goes forward.
    """

    def __init__(
        self,
        address: MysqlAddress,
        schema: str = DEFAULT_SCHEMA,
        *,
        clock_ms: Callable[[], int] = _monotonic_ms,
    ) -> None:
        self._address = address
        self._session = MysqlSession(address, schema=schema, autocommit=True)
        self._clock_ms = clock_ms

    def now_ms(self, page: Page) -> int:
        """The server's time, reckoned from what it was when the page was read."""
        return self._clock_ms() + page.ahead_ms

    def load(self, project: str, kind: str) -> Page:
        """The ledger as it stands; an empty one is begun where there is none.

        Raises:
            MysqlUnavailable, MysqlRefused
        """
        select = f"SELECT version, ledger, {_NOW_MS} FROM quota WHERE project = %s AND kind = %s"  # noqa: S608 -- constants
        asked_ms = self._clock_ms()
        rows = self._session.query(select, (project, kind))
        if not rows:
            self._session.query(
                "INSERT IGNORE INTO quota (project, kind, ledger) VALUES (%s, %s, '{}')", (project, kind)
            )
            asked_ms = self._clock_ms()
            rows = self._session.query(select, (project, kind))
        version, text, server_ms = rows[0]
        half_way_ms = (asked_ms + self._clock_ms()) // 2
        return Page(int(version), ledger_from_json(json.loads(text)), int(server_ms) - half_way_ms)

    def change(self, project: str, kind: str, page: Page, ledger: Ledger) -> Page | None:
        """Put a ledger in the place of the one that was read; ``None`` where that is no longer the newest one, or
        the server's clock is not where it was believed to be: read it again.

        Raises:
            MysqlUnavailable: it may have been changed all the same.
            MysqlRefused
        """
        text = json.dumps(ledger_to_json(ledger), ensure_ascii=False, separators=(",", ":"))
        connection = self._session.connection()
        with translated(self._address):
            cursor = Cursor(connection)
            cursor.execute(
                "UPDATE quota SET version = version + 1, ledger = %s WHERE project = %s AND kind = %s"  # noqa: S608 -- constants
                f" AND version = %s AND ABS({_NOW_MS} - %s) <= %s",
                (text, project, kind, page.version, self.now_ms(page), CLOCK_TOLERANCE_MS),
            )
            changed = cursor.rowcount == 1
        return Page(page.version + 1, ledger, page.ahead_ms) if changed else None

    def close(self) -> None:
        """Let go of the connection; the next use opens a new one."""
        self._session.drop()


def all_ledgers(session: Query) -> list[tuple[str, Ledger, int]]:
    """Kind, ledger and the server's time of every project's ledgers, for whoever shows them.

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    rows = session.query(f"SELECT kind, ledger, {_NOW_MS} FROM quota")  # noqa: S608 -- constants
    return [(str(kind), ledger_from_json(json.loads(text)), int(now_ms)) for kind, text, now_ms in rows]


def ledger_to_json(ledger: Ledger) -> Json:
    """A ledger as it is kept."""
    return {
        user: {
            "used": [list(entry) for entry in account.used],
            "waiting": {link: [p.since_ms, p.again_ms, int(p.spare)] for link, p in account.waiting.items()},
            "paced": account.paced_ms,
            "closed": account.closed_until_ms,
            "refusals": account.refusals,
        }
        for user, account in ledger.users.items()
    }


def ledger_from_json(kept: Mapping[str, Any]) -> Ledger:
    """A ledger out of what is kept."""
    return Ledger(
        {
            user: Account(
                used=tuple((int(slot), str(link), int(count)) for slot, link, count in one["used"]),
                waiting={
                    link: Place(since, again, bool(spare)) for link, (since, again, spare) in one["waiting"].items()
                },
                paced_ms=one["paced"],
                closed_until_ms=one["closed"],
                refusals=one["refusals"],
            )
            for user, one in kept.items()
        }
    )
