"""Carries out what people take back, inside table_writer's transaction.

What was asked stands in the record, row by row; an event only says where to look. So what is asked twice, or while
its link is paused, its row locked or something of it under way, is done once, when it can be. The table is written
here, and the ordinary way to the sheet does the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog

from app.undo_view import comes_back, view_rows
from consumers.apply import Applier
from consumers.trades import trade_keys
from core.errors import Unfit
from core.model import Key, Link
from core.ports import Transaction
from core.row_view import RowPlan, RowView
from core.undo import AskedRow, LeftAlone, OpenUndo
from core.undo_plan import RowUndo, UndoView, decide, history_of

log = structlog.get_logger("table_writer")

KEY_TAKEN = "another row has that key"


def carry_out(tx: Transaction, link: Link, row_ids: Collection[str]) -> None:
    """Do what was asked for these rows; what has to wait is looked at again."""
    asked = tx.open_undos(link.name, row_ids)
    for event in dict.fromkeys(undo.event for undo in asked):
        own = [undo for undo in asked if undo.event == event]
        rows = [undo.asked for undo in own]
        there = [row for row in rows if not comes_back(row)]
        done = _Writing(tx, link, view_rows(tx, link, there)).write(there)
        back = [row for row in rows if comes_back(row)]  # once those are gone that have their keys
        done += _Writing(tx, link, view_rows(tx, link, back)).write(back)
        _record(tx, link, own[0], done)


class _Writing:
    """Writes what was decided on some rows; what the server refuses is left alone, and its neighbours are written."""

    def __init__(self, tx: Transaction, link: Link, views: Mapping[str, UndoView]) -> None:
        self._tx = tx
        self._link = link
        self._views = views
        self._traded: dict[str, Key] = {}

    def write(self, rows: Iterable[AskedRow]) -> list[tuple[RowUndo, RowPlan, RowView]]:
        """Decide, and write the table; what was done to each row that is decided, with what is to be recorded."""
        decided = [done for row in rows if (done := decide(self._views[row.row_id], row)) is not None]
        plans = {done.row_id: RowPlan(done.row_id, update=_values(done)) for done in decided}
        views = {row_id: self._views[row_id].row for row_id in plans}
        self._traded = trade_keys(self._tx, self._link, list(plans.values()), views)
        for done in sorted(decided, key=lambda one: one.delete is None):
            if done.delete is not None:
                self._delete(done)
            elif done.insert is not None:
                self._insert(done, plans[done.row_id], done.insert)
            elif done.update:
                self._update(done, plans[done.row_id], views[done.row_id])
            plans[done.row_id].update = {}
        return [(done, plans[done.row_id], views[done.row_id]) for done in decided]

    def _delete(self, done: RowUndo) -> None:
        try:
            self._tx.delete_row(self._link, done.key or ())
        except Unfit as refusal:
            done.delete = None
            done.left.append(LeftAlone.whole_row(refusal.message))

    def _insert(self, done: RowUndo, plan: RowPlan, values: dict[str, str | None]) -> None:
        try:
            key = self._tx.insert_row(self._link, values)
        except Unfit as refusal:
            done.insert, done.old_key = None, None
            done.left.append(LeftAlone.whole_row(refusal.message))
            return
        done.key = plan.comes_back = key
        done.insert = {**values, **dict(zip((c.name for c in self._link.key_columns), key, strict=True))}

    def _update(self, done: RowUndo, plan: RowPlan, view: RowView) -> None:
        if view.base is None or view.base.key is None:
            raise ValueError("a row that is there has a base with a key")
        keys = [c.name for c in self._link.key_columns]
        if done.row_id in self._traded:
            key = self._traded[done.row_id]
            plan.update = {name: value for name, value in plan.update.items() if name not in keys}
        else:
            key = view.base.key
            self._leave_taken_key(done, plan, key)
        for name, refusal in self._try(plan.update, key).items():
            cell = done.update.pop(name)
            done.left.append(LeftAlone(name, cell.now, cell.then, refusal))
            del plan.update[name]
        done.key = self._link.key_after(key, plan.update)
        if done.key != view.base.key:
            plan.base = view.base.under(done.key)

    def _leave_taken_key(self, done: RowUndo, plan: RowPlan, key: Key) -> None:
        wanted = self._link.key_after(key, plan.update)
        owner = self._tx.bases_of_keys(self._link.name, [wanted]).get(wanted) if wanted != key else None
        if owner is None or owner.row_id == done.row_id:
            return
        for name in [c.name for c in self._link.key_columns if c.name in plan.update]:
            cell = done.update.pop(name)
            done.left.append(LeftAlone(name, cell.now, cell.then, KEY_TAKEN))
            del plan.update[name]

    def _try(self, update: Mapping[str, str | None], key: Key) -> dict[str, str]:
        """Write them at once, or else each by itself; the refused columns with the reasons."""
        if not update:
            return {}
        try:
            self._tx.update_row(self._link, key, update)
        except Unfit as refusal:
            if len(update) == 1:
                return dict.fromkeys(update, refusal.message)
        else:
            return {}
        refused: dict[str, str] = {}
        for name, value in update.items():
            found = self._try({name: value}, key)
            key = key if found else self._link.key_after(key, {name: value})
            refused |= found
        return refused


def _values(done: RowUndo) -> dict[str, str | None]:
    return {name: cell.then for name, cell in done.update.items()}


def _record(tx: Transaction, link: Link, undo: OpenUndo, done: Sequence[tuple[RowUndo, RowPlan, RowView]]) -> None:
    if not done:
        return
    for one, plan, _ in done:
        plan.history = history_of(one, undo)
    Applier(tx, link).apply([plan for _, plan, _ in done], {view.row_id: view for _, _, view in done})
    tx.end_undo(link.name, undo.event, [one.outcome for one, _, _ in done])
    log.info("taken_back", link=link.name, event_id=undo.event, rows=len(done))
