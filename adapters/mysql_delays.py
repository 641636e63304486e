"""The newest end of the history, read on and on: how many cells went over, and how long they were on their way."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.mysql_connection import MysqlSession, ThreadSessions
from adapters.mysql_history import told_of_way
from adapters.mysql_statements import Row, utc

AT_ONCE_MAX = 5_000
BEHIND_MAX = 20_000
"""What lies further back than so many entries is not read: it is for curves of the last hour."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One cell that went from one side to the other."""

    link: str
    side: str
    """Where it came from."""
    at_s: float
    """Unix time at which it was applied."""
    delay_s: float | None
    """Since it was edited, or committed in the table; ``None`` where nobody told when that was."""


class HistoryTail:
    """Reads each entry of the history once. One thread at a time.

    Args:
        session: with the twinsheet schema as its default.
    """

    def __init__(self, session: MysqlSession | ThreadSessions) -> None:
        self._session = session
        self._seen: int | None = None

    def read(self) -> list[Passed]:
        """Entries since the last call, oldest first; at the first call the newest there are. Bounded in number.

        Raises:
            MysqlUnavailable
        """
        newest = int(self._session.query("SELECT COALESCE(MAX(id), 0) FROM history")[0][0])
        seen = newest - BEHIND_MAX if self._seen is None else self._seen
        rows = self._session.query(
            "SELECT id, link, side, at, edited_at, way FROM history"
            " WHERE id > %s AND what = 'applied' AND column_name IS NOT NULL ORDER BY id LIMIT %s",
            (max(seen, newest - BEHIND_MAX, 0), AT_ONCE_MAX),
        )
        self._seen = rows[-1][0] if len(rows) == AT_ONCE_MAX else max(newest, rows[-1][0] if rows else 0)
        return [_passed(row) for row in rows]


def _passed(row: Row) -> Passed:
    _, link, side, at, edited_at, way = row
    arrived, begun = utc(at) or at, utc(edited_at) or told_of_way(way)["committed_at"]
    delay_s = None if begun is None else max(0.0, (arrived - begun).total_seconds())
    return Passed(link, side, arrived.timestamp(), delay_s)
