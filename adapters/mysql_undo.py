"""Part of a transaction: what people have asked to be taken back, until it is decided, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from adapters.compact_json import dump, load
from adapters.mysql_statements import Statements, cut, marks, utc
from core.undo import (
    AskedRow,
    OpenUndo,
    RowOutcome,
    asked_from_json,
    asked_to_json,
    outcome_from_json,
    outcome_to_json,
)


class Undos(Statements):
    """The tables ``undo_request`` and ``undo_row``."""

    def put_undo(self, link: str, event: str, actor: str, at: datetime, rows: Iterable[AskedRow]) -> None:
        """Keep what somebody asks for under that event."""
        self._run(
            "INSERT INTO undo_request (event, link, actor, asked_at) VALUES (%s, %s, %s, %s)",
            (event, link, cut(actor, 320), at),
        )
        self._run_rows(
            "INSERT INTO undo_row (event, link, row_id, asked)",
            f"({marks(4)})",
            [(event, link, row.row_id, dump(asked_to_json(row))) for row in rows],
        )

    def open_undos(self, link: str, row_ids: Collection[str]) -> list[OpenUndo]:
        """Locked; what was asked for these rows and is not decided, in the order in which it was asked."""
        sql = (
            "SELECT r.id, r.row_id, r.event, r.asked, u.actor, u.asked_at FROM undo_row AS r"
            " JOIN undo_request AS u ON u.event = r.event"
            " WHERE r.link = %s AND r.is_open AND r.row_id IN ({}) FOR UPDATE"
        )
        rows = sorted(self._select_in(sql, (link,), set(row_ids)))
        return [
            OpenUndo(event, actor, utc(at) or at, asked_from_json(row_id, load(asked)))
            for _, row_id, event, asked, actor, at in rows
        ]

    def asked_undo(self, event: str) -> tuple[str, list[str]] | None:
        """The link of what was asked under that event, and the ids of the rows that are not decided; ``None`` where
        nothing is known of it (any more)."""
        known = self._select("SELECT link FROM undo_request WHERE event = %s", (event,))
        rows = self._select("SELECT row_id FROM undo_row WHERE event = %s AND is_open ORDER BY id", (event,))
        return (known[0][0], [row[0] for row in rows]) if known else None

    def undo_rows(self, link: str, limit: int) -> list[str]:
        """Row ids, at most so many, for which something was asked and is not decided; the oldest first."""
        sql = "SELECT row_id FROM undo_row WHERE link = %s AND is_open ORDER BY id LIMIT %s"
        return [row[0] for row in self._select(sql, (link, limit))]

    def end_undo(self, link: str, event: str, outcomes: Iterable[RowOutcome]) -> None:
        """These rows are decided."""
        self._postpone(
            (
                "UPDATE undo_row SET is_open = NULL, outcome = %s WHERE event = %s AND row_id = %s AND link = %s",
                (dump(outcome_to_json(one)), event, one.row_id, link),
            )
            for one in outcomes
        )

    def undo_left(self, event: str) -> int:
        """How many rows of what was asked under that event are not decided."""
        self._run_postponed()
        return int(self._select("SELECT COUNT(*) FROM undo_row WHERE event = %s AND is_open", (event,))[0][0])

    def undone(self, event: str) -> tuple[int, list[RowOutcome]]:
        """Of what was asked under that event how many rows are not decided, and what came of the others."""
        self._run_postponed()
        sql = "SELECT row_id, outcome FROM undo_row WHERE event = %s ORDER BY id"
        rows = self._select(sql, (event,))
        ended = [outcome_from_json(row_id, load(outcome)) for row_id, outcome in rows if outcome is not None]
        return len(rows) - len(ended), ended
