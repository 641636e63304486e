"""How far the change feed is, asked from outside: for ``verify``, which waits until both sides rest."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from adapters.binlog_events import Table
from adapters.binlog_sql import boundary, table_changes
from adapters.mysql_connection import quote
from adapters.mysql_query import Query
from adapters.mysql_server import binlog_position
from core.errors import MysqlRefused

PAGE_EVENTS = 1000
PAGES_MAX = 20
_TABLE = re.compile(r"\((.+)\)$")
_USE = re.compile(r"use `((?:[^`]|``)+)`; ", re.IGNORECASE)


def is_unpublished(
    session: Query, tables: Collection[Table], *, state_schema: str = "twinsheet", reader: str = "main"
) -> bool:
    """Whether a committed change of these tables, or a message of the outbox, may not have reached Kafka yet.

    Looks at the binlog between the feed's note and its end; what passed there of other tables, our own state
    included, is nothing to wait for. In doubt (never noted, purged, very far behind) the answer is yes.

    Args:
        session: of a user with REPLICATION SLAVE and REPLICATION CLIENT.
        tables: linked tables, as (schema, table).
        state_schema: the twinsheet schema.
        reader: name of the change feed.

    Raises:
        MysqlUnavailable
    """
    noted = session.query(
        f"SELECT file, position FROM {quote(state_schema)}.binlog_position WHERE reader = %s",  # noqa: S608 -- quoted
        (reader,),
    )
    if not noted:
        return True
    watched = {*tables, (state_schema, "outbox")}
    try:
        return any(_concerns(kind, info, watched) for kind, info in _events(session, str(noted[0][0]), noted[0][1]))
    except (MysqlRefused, _TooFar):
        return True


class _TooFar(Exception):
    """More events than anybody wants to look at."""


def _events(session: Query, file: str, offset: int) -> Iterator[tuple[str, str]]:
    """Type and text of each event from a position to the end of the binlog as of now."""
    end = binlog_position(session)
    files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
    if file not in files:
        raise _TooFar
    for _ in range(PAGES_MAX):
        if (file, offset) >= (end.file, end.position):
            return
        # The statement takes no parameters; names of binlogs hold no quotes.
        rows = session.query(f"SHOW BINLOG EVENTS IN '{file}' FROM {int(offset)} LIMIT {PAGE_EVENTS}")
        yield from ((_text(row[2]), _text(row[5])) for row in rows)
        if len(rows) == PAGE_EVENTS:
            offset = int(rows[-1][4])
        elif file == files[-1]:
            return
        else:
            file, offset = files[files.index(file) + 1], 4
    raise _TooFar


def _concerns(kind: str, info: str, watched: Collection[Table]) -> bool:
    if kind == "Table_map":
        found = _TABLE.search(info)
        return found is not None and tuple(found[1].split(".", 1)) in watched
    if kind != "Query":
        return False
    use = _USE.match(info)
    query = info[use.end() :] if use else info
    bound = boundary(query)
    return bound == "xa commit" or (bound is None and bool(table_changes(query, use[1] if use else "", watched)))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)
