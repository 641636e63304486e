"""Whose connection changed the table: the binlog tells its number alone, the server for as long as it is open."""

from __future__ import annotations

import time
from collections.abc import Callable

from adapters.mysql_connection import MysqlSession, ThreadSessions

KEPT_S = 60.0
"""A pool may hand a connection to another user."""
ASK_EVERY_S = 0.02
"""Where connections come and go with each statement, most are gone before anybody could ask: the feed goes first."""


class Accounts:
    """Users of MySQL by connection.

    Nobody knows the user of a connection that was closed before its change was read, of one that came so shortly
    after another that it was not asked for, or, without the right PROCESS, of anybody else's. Nor of any on a server
    whose binlog does not number connections (MariaDB).

    Args:
        session: with autocommit.
        clock: monotonic seconds.
    """

    def __init__(self, session: MysqlSession | ThreadSessions, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self._known: dict[int, str] = {}
        self._asked_at = -KEPT_S

    def user_of(self, connection: int | None) -> str:
        """The user's name; empty where nobody knows it.

        Raises:
            MysqlUnavailable
        """
        if connection is None:
            return ""
        since_s = self._clock() - self._asked_at
        if since_s > KEPT_S or (connection not in self._known and since_s > ASK_EVERY_S):
            self._asked_at = self._clock()
            self._known = {int(row[0]): str(row[1]) for row in self._session.query("SHOW PROCESSLIST")}
        return self._known.get(connection, "")
