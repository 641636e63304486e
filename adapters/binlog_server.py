"""Where reading the binlog begins, and where it may go on after a pause; alike for MySQL and MariaDB."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import structlog

from adapters.binlog_events import Position, PositionLost
from adapters.gtids import MariadbPosition
from adapters.mysql_query import Query
from adapters.mysql_server import binlog_position, server_facts, server_faults
from core.errors import MysqlRefused

log = structlog.get_logger(__name__)

_GTID_NEXT = re.compile(r"GTID_NEXT= '([^']+:\d+)'")


class BinlogServer:
    """Questions about the binlog of one server.

    Args:
        session: autocommit session of a user with REPLICATION SLAVE and REPLICATION CLIENT.
    """

    def __init__(self, session: Query) -> None:
        self._session = session
        self._facts = server_facts(session)
        self.is_mariadb = self._facts.flavor == "mariadb"
        self.identity = self._facts.server_uuid
        self._has_gtids = not self.is_mariadb and self._text("SELECT @@GLOBAL.gtid_mode") == "ON"
        self.folds_names = self._text("SELECT @@GLOBAL.lower_case_table_names") != "0"
        """Whether table names are compared without regard to case."""

    def check(self) -> None:
        """Whether the binlog tells everything.

        Raises:
            MysqlRefused: naming every fault of version, settings and rights, with the statements that mend them.
        """
        faults = server_faults(self._facts)
        if faults:
            raise MysqlRefused(
                "The server's binlog cannot be relied on: " + " ".join(fault.what for fault in faults),
                "Run as an administrator: " + " ".join(fault.mend for fault in faults),
            )

    def position(self) -> Position:
        """The end of the binlog as of now.

        Raises:
            MysqlRefused: no binlog, or no right to ask.
            MysqlUnavailable
        """
        now = binlog_position(self._session)
        gtids = now.gtid_set
        if self.is_mariadb:  # the variable may already be ahead of file and offset
            gtids = self._text("SELECT BINLOG_GTID_POS(%s, %s)", (now.file, now.position))
        return Position(self.identity, now.file, now.position, gtids or None)

    def resume(self, stored: Position) -> tuple[Position, bool]:
        """Where reading goes on after ``stored``, and whether by its set of GTIDs: files and offsets of another
        server count by themselves.

        Raises:
            PositionLost: the server no longer holds what came after, or it is another server.
            MysqlUnavailable
        """
        size = self._sizes().get(stored.file)
        in_reach = size is not None and size >= stored.offset
        if self.is_mariadb:
            if in_reach and self._is_mariadb_history(stored):
                return stored, False
        elif self._is_mysql_history(stored):
            if in_reach and stored.server == self.identity:
                if self._follows(stored):
                    return stored, False
            elif stored.gtid_set and self._can_serve(stored.gtid_set):
                return replace(stored, server=self.identity), True
        raise PositionLost(
            f"The server no longer holds the binlog after {stored.file}:{stored.offset}"
            f"{' (it is another server)' if stored.server not in ('', self.identity) else ''}.",
            "Every link is compared whole; keep binlogs longer (binlog_expire_logs_seconds) to avoid it.",
        )

    def _is_mariadb_history(self, stored: Position) -> bool:
        """Whether the same transactions lie before that place: file names repeat after RESET MASTER."""
        if stored.gtid_set is None:
            return stored.server == self.identity
        found = self._text("SELECT BINLOG_GTID_POS(%s, %s)", (stored.file, stored.offset))
        is_same = str(MariadbPosition(found)) == str(MariadbPosition(stored.gtid_set))
        if not is_same:
            log.warning("binlog_place_not_recognised", noted=stored.gtid_set, found=found)
        return is_same

    def _is_mysql_history(self, stored: Position) -> bool:
        if not stored.gtid_set or not self._has_gtids:
            return stored.server == self.identity
        return self._text("SELECT GTID_SUBSET(%s, @@GLOBAL.gtid_executed)", (stored.gtid_set,)) == "1"

    def _follows(self, stored: Position) -> bool:
        """Whether what stands at that place was not read yet: numbers and file names repeat after a RESET."""
        if not stored.gtid_set or not self._has_gtids:
            return True
        try:
            rows = self._session.query(
                f"SHOW BINLOG EVENTS IN '{stored.file}' FROM {int(stored.offset)} LIMIT 1"  # takes no parameters
            )
        except MysqlRefused:  # no event begins there
            return False
        gtid = _GTID_NEXT.search(str(rows[0][5])) if rows else None
        return gtid is None or self._text("SELECT GTID_SUBSET(%s, %s)", (gtid[1], stored.gtid_set)) == "0"

    def _can_serve(self, gtid_set: str) -> bool:
        """Whether no transaction that we have not read was purged."""
        purged = "SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, %s)"
        return self._has_gtids and self._text(purged, (gtid_set,)) == "1"

    def _sizes(self) -> dict[str, int]:
        return {str(row[0]): int(row[1]) for row in self._session.query("SHOW BINARY LOGS")}

    def _text(self, sql: str, params: tuple[Any, ...] = ()) -> str:
        value = self._session.query(sql, params)[0][0]
        if isinstance(value, bytes | bytearray):
            value = value.decode()
        return "" if value is None else str(value)
