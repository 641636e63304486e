"""Carries out what people choose to end conflicts with, inside table_writer's transaction.

What was chosen stands with the conflict; an event only says where to look. So a choice that comes twice, or while
its link is paused, its row locked or a write to its cell under way, is carried out once, when it can be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from consumers.apply import Applier
from core.conflicts import ConflictOutcome, KnownConflict, rule_with_refusal
from core.errors import Unfit
from core.model import Link
from core.observe import Asked
from core.ports import Transaction
from core.row_view import RowPlan, RowView
from core.take_plan import Refused, fitted, plan_take

log = structlog.get_logger("table_writer")


def note_choices(tx: Transaction, link: Link, asked: Sequence[Asked]) -> None:
    """Keep what people chose in the sheet's menu, where the cell is in conflict; elsewhere it means nothing."""
    known = tx.conflicts_of(link.name, {one.row_id for one in asked}) if asked else []
    for one in asked:
        own = [c for c in known if (c.row_id, c.column) == (one.row_id, one.column)]
        is_known = any(c.choice is not None and c.choice.event == one.choice.event for c in own)
        newest = max((c for c in own if not c.settled), key=lambda c: c.number, default=None)
        if newest is None or is_known:
            log.info("nothing_to_take", link=link.name, row_id=one.row_id, column=one.column)
        elif (refused := _misfit(link, one)) is not None:
            _refuse(tx, link, newest, refused)
        else:
            was = newest.choice.was if newest.choice is not None else None
            tx.put_choice(link.name, newest.number, replace(one.choice, was=was))


def _misfit(link: Link, asked: Asked) -> Refused | None:
    column = link.by_name(asked.column)
    if column is None or asked.choice.take != "value":
        return None
    try:
        fitted(column, asked.choice.value)
    except Unfit as reason:
        return Refused(reason.message)
    return None


def carry_out(tx: Transaction, link: Link, row_ids: Collection[str]) -> None:
    """Do what was chosen for conflicts of these rows; what has to wait is looked at again."""
    chosen = [c for c in tx.conflicts_of(link.name, row_ids) if c.choice is not None and not c.settled]
    for conflict in chosen:
        view = _view(tx, link, conflict.row_id)
        plan = plan_take(view, conflict)
        if isinstance(plan, RowPlan):
            plan = _write(tx, link, view, plan)
        if isinstance(plan, Refused):
            _refuse(tx, link, conflict, plan)
        elif plan is not None:
            Applier(tx, link).apply([plan], {view.row_id: view})


def _view(tx: Transaction, link: Link, row_id: str) -> RowView:
    base = tx.bases(link.name, [row_id]).get(row_id)
    key = base.key if base is not None else None
    rows, busy = tx.free_rows(link, [key]) if key is not None else ({}, frozenset())
    return RowView(
        link=link,
        row_id=row_id,
        base=base,
        table=rows.get(key) if key is not None else None,
        waiting=tx.waiting(link.name, [row_id]).get(row_id, ()),
        busy=key in busy,
    )


def _write(tx: Transaction, link: Link, view: RowView, plan: RowPlan) -> RowPlan | Refused:
    """Write the table first: what the server refuses leaves the conflict as it was."""
    if not plan.update or plan.base is None or view.key is None:
        return plan
    key = link.key_after(view.key, plan.update)
    taken = tx.bases_of_keys(link.name, [key]).get(key)
    if taken is not None and taken.row_id != view.row_id:
        return Refused("another row has that key")
    try:
        tx.update_row(link, view.key, plan.update)
    except Unfit as reason:
        return Refused(reason.message)
    plan.base, plan.update = plan.base.under(key), {}
    return plan


def _refuse(tx: Transaction, link: Link, conflict: KnownConflict, refused: Refused) -> None:
    """The conflict is as it was before, and tells why."""
    was = conflict.choice.was if conflict.choice is not None else None
    winner, rule = was or (conflict.winner, conflict.rule)
    outcome = ConflictOutcome(conflict.row_id, conflict.column or "", winner, rule_with_refusal(rule, refused.reason))
    tx.drop_choice(link.name, conflict.number, outcome, settled=refused.ends or was is not None)
