"""Part of a transaction: the links, their epochs, write numbers and holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.compact_json import dump
from adapters.mysql_connection import errno, quote
from adapters.mysql_grants import STATE_SCHEMA
from adapters.mysql_query import Query
from adapters.mysql_statements import Row, Statements, utc
from core.conflicts import UNLINKED
from core.errors import Fenced, MysqlRefused, NotLinked
from core.events import TABLE_CHANGED, held
from core.known import KnownColumns
from core.ports import Hold, LinkState

SELECT_LINK = (
    "SELECT name, spreadsheet_id, sheet_id, tab, table_schema, table_name, state, reason, epoch, n, settled_n, scans,"
    " restored_n, followed, known, first_scans FROM link"
)
_NOT_MADE_YET = frozenset({1049, 1054, 1146})
"""No such schema, column or table."""


class Links(Statements):
    """The tables ``link`` and ``hold``."""

    def link_state(self, name: str, *, lock: bool = False) -> LinkState | None:
        """What is known of a link; ``lock`` keeps other transactions that lock it waiting."""
        rows = self._select(f"{SELECT_LINK} WHERE name = %s{' FOR UPDATE' if lock else ''}", (name,))
        return link_of(rows[0]) if rows else None

    def link_states(self) -> list[LinkState]:
        """All links, by name; not locked."""
        return [link_of(row) for row in self._select(f"{SELECT_LINK} ORDER BY name")]

    def put_link(self, state: LinkState) -> None:
        """Insert or replace."""
        columns = (
            "name", "spreadsheet_id", "sheet_id", "tab", "table_schema", "table_name",
            "state", "reason", "epoch", "n", "settled_n",
        )  # fmt: skip
        sets = ", ".join(f"{c} = VALUES({c})" for c in columns[1:])
        self._run_rows(
            f"INSERT INTO link ({', '.join(columns)})",
            "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    state.name, state.spreadsheet_id, state.sheet_id, state.tab, state.schema, state.table,
                    state.state, state.reason, state.epoch, state.n, state.settled_n,
                )
            ],
            f"ON DUPLICATE KEY UPDATE {sets}",
        )  # fmt: skip
        if state.state != "held":
            self._release(state.name)

    def remove_link(self, name: str) -> None:
        """Forget the link with its bases, waiting cells, marks and intent; history and conflicts stay.

        Open rejections and conflicts close: their cells are linked no longer.
        """
        for table in ("row_base", "kept_id", "waiting_cell", "write_intent", "cell_mark"):
            self._run(f"DELETE FROM {table} WHERE link = %s", (name,))  # noqa: S608  (names from the line above)
        self._run("DELETE FROM undo_row WHERE link = %s AND is_open", (name,))
        self._run("DELETE FROM link WHERE name = %s", (name,))
        self._run(
            "UPDATE rejection SET is_open = NULL, mended_at = CURRENT_TIMESTAMP(6) WHERE link = %s AND is_open",
            (name,),
        )
        self._run(
            "UPDATE conflict SET settled = TRUE, winner = 'none', rule = %s WHERE link = %s AND settled = FALSE",
            (UNLINKED, name),
        )
        self._release(name)

    def set_link_state(self, name: str, state: str, reason: str | None) -> None:
        """Set the state; leaving ``held`` releases the hold."""
        self._run("UPDATE link SET state = %s, reason = %s WHERE name = %s", (state, reason, name))
        if state != "held":
            self._release(name)

    def next_epoch(self, name: str) -> int:
        """Take the link over: raise its epoch by one and return it; raise NotLinked."""
        ran = self._run("UPDATE link SET epoch = LAST_INSERT_ID(epoch + 1) WHERE name = %s", (name,))
        if not ran.rows:
            raise NotLinked(f"No link is named {name}.", "See them with: twinsheet link list.")
        return ran.last_id

    def next_n(self, name: str, epoch: int) -> int:
        """Raise the link's write number by one and return it; raise Fenced if ``epoch`` is not the link's own."""
        ran = self._run("UPDATE link SET n = LAST_INSERT_ID(n + 1) WHERE name = %s AND epoch = %s", (name, epoch))
        if not ran.rows:
            raise Fenced(f"Another writer has taken the link {name} over (we were epoch {epoch}).")
        return ran.last_id

    def note_settled(self, name: str, n: int) -> None:
        """Write ``n`` has landed: a sheet whose counter is below it is an older version of itself."""
        self._run("UPDATE link SET settled_n = GREATEST(settled_n, %s) WHERE name = %s", (n, name))

    def note_restore(self, name: str, n: int) -> None:
        """Write ``n``, which is about to be sent, takes a mistake of an earlier one back."""
        self._run("UPDATE link SET restored_n = GREATEST(restored_n, %s) WHERE name = %s", (n, name))

    def note_followed(self, name: str, place: str | None) -> None:
        """Bases have followed the changed keys up to that place of the change feed."""
        self._run("UPDATE link SET followed = %s WHERE name = %s", (place, name))

    def note_known(self, name: str, known: str) -> None:
        """What is remembered of the link's columns."""
        self._run("UPDATE link SET known = %s WHERE name = %s", (known, name))

    def next_scan(self, name: str) -> int:
        """Number a scan that is about to begin; raise NotLinked."""
        ran = self._run(
            "UPDATE link SET first_scans = IF(scanned_at IS NULL, scans + 1, first_scans),"
            " scans = LAST_INSERT_ID(scans + 1) WHERE name = %s",
            (name,),
        )
        if not ran.rows:
            raise NotLinked(f"No link is named {name}.", "See them with: twinsheet link list.")
        return ran.last_id

    def note_scan(self, name: str, at: datetime) -> None:
        """The tab was read whole at that time; a later one that is known already stays."""
        self._run(
            "UPDATE link SET scanned_at = GREATEST(COALESCE(scanned_at, %s), %s) WHERE name = %s", (at, at, name)
        )

    def note_check(self, name: str, identical_as_of: datetime | None, differing: int) -> None:
        """What a comparison of tab and table has found; a later moment that is known already stays."""
        self._run(
            "UPDATE link SET identical_as_of = COALESCE(GREATEST(identical_as_of, %s), identical_as_of, %s),"
            " differing = %s WHERE name = %s",
            (identical_as_of, identical_as_of, differing, name),
        )

    def hold(self, name: str, guard: str, reason: str, mend: str | None = None) -> None:
        """Set the link held and write the hold down, and tell of it; once while it is held."""
        self._run("UPDATE link SET state = 'held', reason = %s WHERE name = %s AND state <> 'held'", (reason, name))
        ran = self._run(
            "INSERT INTO hold (link, guard, reason, mend) SELECT %s, %s, %s, %s FROM link WHERE name = %s"
            " AND NOT EXISTS (SELECT 1 FROM hold WHERE link = %s AND released_at IS NULL)",
            (name, guard, reason, mend, name, name),
        )
        if ran.rows:
            tell = "INSERT INTO outbox (link, topic, body) VALUES (%s, %s, %s)"
            self._postpone([(tell, (name, TABLE_CHANGED, dump(held(name))))])

    def holds(self, name: str) -> list[Hold]:
        """The open one, and those whose note may still stand in the sheet; oldest first."""
        rows = self._select(
            "SELECT guard, reason, at, mend, released_at IS NULL, shown FROM hold"
            " WHERE link = %s AND (released_at IS NULL OR shown) ORDER BY id",
            (name,),
        )
        return [
            Hold(guard, reason, utc(at) or at, mend, bool(is_open), bool(shown))
            for guard, reason, at, mend, is_open, shown in rows
        ]

    def show_hold(self, name: str, *, shown: bool) -> None:
        """The open hold's note may stand in the sheet from now on, or none of the link's does any more."""
        self._run(
            "UPDATE hold SET shown = (%s AND released_at IS NULL) WHERE link = %s AND (released_at IS NULL OR shown)",
            (shown, name),
        )

    def _release(self, name: str) -> None:
        self._run(
            "UPDATE hold SET released_at = CURRENT_TIMESTAMP(6) WHERE link = %s AND released_at IS NULL", (name,)
        )


def linked_columns(session: Query, name: str, schema: str = STATE_SCHEMA) -> Mapping[str, str] | None:
    """Header to column, as the link of that name was last known to be; ``None`` where nobody knows.

    Nobody does before a service has run for the first time on the server, or for the first time in this version.

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    try:
        rows = session.query(f"SELECT known FROM {quote(schema)}.link WHERE name = %s", (name,))  # noqa: S608 -- quoted
    except MysqlRefused as error:
        if errno(error) not in _NOT_MADE_YET:
            raise
        return None
    known = KnownColumns.of(rows[0][0]) if rows else None
    return known.linked if known else None


def link_of(row: Row) -> LinkState:
    """The row of SELECT_LINK."""
    return LinkState(*row)
