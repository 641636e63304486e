"""Runs statements on a connection of the client library and binds their parameters.

The library's own cursor looks for the client command DELIMITER in whatever it is given, in bound texts too, and takes
what it finds for a script: texts that hold the word and a quote came out changed. Nothing is looked for here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mysql.connector.connection_cext import CMySQLConnection


class Cursor:
    """One statement, or several with ``;`` between them, at a time; needs no closing.

    Args:
        connection: nobody else uses it while results are to be fetched.
    """

    def __init__(self, connection: CMySQLConnection) -> None:
        self._connection = connection
        self.rowcount = -1
        """Rows that the last statement found (UPDATE, DELETE) or inserted; -1 for one with a result."""
        self.lastrowid = 0
        """The key that it generated, or what it gave to LAST_INSERT_ID; 0 for none."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run ``sql`` with a parameter in the place of each ``%s``.

        Raises:
            mysql.connector.Error: as the library's own cursor.
            ValueError: there are more parameters or fewer.
        """
        statement = sql.encode()
        if params:
            statement = _bound(statement, self._connection.prepare_for_mysql(tuple(params)))
        self._take(self._connection.cmd_query(statement))

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        """The rows that a statement answers with; likewise."""
        self.execute(sql, params)
        return self.fetchall()

    def nextset(self) -> bool:
        """Go on to the result of the next statement; False where there is none."""
        connection = self._connection
        if not connection.next_result():
            return False
        has_rows = connection.result_set_available
        self._take(connection.fetch_eof_columns() if has_rows else connection.fetch_eof_status())
        return True

    def fetchall(self) -> list[Any]:
        """The rows of the result that nobody has fetched; none of a statement without one."""
        return self._connection.get_rows()[0] if self._connection.unread_result else []

    def fetchmany(self, size: int) -> list[Any]:
        """The next rows of the result, at most ``size``; none once there are no more."""
        return self._connection.get_rows(size)[0] if self._connection.unread_result else []

    def _take(self, result: Any) -> None:
        self.rowcount = result.get("affected_rows", -1)
        self.lastrowid = result.get("insert_id", 0)


def _bound(statement: bytes, params: Any) -> bytes:
    pieces = statement.split(b"%s")
    return b"".join(chain.from_iterable(zip(pieces, (*params, b""), strict=True)))
