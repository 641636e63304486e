"""Questions to MySQL, each by itself and outside of any transaction of ours."""

from __future__ import annotations

from typing import Any, Protocol

from adapters.mysql_statements import Row


class Query(Protocol):
    """Runs one statement by itself: MysqlSession (with autocommit) and ThreadSessions do."""

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[Row]:
        """Run it; what it answers, with no rows where it answers nothing."""
