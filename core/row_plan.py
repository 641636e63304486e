"""Decisions on rows that come and go (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.contents import fitting_or_none, owed_or, shows
from core.errors import Unfit
from core.freshness import age, must_wait
from core.model import NEVER, Age, CellBase, Key, Link, LinkedColumn, Observed, RowBase, SheetCell
from core.one_way import check_shown, fills_alone, is_typed_over, put_back
from core.ports import ConflictEntry, HistoryEntry, RejectionEntry, TableRow
from core.renames import telling
from core.row_view import RowPlan, RowView, overtaken, rejection, value_text
from core.values import Canonical

ROW_GONE = "the row was deleted"
"""The rule of conflicts whose row has gone."""
_READ_ONLY = "is read-only in the sheet"


def plan_vanished(view: RowView, plan: RowPlan, base: RowBase | None) -> None:
    """A row that left the sheet is deleted, unless the table has changed it since: then it comes back.

    Where the table does not hold it either, it was deleted there too or has got another key: the sheet writer
    follows the change feed in that, and a later scan misses the row again.
    """
    if base is not None and view.table is None:
        return
    plan.drop = [w.observed.column for w in view.waiting]
    plan.history = [overtaken(view, w.observed) for w in view.waiting if w.observed.cell.value is not None]
    plan.mended = [c.name for c in view.link.columns]
    if base is None or view.table is None:
        before = view.base or RowBase(view.row_id, None, {})
        plan.base = replace(before, gone=True, key=None, age=max(before.age, view.age))
        _end_conflicts(plan, "none", ROW_GONE)
        return
    plan.base = replace(base, gone=True, key=None, age=max(base.age, view.age))
    changed = changed_columns(view, base, view.table)
    if changed:
        plan.wake_sheet, plan.comes_back = True, base.key
        plan.history += [_left_the_sheet(view, base, c.name, base_value(base, c.name)) for c in view.link.columns]
        plan.conflicts = [_change_beats_delete(view, base, view.table, name) for name in changed]
        _end_conflicts(plan, "table", "change_beats_delete")
    else:
        plan.delete = True
        _end_conflicts(plan, "sheet", ROW_GONE)
        plan.history += [_left_the_sheet(view, base, c.name, view.table.get(c.name)) for c in view.link.columns]


def _left_the_sheet(view: RowView, base: RowBase, column: str, held: Canonical) -> HistoryEntry:
    return HistoryEntry(view.row_id, base.key, column, held, None, "sheet", "deleted", event=view.event)


def _end_conflicts(plan: RowPlan, winner: str, rule: str) -> None:
    for column in plan.drop:
        plan.end_conflict(column, winner, rule)


def changed_columns(view: RowView, base: RowBase, table: TableRow) -> list[str]:
    """Columns in which the table has moved away from base.

    What a column cannot hold was never shared: where base is blank in one that is NOT NULL, the row was born in the
    sheet, and the table has filled the cell itself, its key or a default. Nobody has changed it.
    """
    return [
        c.name
        for c in telling(view.link, base)
        if not c.codec.same(table.get(c.name), base_value(base, c.name))
        and (c.column.nullable or base_value(base, c.name) is not None)
    ]


def base_value(base: RowBase, column: str) -> Canonical:
    """What both sides shared in a cell."""
    cell = base.cells.get(column)
    return cell.value if cell else None


def _change_beats_delete(view: RowView, base: RowBase, table: TableRow, column: str) -> ConflictEntry:
    return ConflictEntry(
        row_id=view.row_id,
        key=base.key,
        column=column,
        base=base_value(base, column),
        sheet=None,
        table=table.get(column),
        winner="table",
        rule="change_beats_delete",
        event=view.event,
    )


def plan_new_row(view: RowView, plan: RowPlan, seen: dict[str, Observed]) -> None:
    """A row that the table does not have: insert it as soon as what it requires is there."""
    live = {name: o for name, o in seen.items() if _still_speaks(view, plan, o)}
    waited = [w.observed.column for w in view.waiting]
    if all(o.cell.value in (None, "") for o in live.values()):
        plan.drop, plan.mended = waited, [c.name for c in view.link.columns]
        _end_conflicts(plan, "none", ROW_GONE)
        if live and (waited or plan.history):
            before = view.base or RowBase(view.row_id, None, {})
            newest = max(age(o) for o in live.values())
            # past what has told of it: told again, its blank cells are not those of what is typed there afterwards
            plan.base = replace(before, gone=True, key=None, age=max(before.age, newest.after))
        return
    if _is_in_hand(view, live) or not _is_seen_whole(view, live):
        plan.wait = [(o, "intent") for o in live.values()]
        return
    outlived = _outlived(view, live)
    live = {**_rest_of_row(view, outlived), **live}
    values = _values(view, plan, live)
    unfit = {r.column for r in plan.rejections}
    needed = [c.name for c in view.link.columns if c.required]
    plan.rejections += [r for r in _never_filled(view, values, live) if r.column not in unfit]
    refused = {r.column for r in plan.rejections}
    plan.mended = [name for name in plan.mended if name not in refused]
    held_back = any(c.name in unfit for c in view.link.columns if c.key or c.where is not None)
    if held_back or any(name not in values for name in needed):
        plan.wait = [(o, "incomplete") for o in live.values()]
        plan.drop = [name for name in waited if name not in live]
        _end_conflicts(plan, "none", ROW_GONE)
        return
    plan.conflicts = [_edit_beats_delete(view, seen) for seen in outlived]
    plan.conflicts += [put_back(o) for o in live.values() if is_typed_over(view.link, o) and o.column not in unfit]
    plan.insert = values
    plan.in_sheet = all(o.source != "swap" for o in live.values())
    plan.observed = live
    plan.drop = waited
    _end_conflicts(plan, "sheet", "change_beats_delete")


def _is_in_hand(view: RowView, live: Mapping[str, Observed]) -> bool:
    """Whether an open write of ours puts the row there, or may have put something into it by mistake."""
    write = view.open_write
    if write is None:
        return False
    seen = [(o, column) for name, o in live.items() if (column := view.link.by_name(name)) and o.source != "swap"]
    return view.row_id in write.row_ids or any(
        must_wait(o, fitting_or_none(column.codec, o.cell.value), write) for o, column in seen
    )


def _is_seen_whole(view: RowView, live: Mapping[str, Observed]) -> bool:
    """Whether anybody has looked at all cells of the row: an edit event tells of some, and a row that was made of
    them would be another one than stands in the sheet. A scan follows each edit."""
    is_told = any(o.source != "edit" for o in live.values())
    return is_told or all(c.name in live for c in view.link.columns if not c.read_only)


def _outlived(view: RowView, live: Mapping[str, Observed]) -> list[Observed]:
    """Unseen edits that an earlier write found, and that were not decided on before the table deleted the row."""
    base = view.base
    return [o for o in live.values() if base is not None and o.source == "swap" and o.stamp.n < base.n]


def _rest_of_row(view: RowView, outlived: Sequence[Observed]) -> dict[str, Observed]:
    """What both sides shared in the cells beside them: with it the row comes back as it was."""
    if not outlived or view.base is None:
        return {}
    held = {c: view.base.cells.get(c.name, CellBase(None)) for c in view.link.columns}
    shown = {c: owed_or(c, base, SheetCell(c.codec.to_sheet(base.value))) for c, base in held.items()}
    last = outlived[0]
    return {
        c.name: replace(last, column=c.name, cell=cell, base=held[c].value)
        for c, cell in shown.items()
        if cell.value is not None
    }


def give_up(view: RowView, plan: RowPlan, rule: str) -> None:
    """A row that our own write has removed does not come back: the edits that were found in it lose by that rule, and
    all that it held is kept."""
    found = {c.name: c for c in view.link.columns}
    edited = [o for o in plan.observed.values() if not shows(found[o.column], o.cell, o.base)]
    plan.conflicts = [replace(_edit_beats_delete(view, o), winner="table", rule=rule) for o in edited]
    plan.settled = [replace(s, winner="table", rule=rule) for s in plan.settled]
    plan.history += [overtaken(view, o) for o in plan.observed.values() if o.cell.value is not None]
    plan.mended, plan.rejections, plan.insert = list(found), [], None


def _edit_beats_delete(view: RowView, seen: Observed) -> ConflictEntry:
    return ConflictEntry(
        row_id=view.row_id,
        key=None,
        column=seen.column,
        base=seen.base,
        sheet=value_text(seen.cell.value),
        table=None,
        winner="sheet",
        rule="change_beats_delete",
        sheet_at=seen.edited_at,
        sheet_actor=seen.actor,
        event=seen.event,
    )


def _values(view: RowView, plan: RowPlan, live: dict[str, Observed]) -> dict[str, Canonical]:
    values: dict[str, Canonical] = {}
    for column in view.link.columns:
        seen = live.get(column.name)
        if seen is None:
            continue
        try:
            value = column.codec.from_sheet(seen.cell.value)
            if value is not None:
                check_shown(column, value)
        except Unfit as reason:
            if seen.source == "swap":  # it stands in the sheet no longer
                plan.history.append(overtaken(view, seen))
            else:
                plan.rejections.append(rejection(view, seen, reason.message))
            continue
        if column.key and column.required and seen.source == "swap" and not value:
            value = seen.base  # no row of the table has an empty key: it comes back under the one that it had
        # An empty cell of a row that is being typed is not filled yet; one of a row that we removed was empty.
        filled = value is not None and (seen.source == "swap" or seen.cell.value not in (None, ""))
        if filled and column.codec.read_only and not _was_shared(column, seen, value):
            plan.rejections.append(rejection(view, seen, f"{column.name}: {_READ_ONLY}; clear the cell"))
            continue
        plan.mended.append(column.name)
        if filled and not column.column.generated and not fills_alone(column, seen):
            values[column.name] = value
    return {**_by_filter(view.link, values), **values}


def _by_filter(link: Link, values: Mapping[str, Canonical]) -> dict[str, Canonical]:
    """What blank cells of a new row have to hold, so that it is one that the link shows whatever the defaults are."""
    filtered = [c for c in link.columns if c.where is not None and c.name not in values]
    given = {c.name: c.where.only_value for c in filtered if c.where is not None}
    return {c.name: given[c.name] for c in filtered if given[c.name] is not None or not c.required}


def _was_shared(column: LinkedColumn, seen: Observed, value: Canonical) -> bool:
    """Whether the table itself held the value, in a row that comes back."""
    return seen.source == "swap" and column.codec.same(value, seen.base)


def _never_filled(
    view: RowView, values: Mapping[str, Canonical], live: Mapping[str, Observed]
) -> list[RejectionEntry]:
    """Why a row cannot come from the sheet at all: the table requires what the sheet only shows. It is told beside
    that cell, whether anybody has told of it or not."""
    first = next(iter(live.values()))
    return [
        rejection(
            view,
            live.get(c.name) or replace(first, column=c.name, cell=SheetCell(None)),
            f"{c.name}: {_READ_ONLY} and required; add the row in the table",
        )
        for c in view.link.columns
        if c.required and c.read_only and c.name not in values
    ]


def _still_speaks(view: RowView, plan: RowPlan, seen: Observed) -> bool:
    """Whether an observation of a row that is gone came after it went.

    A row that nobody knew may have been hit by a write of ours by mistake; what saw it before that was taken back
    says nothing, a scan afterwards does.
    """
    base = view.base
    if base is None:
        return seen.source == "swap" or seen.stamp.n >= view.restored_n
    if seen.source == "swap":
        return True
    late = seen.stamp.n < base.n or not age(seen).is_past(base.age)
    if late and seen.cell.value is not None:
        plan.history.append(overtaken(view, seen))
    return not late


def base_of_inserted(view: RowView, plan: RowPlan, key: Key) -> RowBase:
    """The base of a row just inserted: what the sheet holds, so that defaults and generated keys follow.

    A row that had gone keeps its place in the order of things, or else a late event from its former life
    would speak again. A scan has seen the row's blank cells, too.
    """
    n, before = (view.base.n, view.base.age) if view.base is not None else (view.restored_n, NEVER)
    before = max([before, *(age(o) for o in plan.observed.values() if o.source == "scan")])
    cells = {c.name: _cell_of_inserted(c, plan.observed.get(c.name), n, before) for c in view.link.columns}
    newest = max([before, *(age(o) for o in plan.observed.values())])
    return RowBase(view.row_id, key, cells, n=n, age=newest, former_key=())


def _cell_of_inserted(column: LinkedColumn, seen: Observed | None, n: int, before: Age) -> CellBase:
    if seen is None:
        return CellBase(None, n, before)
    value = fitting_or_none(column.codec, seen.cell.value)
    return CellBase(value, n, max(age(seen), before), seen.cell.formula is not None)
