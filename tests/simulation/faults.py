"""Deliberate mistakes in the code under trial, one by one: the simulation has to notice each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from consumers import apply, sheet_settle, sheet_tx, table_work
from core import cell_plan, freshness, look, row_plan, scan_events, settle, sheet_plan
from core.intent import PlannedWrite
from core.look import Lot
from core.model import CellBase, Stamp
from core.sift import Swept
from tests.fakes.sheet import FakeSheet, FakeTab, Layout
from tests.fakes.store import FakeTransaction
from tests.simulation.ports import SimSheet
from tests.simulation.script import ScriptRun, Span

Patch = Callable[[], Any]


def _never(*_: object, **__: object) -> bool:
    return False


def _no_intent() -> Any:
    """Nothing is written down before the call: observations do not know of the open write."""
    return mock.patch.object(table_work, "open_write", lambda *_: None)


def _no_waiting() -> Any:
    """Observed values that may be our own are decided at once."""
    return mock.patch.object(cell_plan, "must_wait", _never)


def _n_ignored() -> Any:
    """Observations older than our last write to the cell still decide."""
    return mock.patch.object(freshness, "is_subsumed", _never)


def _q_ignored() -> Any:
    """Observations older than the last one that decided still decide."""
    return mock.patch.object(freshness, "is_overtaken", _never)


def _counters_after_cells() -> Any:
    """The script reads the counters after the cells, so that a stamp may be too new."""
    observe = ScriptRun._observe_rows

    def late(self: ScriptRun, *args: Any) -> Any:
        found = observe(self, *args)
        self._call("reads the counters too late")
        self.late_stamp = self._tab.stamp
        return found

    body = ScriptRun._body

    def told(self: ScriptRun, kind: str, stamp: Stamp, *args: Any) -> Any:
        return body(self, kind, getattr(self, "late_stamp", stamp), *args)

    return mock.patch.multiple(ScriptRun, _observe_rows=late, _body=told)


def _stale_scan_trusted() -> Any:
    """What a scan saw counts as seen after all our writes."""

    def fresh(stamp: Stamp) -> dict[str, int]:
        return {"n": stamp.n + 1_000_000, "q": stamp.q, "epoch": stamp.epoch}

    return mock.patch.object(scan_events, "stamp_to_json", fresh)


def _stale_whole_row() -> Any:
    """The rest of the row is told as it was before the script waited for its turn."""
    handle = ScriptRun.handle_edit

    def early(self: ScriptRun, e: Any) -> None:
        rows = range(max(self._tab.first_row, e.first), min(e.last, self._tab.last_row) + 1)
        self.context = {self._tab.row(r).row_id: dict(self._tab.row(r).cells) for r in rows}
        handle(self, e)

    bodies = ScriptRun._bodies

    def whole(self: ScriptRun, e: Any, span: Span, given: set[str]) -> Any:
        told = bodies(self, e, span, given)
        for index, row_id in enumerate(span.ids):
            for header, cell in self.context.get(row_id, {}).items():
                if header not in e.headers:
                    told.append({"row_id": row_id, "row": span.first + index, "column": header, "value": cell.value})
        return told

    return mock.patch.multiple(ScriptRun, handle_edit=early, _bodies=whole)


def _swap_answer_ignored() -> Any:
    """What our write replaced is not looked at."""
    return mock.patch.object(settle._Settling, "_is_unseen", _never)


def _settled_without_base() -> Any:
    """Base does not become what we wrote."""

    def forgets(self: Any, base: Any, column: Any, cell: CellBase) -> None:
        before = base.cells.get(column.name, CellBase(None))
        kept(self, base, column, cell._replace(value=before.value))

    kept = settle._Settling._save
    return mock.patch.object(settle._Settling, "_save", forgets)


def _mistake_not_seen() -> Any:
    """A write is settled as if it had hit the rows that it names."""

    def believes(link: Any, planned: PlannedWrite, answer: Any, bases: Any) -> Any:
        names = {c.row: c.row_id for c in planned.write.cells} | {d.row: d.row_id for d in planned.write.deletes}
        rows = tuple(replace(h, row_id=names.get(h.row, h.row_id)) for h in answer.rows)
        return settled(link, planned, replace(answer, rows=rows), bases)

    settled = sheet_settle.settle
    return mock.patch.object(sheet_settle, "settle", believes)


def _offsets_first() -> Any:
    """Offsets are stored before the transaction that applies the events, not in it."""
    take = table_work.TableWork._take

    def early(self: Any, deliveries: Any) -> None:
        offsets = table_work._next_offsets(deliveries)
        self._store.run(lambda tx: tx.store_offsets(table_work.GROUP, self._owner, offsets))
        take(self, deliveries)

    return mock.patch.object(table_work.TableWork, "_take", early)


def _torn_scan() -> Any:
    """The tab is read in two pieces, and a row that moved between them counts as deleted."""
    read = FakeSheet.read_spans

    def torn(self: SimSheet, target: Any, spans: Any, **asked: Any) -> Any:
        early = read(self, target, spans, **asked)
        self._world.pause("reads the rest of the tab")
        late = read(self, target, spans, **asked)
        middle = early.header_row + 1 + len(early.rows) // 2
        rows = [r for r in early.rows if r.row < middle] + [r for r in late.rows if r.row >= middle]
        return replace(early, rows=tuple(rows))

    return mock.patch.object(FakeSheet, "read_spans", torn)


def _missing_by_the_sweep() -> Any:
    """Rows that no piece of a tab has shown count as deleted, whatever the look shows."""
    begin, add, take = Swept.begin, Swept.add, Lot.take
    shown: dict[int, set[str | None]] = {}

    def begun(self: Swept, header_row: int) -> None:
        shown[id(self)] = set()
        begin(self, header_row)

    def noted(self: Swept, link: Any, rows: Any, *args: Any) -> None:
        shown[id(self)].update(row.row_id for row in rows)
        add(self, link, rows, *args)

    def believed(self: Lot, image: Any, *args: Any) -> Any:
        ids = [one for one in image.ids if one[1] in shown[id(self._swept)]]
        return take(self, replace(image, ids=ids), *args)

    return mock.patch.multiple(Swept, begin=begun, add=noted), mock.patch.object(Lot, "take", believed)


def _look_not_whole() -> Any:
    """A look decides also where it does not show all rows that are not in their place."""
    return mock.patch.object(look, "are_covered", lambda *_: True)


def _id_reused() -> Any:
    """A row born in the table gets the id of a row that is gone."""
    plan_insert = sheet_plan._plan_insert
    used: list[str] = []

    def again(view: Any, plan: Any, key: Any, row: Any, row_id: str) -> None:
        if not used:
            used.append("r_001")
        plan_insert(view, plan, key, row, used[0])

    return mock.patch.object(sheet_plan, "_plan_insert", again)


def _no_recall() -> Any:
    """A write whose reply was lost is taken for one that did not land."""

    def forgotten(self: SimSheet, *_: Any) -> None:
        self._world.pause("does not ask")

    return mock.patch.object(SimSheet, "recall", forgotten)


def _history_not_kept() -> Any:
    """What decides nothing any more leaves no trace."""
    add = FakeTransaction.add_history

    def without(self: FakeTransaction, link: str, entries: Any) -> None:
        add(self, link, [e for e in entries if e.what != "overtaken"])

    return mock.patch.object(FakeTransaction, "add_history", without)


def _deletes_win() -> Any:
    """A row deleted in the sheet goes, though the table has changed it since, and nobody is told."""
    return mock.patch.object(row_plan, "changed_columns", lambda *_: [])


def _conflicts_unseen() -> Any:
    """What the table holds by now is not compared with base."""
    return mock.patch.object(cell_plan.planner, "compare", _sheet_always)


def _sheet_always(sheet: Any, base: Any, table: Any, same: Any) -> Any:
    verdict = cell_plan.Verdict
    if same(sheet, table):
        return verdict.AGREE
    return verdict.TO_SHEET if same(sheet, base) else verdict.TO_TABLE


def _copies_not_named() -> Any:
    """A pasted row keeps its original's id, and so do rows that a scan finds."""
    give = ScriptRun._ids_to_give

    def none(self: ScriptRun, e: Any, span: Span, given: set[str]) -> dict[int, str]:
        return {} if len(e.headers) > 3 else give(self, e, span, given)

    return mock.patch.object(ScriptRun, "_ids_to_give", none), mock.patch.object(sheet_tx, "plan_sheet", _without_ids)


def _without_ids(view: Any, new_row_id: Any) -> Any:
    return sheet_plan.plan_sheet(replace(view, to_name=()), new_row_id)


def _wake_forgotten() -> Any:
    """The sheet writer is not told of what only the table writer knows."""
    return mock.patch.object(apply.Applier, "_wake", lambda *_: None)


def _renames_are_deletes() -> Any:
    """A key changed in the table is a row that goes and another that comes."""
    return mock.patch.object(sheet_tx, "follow_keys", lambda *_: None), mock.patch.object(
        sheet_tx, "plan_sheet", _trusting
    )


def _trusting(view: Any, new_row_id: Any) -> Any:
    return sheet_plan.plan_sheet(replace(view, came=None, went=None, told=None), new_row_id)


def _rewritten() -> Any:
    """Every write goes out twice."""
    swap = SimSheet.swap

    def twice(self: SimSheet, target: Any, write: Any) -> Any:
        if write.cells and not (write.inserts or write.deletes or write.ids):
            swap(self, target, write)
        return swap(self, target, write)

    return mock.patch.object(SimSheet, "swap", twice)


def _header_row_trusted() -> Any:
    """A write does not look where the header row was when it landed."""

    def moved(self: Layout, tab: FakeTab, _write: Any) -> bool:
        return self.columns != tab.columns

    return mock.patch.object(Layout, "moved", moved)


FAULTY: Mapping[str, Patch] = {
    "no intents": _no_intent,
    "open intents not waited for": _no_waiting,
    "n ignored": _n_ignored,
    "q ignored": _q_ignored,
    "counters read after the cells": _counters_after_cells,
    "scan trusted although stale": _stale_scan_trusted,
    "whole row from an edit event, stale": _stale_whole_row,
    "swap answer ignored": _swap_answer_ignored,
    "settled without base := v": _settled_without_base,
    "rows hit by mistake not noticed": _mistake_not_seen,
    "offsets stored before the transaction": _offsets_first,
    "tab read in pieces": _torn_scan,
    "missing rows told by the pieces of a sweep": _missing_by_the_sweep,
    "rows that moved after the sweep not looked at": _look_not_whole,
    "id reused": _id_reused,
    "lost replies not asked for": _no_recall,
    "overtaken values not kept": _history_not_kept,
    "a delete beats a change": _deletes_win,
    "conflicts not noticed": _conflicts_unseen,
    "copies keep their id": _copies_not_named,
    "wake-ups forgotten": _wake_forgotten,
    "a changed key is a delete and an insert": _renames_are_deletes,
    "every write twice": _rewritten,
    "a header row that moved not noticed": _header_row_trusted,
}

HINTS: Mapping[str, tuple[int, ...]] = {
    "open intents not waited for": (8033,),
    "no intents": (8033,),
    "counters read after the cells": (6187,),
    "q ignored": (1397,),
    "rows that moved after the sweep not looked at": (1338,),
    "tab read in pieces": (993,),
    "whole row from an edit event, stale": (563,),
    "overtaken values not kept": (252,),
    "a header row that moved not noticed": (185,),
    "n ignored": (178,),
    "a delete beats a change": (31,),
    "lost replies not asked for": (30,),
    "wake-ups forgotten": (30,),
    "conflicts not noticed": (13,),
    "copies keep their id": (13,),
}
"""Scenarios that are known to notice a mistake, tried first."""


@contextmanager
def switched_on(name: str) -> Iterator[None]:
    """With that mistake in the code."""
    made = FAULTY[name]()
    patches = made if isinstance(made, tuple) else (made,)
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
