"""Connections to MySQL and MariaDB: from a URL, strict, in UTC, with errors in plain words.

Every session is READ COMMITTED: decisions rest on locking reads (``FOR UPDATE``), and gaps that nobody needs
stay unlocked. Times are UTC. A value that does not fit is an error, never a cut or rounded value.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import mysql.connector
from mysql.connector.constants import ClientFlag

from adapters.mysql_address import MysqlAddress, parse_url, tls_refusal
from adapters.mysql_cursor import Cursor
from core.errors import MysqlRefused, MysqlUnavailable, TwinsheetError

if TYPE_CHECKING:
    from mysql.connector.connection_cext import CMySQLConnection

try:
    from _mysql_connector import MySQLInterfaceError  # type: ignore[import-not-found]  # the C extension has no stubs
except ImportError:  # connect() says so
    MySQLInterfaceError = mysql.connector.Error

SERVER_ERRORS: tuple[type[Exception], ...] = (mysql.connector.Error, MySQLInterfaceError)
"""What MySQL or its library raises; from the second statement of a packet on the C extension raises its own."""

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 60
LOCK_WAIT_S = 10
STANDSTILL_S = 15
"""A process that stands still this long within a transaction loses it, and with it the locks that others wait for."""
IDLE_S = 5.0
"""A connection that has rested this long is tried before it is used."""

# The server may have gone (2002, 2003, 2006, 2013, 2055), be going (1053, 1077, 1152, 1184, 1317 is a killed
# query), have no room for one more (1040, 1203, 1226) or refuse writes for a while (1290, 1836, 3100).
_LOST = frozenset({2002, 2003, 2005, 2006, 2013, 2055, 1053, 1077, 1079, 1080, 1152, 1184, 1927, 4031})
_LATER = frozenset({1040, 1203, 1226, 1205, 1213, 1290, 1317, 1836, 1969, 3024, 3100, 3572})
_FULL = frozenset({3, 20, 1021, 1026, 1114, 1598})
_COLLISION = frozenset({1205, 1213, 3572})
_GRANT = "twinsheet doctor prints the GRANT statement that is missing."
_SIGN_IN = "Check user and password in TWINSHEET_MYSQL_URL."
_NOT_LET_IN = (1045, 1698)
_DENIED = {
    1044: _GRANT,
    1045: _SIGN_IN,
    1142: _GRANT,
    1143: _GRANT,
    1227: _GRANT,
    1698: _SIGN_IN,
    3118: "The account is locked; unlock it with ALTER USER … ACCOUNT UNLOCK.",
}


def connect(
    address: MysqlAddress,
    *,
    schema: str | None = None,
    autocommit: bool = False,
    read_timeout_s: int = READ_TIMEOUT_S,
) -> CMySQLConnection:
    """Open a session with everything set that Twinsheet relies on.

    Args:
        address: from :func:`parse_url`.
        schema: default schema; ``None`` where it may not exist yet.
        autocommit: off for transactions; on for single statements.
        read_timeout_s: a server that has not answered after this is taken for gone.

    Raises:
        MysqlUnavailable: nobody answers within ``CONNECT_TIMEOUT_S``.
        MysqlRefused: user, password, schema, or the client library is wrong.
    """
    if not mysql.connector.HAVE_CEXT:
        raise MysqlRefused(
            "mysql-connector-python runs without its C extension, which is many times slower.",
            "Install the pinned version: pip install -r requirements.txt.",
        )
    with translated(address):
        connection = mysql.connector.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=schema,
            use_pure=False,
            charset="utf8mb4",
            collation="utf8mb4_bin",  # known to both servers; the default of the library is not
            autocommit=autocommit,
            client_flags=[ClientFlag.FOUND_ROWS],  # an UPDATE counts the rows it found, changed or not
            connection_timeout=min(CONNECT_TIMEOUT_S, read_timeout_s),
            read_timeout=read_timeout_s,
            write_timeout=read_timeout_s,
            **dict(address.tls),
        )
        _set_session(connection, standstill_s=None if autocommit else STANDSTILL_S)
    return connection  # type: ignore[return-value]  # the library declares a union with pooled connections


def _set_session(connection: Any, standstill_s: int | None) -> None:
    """One round trip. NO_AUTO_VALUE_ON_ZERO: a key of 0 is 0. Zero dates that a table holds stay writable."""
    cursor = Cursor(connection)
    cursor.execute(
        "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = %s,"
        " sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'",
        (LOCK_WAIT_S,),
    )
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    if standstill_s is not None:
        cursor.execute("SET SESSION wait_timeout = %s", (standstill_s,))


@contextmanager
def translated(address: MysqlAddress) -> Iterator[None]:
    """Turn what the library raises into our own errors; the cause stays attached."""
    try:
        yield
    except SERVER_ERRORS as error:
        raise translate(error, address) from error


def errno(error: BaseException | None) -> int:
    """MySQL's number of an error, also through our own error; 0 for none."""
    if isinstance(error, TwinsheetError):
        error = error.__cause__
    number = getattr(error, "errno", None)
    return number if isinstance(number, int) else 0


def is_collision(error: BaseException) -> bool:
    """Whether the transaction met another one (deadlock, lock wait) and shall be run again."""
    return errno(error) in _COLLISION


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone."""
    if errno(error) in _LOST:
        return True
    cause = error.__cause__ if isinstance(error, TwinsheetError) else error
    return isinstance(cause, mysql.connector.InterfaceError | mysql.connector.errors.ConnectionTimeoutError)


def translate(error: BaseException, address: MysqlAddress) -> TwinsheetError:
    """Our error for what the library raised.

    Returns:
        MysqlUnavailable where trying again may help, MysqlRefused otherwise.
    """
    number, text = errno(error), str(getattr(error, "msg", None) or error)
    if number in _COLLISION:
        return MysqlUnavailable(
            "Another transaction holds rows that are needed.", "It is tried again; look for long transactions."
        )
    refusal = tls_refusal(f"{address.host}:{address.port}", number, text)
    if refusal:
        return refusal
    if number in _LOST or is_lost(error):
        return MysqlUnavailable(
            f"MySQL at {address.host}:{address.port} does not answer ({text}).",
            "Check that the server runs and that TWINSHEET_MYSQL_URL points to it.",
        )
    if number in _FULL or "No space left" in text:
        return MysqlUnavailable(
            f"MySQL cannot write: {text}.", "Make room on the server's disk; it is tried again, nothing is lost."
        )
    if number in _LATER:
        return MysqlUnavailable(f"MySQL cannot do it now: {text}.", "It is tried again.")
    hint = _DENIED.get(number, "")
    if number in _NOT_LET_IN and dict(address.tls).get("ssl_disabled"):  # MariaDB's word for both
        hint += " A server that takes encrypted connections only says the same: take ssl_disabled out."
    return MysqlRefused(f"MySQL refused: {text}.", hint)


class MysqlSession:
    """One connection that is opened when it is first needed, and again after it was lost. One thread only.

    Args:
        address: from :func:`parse_url`.
        schema: default schema.
        autocommit: see :func:`connect`.
        read_timeout_s: see :func:`connect`.
    """

    def __init__(
        self,
        address: MysqlAddress,
        *,
        schema: str | None = None,
        autocommit: bool = False,
        read_timeout_s: int = READ_TIMEOUT_S,
    ) -> None:
        self._read_timeout_s = read_timeout_s
        self.address = address
        self._schema = schema
        self._autocommit = autocommit
        self._connection: CMySQLConnection | None = None
        self._used_at = 0.0

    def connection(self) -> CMySQLConnection:
        """The live connection.

        Raises:
            MysqlUnavailable, MysqlRefused: see :func:`connect`.
        """
        if self._connection is not None and not self._alive(self._connection):
            self.drop()
        if self._connection is None:
            self._connection = connect(
                self.address,
                schema=self._schema,
                autocommit=self._autocommit,
                read_timeout_s=self._read_timeout_s,
            )
        self._used_at = time.monotonic()
        return self._connection

    def _alive(self, connection: CMySQLConnection) -> bool:
        """A small round trip after a pause, so that a connection lost while idle costs nobody a transaction."""
        return time.monotonic() - self._used_at < IDLE_S or connection.is_connected()

    def drop(self) -> None:
        """Close the connection, whatever state it is in; the next use opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # closing a dead connection may fail in many ways, and none matters
                connection.close()

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement by itself and return its rows; for sessions with autocommit.

        Runs it once more on a new connection when the old one turns out to be lost.

        Raises:
            MysqlUnavailable, MysqlRefused
        """
        try:
            return self._query(sql, params)
        except MysqlUnavailable as error:
            if not is_lost(error):
                raise
            self.drop()
            return self._query(sql, params)

    def _query(self, sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        connection = self.connection()
        with translated(self.address):
            return Cursor(connection).query(sql, params)


class ThreadSessions:
    """One autocommit session per thread, for servers with several threads.

    Args:
        address: from :func:`parse_url`.
        schema: default schema.
        read_timeout_s: see :func:`connect`.
    """

    def __init__(
        self, address: MysqlAddress, *, schema: str | None = None, read_timeout_s: int = READ_TIMEOUT_S
    ) -> None:
        self._read_timeout_s = read_timeout_s
        self._address = address
        self._schema = schema
        self._local = threading.local()
        self._all: list[MysqlSession] = []
        self._lock = threading.Lock()

    def session(self) -> MysqlSession:
        """This thread's own session."""
        found: MysqlSession | None = getattr(self._local, "session", None)
        if found is None:
            found = MysqlSession(
                self._address, schema=self._schema, autocommit=True, read_timeout_s=self._read_timeout_s
            )
            self._local.session = found
            with self._lock:
                self._all.append(found)
        return found

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """See :meth:`MysqlSession.query`."""
        return self.session().query(sql, params)

    def close(self) -> None:
        """Close the sessions of all threads; no thread may use its session meanwhile."""
        with self._lock:
            sessions, self._all = self._all, []
        self._local = threading.local()
        for session in sessions:
            session.drop()


def quote(name: str) -> str:
    """An identifier between backticks.

    Raises:
        MysqlRefused: a name with ``%s`` in it, which stands for a parameter in statements.
    """
    if "%s" in name:
        raise MysqlRefused(f"The name {name!r} holds '%s', which Twinsheet cannot carry.", "Rename it.")
    return "`" + name.replace("`", "``") + "`"


__all__ = [
    "SERVER_ERRORS",
    "MysqlAddress",
    "MysqlSession",
    "ThreadSessions",
    "connect",
    "errno",
    "is_collision",
    "is_lost",
    "parse_url",
    "quote",
    "translate",
    "translated",
]
