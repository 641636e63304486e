"""What taking back comes to, and asking for it: on any store, inside one transaction each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from app.said import key_shown
from app.undo_view import comes_back, view_rows
from core import guards
from core.errors import NotUndone
from core.events import SHEET_OBSERVED
from core.model import Key, Link
from core.ports import RejectionEntry, Transaction
from core.undo import SIDE, AskedRow, LeftAlone, OpenUndo, Selection, Step, moment_text, whole_event
from core.undo_ids import RowIds
from core.undo_plan import ON_ITS_WAY, RowUndo, decide, over_others, shown
from core.undo_steps import NOT_UNDOABLE, asked_rows

ROWS_MAX = 20_000
STEPS_MAX = 400_000
ROWS_PER_MESSAGE = 200
ROWS_AT_ONCE = 500
TOLD_MAX = 5
"""Of the cells that a sentence names."""

Run = Callable[[Callable[[Transaction], Any]], Any]
Piece = TypeVar("Piece")

_HISTORY = "See what was done: twinsheet history {}"


@dataclass(slots=True)
class UndoPlan:
    """What would be taken back now."""

    link: str
    rows: list[RowUndo] = field(default_factory=list)
    """Those of which something is written."""
    asked: list[AskedRow] = field(default_factory=list)
    """The same as they are to be asked for: rows that go first, rows that come back last."""
    left: list[tuple[str, Key | None, LeftAlone]] = field(default_factory=list)
    """Row id, key, and what of that row is left alone."""
    already: int = 0
    """Cells and rows that are as they were before."""
    notes: list[str] = field(default_factory=list)
    """What else a person should know before the yes."""

    def add(self, part: UndoPlan) -> None:
        """More rows."""
        self.rows += part.rows
        self.asked += part.asked
        self.left += part.left
        self.already += part.already


def plan_undo(run: Run, link: Link, wanted: Selection, *, over: bool = False) -> UndoPlan:
    """Look at the history and at both sides; nothing is written.

    Args:
        run: does work in a transaction; of many rows each is locked for a moment only.
        link: as it is now.
        wanted: checked already.
        over: take back what others have done since in the same cells and rows as well.

    Raises:
        NotUndone: there is nothing to take back, or it is taken back already.
    """
    rows, every = run(lambda tx: _look(tx, link, wanted, (), over=over))
    others: set[str] = set()
    for told in _pieces(list(RowIds(link, every).keys.items())):
        others |= run(partial(_other_ids, link=link, told=dict(told)))
    if others:
        rows, every = run(lambda tx: _look(tx, link, wanted, others, over=over))
    if over:
        rows = [row for some in _pieces(rows) for row in run(partial(_as_they_stand, link=link, rows=some))]
    plan = UndoPlan(link.name)
    there = [row for row in rows if not comes_back(row)]
    back = [row for row in rows if comes_back(row)]  # the keys that others give up are free for them
    for some in (*_pieces(there), *_pieces(back)):
        leaving = _given_up(link, plan.rows)
        plan.add(run(partial(_decide, link=link, rows=some, leaving=leaving, over=over)))
    if not plan.rows and not plan.left:
        raise _nothing_left(link, every)
    _put_in_order(plan)
    plan.notes += run(lambda tx: _of_guard(tx, link, plan))
    plan.notes += _of_waiting(run, link, wanted, plan)
    plan.notes += _of_refused(run, link, wanted, plan)
    return plan


def ask_undo(tx: Transaction, plan: UndoPlan, event: str, actor: str, at: datetime) -> None:
    """Keep what was planned as asked for, and tell table_writer where to look."""
    tx.put_undo(plan.link, event, actor, at, plan.asked)
    row_ids = [row.row_id for row in plan.asked]
    for start in range(0, len(row_ids), ROWS_PER_MESSAGE):
        body = {"kind": "undo", "link": plan.link, "rows": row_ids[start : start + ROWS_PER_MESSAGE]}
        tx.send(SHEET_OBSERVED, plan.link, body)


def refuse_waiting(tx: Transaction, wanted: Selection) -> None:
    """Refuse to take back an undo of which nothing is done yet.

    Raises:
        NotUndone
    """
    asked = tx.asked_undo(wanted.event) if wanted.event is not None else None
    if asked is not None and asked[1]:
        raise NotUndone(
            f"Nothing of {wanted.event} is done yet: it waits.",
            f"To give it up: twinsheet undo --withdraw {wanted.event}",
        )


def _look(
    tx: Transaction, link: Link, wanted: Selection, others: Collection[str], *, over: bool
) -> tuple[list[AskedRow], list[Step]]:
    """What is asked row by row, each under the id that it has now, and all that is told of those rows.

    Args:
        others: ids that some of the rows may have now.
    """
    _check_state(tx, link.name)
    steps = _selected(tx, link, wanted)
    conflicts = tx.past_conflicts(link.name, wanted.as_of) if wanted.as_of is not None else []
    first: dict[str, int] = {}
    for step in steps:
        first.setdefault(step.row_id, step.number - len(link.columns))  # a row may have come or gone with more cells
    every = tx.steps_of_rows(link.name, first | dict.fromkeys(others, 0))
    ids = RowIds(link, every)
    every = ids.steps
    known = [replace(one, row_id=ids.now(one.row_id)) for one in conflicts]
    return asked_rows(link, every, {s.number for s in steps}, over=over, conflicts=known), every


def _other_ids(tx: Transaction, link: Link, told: Mapping[str, Key]) -> set[str]:
    """The ids of the rows that have the keys of those whose own ids are gone."""
    bases = tx.bases(link.name, list(told))
    lost = {key for row_id, key in told.items() if row_id not in bases or bases[row_id].gone}
    return {base.row_id for base in tx.bases_of_keys(link.name, lost).values()} if lost else set()


def _as_they_stand(tx: Transaction, link: Link, rows: Sequence[AskedRow]) -> list[AskedRow]:
    """The same, whoever has deleted them or brought them back since."""
    bases = tx.bases(link.name, [row.row_id for row in rows])
    return [replace(row, was_there=row.row_id in bases and not bases[row.row_id].gone) for row in rows]


def _given_up(link: Link, rows: Sequence[RowUndo]) -> set[Key]:
    """Keys of rows that go or are to have another one, and that none of the others is to have."""
    before = {row.row_id: row.key for row in rows if row.key is not None and row.insert is None}
    after = {
        row.row_id: link.key_after(before[row.row_id], {name: cell.then for name, cell in row.update.items()})
        for row in rows
        if row.row_id in before and row.delete is None
    }
    return set(before.values()) - set(after.values())


def _pieces(rows: Sequence[Piece]) -> list[Sequence[Piece]]:
    return [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]


def _check_state(tx: Transaction, name: str) -> None:
    state = tx.link_state(name)
    if state is None:
        raise NotUndone(f"{name} was never prepared.", f"twinsheet link add {name} …")
    if state.state != "live":
        way_on = {"paused": f"twinsheet resume {name}", "held": "; or: ".join(_ways_on(tx, name))}
        first = way_on.get(state.state, "twinsheet status tells how far it is.")
        raise NotUndone(f"{name} is {state.state}: nothing can be taken back now.", f"First: {first}")


def _ways_on(tx: Transaction, name: str) -> list[str]:
    hold = next((one for one in tx.holds(name) if one.is_open), None)
    return guards.ways_on(hold.guard if hold is not None else "", name)


def _selected(tx: Transaction, link: Link, wanted: Selection) -> list[Step]:
    if wanted.entry is not None:
        found = _one_entry(tx, link, wanted.entry)
    else:
        found = tx.selected_steps(link.name, wanted, STEPS_MAX + 1)
    if len(found) > STEPS_MAX or len({s.row_id for s in found}) > ROWS_MAX:
        raise NotUndone(f"That is more than {ROWS_MAX} rows at once.", "Take it back in pieces, the latest first.")
    if not found and wanted.as_of is None:
        refuse_waiting(tx, wanted)
        raise NotUndone(f"Nothing in the history of {link.name} is meant by that.", _HISTORY.format(link.name))
    if found and all(s.what in NOT_UNDOABLE for s in found) and wanted.as_of is None:
        raise NotUndone(f"There is nothing to take back: {NOT_UNDOABLE[found[0].what]}.", _HISTORY.format(link.name))
    return found


def _one_entry(tx: Transaction, link: Link, number: int) -> list[Step]:
    known = tx.step(number)
    if known is None or known[0] != link.name:
        raise NotUndone(f"The history of {link.name} has no entry {number}.", _HISTORY.format(link.name))
    return [known[1]]


def _decide(
    tx: Transaction, link: Link, rows: Sequence[AskedRow], leaving: Collection[Key], *, over: bool
) -> UndoPlan:
    """The part of the plan that is about these rows."""
    plan, views = UndoPlan(link.name), view_rows(tx, link, rows, leaving)
    for row in rows:
        view = views[row.row_id]
        done = decide(view, over_others(row, view) if over else row)
        if done is None:
            plan.left.append((row.row_id, row.key, LeftAlone.whole_row(ON_ITS_WAY)))
            continue
        plan.left += [(row.row_id, done.key or row.key, one) for one in done.left]
        plan.already += done.already
        if done.kind != "none":
            plan.rows.append(done)
            plan.asked.append(shown(done, row, view.row.table))
    return plan


def _put_in_order(plan: UndoPlan) -> None:
    """Rows that go are asked for first, and those that come back last: they may have each other's keys."""
    kinds = {row.row_id: ("away", "change", "back").index(row.kind) for row in plan.rows}
    plan.asked.sort(key=lambda row: kinds[row.row_id])


def _nothing_left(link: Link, every: Sequence[Step]) -> NotUndone:
    last = next((s for s in reversed(every) if s.side == SIDE), None)
    if last is None:
        return NotUndone("There is nothing to take back: it is all as it was before.", _HISTORY.format(link.name))
    return NotUndone(
        f"It was taken back already, by {last.who} at {moment_text(last.at)}.",
        f"To have it again: twinsheet undo --event {last.event}",
    )


def _of_guard(tx: Transaction, link: Link, plan: UndoPlan) -> list[str]:
    going = sum(1 for row in plan.rows if row.delete is not None)
    if not (guards.too_many(going, 0) and guards.too_many(going, len(tx.all_bases(link.name)))):
        return []
    return [
        f"Most rows of {link.name} leave the table; before they leave the tab the link is held, and goes on with:"
        f" twinsheet approve {link.name}"
    ]


def _of_waiting(run: Run, link: Link, wanted: Selection, plan: UndoPlan) -> list[str]:
    """What is asked already: of the same rows, or of the undo that is to be taken back in its turn."""
    row_ids = {row.row_id for row in plan.asked} | {row_id for row_id, _, _ in plan.left}
    if wanted.event is not None:
        asked = run(partial(_asked, event=wanted.event))
        row_ids.update(asked[1] if asked is not None else ())
    waiting: Counter[tuple[str, str]] = Counter()
    for some in _pieces(sorted(row_ids)):
        waiting.update((one.event, one.actor) for one in run(partial(_open, link=link.name, row_ids=some)))
    return [
        f"{'1 row of it waits' if rows == 1 else f'{rows} rows of it wait'} to be taken back already, as {who} has"
        f" asked; to give that up: twinsheet undo --withdraw {event}"
        for (event, who), rows in waiting.items()
    ]


def _of_refused(run: Run, link: Link, wanted: Selection, plan: UndoPlan) -> list[str]:
    """What the table has refused of what was done, or in these rows: it was never written, and nothing tells what the
    sheet held before."""
    if wanted.entry is not None:
        return []
    found: list[RejectionEntry] = []
    for some in _pieces(sorted({row.row_id for row in plan.rows})):
        found += run(partial(_refused, link=link.name, row_ids=some))
    if wanted.event is not None:
        found = [one for one in found if whole_event(one.event) == whole_event(wanted.event)]
    places = [f"{one.column} '{one.value}' of {key_shown(one.key) or one.row_id}" for one in found]
    more = f" and {len(places) - TOLD_MAX} more" if len(places) > TOLD_MAX else ""
    what = f"{', '.join(places[:TOLD_MAX])}{more}"
    return [f"What the table has refused stays in the sheet until somebody types over it: {what}."] if places else []


def _refused(tx: Transaction, link: str, row_ids: Sequence[str]) -> list[RejectionEntry]:
    return tx.open_rejections(link, row_ids)


def _asked(tx: Transaction, event: str) -> tuple[str, list[str]] | None:
    return tx.asked_undo(event)


def _open(tx: Transaction, link: str, row_ids: Sequence[str]) -> list[OpenUndo]:
    return tx.open_undos(link, row_ids)
