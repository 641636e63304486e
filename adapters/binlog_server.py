"""What the reader needs to know of the server before it reads: settings, position, where reading may go on."""

from __future__ import annotations

from typing import Any, Protocol

from adapters.binlog_events import Position, PositionLost
from adapters.gtids import MariadbPosition
from core.errors import MysqlRefused, TwinsheetError

_NEEDED = {
    "log_bin": "ON",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_metadata": "FULL",
    "binlog_transaction_compression": "OFF",
    "log_bin_compress": "OFF",
}
_ONLY_IN_FILE = ("log_bin",)


class Asks(Protocol):
    """A MySQL session for single statements."""

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows; raises MysqlUnavailable or MysqlRefused."""


class BinlogServer:
    """Questions about the binlog, answered alike for MySQL and MariaDB.

    Args:
        session: autocommit session of a user with REPLICATION CLIENT (MariaDB: BINLOG MONITOR).
    """

    def __init__(self, session: Asks) -> None:
        self._session = session
        version = self._text("SELECT VERSION()")
        self.is_mariadb = "mariadb" in version.lower()
        self.variables = self._variables()
        self.identity = self.variables.get("server_uid" if self.is_mariadb else "server_uuid", "") or "unknown"

    @property
    def folds_names(self) -> bool:
        """Whether table names are compared without regard to case."""
        return self.variables.get("lower_case_table_names", "0") != "0"

    def check(self) -> None:
        """Whether the binlog tells everything.

        Raises:
            MysqlRefused: naming every setting that is wrong and the statements that mend them.
        """
        wrong = [
            (name, value)
            for name, value in _NEEDED.items()
            if name in self.variables and self.variables[name].upper() != value
        ]
        if "binlog_row_metadata" not in self.variables:
            raise MysqlRefused(
                "The server is too old to write column names into its binlog.",
                "Use MySQL 8.4 or later, or MariaDB 10.11 or later.",
            )
        if wrong:
            found = ", ".join(f"{name} is {self.variables[name]}" for name, _ in wrong)
            raise MysqlRefused(f"The server's binlog does not tell all that is needed: {found}.", self._mend(wrong))

    def _mend(self, wrong: list[tuple[str, str]]) -> str:
        in_file = [f"{name}={value}" for name, value in wrong if name in _ONLY_IN_FILE]
        word = "GLOBAL" if self.is_mariadb else "PERSIST"
        statements = [f"SET {word} {name} = '{value}';" for name, value in wrong if name not in _ONLY_IN_FILE]
        hints = []
        if statements:
            hints.append("Run as an administrator: " + " ".join(statements))
        if statements and self.is_mariadb:
            hints.append("Set the same in my.cnf under [mysqld], so that it survives a restart.")
        if in_file:
            hints.append(f"Put {' and '.join(in_file)} under [mysqld] in my.cnf and restart the server.")
        return " ".join(hints)

    def position(self) -> Position:
        """The end of the binlog as of now.

        Raises:
            MysqlRefused: no binlog, or no right to ask.
        """
        rows = self._status()
        if not rows:
            raise MysqlRefused("The server writes no binlog.", "Put log_bin=ON under [mysqld] and restart it.")
        file, offset = str(rows[0][0]), int(rows[0][1])
        if self.is_mariadb:
            gtids = self._text("SELECT BINLOG_GTID_POS(%s, %s)", (file, offset))
        else:
            gtids = "".join(str(rows[0][4] or "").split()) if len(rows[0]) > 4 else ""
        return Position(self.identity, file, offset, gtids or None)

    def resume(self, stored: Position) -> tuple[Position, bool]:
        """Where reading goes on after ``stored``, and whether by its set of GTIDs instead of file and offset.

        Raises:
            PositionLost: the server no longer holds what came after, or it is another server.
        """
        size = self._sizes().get(stored.file)
        in_reach = size is not None and size >= stored.offset
        if self.is_mariadb:
            if in_reach and self._is_mariadb_history(stored):
                return stored, False
        elif self._is_mysql_history(stored):
            if in_reach and stored.server == self.identity:
                return stored, False
            if stored.gtid_set and self._can_serve(stored.gtid_set):
                return stored, True
        raise PositionLost(
            f"The server no longer holds the binlog after {stored.file}:{stored.offset}"
            f"{' (it is another server)' if stored.server != self.identity else ''}.",
            "Every link is compared whole; keep binlogs longer (binlog_expire_logs_seconds) to avoid it.",
        )

    def _is_mariadb_history(self, stored: Position) -> bool:
        """Whether the same transactions lie before that place: file names repeat after RESET MASTER."""
        if stored.gtid_set is None:
            return stored.server == self.identity
        found = self._text("SELECT BINLOG_GTID_POS(%s, %s)", (stored.file, stored.offset))
        return str(MariadbPosition(found)) == str(MariadbPosition(stored.gtid_set))

    def _is_mysql_history(self, stored: Position) -> bool:
        if not stored.gtid_set or self.variables.get("gtid_mode") != "ON":
            return stored.server == self.identity
        return self._text("SELECT GTID_SUBSET(%s, @@GLOBAL.gtid_executed)", (stored.gtid_set,)) == "1"

    def _can_serve(self, gtid_set: str) -> bool:
        """Whether no transaction that we have not read was purged; tagged ones cannot be asked for."""
        if self.variables.get("gtid_mode") != "ON":
            return False
        return self._text("SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, %s)", (gtid_set,)) == "1"

    def _sizes(self) -> dict[str, int]:
        return {str(row[0]): int(row[1]) for row in self._session.query("SHOW BINARY LOGS")}

    def _status(self) -> list[tuple[Any, ...]]:
        statement = "SHOW MASTER STATUS" if self.is_mariadb else "SHOW BINARY LOG STATUS"
        try:
            return self._session.query(statement)
        except TwinsheetError as error:
            raise MysqlRefused(
                f"The position of the binlog cannot be asked for: {error.message}",
                "Grant it: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user of TWINSHEET_MYSQL_URL.",
            ) from error

    def _variables(self) -> dict[str, str]:
        names = (*_NEEDED, "server_uuid", "server_uid", "gtid_mode", "lower_case_table_names")
        marks = ", ".join(["%s"] * len(names))
        rows = self._session.query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({marks})", names)
        return {str(name): str(value) for name, value in rows}

    def _text(self, sql: str, params: tuple[Any, ...] = ()) -> str:
        value = self._session.query(sql, params)[0][0]
        if isinstance(value, bytes | bytearray):
            value = value.decode()
        return "" if value is None else str(value)
