"""The newest end of the history, read on and on: how many cells went over, and how long they were on their way."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.mysql_connection import MysqlSession, ThreadSessions

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
            "SELECT id, link, side, UNIX_TIMESTAMP(at),"
            " TIMESTAMPDIFF(MICROSECOND, COALESCE(edited_at, committed_at), at) FROM history"
            " WHERE id > %s AND what = 'applied' AND column_name IS NOT NULL ORDER BY id LIMIT %s",
            (max(seen, newest - BEHIND_MAX, 0), AT_ONCE_MAX),
        )
        self._seen = rows[-1][0] if len(rows) == AT_ONCE_MAX else max(newest, rows[-1][0] if rows else 0)
        return [
            Passed(link, side, float(at), None if delay is None else max(0.0, delay / 1_000_000))
            for _, link, side, at, delay in rows
        ]
