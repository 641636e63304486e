"""The right to be the one reader of the binlog, and the note of how far it has come."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from adapters.binlog_events import Position
from adapters.mysql_connection import MysqlAddress, connect, translated
from adapters.mysql_cursor import Cursor
from core.errors import Fenced, MysqlUnavailable
from core.ports import Json

OUTBOX_REPLAY_MAX = 10_000
OUTBOX_PRUNE_ROWS = 1000


class BinlogLease:
    """A named lock in MySQL, held by the very connection that notes the position: who loses it can note nothing.

    One thread only.

    Args:
        address: where the server is.
        schema: the twinsheet schema.
        reader: name of the change feed; one reader of that name is active at a time.
    """

    def __init__(self, address: MysqlAddress, schema: str = "twinsheet", reader: str = "main") -> None:
        self._address = address
        self._schema = schema
        self._reader = reader
        self._lock = f"{schema}.binlog.{reader}"[:64]
        self._connection: Any = None

    def acquire(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` (whole seconds) to become the reader; whether we are.

        Raises:
            MysqlUnavailable, MysqlRefused
        """
        if self._connection is None:
            self._connection = connect(self._address, schema=self._schema, autocommit=True)
        return bool(self._query("SELECT GET_LOCK(%s, %s)", (self._lock, int(timeout_s)))[0][0] == 1)

    def check(self) -> None:
        """Whether we still are the reader.

        Raises:
            Fenced: another one is.
            MysqlUnavailable: the connection broke, and the lock with it.
        """
        held = self._query("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", (self._lock,))[0][0]
        if held != 1:
            raise Fenced("Another process reads the binlog now.", "This one stands by when it is started again.")

    def load(self) -> Position | None:
        """The position noted last; ``None`` before the first note."""
        rows = self._query(
            "SELECT server_uuid, file, position, gtid_set, beginning FROM binlog_position WHERE reader = %s",
            (self._reader,),
        )
        return Position(*rows[0]) if rows else None

    def save(self, position: Position) -> None:
        """Note that everything before ``position`` is published.

        Raises:
            MysqlUnavailable: the connection broke, and the lock with it; nothing may be noted any more.
        """
        self._query(
            "INSERT INTO binlog_position (reader, server_uuid, file, position, gtid_set, beginning)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE server_uuid = VALUES(server_uuid),"
            " file = VALUES(file), position = VALUES(position), gtid_set = VALUES(gtid_set),"
            " beginning = VALUES(beginning), updated_at = CURRENT_TIMESTAMP(6)",
            (
                self._reader,
                position.server,
                position.file,
                position.offset,
                position.gtid_set,
                position.beginning,
            ),
        )

    def give_up(self, beginning: int) -> None:
        """The noted position counts no longer, wherever reading breaks off: the feed begins anew with that number.

        Raises:
            MysqlUnavailable: as :meth:`save`.
        """
        self._query(
            "UPDATE binlog_position SET server_uuid = '', gtid_set = NULL, beginning = %s, updated_at = updated_at"
            " WHERE reader = %s",
            (beginning, self._reader),
        )

    def outbox_since_note(self) -> list[tuple[str, str, Json]]:
        """Messages (topic, link, body) that may not have been published, where the binlog cannot tell any more."""
        rows = self._query(
            "SELECT topic, link, body FROM outbox WHERE at >= COALESCE("
            "(SELECT updated_at - INTERVAL 1 MINUTE FROM binlog_position WHERE reader = %s), at)"
            " ORDER BY id DESC LIMIT %s",
            (self._reader, OUTBOX_REPLAY_MAX),
        )
        return [(topic, link, json.loads(body)) for topic, link, body in reversed(rows)]

    def prune(self) -> None:
        """Delete some messages of the outbox that are a day old: they are in the binlog, and nobody reads them."""
        self._query(
            "DELETE FROM outbox WHERE at < CURRENT_TIMESTAMP(6) - INTERVAL 1 DAY ORDER BY at LIMIT %s",
            (OUTBOX_PRUNE_ROWS,),
        )

    def close(self) -> None:
        """Give the lock back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # closing a dead connection may fail in many ways, and none matters
                connection.close()

    def _query(self, sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            raise MysqlUnavailable("The connection that held the right to read the binlog is gone.")
        try:
            with translated(self._address):
                return Cursor(self._connection).query(sql, params)
        except MysqlUnavailable:
            self.close()
            raise
