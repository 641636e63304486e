"""Part of a transaction: observed cells that cannot be decided yet, and the one open write of a link."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from adapters.compact_json import dump, load
from adapters.mysql_connection import errno
from adapters.mysql_statements import Row, Statements, cut, marks, of_cells, utc
from core.errors import Fenced, MysqlRefused
from core.events import cell_from_json, cell_to_json
from core.model import Observed, Stamp
from core.ports import Intent, Waiting

DUPLICATE = 1062
_FIELDS = (
    "row_id, column_name, cell, n, q, epoch, scan, source, edited_at, actor, event, base, sheet_row, reason, since"
)

_SELECT = (
    f"SELECT {_FIELDS} FROM waiting_cell WHERE link = %s AND row_id IN ({{}})"  # noqa: S608  (constants only)
    " ORDER BY row_id, column_name FOR UPDATE"
)


class Waitings(Statements):
    """The tables ``waiting_cell`` and ``write_intent``."""

    def waiting(self, link: str, row_ids: Collection[str]) -> dict[str, list[Waiting]]:
        """Locked; by row id, cells in the order of their columns' names."""
        found: dict[str, list[Waiting]] = {}
        for row in self._select_in(_SELECT, (link,), set(row_ids)):
            found.setdefault(row[0], []).append(_waiting(row))
        return found

    def waiting_rows(self, link: str, reasons: Collection[str], older_than_s: float = 0) -> list[str]:
        """Row ids with cells that wait for one of these reasons, at least that long."""
        if not reasons:
            return []
        sql = (
            "SELECT DISTINCT row_id FROM waiting_cell WHERE link = %s AND reason IN ({})"
            " AND since <= CURRENT_TIMESTAMP(6) - INTERVAL %s MICROSECOND ORDER BY row_id"
        )
        params = (link, *sorted(reasons), round(older_than_s * 1_000_000))
        rows = self._select(sql.format(marks(len(reasons))), params)
        return [row[0] for row in rows]

    def known_to_differ(self, link: str) -> list[tuple[str, str]]:
        """(row id, column) of cells that wait, or that hold what the table refused; sorted."""
        self._run_postponed()  # what this transaction has refused or mended counts
        sql = (
            "SELECT row_id, column_name FROM waiting_cell WHERE link = %s"
            " UNION SELECT row_id, column_name FROM rejection WHERE link = %s AND is_open"
            " ORDER BY row_id, column_name"
        )
        return [(row_id, column) for row_id, column in self._select(sql, (link, link))]

    def put_waiting(self, link: str, cells: Iterable[tuple[Observed, str]]) -> None:
        """Insert or replace (observed, reason) by row id and column; ``since`` stays when the reason does."""
        latest = {(seen.row_id, seen.column): (seen, reason) for seen, reason in cells}
        columns = [name.strip() for name in _FIELDS.split(",")][2:13]
        sets = ", ".join(f"{c} = VALUES({c})" for c in columns)
        self._run_rows(
            f"INSERT INTO waiting_cell (link, {_FIELDS})",
            f"({marks(15)}, CURRENT_TIMESTAMP(6))",
            [_row(link, seen, reason) for _, (seen, reason) in sorted(latest.items(), key=lambda item: item[0])],
            f"ON DUPLICATE KEY UPDATE since = IF(reason = VALUES(reason), since, VALUES(since)), {sets},"
            " reason = VALUES(reason)",
        )

    def drop_waiting(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Forget (row id, column)."""
        for statement in of_cells("DELETE FROM waiting_cell WHERE link = %s", link, cells):
            self._run(*statement)

    def intent(self, link: str) -> Intent | None:
        """Locked, also where there is none: until this transaction ends nobody opens or closes a write."""
        rows = self._select(
            "SELECT i.n, i.epoch, i.plan FROM link LEFT JOIN write_intent AS i ON i.link = link.name"
            " WHERE link.name = %s FOR UPDATE",
            (link,),
        )
        return Intent(link, rows[0][0], rows[0][1], load(rows[0][2])) if rows and rows[0][2] else None

    def open_intent(self, intent: Intent) -> None:
        """Write the intent down; raise Fenced if another write is open: it is settled first."""
        self._lock_link(intent.link)
        try:
            self._run(
                "INSERT INTO write_intent (link, n, epoch, plan) VALUES (%s, %s, %s, %s)",
                (intent.link, intent.n, intent.epoch, dump(intent.plan)),
            )
        except MysqlRefused as error:
            if errno(error) != DUPLICATE:
                raise
            raise Fenced(f"Another write to the sheet of {intent.link} is open.", "It is settled first.") from error

    def close_intent(self, link: str, n: int) -> None:
        """Forget the open write of that number; one that is closed already is no fault."""
        self._lock_link(link)
        self._run("DELETE FROM write_intent WHERE link = %s AND n = %s", (link, n))

    def _lock_link(self, link: str) -> None:
        """A row that is not there cannot be locked, so writes are opened and closed under the link's own row."""
        self._select("SELECT 1 FROM link WHERE name = %s FOR UPDATE", (link,))


def _row(link: str, seen: Observed, reason: str) -> tuple[object, ...]:
    return (
        link,
        seen.row_id,
        seen.column,
        dump(cell_to_json(seen.cell)),
        seen.stamp.n,
        seen.stamp.q,
        seen.stamp.epoch,
        seen.stamp.scan,
        seen.source,
        seen.edited_at,
        cut(seen.actor, 320),
        cut(seen.event, 128),
        seen.base,
        seen.row,
        reason,
    )


def _waiting(row: Row) -> Waiting:
    row_id, column, cell, n, q, epoch, scan, source, edited_at, actor, event, base, sheet_row, reason, since = row
    seen = Observed(
        row_id=row_id,
        column=column,
        cell=cell_from_json(load(cell)),
        stamp=Stamp(n, q, epoch, scan),
        source=source,
        edited_at=utc(edited_at),
        actor=actor,
        event=event,
        base=base,
        row=sheet_row,
    )
    return Waiting(seen, reason, since=utc(since) or since)
