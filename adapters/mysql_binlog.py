"""Reads the binlog of MySQL and MariaDB: committed transactions of watched tables, in order."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pymysql
import structlog
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.event import (
    ExecuteLoadQueryEvent,
    HeartbeatLogEvent,
    QueryEvent,
    RotateEvent,
    XAPrepareEvent,
    XidEvent,
)
from pymysqlreplication.row_event import (
    DeleteRowsEvent,
    PartialUpdateRowsEvent,
    RowsEvent,
    UpdateRowsEvent,
    WriteRowsEvent,
)

from adapters.binlog_events import Committed, Position, RowChange, Table, TableChange
from adapters.binlog_rows import decoded
from adapters.binlog_sql import boundary, table_changes
from adapters.binlog_wire import StreamStopped, Tap, connection_class, stream_error
from adapters.gtids import GtidSet, MariadbPosition
from adapters.mysql_connection import CONNECT_TIMEOUT_S, MysqlAddress
from core.errors import MysqlUnavailable, TwinsheetError

log = structlog.get_logger(__name__)

HEARTBEAT_S = 0.5
SILENCE_S = 10.0
"""A connection that is silent for so long, heartbeats included, is dead."""
FAULTS_MAX = 20
"""Events in a row that cannot be read; beyond, it is not the events."""
PIECE_ROWS = 1000
PREPARED_ROWS_MAX = 20_000
"""Rows of XA transactions that are kept until they are committed; beyond, their tables are looked at whole."""
PIECE_BYTES = 4 * 1024 * 1024

_EVENTS = (
    QueryEvent,
    XidEvent,
    XAPrepareEvent,
    RotateEvent,
    HeartbeatLogEvent,
    ExecuteLoadQueryEvent,
    WriteRowsEvent,
    UpdateRowsEvent,
    DeleteRowsEvent,
    PartialUpdateRowsEvent,
)


class Watch:
    """The tables that are read; may change while reading.

    Args:
        folds_names: compare table names without regard to case.
    """

    def __init__(self, *, folds_names: bool = False) -> None:
        self._folds_names = folds_names
        self.tables: frozenset[Table] = frozenset()
        self.names: set[str] = set()
        """Names alone, for the library's filter, which holds on to this very set."""

    def set(self, tables: Collection[Table]) -> None:
        """Read these tables from the next transaction on."""
        self.tables = frozenset(self.fold(table) for table in tables)
        names = {name for _, name in (*tables, *self.tables)}
        self.names |= names
        self.names &= names

    def fold(self, table: Table) -> Table:
        """A table as the binlog spells it."""
        return (table[0].lower(), table[1].lower()) if self._folds_names else table


class BinlogReader:
    """One pass over the binlog, from a position on, until it is closed or the connection breaks. One thread.

    Args:
        address: where the server is; its user needs REPLICATION SLAVE and REPLICATION CLIENT.
        start: the end of a transaction.
        by_gtid: start after ``start.gtid_set`` instead of at file and offset (MySQL only).
        watch: the tables whose rows are wanted.
        own: our own table whose changes alone are no news.
        stop: ends :meth:`read` within a second when it is set.
        is_mariadb: which of the two servers it is.
        server_id: must be unlike that of every other reader and replica; a random high one by default.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        address: MysqlAddress,
        start: Position,
        by_gtid: bool = False,
        *,
        watch: Watch,
        own: Table,
        stop: threading.Event | None = None,
        is_mariadb: bool = False,
        server_id: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._watch = watch
        self._own = own
        self._start = start
        self._gtids = _gtids(start.gtid_set, is_mariadb=is_mariadb)
        self._tap = Tap(clock, stop or threading.Event(), asks_for_statements=is_mariadb)
        self._where = f"{address.host}:{address.port}"
        self._changes: list[RowChange | TableChange] = []
        self._bytes = 0
        self._xa: dict[str, tuple[RowChange | TableChange, ...]] = {}
        self._began = f"{start.file}:{start.offset}"
        self._stream = BinLogStreamReader(
            connection_settings=_settings(address),
            server_id=server_id or random_server_id(),
            resume_stream=True,
            blocking=True,
            log_file=None if by_gtid else start.file,
            log_pos=None if by_gtid else start.offset,
            auto_position=start.gtid_set if by_gtid else None,
            only_events=_EVENTS,
            only_tables=watch.names,
            pymysql_wrapper=connection_class(self._tap, self._where),
            slave_heartbeat=HEARTBEAT_S,
            enable_logging=False,
        )

    def read(self) -> Iterator[Committed | None]:
        """Transactions, and ``None`` twice a second while nothing happens. Ends when ``stop`` is set.

        A large transaction comes in pieces, the last one marked. Reading may go on only at the position of a
        last piece.

        Raises:
            MysqlUnavailable: the connection broke, or was silent for ``SILENCE_S``.
            PositionLost: the server does not hold the binlog at ``start``.
            MysqlRefused: no right to read it.
        """
        faults = 0
        while True:
            try:
                event = self._stream.fetchone()
                faults = 0
            except StreamStopped:
                return
            except TwinsheetError:
                raise
            except pymysql.MySQLError as error:
                raise stream_error(error, self._where) from error
            except Exception as error:
                faults += 1
                log.warning("binlog_event_unreadable", error=f"{type(error).__name__}: {error}")
                if faults > FAULTS_MAX:
                    raise stream_error(error, self._where) from error
                self._look_at_all(f"an event that cannot be read ({type(error).__name__})")
                continue
            yield from self._taken(event)

    def close(self) -> None:
        """Let go of the connections."""
        self._stream.close()

    # --- events to transactions -----------------------------------------------------

    def _taken(self, event: Any) -> Iterator[Committed | None]:
        if event is None:
            raise MysqlUnavailable(f"MySQL at {self._where} ended the binlog stream.", "It is tried again.")
        if isinstance(event, HeartbeatLogEvent):
            yield self._ended() if self._changes else None
        elif isinstance(event, RowsEvent):
            yield from self._rows(event)
        elif isinstance(event, XidEvent):
            yield self._ended()
        elif isinstance(event, XAPrepareEvent):
            yield self._prepared(event)
        elif isinstance(event, RotateEvent):
            # A restarted server numbers its tables anew, and one that was killed has not ended its last file: the
            # library keeps the old numbers then, and would take another table's rows for ours.
            self._stream.table_map.clear()
            if event.timestamp:  # a real end of file, not the server's greeting
                yield self._ended()
        elif isinstance(event, QueryEvent):
            yield from self._statement(event.query, event.schema.decode())
        elif isinstance(event, ExecuteLoadQueryEvent):
            self._look_at_all("LOAD DATA")

    def _rows(self, event: Any) -> Iterator[Committed]:
        table = self._watch.fold((event.schema, event.table))
        if table not in self._watch.tables:
            return
        self._changes += decoded(event, table)
        self._bytes += event.event_size
        if self._tap.group.xa:
            self._bound_prepared()
        elif len(self._changes) >= PIECE_ROWS or self._bytes >= PIECE_BYTES:
            yield self._piece(last=False, position=self._here())

    def _statement(self, query: str, schema: str) -> Iterator[Committed]:
        group = self._tap.group
        bound = boundary(query)
        if bound == "begin":
            group.in_transaction = True
            group.xa = query.lstrip()[:2].upper() == "XA"
        elif bound == "end":
            yield self._ended()
        elif bound == "xa commit":
            self._changes += self._committed(query.strip()[len("XA COMMIT ") :])
            yield self._ended()
        elif bound == "xa rollback":
            self._xa.pop(query.strip()[len("XA ROLLBACK ") :], None)
            yield self._ended()
        elif bound is None:
            self._changes += table_changes(query, schema, self._watch.tables)
            if not group.in_transaction:
                yield self._ended()

    def _prepared(self, event: Any) -> Committed:
        """Keep what an XA transaction changed until it is committed: until then nobody can see it."""
        if not event.one_phase:
            xid = f"X'{event.xid_gtrid.hex()}',X'{event.xid_bqual.hex()}',{event.xid_format_id}"
            self._xa[xid], self._changes = tuple(self._changes), []
        return self._ended()

    def _committed(self, xid: str) -> Sequence[RowChange | TableChange]:
        found = self._xa.pop(xid, None)
        if found is None:  # prepared before we began to read
            self._look_at_all("XA COMMIT of a transaction that was not seen")
            return ()
        return found

    def _bound_prepared(self) -> None:
        if len(self._changes) + sum(map(len, self._xa.values())) > PREPARED_ROWS_MAX:
            self._changes = []
            self._look_at_all("a large XA transaction")

    def _look_at_all(self, reason: str) -> None:
        self._changes += [TableChange(*table, "unread", reason) for table in sorted(self._watch.tables)]

    def _ended(self) -> Committed:
        group = self._tap.group
        if group.tagged:
            self._gtids = None
        elif self._gtids is not None and group.gtid:
            self._gtids.add(group.gtid)
        done = self._piece(last=True, position=self._here())
        self._began = f"{done.position.file}:{done.position.offset}"
        self._tap.group = self._tap.between()
        return done

    def _piece(self, *, last: bool, position: Position) -> Committed:
        group = self._tap.group
        at, exact = group.committed_at()
        changes, self._changes, self._bytes = tuple(self._changes), [], 0
        own = last and not changes and group.tables == {self._own}
        return Committed(
            position,
            group.gtid or self._began,
            at,
            exact,
            changes,
            last,
            connection=group.connection,
            comment=group.comment,
            received_at=datetime.fromtimestamp(group.received_s, UTC),
            own=own,
        )

    def _here(self) -> Position:
        gtids = str(self._gtids) if self._gtids is not None else None
        return replace(self._start, file=self._stream.log_file, offset=self._stream.log_pos, gtid_set=gtids or None)


def random_server_id() -> int:
    """An id in the upper quarter of the range, where servers rarely have theirs."""
    return 3_300_000_000 + secrets.randbelow(900_000_000)


def _gtids(text: str | None, *, is_mariadb: bool) -> GtidSet | MariadbPosition | None:
    if text is None:
        return None
    if is_mariadb:
        return MariadbPosition(text)
    try:
        return GtidSet(text)
    except ValueError:  # tagged GTIDs: file and offset alone serve to go on
        return None


def _settings(address: MysqlAddress) -> dict[str, Any]:
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": int(CONNECT_TIMEOUT_S),
        "read_timeout": SILENCE_S,
        "write_timeout": SILENCE_S,
        **dict(address.tls),
    }
