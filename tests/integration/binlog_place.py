"""A linked table on a real server, a real Kafka, and change feeds between them, each in a thread."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import uuid4

from adapters.binlog_lease import BinlogLease
from adapters.binlog_server import BinlogServer
from adapters.kafka_log import TOPICS, KafkaPublisher, KafkaSource, end_offsets, ensure_topics
from adapters.mysql_binlog import BinlogReader, Watch
from adapters.mysql_cascades import parents_of, silent_cascades
from adapters.mysql_connection import MysqlSession, ThreadSessions, parse_url
from adapters.mysql_migrations import migrate
from adapters.mysql_schema import describe_table
from core.model import Link, LinkedColumn
from core.ports import Delivery, Json
from core.table_times import TableTimes
from core.values.catalog import codec_for
from producers.binlog_feed import BinlogFeed, Publisher
from producers.binlog_messages import Messages
from sandbox.stack.servers import KafkaServer, MysqlServer

ORDERS = """
CREATE TABLE {schema}.{table} (
  id       BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  order_no VARCHAR(20) NOT NULL,
  price    DECIMAL(10,2) NULL,
  secret   INT NULL
) DEFAULT CHARSET = utf8mb4
"""
PATIENCE_S = 20.0
_numbers = itertools.count(1)


class StaticLinks:
    """Links that a test changes by hand."""

    def __init__(self, *links: Link) -> None:
        self.links = list(links)
        self.version = 1
        self.refreshed = 0

    def current(self) -> list[Link]:
        return list(self.links)

    def refresh(self) -> None:
        self.refreshed += 1

    def add(self, link: Link) -> None:
        self.links.append(link)
        self.version += 1


class Feed:
    """A change feed that runs in a thread."""

    def __init__(self, feed: BinlogFeed, stop: threading.Event, lease: BinlogLease) -> None:
        self._stop, self.lease = stop, lease
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(feed,), daemon=True)
        self.thread.start()

    def _run(self, feed: BinlogFeed) -> None:
        try:
            feed.run()
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            self.error = error
        finally:
            self.lease.close()

    def end(self) -> None:
        """Ask it to stop, and raise what it died of."""
        self._stop.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive(), "the feed did not stop"
        if self.error is not None:
            raise self.error

    def let_go(self) -> None:
        """End it, whatever became of it."""
        self._stop.set()
        self.thread.join(PATIENCE_S)


class Place:
    """One schema with a linked table, one state schema, and what came through Kafka for the test's links."""

    def __init__(self, server: MysqlServer, kafka: KafkaServer, schema: str, state: str) -> None:
        self._stack = ExitStack()
        self.server, self.kafka, self.schema, self.state = server, kafka, schema, state
        self.address = parse_url(server.url)
        migrate(self.address, state)
        self.session = MysqlSession(self.address, schema=schema, autocommit=True)
        self._stack.callback(self.session.drop)
        self._state_session = MysqlSession(self.address, schema=state, autocommit=True)
        self._stack.callback(self._state_session.drop)
        self.name = f"orders_{uuid4().hex[:8]}"
        self.link = self.make_link(self.name, "orders")
        self.links = StaticLinks(self.link)
        ensure_topics(kafka.bootstrap, 3)
        begin = end_offsets(kafka.bootstrap)
        self._source = KafkaSource(kafka.bootstrap, uuid4().hex, TOPICS, claim=lambda _places: begin)
        self._stack.callback(self._source.close)
        self._seen: list[Delivery] = []

    def make_link(self, name: str, table: str) -> Link:
        """A table of the usual shape, linked but for its column ``secret``."""
        self.session.query(ORDERS.format(schema=self.schema, table=table))
        shape = describe_table(self.session, self.schema, table)
        columns = tuple(
            LinkedColumn(c.name, c, codec_for(c), "last_write_wins", key=c.name in shape.key_columns)
            for c in shape.columns
            if c.name != "secret"
        )
        return Link(name, "spreadsheet", "Orders", self.schema, table, columns)

    def sql(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        """Run and commit one statement."""
        return self.session.query(statement, params)

    def state_sql(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        """The same in the state schema."""
        return self._state_session.query(statement, params)

    def send(self, topic: str, body: str) -> None:
        """What a consumer's transaction puts into the outbox."""
        self.state_sql("INSERT INTO outbox (link, topic, body) VALUES (%s, %s, %s)", self.name, topic, body)

    def feed(self, publisher: Publisher | None = None) -> Feed:
        """Start one more process's worth of feed."""
        stop = threading.Event()
        session = ThreadSessions(self.address)
        self._stack.callback(session.close)
        server = BinlogServer(session)
        server.check()
        if publisher is None:
            publisher = KafkaPublisher(self.kafka.bootstrap)
            self._stack.callback(publisher.close)
        watch = Watch(folds_names=server.folds_names)
        own = (self.state, "binlog_position")
        lease = BinlogLease(self.address, self.state)
        feed = BinlogFeed(
            server=server,
            open_reader=partial(
                BinlogReader, self.address, watch=watch, own=own, is_mariadb=server.is_mariadb, stop=stop
            ),
            watch=watch,
            lease=lease,
            publisher=publisher,
            links=self.links,
            messages=Messages(outbox=(self.state, "outbox"), times=TableTimes(), fold=watch.fold),
            stop=stop,
            cascades=partial(silent_cascades, session),
            parents=partial(parents_of, session),
        )
        running = Feed(feed, stop, lease)
        self._stack.callback(running.let_go)
        return running

    def noted(self) -> tuple[str, int] | None:
        """File and offset of the note."""
        rows = self.state_sql("SELECT file, position FROM binlog_position")
        return (rows[0][0], rows[0][1]) if rows else None

    def wait(self, what: Callable[[], Any], why: str) -> Any:
        """Wait until something is true; it."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := what()):
            assert time.monotonic() < deadline, f"{why} did not happen"
            time.sleep(0.02)
        return found

    def messages(self, enough: Callable[[list[Json]], Any], *, link: str | None = None) -> list[Json]:
        """Bodies that came for a link so far, once ``enough`` says so."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = [d.body for d in self._seen if d.link == (link or self.name)]
            if enough(found):
                return found
            assert time.monotonic() < deadline, f"not enough came: {found}"
            self._seen += self._source.poll(0.2)

    def rows(self, count: int, **more: Any) -> list[Json]:
        """The messages of changed rows, once they tell of ``count`` keys."""
        of_kind = partial(filter, lambda body: body["kind"] == "rows")
        found = self.messages(lambda bodies: sum(len(b["keys"]) for b in of_kind(bodies)) >= count, **more)
        return list(of_kind(found))

    def started(self) -> Feed:
        """A feed that reads: what is committed from now on comes out."""
        feed = self.feed()
        self.wait(lambda: self.noted() or feed.error, "the first note")
        return feed

    def close(self) -> None:
        self._stack.close()
