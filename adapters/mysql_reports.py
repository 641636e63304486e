"""What people ask: links and their counts, conflicts, rejections, history, what waits, how far everything has come.

Reads committed state without locks, each question in one statement. Times are aware, in UTC; values are texts as
the sheet or the table held them; ``column`` is the table's name of the column.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.mysql_bases import COUNT_LIVE
from adapters.mysql_connection import MysqlSession, ThreadSessions
from adapters.mysql_links import SELECT_LINK, link_of
from adapters.mysql_statements import Row, marks, utc
from core.ports import IN_FLIGHT, Hold, LinkState

Item = dict[str, Any]

_BIGINT_MAX = 2**63 - 1
_COUNTS = {
    "conflicts": "SELECT link, COUNT(*) FROM conflict WHERE settled = FALSE GROUP BY link",
    "rejections": "SELECT link, COUNT(*) FROM rejection WHERE is_open GROUP BY link",
    "pending": "SELECT link, COUNT(*) FROM waiting_cell GROUP BY link",
    "for_person": (
        "SELECT link, COUNT(*) FROM ("  # noqa: S608  (constants only)
        "SELECT link, row_id, column_name FROM waiting_cell"
        f" WHERE reason NOT IN ({', '.join(map(repr, IN_FLIGHT))})"
        " AND (reason <> 'paused' OR link NOT IN (SELECT name FROM link WHERE state = 'live'))"
        " UNION SELECT link, row_id, column_name FROM rejection WHERE is_open"
        " UNION SELECT link, row_id, column_name FROM conflict WHERE settled = FALSE) AS cells GROUP BY link"
    ),
}


@dataclass(frozen=True, slots=True)
class LinkReport:
    """A link's state and counts."""

    state: LinkState
    scanned_at: datetime | None
    """When the tab was last read whole."""
    identical_as_of: datetime | None
    """The moment as of which every cell of tab and table was last known equal."""
    differing: int
    """Cells that differ although no event explains it."""
    conflicts: int
    """Not settled: a person has to choose."""
    rejections: int
    """Open: the cell still holds what the table refused."""
    pending: int
    """Observed cells that wait."""
    for_person: int
    """Cells that stay as they are until somebody does something: in conflict, refused, or waiting; each counts once.
    What waited for the end of a pause is decided in a moment once the link is live."""
    hold: Hold | None
    """Where the link is held."""


class Reports:
    """Questions to the twinsheet schema.

    Args:
        session: with the schema as its default; MysqlSession with autocommit, or ThreadSessions.
    """

    def __init__(self, session: MysqlSession | ThreadSessions) -> None:
        self._session = session

    def links(self) -> list[LinkReport]:
        """All links, by name."""
        counts = {name: dict(self._session.query(sql)) for name, sql in _COUNTS.items()}
        looks = {
            name: look
            for name, *look in self._session.query("SELECT name, scanned_at, identical_as_of, differing FROM link")
        }
        unseen = (None, None, 0)
        sql = "SELECT link, guard, reason, at, mend FROM hold WHERE released_at IS NULL ORDER BY id"
        holds = {
            link: Hold(guard, why, utc(at) or at, mend) for link, guard, why, at, mend in self._session.query(sql)
        }
        return [
            LinkReport(
                state=link_of(row),
                scanned_at=utc(looks.get(row[0], unseen)[0]),
                identical_as_of=utc(looks.get(row[0], unseen)[1]),
                differing=looks.get(row[0], unseen)[2],
                hold=holds.get(row[0]),
                **{name: found.get(row[0], 0) for name, found in counts.items()},
            )
            for row in self._session.query(f"{SELECT_LINK} ORDER BY name")
        ]

    def conflicts(
        self,
        link: str | None = None,
        *,
        limit: int | None = None,
        unsettled_only: bool = False,
        before: int | None = None,
    ) -> list[Item]:
        """Newest first: ``sheet``, ``table``, ``base``, ``winner``, ``rule``, ``settled`` and their times; ``choice``
        is what a person has chosen, ``None`` where nobody has. Only those with a smaller number than ``before``."""
        rows = self._newest(
            "SELECT id, link, row_id, key_json, column_name, at, base_value, sheet_value, table_value, winner, rule,"
            " settled, sheet_at, table_at, time_guessed, sheet_actor, event, choice FROM conflict",
            link,
            "settled = FALSE" if unsettled_only else "TRUE",
            limit,
            before,
        )
        return [_conflict(row) for row in rows]

    def rejections(
        self, link: str | None = None, *, limit: int | None = None, open_only: bool = True, before: int | None = None
    ) -> list[Item]:
        """Newest first: ``value``, ``reason``, ``actor``, ``event``, ``mended_at``; ``before`` as for conflicts."""
        rows = self._newest(
            "SELECT id, link, row_id, key_json, column_name, at, value, reason, actor, event, mended_at"
            " FROM rejection",
            link,
            "is_open" if open_only else "TRUE",
            limit,
            before,
        )
        names = ("value", "reason", "actor", "event")
        return [{**_cell(row), **dict(zip(names, row[6:10], strict=True)), "mended_at": utc(row[10])} for row in rows]

    def holds(self, link: str, *, limit: int, before: int | None = None) -> list[Item]:
        """Newest first: ``guard``, ``reason``, ``mend``, ``at``, ``released_at``; ``before`` as for conflicts."""
        rows = self._newest(
            "SELECT id, link, guard, reason, mend, at, released_at FROM hold", link, "TRUE", limit, before
        )
        names = ("id", "link", "guard", "reason", "mend")
        return [
            {**dict(zip(names, row[:5], strict=True)), "at": utc(row[5]), "released_at": utc(row[6])} for row in rows
        ]

    def open_undos(self, link: str | None = None) -> list[Item]:
        """What was asked to be taken back and waits, in the order in which it was asked: ``event``, ``link``, who
        asked as ``actor``, when as ``at``, and of how many ``rows`` how many are ``open``."""
        where, params = ("link = %s AND is_open", (link,)) if link is not None else ("is_open", ())
        rows = self._session.query(
            "SELECT u.event, u.link, u.actor, u.asked_at, o.still_open,"  # noqa: S608  (a condition from above)
            " (SELECT COUNT(*) FROM undo_row AS r WHERE r.event = u.event)"
            f" FROM (SELECT event, COUNT(*) AS still_open FROM undo_row WHERE {where} GROUP BY event) AS o"
            " JOIN undo_request AS u ON u.event = o.event ORDER BY u.asked_at, u.event",
            params,
        )
        names = ("event", "link", "actor", "at", "open", "rows")
        return [{**dict(zip(names, row, strict=True)), "at": utc(row[3])} for row in rows]

    def beside(self, items: Sequence[Item]) -> dict[tuple[str, int], dict[str, int]]:
        """The conflicts and rejections of the same cells and events as entries of the history.

        Args:
            items: the entries.

        Returns:
            By link and number of the entry the number of its ``conflict`` and ``rejection``, where there is one.
        """
        found: dict[tuple[str, int], dict[str, int]] = {}
        events = sorted({item["event"] for item in items if item["event"] and item["row_id"]})
        if not events:
            return found
        rows = sorted({item["row_id"] for item in items if item["row_id"]})
        links = sorted({item["link"] for item in items})
        for kind in ("conflict", "rejection"):
            told = self._session.query(
                f"SELECT link, row_id, column_name, event, MAX(id) FROM {kind} WHERE link IN ({marks(len(links))})"  # noqa: S608  (names from the line above)
                f" AND row_id IN ({marks(len(rows))}) AND event IN ({marks(len(events))})"
                " GROUP BY link, row_id, column_name, event",
                (*links, *rows, *events),
            )
            numbers = {tuple(row[:4]): row[4] for row in told}
            for item in items:
                number = numbers.get((item["link"], item["row_id"], item["column"], item["event"]))
                if number is not None:
                    found.setdefault((item["link"], item["id"]), {})[kind] = number
        return found

    def pending(self, link: str) -> list[Item]:
        """Cells that are known not to be equal, and why: waiting ones, open rejections, parked conflicts.

        ``{"row_id", "column", "reason", "detail"}`` by row id; ``reason`` is the word of the waiting cell,
        ``rejected`` or ``manual``, ``detail`` the sentence for a person where there is one.
        """
        rows = self._session.query(
            "SELECT row_id, column_name, reason, NULL FROM waiting_cell WHERE link = %s"
            " UNION ALL SELECT row_id, column_name, 'rejected', reason FROM rejection WHERE link = %s AND is_open"
            " UNION ALL SELECT row_id, column_name, 'manual', rule FROM conflict WHERE link = %s AND settled = FALSE"
            " AND column_name IS NOT NULL",
            (link, link, link),
        )
        found: dict[tuple[str, str], Item] = {}
        for row_id, column, reason, detail in rows:
            item = found.setdefault(
                (row_id, column), {"row_id": row_id, "column": column, "reason": reason, "detail": None}
            )
            item["detail"] = item["detail"] or detail
        return [found[cell] for cell in sorted(found)]

    def live_rows(self, link: str) -> int:
        """How many rows of a link both sides are known to share."""
        (found,) = self._session.query(COUNT_LIVE, (link,))
        return int(found[0])

    def open_writes(self) -> dict[str, int]:
        """Number of the write to the sheet that is begun and not settled, by link."""
        return dict(self._session.query("SELECT link, n FROM write_intent"))

    def consumed_offsets(self, group: str) -> dict[tuple[str, int], int]:
        """Next offset by (topic, partition), as stored with the work itself."""
        rows = self._session.query(
            "SELECT topic, partition_no, next_offset FROM consumed_offset"
            " WHERE consumer_group = %s AND next_offset IS NOT NULL",
            (group,),
        )
        return {(topic, number): offset for topic, number, offset in rows}

    def binlog_positions(self) -> list[Item]:
        """How far each reader has published: ``reader``, ``server_uuid``, ``file``, ``position``, ``gtid_set``."""
        rows = self._session.query(
            "SELECT reader, server_uuid, file, position, gtid_set, updated_at FROM binlog_position ORDER BY reader"
        )
        names = ("reader", "server_uuid", "file", "position", "gtid_set")
        return [{**dict(zip(names, row[:5], strict=True)), "updated_at": utc(row[5])} for row in rows]

    def newest_message(self) -> int:
        """Id of the last message put into the outbox; 0 for none."""
        return int(self._session.query("SELECT COALESCE(MAX(id), 0) FROM outbox")[0][0])

    def _newest(
        self, select: str, link: str | None, condition: str, limit: int | None, before: int | None
    ) -> list[Row]:
        where = "link = %s" if link is not None else "%s IS NULL"
        return self._session.query(
            f"{select} WHERE {where} AND {condition} AND id < %s ORDER BY id DESC LIMIT %s",
            (link, _BIGINT_MAX if before is None else before, _BIGINT_MAX if limit is None else max(limit, 0)),
        )


def _cell(row: Row) -> Item:
    """The fields that all records share; they stand first."""
    number, link, row_id, key, column, at = row[:6]
    return {
        "id": number,
        "link": link,
        "row_id": row_id,
        "key": json.loads(key) if key is not None else None,
        "column": column,
        "at": utc(at),
    }


def _conflict(row: Row) -> Item:
    base, sheet, table, winner, rule, settled, sheet_at, table_at, guessed, actor, event, choice = row[6:]
    return {
        **_cell(row),
        "base": base,
        "sheet": sheet,
        "table": table,
        "winner": winner,
        "rule": rule,
        "settled": bool(settled),
        "sheet_at": utc(sheet_at),
        "table_at": utc(table_at),
        "time_guessed": bool(guessed),
        "sheet_actor": actor,
        "event": event,
        "choice": json.loads(choice) if choice is not None else None,
    }
