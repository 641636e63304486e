"""What the reader of the binlog says: transactions with their position, time and changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.errors import TwinsheetError

Row = Mapping[str, Any]
"""Column name to value, as mysql-replication decodes it."""
Table = tuple[str, str]
"""Schema and table."""


class PositionLost(TwinsheetError):
    """The server no longer holds the binlog from where we stopped: everything has to be compared."""


@dataclass(frozen=True, slots=True)
class Position:
    """The end of a transaction in the binlog, in both ways that servers count."""

    server: str
    """As :attr:`adapters.mysql_server.ServerFacts.server_uuid`."""
    file: str
    """Empty where only the set of GTIDs is known yet."""
    offset: int
    """First byte after the transaction."""
    gtid_set: str | None = None
    """All transactions up to here: ``gtid_executed`` of MySQL, ``gtid_binlog_pos`` of MariaDB."""
    beginning: int = 0
    """Of the reading, from which on files and offsets count in one order; a later one has a higher number."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row of a watched table."""

    schema: str
    table: str
    kind: Literal["insert", "update", "delete"]
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class TableChange:
    """Something happened to a whole watched table.

    ``truncate``, ``drop`` and ``alter`` are statements; ``unread`` says that rows changed in a way that the binlog
    does not tell (a statement instead of rows, values that cannot be decoded): look at all of it.
    """

    schema: str
    table: str
    what: Literal["truncate", "drop", "alter", "unread"]
    reason: str = ""
    """Why it is unread; of a table that is gone because it was renamed, its name now."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A committed transaction, or a piece of a large one."""

    position: Position
    """Where reading may go on; before the last piece: where this one ended, good for comparing only."""
    transaction: str
    """Its GTID, or file and offset at which it was begun to be read."""
    committed_at: datetime
    exact: bool
    """Whether ``committed_at`` is the server's own microseconds."""
    changes: tuple[RowChange | TableChange, ...] = ()
    """In the order of the binlog; watched tables only."""
    last: bool = True
    connection: int | None = None
    """Number of the connection that made it; MariaDB does not tell."""
    comment: str = ""
    """Before or behind its statement, where the server puts statements into the binlog."""
    received_at: datetime | None = None
    own: bool = False
    """Nothing but our own note of the position passed; noting that one again would never end."""
