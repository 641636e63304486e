"""What the reader makes of events that the library cannot read."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.binlog_events import Position, TableChange
from adapters.mysql_binlog import FAULTS_MAX, BinlogReader, Watch
from adapters.mysql_connection import parse_url
from core.errors import MysqlUnavailable


class Stream:
    """Gives events, or raises what is none."""

    log_file = "binlog.000001"
    log_pos = 4711

    def __init__(self, *events: Any) -> None:
        self._events = list(events)

    def fetchone(self) -> Any:
        event = self._events.pop(0)
        if isinstance(event, Exception):
            raise event
        return event

    def close(self) -> None:
        """Nothing is open."""


def heartbeat() -> Any:
    from pymysqlreplication.event import HeartbeatLogEvent

    return HeartbeatLogEvent.__new__(HeartbeatLogEvent)


def reader(*events: Any) -> BinlogReader:
    watch = Watch()
    watch.set([("shop", "orders")])
    made = BinlogReader(parse_url("mysql://a:b@db/"), Position("s", "binlog.000001", 4), watch=watch, own=("x", "y"))
    made._stream = Stream(*events)
    return made


def test_an_event_that_cannot_be_read_has_every_watched_table_looked_at_whole() -> None:
    transactions = reader(ValueError("30 is not a valid MetadataFieldType"), heartbeat(), heartbeat()).read()
    committed = next(transactions)
    assert committed is not None
    (change,) = committed.changes
    assert isinstance(change, TableChange)
    assert (change.what, change.table) == ("unread", "orders")
    assert committed.committed_at.year > 2020
    assert next(transactions) is None


def test_events_that_fail_one_after_the_other_are_a_broken_stream() -> None:
    with pytest.raises(MysqlUnavailable, match="cryptography"):
        next(reader(*[RuntimeError("'cryptography' package is required")] * (FAULTS_MAX + 1)).read())


def test_single_faults_in_a_long_life_are_no_broken_stream() -> None:
    events = [event for _ in range(2 * FAULTS_MAX) for event in (ValueError(), heartbeat())]
    transactions = reader(*events).read()
    assert all(next(transactions) is not None for _ in range(2 * FAULTS_MAX))


def test_table_names_are_folded_where_the_server_folds_them() -> None:
    watch = Watch(folds_names=True)
    names = watch.names
    watch.set([("Shop", "Orders")])
    assert watch.tables == {("shop", "orders")}
    assert names == {"Orders", "orders"}
    watch.set([("shop", "stock")])
    assert names == {"stock"}
