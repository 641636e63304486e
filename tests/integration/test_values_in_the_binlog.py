"""Values of every type as the binlog tells them: keys are found in the table, and no change of a cell is missed."""

# ruff: noqa: S608  (the test's own table stands in statements)

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.binlog_events import Committed, Position, RowChange, TableChange
from adapters.binlog_server import BinlogServer
from adapters.mysql_binlog import BinlogReader, Watch
from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import describe_table
from adapters.mysql_store import MysqlStore
from core.model import Link, LinkedColumn
from core.table_times import TableTimes
from core.values.catalog import codec_for
from producers.binlog_messages import Messages
from sandbox.stack.servers import MysqlServer

KEYS = {
    "BIGINT UNSIGNED": ["18446744073709551615"],
    "DECIMAL(20,3)": ["12345678901234567.891", "-0.001"],
    "DOUBLE": ["0.30000000000000004", "1e300"],
    "BOOLEAN": ["0", "2"],
    "BIT(12)": ["b'101'", "b'111111111111'"],
    "YEAR": ["2024", "0"],
    "DATE": ["'2024-05-06'", "'0001-01-01'"],
    "DATETIME(6)": ["'2024-05-06 07:08:09.000001'", "'9999-12-31 23:59:59'"],
    "TIMESTAMP(3)": ["'2024-05-06 07:08:09.5'", "'2038-01-19 03:14:07'"],
    "TIME": ["'-838:59:59'", "'07:08:09'", "'100:00:00'"],
    "TIME(6)": ["'-00:00:00.000001'", "'23:59:59.999999'"],
    "ENUM('a', 'b')": ["'b'"],
    "SET('a', 'b', 'c')": ["'c,a'"],
    "CHAR(9)": ["'é'"],
    "VARCHAR(9) COLLATE utf8mb4_bin": ["'00501'", "'a '"],
    "VARCHAR(9) CHARACTER SET latin1": ["'é€'"],
    "BINARY(4)": ["X'00FF0000'", "X'00'"],
    "VARBINARY(9)": ["X'00FF2700'"],
}

CHANGES = [
    ("JSON", "'{\"a\": 1}'", "'{\"a\": true}'"),
    ("JSON", "'[1]'", "'[\"1\"]'"),
    ("SET('a')", "NULL", "'a'"),
    ("DOUBLE", "0", "5e-324"),
    ("BLOB", "X'00'", "X'0000'"),
    ("VARCHAR(9)", "'a'", "'A'"),
    ("VARCHAR(9)", "'a'", "'a '"),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(1 2)', 4326)"),
    ("TIME(6)", "'-00:00:00.000001'", "'00:00:00.000001'"),
    ("DATE", "NULL", "'0000-00-00'"),
    ("DATETIME", "'0000-00-00 00:00:00'", "'2024-05-00 00:00:00'"),
]


class Table:
    """A watched table on a server, with what our reader of the binlog says about it."""

    def __init__(self, server: MysqlServer, schema: str, declared: str) -> None:
        self.address = parse_url(server.url)
        self.session = MysqlSession(self.address, schema=schema, autocommit=True)
        self.session.query(f"CREATE TABLE t ({declared}) DEFAULT CHARSET = utf8mb4")
        shape = describe_table(self.session, schema, "t")
        columns = tuple(
            LinkedColumn(c.name, c, codec_for(c), "last_write_wins", key=c.name in shape.key_columns)
            for c in shape.columns
        )
        self.link = Link("t", "sheet", "T", schema, "t", columns)
        self.facts = BinlogServer(self.session)
        self.start = self.facts.position()

    def changes(self) -> list[RowChange | TableChange]:
        """What changed since the table was made, up to the row with which this ends."""
        watch = Watch()
        watch.set([(self.link.schema, "t")])
        reader = BinlogReader(
            self.address, self.start, False, watch=watch, own=("x", "y"), is_mariadb=self.facts.is_mariadb
        )
        end = self.facts.position()
        found: list[RowChange | TableChange] = []
        with closing(reader):
            for committed in _transactions(reader):
                found.extend(committed.changes)
                if (committed.position.file, committed.position.offset) >= (end.file, end.offset):
                    break
        return found

    def told(self) -> list[dict[str, Any]]:
        """The messages that tell of the changes."""
        messages = Messages(outbox=("x", "outbox"), times=TableTimes())
        messages.set_links([self.link])
        at = datetime(2026, 5, 4, tzinfo=UTC)
        where = Position("s", "binlog.000001", 4)
        return [
            dict(body)
            for change in self.changes()
            for _, _, body in messages.of(Committed(where, "s:1", at, True, (change,)))
        ]


def _transactions(reader: BinlogReader) -> Iterator[Committed]:
    return (committed for committed in reader.read() if committed is not None)


@pytest.mark.parametrize("declared", KEYS)
def test_a_key_of_any_type_is_the_same_in_the_binlog_and_in_the_table(
    any_mysql: MysqlServer, schema: str, declared: str
) -> None:
    table = Table(any_mysql, schema, f"k {declared} PRIMARY KEY")
    for key in KEYS[declared]:
        table.session.query(f"INSERT INTO t VALUES ({key})")
    told = [tuple(key) for body in table.told() for key in body["keys"]]
    with closing(MysqlStore(table.address, schema)) as store, store.begin() as tx:
        assert sorted(tx.all_keys(table.link)) == sorted(told)
        assert set(tx.rows(table.link, told)) == set(told)
    table.session.drop()


@pytest.mark.parametrize(("declared", "before", "after"), CHANGES, ids=lambda value: str(value)[:40])
def test_no_change_of_a_cell_is_missed(
    any_mysql: MysqlServer, schema: str, declared: str, before: str, after: str
) -> None:
    table = Table(any_mysql, schema, f"k INT PRIMARY KEY, v {declared}")
    table.session.query(f"INSERT INTO t VALUES (1, {before})")
    table.session.query(f"UPDATE t SET v = {after}")
    assert [body.get("kinds") for body in table.told()] == ["i", "u"]
    table.session.drop()


@pytest.mark.mysql
def test_a_table_with_a_type_that_the_binlog_does_not_tell_is_looked_at_whole(
    mysql_server: MysqlServer, fresh_schema: Any
) -> None:
    table = Table(mysql_server, fresh_schema(mysql_server), "k INT PRIMARY KEY, v VECTOR(2)")
    table.session.query("INSERT INTO t VALUES (1, STRING_TO_VECTOR('[1, 2]'))")
    assert {body["kind"] for body in table.told()} == {"link"}
    table.session.drop()
