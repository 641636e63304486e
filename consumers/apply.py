"""Carries the decisions on a link's rows out, inside one MySQL transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from consumers import coming_back
from consumers.trades import trade_keys
from core.errors import NoParent, Unfit
from core.events import SHEET_OBSERVED, TABLE_CHANGED, marks_changed, replans
from core.marks import CAME_BACK
from core.model import Key, Link, Observed, RowBase
from core.one_way import READ_ONLY, fills_key_alone
from core.parents import PARENT, reason_to_wait, worded
from core.ports import ConflictEntry, HistoryEntry, ShownMark, Transaction
from core.renames import print_of
from core.row_plan import base_of_inserted, give_up
from core.row_view import RowPlan, RowView, rejection, value_text

NOT_SHOWN = "the link shows the row no longer"
"""The rule of conflicts whose row has left the link's filter."""
INCOMPLETE_AFTER_S = 5.0
"""A row is told to be incomplete when nobody has typed into it for so long."""


class Applier:
    """Carries out the plans of one link's rows inside a transaction.

    A row that the server refuses becomes a rejection; its neighbours are written.
    """

    def __init__(self, tx: Transaction, link: Link) -> None:
        self._tx = tx
        self._link = link
        self._bases: list[RowBase] = []
        self._traded: dict[str, Key] = {}
        """Row ids that have got each other's keys."""
        self._back: list[str] = []
        """Row ids that had gone, and stand in the sheet and in the table again."""

    def apply(self, plans: Sequence[RowPlan], views: Mapping[str, RowView]) -> None:
        """Write the table, then everything that is known of it."""
        self._free_taken_keys([p for p in plans if p.insert is not None])
        self._await_taken_keys(plans, views)
        self._traded = trade_keys(self._tx, self._link, plans, views)
        for plan in plans:
            if plan.insert is None:
                self._write(plan, views[plan.row_id])
        self._insert([plan for plan in plans if plan.insert is not None], views)  # what others give up is free then
        kept = {plan.comes_back: plan.row_id for plan in plans if plan.comes_back is not None}
        if kept:
            self._tx.keep_ids(self._link.name, kept)
        taken = {b.key: b.row_id for b in self._bases if b.key is not None and b.key != views[b.row_id].key}
        coming_back.forget_typed(self._tx, self._link.name, taken)
        self._record(plans)
        self._wake(plans, views)

    def _write(self, plan: RowPlan, view: RowView) -> None:
        """A row that is there."""
        if plan.delete:
            self._delete(plan, view)
        elif plan.update:
            self._update(plan, view)
        elif plan.base is not None:
            self._bases.append(plan.base)

    def _free_taken_keys(self, plans: Sequence[RowPlan]) -> None:
        """A copied row carries its original's generated key along; it gets a fresh one.

        Once a scan has seen it beside its original: a row that lost its id to a new one looks the same.
        """
        generated = next((c for c in self._link.key_columns if c.column.auto_increment), None)
        if generated is None or len(self._link.key_columns) != 1:
            return
        wanted: dict[str, Key] = {}
        for plan in plans:
            value = plan.insert.get(generated.name) if plan.insert is not None else None
            if value is not None:
                wanted[plan.row_id] = (value,)
        taken = set(self._tx.rows(self._link, set(wanted.values()))) if wanted else set()
        for plan in plans:
            key = wanted.get(plan.row_id)
            if key is not None and key in taken and plan.insert is not None:
                if all(o.source == "edit" for o in plan.observed.values()):
                    _put_off(plan, [(o, "incomplete") for o in plan.observed.values()])
                else:
                    del plan.insert[generated.name]
            elif key is not None and plan.insert is not None:
                taken.add(key)
                seen = plan.observed.get(generated.name)
                if seen is not None and fills_key_alone(generated, seen):
                    del plan.insert[generated.name]

    def _await_taken_keys(self, plans: Sequence[RowPlan], views: Mapping[str, RowView]) -> None:
        """A key that was deleted in the table and still stands in the sheet is free once its row has left both."""
        wanted = {p.row_id: key for p in plans if (key := self._wanted_key(p, views[p.row_id])) is not None}
        held = self._tx.bases_of_keys(self._link.name, set(wanted.values())) if wanted else {}
        there = self._tx.rows(self._link, held.keys()) if held else {}
        for plan in plans:
            key = wanted.get(plan.row_id)
            if key is None or key not in held or key in there or held[key].row_id == plan.row_id:
                continue  # nobody has it, or the server itself refuses the double
            _put_off(plan, [views[plan.row_id].put_off(o) for o in plan.observed.values()])

    def _wanted_key(self, plan: RowPlan, view: RowView) -> Key | None:
        """The key that a row is about to take on; ``None`` where it keeps its own or is given one."""
        names = [c.name for c in self._link.key_columns]
        if plan.insert is not None:
            parts = [plan.insert.get(name) for name in names]
            return tuple(p for p in parts if p is not None) if all(p is not None for p in parts) else None
        if view.key is None or not any(name in plan.update for name in names):
            return None
        return self._link.key_after(view.key, plan.update)

    def _insert(self, plans: Sequence[RowPlan], views: Mapping[str, RowView]) -> None:
        answers = self._tx.insert_rows(self._link, [plan.insert or {} for plan in plans])
        for plan, answer in zip(plans, answers, strict=True):
            view = views[plan.row_id]
            if isinstance(answer, Unfit):
                self._keep_out(plan, view, answer)
                continue
            self._tell_tables_values(plan, answer)
            if plan.in_sheet:
                self._back += [plan.row_id] if view.base is not None and view.base.gone else []
                self._bases.append(self._beside_rejected(base_of_inserted(view, plan, answer), plan))
            else:
                plan.comes_back = answer
            plan.history.extend(_inserted(plan, view, answer))

    def _keep_out(self, plan: RowPlan, view: RowView, refusal: Unfit) -> None:
        """The table does not take a new row."""
        if not plan.in_sheet and self._stands_outside(plan, view):
            give_up(view, plan, NOT_SHOWN)
            return
        told = worded(refusal, plan.insert or {})
        if view.is_last_try and not isinstance(refusal, NoParent):
            give_up(view, plan, f"the table refused the row: {told.message}"[:200])
            return
        self._refuse(plan, told, self._blamed(plan, told))
        plan.wait = [(o, reason_to_wait(refusal)) for o in plan.observed.values()]
        plan.drop, plan.settled = [], []
        plan.conflicts = [c for c in plan.conflicts if c.rule != READ_ONLY]

    def _stands_outside(self, plan: RowPlan, view: RowView) -> bool:
        """Whether a row that is to come back into the table is there, and only not shown by the link any more."""
        key = self._wanted_key(plan, view) if self._link.is_filtered else None
        return key is not None and key in self._tx.rows(self._link.unfiltered, [key])

    def _tell_tables_values(self, plan: RowPlan, key: Key) -> None:
        """What the table took for a new row instead of what was typed into cells that it alone fills."""
        if any(c.rule == READ_ONLY for c in plan.conflicts):
            row = self._tx.rows(self._link, [key]).get(key, {})
            plan.conflicts = [
                replace(c, key=key, table=row.get(c.column or "")) if c.rule == READ_ONLY else c
                for c in plan.conflicts
            ]

    def _beside_rejected(self, base: RowBase, plan: RowPlan) -> RowBase:
        """A rejected value stays in the sheet: the default that the table took instead is not written over it."""
        rejected = {r.column for r in plan.rejections}
        if not rejected or base.key is None:
            return base
        row = self._tx.rows(self._link, [base.key]).get(base.key, {})
        kept = {name: base.cells[name]._replace(value=row.get(name)) for name in rejected}
        return replace(base, cells={**base.cells, **kept})

    def _delete(self, plan: RowPlan, view: RowView) -> None:
        base = plan.base
        if base is None or view.base is None or view.base.key is None:
            raise ValueError("a delete has a base with a key")
        try:
            self._tx.delete_row(self._link, view.base.key)
        except Unfit as refusal:
            plan.unsay()
            plan.conflicts.append(_kept_row(view, view.base, refusal))
            plan.wake_sheet = True  # the table keeps the row, so the sheet gets it back
        self._bases.append(base)

    def _update(self, plan: RowPlan, view: RowView) -> None:
        base = plan.base or view.base
        if base is None or view.base is None or view.base.key is None:
            raise ValueError("an update has a base with a key")
        key = self._traded.get(plan.row_id, view.base.key)
        if plan.row_id in self._traded:
            keys = {c.name for c in self._link.key_columns}
            plan.update = {name: value for name, value in plan.update.items() if name not in keys}
        try:
            if plan.update:
                self._tx.update_row(self._link, key, plan.update)
        except Unfit as refusal:
            base = self._update_singly(plan, view, base, key, refusal)
        self._bases.append(base.under(self._link.key_after(key, plan.update)))

    def _update_singly(self, plan: RowPlan, view: RowView, base: RowBase, key: Key, refusal: Unfit) -> RowBase:
        """Write each column by itself, so that the refused one alone stays behind.

        Beside a refused value that the sheet holds on to, base tells what the table holds: nothing is in conflict
        there any more, and no look decides anew before one of the two changes.
        """
        done = {}
        for name, value in list(plan.update.items()):
            reason: Unfit | None = refusal if len(plan.update) == 1 else None
            if reason is None:
                try:
                    self._tx.update_row(self._link, key, {name: value})
                    done[name] = value
                    key = self._link.key_after(key, {name: value})
                    continue
                except Unfit as single:
                    reason = single
            self._refuse(plan, worded(reason, plan.update), [name])
            if plan.observed[name].source != "swap":
                plan.wait += [(plan.observed[name], PARENT)] if isinstance(reason, NoParent) else []
                refused = base.cells[name]._replace(value=(view.table or {}).get(name))
                base = replace(base, cells={**base.cells, name: refused})
        plan.update = done
        return base

    def _blamed(self, plan: RowPlan, refusal: Unfit) -> list[str]:
        """The columns that a refused insert is shown at: those that the server names, else the key or the first."""
        named = [n for n in plan.observed if f"{n}:" in refusal.message or f"'{n}'" in refusal.message]
        keys = [c.name for c in self._link.key_columns if c.name in plan.observed]
        return named or keys or list(plan.observed)[:1]

    def _refuse(self, plan: RowPlan, refusal: Unfit, columns: Sequence[str]) -> None:
        rule = f"the table refused the sheet's value: {refusal.message}"[:200]
        for name in columns:
            seen = plan.observed[name]
            plan.rejections.append(rejection(RowView(self._link, plan.row_id, None, None), seen, refusal.message))
            plan.unsay(name)
            plan.mended = [m for m in plan.mended if m != name]
            plan.settled = [s if s.column != name else replace(s, winner="none", rule=rule) for s in plan.settled]
            plan.conflicts = [
                c if c.column != name else replace(c, winner="table", rule=rule) for c in plan.conflicts
            ]

    def _record(self, plans: Sequence[RowPlan]) -> None:
        tx, name = self._tx, self._link.name
        if self._bases:
            tx.save_bases(name, self._bases)
        drop = [(p.row_id, column) for p in plans for column in p.drop]
        if drop:
            tx.drop_waiting(name, drop)
        wait = [w for p in plans for w in p.wait]
        if wait:
            tx.put_waiting(name, wait)
        mended = [(p.row_id, column) for p in plans for column in p.mended]
        if mended:
            tx.mend_rejections(name, mended)
        tx.put_rejections(name, [r for p in plans for r in p.rejections])
        tx.settle_conflicts(name, [s for p in plans for s in p.settled])
        tx.add_conflicts(name, [c for p in plans for c in p.conflicts])
        tx.add_history(name, [h for p in plans for h in p.history])
        tx.name_actors(name, [h for p in plans for h in p.named])
        if self._back:
            self._doubt_notes(self._back[0])

    def _doubt_notes(self, row_id: str) -> None:
        """Somebody has undone a delete, and notes of ours that stood beside the rows, of which nobody knows any more,
        are back as well. That one may stand beside one of the rows has the tab searched for those of all."""
        shown = {mark.column for mark in self._tx.shown_marks(self._link.name, [row_id])}
        unmarked = next((c.name for c in self._link.columns if c.name not in shown), None)
        if unmarked is not None:
            doubtful = ShownMark(row_id, unmarked, CAME_BACK, is_sure=False)
            self._tx.save_marks(self._link.name, [doubtful])
        self._tx.send(TABLE_CHANGED, self._link.name, marks_changed(self._link.name, [row_id]))

    def _wake(self, plans: Sequence[RowPlan], views: Mapping[str, RowView]) -> None:
        questions = [{**_row_of_table(p, views[p.row_id]), "kind": "asked"} for p in plans if p.ask_feed]
        for topic, rows in (
            (SHEET_OBSERVED, [_row_to_wake(p, views[p.row_id]) for p in plans if p.ask_times]),
            (TABLE_CHANGED, questions),
            (TABLE_CHANGED, [_row_of_table(p, views[p.row_id]) for p in plans if p.wake_sheet]),
        ):
            for body in replans(self._link.name, rows):
                self._tx.send(topic, self._link.name, body)
        incomplete = [p.row_id for p in plans if _lacks_something_else(p, views[p.row_id])]
        if incomplete:
            name = self._link.name
            self._tx.send(TABLE_CHANGED, name, marks_changed(name, incomplete, INCOMPLETE_AFTER_S))


def _put_off(plan: RowPlan, wait: list[tuple[Observed, str]]) -> None:
    """Decide nothing about a row now. What has given way to a newer value waits no longer."""
    plan.wait = wait
    plan.insert, plan.update, plan.base, plan.drop = None, {}, None, []
    waits = {(o.column, value_text(o.cell.value)) for o in plan.observed.values()}
    plan.unsay()
    plan.history = [h for h in plan.history if (h.column, h.new) not in waits]
    plan.conflicts, plan.mended, plan.settled = [], [], []


def _lacks_something_else(plan: RowPlan, view: RowView) -> bool:
    """Whether an incomplete row is one since this plan, or lacks other cells than before, or nothing any more."""
    before = {w.observed.column: w.observed.cell for w in view.waiting if w.reason == "incomplete"}
    dropped = {name: cell for name, cell in before.items() if name not in plan.drop}
    after = dropped | {o.column: o.cell for o, reason in plan.wait if reason == "incomplete"}
    return before != after


def _row_to_wake(plan: RowPlan, view: RowView) -> dict[str, object]:
    key = view.base.key if view.base else None
    return {"row_id": plan.row_id, "key": list(key) if key else None}


def _row_of_table(plan: RowPlan, view: RowView) -> dict[str, object]:
    """The same, with what the table holds after this."""
    held = view.table and {**view.table, **plan.update}
    return {**_row_to_wake(plan, view), "print": print_of(held)}


def _inserted(plan: RowPlan, view: RowView, key: Key) -> list[HistoryEntry]:
    first = next(iter(plan.observed.values()))
    if all(_was_there_before(seen, view) for seen in plan.observed.values()):
        return [HistoryEntry(plan.row_id, key, None, None, None, "sheet", "copied", event=first.event)]
    return [
        HistoryEntry(
            row_id=plan.row_id,
            key=key,
            column=name,
            old=None,
            new=value,
            side="sheet",
            what="inserted",
            actor=seen.actor,
            edited_at=seen.edited_at,
            event=seen.event,
        )
        for name, value in (plan.insert or {}).items()
        for seen in [plan.observed.get(name) or first]  # of a filter's value, the row's
        if value is not None
    ]


def _was_there_before(seen: Observed, view: RowView) -> bool:
    """Whether a cell was filled before the tab was linked: its first scan tells of it, and nobody else."""
    return seen.source == "scan" and seen.stamp.scan <= view.first_scans and not seen.actor


def _kept_row(view: RowView, base: RowBase, refusal: Unfit) -> ConflictEntry:
    return ConflictEntry(
        row_id=view.row_id,
        key=base.key,
        column=None,
        base=None,
        sheet=None,
        table=None,
        winner="table",
        rule=f"the table refuses the delete: {refusal.message}"[:200],
        event=view.event,
    )
