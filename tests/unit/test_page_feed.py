"""The linked table on the sandbox's page: read again whenever the server has committed something."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.mysql_connection import MysqlAddress
from core.errors import MysqlRefused
from sandbox.page import table_feed
from sandbox.page.table_feed import TableFeed
from sandbox.stack.servers import wait_until
from tests.unit.core.core_makers import LINK, ROW


class LateServer:
    """Counts a transaction a moment before others can see what it did, as MariaDB may."""

    def __init__(self) -> None:
        self.committed, self.visible = 1, 1
        self.read = threading.Event()

    def query(self, sql: str, _params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if "@@GLOBAL" in sql:
            return [(f"0-1-{self.committed}",)]
        if "`order_no`" not in sql:
            raise MysqlRefused("there is no such schema")
        rows = [(str(number), *list(ROW.values())[1:]) for number in range(1, self.visible + 1)]
        self.visible = self.committed
        self.read.set()
        return rows

    def drop(self) -> None:
        """There is nothing to let go of."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> LateServer:
    made = LateServer()
    monkeypatch.setattr(table_feed, "MysqlSession", lambda *_args, **_options: made)
    monkeypatch.setattr(table_feed, "READ_AGAIN_AFTER_S", (0.01, 0.02))

    return made


@pytest.fixture
def feed(server: LateServer) -> Iterator[TableFeed]:
    made = TableFeed(LINK, MysqlAddress("127.0.0.1", 1, "ann", ""))
    made.enter()
    assert server.read.wait(10)
    yield made
    made.leave()


def test_a_row_that_is_counted_before_it_can_be_seen_is_shown_all_the_same(
    server: LateServer, feed: TableFeed
) -> None:
    server.committed = 2
    wait_until(lambda: feed.image is not None and len(feed.image.rows) == 2, "the second row", 10)
