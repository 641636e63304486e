"""Packets of the binlog: commit time, GTID and tables, byte by byte as the servers write them."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pymysql
import pytest

from adapters.binlog_events import PositionLost
from adapters.binlog_wire import Group, comment_of, look, stream_error
from core.errors import MysqlRefused, MysqlUnavailable, TwinsheetError

SOURCE = bytes(range(16))
SECONDS = 1_777_777_777
MICROS = SECONDS * 1_000_000 + 123_456


def packet(kind: int, body: bytes, *, server_id: int = 7) -> bytes:
    """OK byte, event header, body, checksum."""
    header = struct.pack("<IBIIIH", SECONDS, kind, server_id, 19 + len(body) + 4, 4711, 0)
    return b"\0" + header + body + b"\1\2\3\4"


def gtid_body(commit_us: int, original_us: int | None = None) -> bytes:
    """As MySQL 8.4 and 9 write it."""
    marked = commit_us | (1 << 55) if original_us is not None else commit_us
    times = marked.to_bytes(7, "little") + (original_us or 0).to_bytes(7, "little") * (original_us is not None)
    return b"\0" + SOURCE + struct.pack("<Q", 42) + b"\2" + struct.pack("<QQ", 1, 2) + times + b"\xfa"


def test_mysql_tells_the_commit_time_in_microseconds_and_the_gtid() -> None:
    group = look(Group(), packet(33, gtid_body(MICROS)), SECONDS)
    assert group.committed_at() == (datetime.fromtimestamp(SECONDS, UTC).replace(microsecond=123_456), True)
    assert group.gtid == "00010203-0405-0607-0809-0a0b0c0d0e0f:42"


def test_on_a_replica_the_time_of_its_own_commit_counts() -> None:
    group = look(Group(), packet(33, gtid_body(MICROS, MICROS - 9_000_000)), SECONDS)
    assert group.commit_us == MICROS


def test_without_gtid_mode_the_commit_time_is_there_and_the_gtid_is_not() -> None:
    group = look(Group(), packet(34, gtid_body(MICROS)), SECONDS)
    assert (group.commit_us, group.gtid) == (MICROS, None)


@pytest.mark.parametrize(
    ("arrived_s", "wanted_us"),
    [
        (SECONDS + 0.25, 250_000),  # as it happened
        (SECONDS + 1.5, 999_999),  # a slow moment later: not past its own second
        (SECONDS - 1.0, 0),  # our clock is behind
        (SECONDS + 3600, 500_000),  # read from an old binlog
    ],
)
def test_mariadb_tells_seconds_and_the_arrival_narrows_them(arrived_s: float, wanted_us: int) -> None:
    group = look(Group(), packet(162, struct.pack("<QIB", 99, 3, 0) + bytes(6)), arrived_s)
    at, exact = group.committed_at()
    assert (at, exact) == (datetime.fromtimestamp(SECONDS, UTC).replace(microsecond=wanted_us), False)
    assert group.gtid == "3-7-99"


@pytest.mark.parametrize(("flags", "inside", "xa"), [(0, True, False), (1, False, False), (64, True, True)])
def test_mariadb_tells_what_kind_of_transaction_begins(flags: int, inside: bool, xa: bool) -> None:
    group = look(Group(), packet(162, struct.pack("<QIB", 99, 3, flags)), SECONDS)
    assert (group.in_transaction, group.xa) == (inside, xa)


def test_the_tables_of_a_transaction_are_gathered_until_the_next_begins() -> None:
    group = look(Group(), packet(33, gtid_body(MICROS)), SECONDS)
    for name in ("orders", "stück"):
        raw = name.encode()
        body = bytes(8) + b"\4shop\0" + bytes([len(raw)]) + raw + b"\0" + b"\3\3\3"
        group = look(group, packet(19, body), SECONDS)
    assert group.tables == {("shop", "orders"), ("shop", "stück")}
    assert look(group, packet(33, gtid_body(MICROS)), SECONDS).tables == set()


def test_mysql_tells_the_connection_that_began_the_transaction() -> None:
    group = look(Group(), packet(33, gtid_body(MICROS)), SECONDS)
    for connection in (812, 813):  # what ends it may be spoken by another
        group = look(group, packet(2, struct.pack("<IIBHH", connection, 0, 4, 0, 0) + b"shop\0BEGIN"), SECONDS)
    assert group.connection == 812
    assert look(group, packet(33, gtid_body(MICROS)), SECONDS).connection is None


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("/* nightly\n import */ UPDATE t SET n = 1", "nightly import"),
        ("UPDATE t SET n = 1 /*actor='ann',job='import'*/", "actor='ann',job='import'"),
        ("UPDATE t SET n = 1 /* by ann */ ; ", "by ann"),
        ("/*+ MAX_EXECUTION_TIME(1) */ UPDATE t SET n = 1", ""),
        ("INSERT /*!40000 IGNORE */ INTO t VALUES (1) /*!99999 x */", ""),
        ("/*M! x */ UPDATE t SET n = 1", ""),
        ("UPDATE t SET n = '/* no comment */'", ""),
        ("UPDATE t SET n = 1", ""),
        ("INSERT INTO t VALUES " + "(1), " * 100_000 + "(2) /* a long one */", "a long one"),
    ],
)
@pytest.mark.parametrize("kind", [29, 160])
def test_the_comment_of_a_statement_is_what_it_says_of_itself(kind: int, statement: str, wanted: str) -> None:
    length = b"\xff" if kind == 29 else b""
    group = look(Group(), packet(kind, length + statement.encode()), SECONDS)
    assert group.comment == wanted
    assert comment_of(statement.encode()) == wanted


@pytest.mark.parametrize("raw", [b"", b"\xfe", b"\0\0", packet(27, b"binlog.000001"), packet(30, bytes(40))])
def test_other_packets_leave_the_transaction_as_it_is(raw: bytes) -> None:
    group = Group(gtid="x")
    assert look(group, raw, SECONDS) is group
    assert group == Group(gtid="x")


@pytest.mark.parametrize(
    ("number", "text", "wanted"),
    [
        (1236, "Could not find first log file name in binary log index file", PositionLost),
        (1236, "A replica with the same server_uuid/server_id as this replica has connected", MysqlUnavailable),
        (1236, "A slave with the same server_uuid as this slave has connected", MysqlUnavailable),
        (1227, "Access denied; you need REPLICATION SLAVE", MysqlRefused),
        (2013, "Lost connection to MySQL server during query", MysqlUnavailable),
    ],
)
def test_what_breaks_the_stream_is_told_apart(number: int, text: str, wanted: type[TwinsheetError]) -> None:
    assert type(stream_error(pymysql.OperationalError(number, text), "db:3306")) is wanted
