"""Part of a transaction: what is to be told beside cells, and what is shown there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from adapters.mysql_statements import Row, Statements, marks, naive_utc, of_cells, utc
from core.model import Key
from core.ports import ConflictEntry, NumberedConflict, RejectionEntry, ShownMark

_REASONS = (
    "SELECT row_id FROM rejection WHERE link = %s AND is_open"
    " UNION SELECT row_id FROM waiting_cell WHERE link = %s AND reason = 'incomplete'"
    " UNION SELECT row_id FROM conflict WHERE link = %s AND settled = FALSE"
    " UNION SELECT row_id FROM conflict WHERE link = %s AND settled AND at >= %s"
    " UNION SELECT row_id FROM cell_mark WHERE link = %s ORDER BY row_id"
)
_REJECTIONS = (
    "SELECT row_id, key_json, column_name, value, reason, actor, event FROM rejection"
    " WHERE link = %s AND row_id IN ({}) AND is_open ORDER BY row_id, column_name"
)
_CONFLICTS = (
    "SELECT id, at, row_id, key_json, column_name, base_value, sheet_value, table_value, winner, rule, sheet_at,"
    " table_at, time_guessed, sheet_actor, event, settled FROM conflict"
    " WHERE link = %s AND row_id IN ({}) AND column_name IS NOT NULL AND (settled = FALSE OR at >= %s) ORDER BY id"
)
_SHOWN = (
    "SELECT row_id, column_name, text, colour_before, is_sure FROM cell_mark"
    " WHERE link = %s AND row_id IN ({}) ORDER BY row_id, column_name FOR UPDATE"
)


class Marks(Statements):
    """The table ``cell_mark``, and the reasons for marks in the others."""

    def marked_rows(self, link: str, since: datetime) -> list[str]:
        """Row ids that show a mark, or have a reason for one."""
        self._run_postponed()  # what this transaction has recorded counts
        return [row[0] for row in self._select(_REASONS, (link, link, link, link, naive_utc(since), link))]

    def open_rejections(self, link: str, row_ids: Collection[str]) -> list[RejectionEntry]:
        """What the table refuses in these rows."""
        self._run_postponed()
        return [
            RejectionEntry(row_id, _key(key), column, value, reason, actor, event)
            for row_id, key, column, value, reason, actor, event in self._select_in(
                _REJECTIONS, (link,), set(row_ids)
            )
        ]

    def told_conflicts(self, link: str, row_ids: Collection[str], since: datetime) -> list[NumberedConflict]:
        """Open conflicts of cells, and those settled ``since``; by number."""
        self._run_postponed()
        rows = self._select_in(_CONFLICTS, (link,), set(row_ids), (naive_utc(since),))
        return sorted((_conflict(row) for row in rows), key=lambda c: c.number)

    def shown_marks(self, link: str, row_ids: Collection[str]) -> list[ShownMark]:
        """What was put beside cells of these rows; locked."""
        rows = self._select_in(_SHOWN, (link,), set(row_ids))
        return [ShownMark(row_id, column, text, colour, bool(sure)) for row_id, column, text, colour, sure in rows]

    def save_marks(self, link: str, shown: Iterable[ShownMark]) -> None:
        """Insert or replace, by cell."""
        rows = [(link, m.row_id, m.column, m.text, m.colour_before, m.is_sure) for m in shown]
        self._run_rows(
            "INSERT INTO cell_mark (link, row_id, column_name, text, colour_before, is_sure)",
            f"({marks(6)})",
            rows,
            "ON DUPLICATE KEY UPDATE text = VALUES(text), colour_before = VALUES(colour_before),"
            " is_sure = VALUES(is_sure), at = CURRENT_TIMESTAMP(6)",
        )

    def forget_marks(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Forget (row id, column)."""
        for statement in of_cells("DELETE FROM cell_mark WHERE link = %s", link, cells):
            self._run(*statement)


def _key(text: str | None) -> Key | None:
    return tuple(json.loads(text)) if text is not None else None


def _conflict(row: Row) -> NumberedConflict:
    number, at, row_id, key, column, base, sheet, table, winner, rule, sheet_at, table_at, guessed = row[:13]
    actor, event, settled = row[13:]
    entry = ConflictEntry(
        row_id=row_id,
        key=_key(key),
        column=column,
        base=base,
        sheet=sheet,
        table=table,
        winner=winner,
        rule=rule,
        sheet_at=utc(sheet_at),
        table_at=utc(table_at),
        time_guessed=bool(guessed),
        sheet_actor=actor,
        event=event,
        settled=bool(settled),
    )
    return NumberedConflict(number, utc(at) or at, entry)
