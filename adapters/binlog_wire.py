"""The raw side of the binlog: what mysql-replication does not tell, read from the packets as they come by.

It exposes neither the microseconds of a commit nor the tables of a transaction that it filters, and it opens a
lost connection anew in the middle of a transaction. The connection class here looks at each packet on its way
and turns losses into our own errors.
"""

from __future__ import annotations

import re
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pymysql
from pymysql.connections import Connection

from adapters.binlog_events import PositionLost, Table
from adapters.mysql_address import tls_refusal
from core.errors import MysqlRefused, MysqlUnavailable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER_BYTES = 20  # the OK byte and the event header

_QUERY = 2
_TABLE_MAP = 19
_MYSQL_STATEMENT = 29
_MARIADB_STATEMENT = 160
_MYSQL_GTID = (33, 34)  # with and without gtid_mode
_MYSQL_TAGGED_GTID = 42
_MARIADB_GTID = 162
_STANDALONE = 1  # MariaDB: the GTID event is followed by a single statement
_PREPARED_XA = 64
_DUMP = 0x12
_DUMP_COMMANDS = (_DUMP, 0x1E)
_DUMP_FLAGS_AT = 9  # behind the packet's header, the command and a position of 4 bytes
_SEND_STATEMENTS = 2  # MariaDB's flag of the dump; MySQL sends them by itself
_STATEMENT_BYTES_MAX = 2000  # a comment stands within so many bytes of either end
_CHECKSUM_BYTES = 4
_COMMENT_BEFORE = re.compile(r"\s*/\*(?![+!]|M!)(.*?)\*/", re.DOTALL)
_COMMENT_BEHIND = re.compile(r"/\*(?![+!]|M!)((?:(?!\*/).)*)\*/\s*;?\s*\Z", re.DOTALL)

_READ_FAILED = (1236,)
_DENIED = (1045, 1044, 1227, 1142, 1698)
LIVE_S = 2.0


class StreamStopped(Exception):
    """The reader was asked to end."""


@dataclass(slots=True)
class Group:
    """What the packets told of the transaction that is being read."""

    header_s: int = 0
    commit_us: int | None = None
    """The server's own commit time, microseconds since 1970."""
    gtid: str | None = None
    tagged: bool = False
    """A tagged GTID, which sets of GTIDs here cannot carry."""
    in_transaction: bool = False
    xa: bool = False
    """Begun by XA START: what it changes is not committed yet when it is written."""
    received_s: float = 0.0
    connection: int | None = None
    """Number of the connection that made it, which MySQL tells."""
    comment: str = ""
    """Of the first statement that has one, where the server puts statements into the binlog."""
    tables: set[Table] = field(default_factory=set)
    """All tables of the transaction, watched or not."""

    def committed_at(self) -> tuple[datetime, bool]:
        """Commit time, and whether it is the server's own to the microsecond.

        MariaDB tells seconds only. An event read as it happened came a moment after its commit, so the
        moment of its arrival is nearer the truth, inside that second; of an old one the middle is taken.
        """
        if self.commit_us is not None:
            return _EPOCH + timedelta(microseconds=self.commit_us), True
        live = abs(self.received_s - self.header_s) < LIVE_S
        best_s = min(max(self.received_s, self.header_s), self.header_s + 0.999999) if live else self.header_s + 0.5
        return _EPOCH + timedelta(microseconds=int(best_s * 1_000_000)), False


def look(group: Group, packet: bytes, now_s: float) -> Group:
    """Take what an event packet tells of its transaction; a new group where one begins.

    Args:
        group: the one so far.
        packet: a packet of the dump, from its OK byte on.
        now_s: when it came, seconds since 1970.
    """
    if len(packet) < _HEADER_BYTES or packet[0] != 0:
        return group
    kind = packet[5]
    if kind == _TABLE_MAP:
        group.tables.add(_table_of(packet))
    elif kind == _QUERY and group.connection is None:
        group.connection = struct.unpack_from("<I", packet, _HEADER_BYTES)[0]
    elif kind in (_MYSQL_STATEMENT, _MARIADB_STATEMENT):
        length_bytes = 1 if kind == _MYSQL_STATEMENT else 0
        group.comment = group.comment or comment_of(packet[_HEADER_BYTES + length_bytes :])
    elif kind in _MYSQL_GTID or kind in (_MYSQL_TAGGED_GTID, _MARIADB_GTID):
        return _begun(packet, kind, now_s)
    return group


def _begun(packet: bytes, kind: int, now_s: float) -> Group:
    group = Group(header_s=struct.unpack_from("<I", packet, 1)[0], received_s=now_s)
    if kind == _MARIADB_GTID:
        sequence, domain, flags = struct.unpack_from("<QIB", packet, _HEADER_BYTES)
        server_id = struct.unpack_from("<I", packet, 6)[0]
        group.gtid = f"{domain}-{server_id}-{sequence}"
        group.in_transaction = not flags & _STANDALONE
        group.xa = bool(flags & _PREPARED_XA)
    elif kind == _MYSQL_TAGGED_GTID:
        group.tagged = True
    else:
        _look_at_gtid(group, packet, with_gtid=kind == _MYSQL_GTID[0])
    return group


def _look_at_gtid(group: Group, packet: bytes, *, with_gtid: bool) -> None:
    """Body: flags 1, source 16, number 8, clock type 1, two clocks of 8, commit time 7 (55 bits, µs)."""
    body = packet[_HEADER_BYTES:]
    if with_gtid:
        source, number = body[1:17].hex(), struct.unpack_from("<Q", body, 17)[0]
        dashed = "-".join((source[:8], source[8:12], source[12:16], source[16:20], source[20:]))
        group.gtid = f"{dashed}:{number}"
    if len(body) >= 49 and body[25] == 2:
        group.commit_us = int.from_bytes(body[42:49], "little") & ((1 << 55) - 1)


def _table_of(packet: bytes) -> Table:
    """Body of a table map: id 6, flags 2, then length, schema, 0, length, table."""
    at = _HEADER_BYTES + 8
    schema_end = at + 1 + packet[at]
    table_at = schema_end + 1
    table = packet[table_at + 1 : table_at + 1 + packet[table_at]]
    return packet[at + 1 : schema_end].decode(), table.decode()


def comment_of(statement: bytes) -> str:
    """What stands in the comment before a statement, or behind it; empty where there is none.

    Args:
        statement: as the binlog has it, with or without a checksum behind.
    """
    begin = statement[:_STATEMENT_BYTES_MAX].decode(errors="replace")
    ends = (statement[-_STATEMENT_BYTES_MAX:-_CHECKSUM_BYTES], statement[-_STATEMENT_BYTES_MAX:])
    behind = (_COMMENT_BEHIND.search(end.decode(errors="replace")) for end in ends)
    found = _COMMENT_BEFORE.match(begin) or next((one for one in behind if one), None)
    return " ".join(found[1].split()) if found else ""


class Tap:
    """Shared by the reader and its connection: the group being read, and the wish to end.

    Args:
        clock: seconds since 1970.
        stop: the wish to end.
        asks_for_statements: MariaDB's, which sends them only then.
    """

    def __init__(
        self, clock: Callable[[], float], stop: threading.Event, *, asks_for_statements: bool = False
    ) -> None:
        self.clock = clock
        self.stop = stop
        self.asks_for_statements = asks_for_statements
        self.group = self.between()

    def between(self) -> Group:
        """What is not inside a transaction, as of now."""
        now_s = self.clock()
        return Group(header_s=int(now_s), received_s=now_s)


def connection_class(tap: Tap, where: str) -> type[Connection]:
    """A pymysql connection whose dump is looked at by ``tap`` and that never reconnects.

    Args:
        tap: what it tells and obeys.
        where: ``host:port`` for messages.
    """

    class StreamConnection(Connection):  # type: ignore[misc]  # pymysql has no types
        _dumping = False

        def _write_bytes(self, data: bytes) -> None:
            self._dumping = self._dumping or (len(data) > 4 and data[4] in _DUMP_COMMANDS)
            if tap.asks_for_statements and len(data) > _DUMP_FLAGS_AT and data[4] == _DUMP:
                flags = data[_DUMP_FLAGS_AT] | _SEND_STATEMENTS
                data = data[:_DUMP_FLAGS_AT] + bytes([flags]) + data[_DUMP_FLAGS_AT + 1 :]
            super()._write_bytes(data)

        def _read_packet(self, *args: Any, **kwargs: Any) -> Any:
            if not self._dumping:
                return super()._read_packet(*args, **kwargs)
            if tap.stop.is_set():
                raise StreamStopped
            try:
                packet = super()._read_packet(*args, **kwargs)
            except pymysql.MySQLError as error:
                raise stream_error(error, where) from error
            tap.group = look(tap.group, packet.get_all_data(), tap.clock())
            return packet

    return StreamConnection


def stream_error(error: BaseException, where: str) -> MysqlUnavailable | MysqlRefused | PositionLost:
    """Our error for what pymysql raised."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[1]) if len(error.args) > 1 else str(error)
    if number in _READ_FAILED and "same server" in text:
        return MysqlUnavailable(
            f"Another reader or replica of MySQL at {where} has our server id; the server has let us go for it.",
            "It is tried again with another id.",
        )
    if number in _READ_FAILED:
        return PositionLost(f"The binlog of MySQL at {where} cannot be read from where we stopped: {text}.")
    refusal = tls_refusal(where, number, text)
    if refusal:
        return refusal
    if number in _DENIED:
        return MysqlRefused(
            f"MySQL at {where} does not let us read its binlog: {text}.",
            "twinsheet doctor prints the GRANT statement that is missing.",
        )
    return MysqlUnavailable(
        f"The binlog stream of MySQL at {where} broke ({text}).", "Check that the server runs; it is tried again."
    )
