"""Part of a transaction: the history, and conflicts, as taking back reads them. Nothing here locks or writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.compact_json import load
from adapters.mysql_record import EVENT_HASH
from adapters.mysql_statements import Params, Row, Statements, chunks, marks, utc
from core.undo import PastConflict, Selection, Step, whole_event

_SELECT = (
    "SELECT link, id, row_id, key_json, column_name, old_value, new_value, side, what, actor, at, event FROM history"
)
_OF_EVENT = (
    f"(event_hash = {EVENT_HASH} AND (event IN (%s, %s) OR event LIKE %s OR (side = 'table' AND event LIKE %s)))"
)
"""A large paste has come in parts. A change of the table is recorded under our write to the sheet, with the
transaction behind it."""


class Steps(Statements):
    """The table ``history`` by what a person selects."""

    def step(self, number: int) -> tuple[str, Step] | None:
        """One entry of the history, with the name of its link."""
        rows = self._select(f"{_SELECT} WHERE id = %s", (number,))
        return (rows[0][0], _step(rows[0])) if rows else None

    def links_of_event(self, event: str) -> list[str]:
        """Names of the links whose history has entries of that event, or of that transaction of the table."""
        sql = f"SELECT DISTINCT link FROM history WHERE {_OF_EVENT} ORDER BY link"  # noqa: S608 -- a condition from above
        return [row[0] for row in self._select(sql, _of_event(event))]

    def selected_steps(self, link: str, selection: Selection, limit: int) -> list[Step]:
        """The entries that a selection means, oldest first, at most so many."""
        where, params = _where(selection)
        rows = self._select(f"{_SELECT} WHERE link = %s AND {where} ORDER BY id LIMIT %s", (link, *params, limit))
        return [_step(row) for row in rows]

    def steps_of_rows(self, link: str, since: Mapping[str, int]) -> list[Step]:
        """All entries of these rows, each from a number on, oldest first."""
        found = []
        for some in chunks(sorted(since)):
            first = min(since[row_id] for row_id in some)
            sql = f"{_SELECT} WHERE link = %s AND row_id IN ({marks(len(some))}) AND id >= %s"
            found += [_step(row) for row in self._select(sql, (link, *some, first))]
        return sorted((s for s in found if s.number >= since[s.row_id]), key=lambda step: step.number)

    def past_conflicts(self, link: str, since: datetime) -> list[PastConflict]:
        """Conflicts of cells that were recorded after that time, oldest first."""
        rows = self._select(
            "SELECT row_id, column_name, base_value, table_value, at, event, settled = FALSE FROM conflict"
            " WHERE link = %s AND at > %s AND column_name IS NOT NULL ORDER BY id",
            (link, since),
        )
        return [
            PastConflict(row_id, column, base, table, utc(at) or at, event, bool(is_open))
            for row_id, column, base, table, at, event, is_open in rows
        ]


def _where(selection: Selection) -> tuple[str, Params]:
    if selection.entry is not None:
        return "id = %s", (selection.entry,)
    if selection.event is not None:
        return _OF_EVENT, _of_event(selection.event)
    if selection.as_of is not None:
        return "at > %s", (selection.as_of,)
    when = "COALESCE(edited_at, at)"
    until = f" AND {when} <= %s" if selection.until is not None else ""
    params = (selection.actor, selection.since, *([selection.until] if selection.until is not None else []))
    return f"actor = %s AND {when} >= %s{until}", params


def _of_event(event: str) -> Params:
    whole = whole_event(event)
    return event, event, whole, f"{_literally(whole)}\\_%", f"write % {_literally(event)}"


def _literally(text: str) -> str:
    """Text that LIKE takes for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _step(row: Row) -> Step:
    _, number, row_id, key, column, old, new, side, what, actor, at, event = row
    return Step(
        number=number,
        row_id=row_id,
        key=tuple(load(key)) if key is not None else None,
        column=column,
        old=old,
        new=new,
        side=side,
        what=what,
        actor=actor,
        at=utc(at) or at,
        event=event,
    )
