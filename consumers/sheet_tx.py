"""The transactions of sheet_writer that begin a write: take a link over, plan.

Each is a function of what it is given and of the database alone, so that it can be run again after a
deadlock; what follows for the process is in its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from consumers import coming_back
from consumers.following import follow_keys, followed_inserts, keys_shown
from consumers.sheet_handing_on import ask_feed, ask_scan, hand_over, parked_cells
from consumers.table_guards import hold_deletes, hold_other_key, use_up_approval
from core import guards
from core.conflicts import ConflictOutcome
from core.freshness import age, is_past_writes, tells_of_going
from core.intent import PlannedWrite, planned_to_json
from core.key_pages import KeyPages, keys_of_both
from core.model import Key, Link, RowBase, Stamp
from core.origin import Origin, made_by
from core.ports import HistoryEntry, Intent, LinkState, TableRow, Transaction, Waiting
from core.renames import Heard
from core.row_index import RowIndex
from core.row_plan import ROW_GONE
from core.row_view import overtaken_in
from core.sheet import Positions, SwapWrite
from core.sheet_plan import NameRow, SheetPlan, SheetView, plan_sheet
from core.values import Canonical
from core.write_size import fitting, share

WAITING_FOR_TABLE = ("commit_time", "unseen", "manual", "paused")
"""Cells that wait for these are the table writer's to decide on."""

_NOWHERE = Positions(Stamp(), {}, RowIndex(), 1)


@dataclass(frozen=True, slots=True)
class Takeover:
    """A link that is ours now."""

    epoch: int
    state: LinkState
    intent: Intent | None
    """What a predecessor began and did not settle."""
    shown: Mapping[Key, Key]
    """Then, :func:`keys_shown` of all rows: the predecessor had them in mind."""


def take_over(tx: Transaction, link: Link) -> Takeover | None:
    """Become the link's one writer; ``None`` where the schema does not know the link."""
    state = tx.link_state(link.name, lock=True)
    if state is None:
        return None
    intent = tx.intent(link.name)
    shown = keys_shown(link, tx.each_base(link.name)) if intent is not None else {}
    return Takeover(tx.next_epoch(link.name), state, intent, shown)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be looked at."""

    link: Link
    epoch: int
    keys: Sequence[Key]
    heard: Sequence[Heard]
    """What the change feed has told of keys that changed, in order."""
    to_name: Sequence[tuple[int, NameRow]]
    moved_ids: Mapping[str, Stamp]
    """Of the ids among them that known rows have, the stamp of the scan that found the row beside another one."""
    positions: Positions | None
    """Not read yet: only whether anything differs is found out."""
    came: frozenset[Key] = frozenset()
    went: frozenset[Key] = frozenset()
    """What the change feed has told of the keys (see :class:`core.dirty.DirtyRows`)."""
    told: Mapping[Key, Collection[str]] = field(default_factory=dict)
    left: Mapping[Key, str] = field(default_factory=dict)
    """Ids of rows that have left the table on their way back into the tab, as the change feed has answered."""
    missed: Mapping[str, Stamp] = field(default_factory=dict)
    """Row id to the stamp of the scan that missed it."""
    origins: Mapping[Key, Origin] = field(default_factory=dict)
    """The transaction that has changed the row, where one was told."""
    fresh: bool = False
    """The positions were read a moment ago."""
    last: bool = False
    """Nothing else is left to be looked at."""


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What came of it."""

    planned: PlannedWrite | None = None
    """Recorded as an intent: to be sent now."""
    read_back: Mapping[str, Mapping[str, Canonical]] = field(default_factory=dict)
    """What the rows that it inserts will be read as (see :class:`core.sheet_plan.SheetPlan`)."""
    doubtful: frozenset[Key] = frozenset()
    """Keys to be told again by the change feed before anything is done about them."""
    absent: tuple[Key, ...] = ()
    """Keys of rows that should stand in the tab and were not found."""
    busy: frozenset[Key] = frozenset()
    """Keys of rows that somebody's open transaction holds: not looked at."""
    keys: Sequence[Key] = ()
    """Of the keys in question those that were looked at: the first ones, as many as one write takes."""
    row_ids: frozenset[str] = frozenset()
    """The rows that were looked at, where the sheet has them."""
    shown: Mapping[Key, Key] = field(default_factory=dict)
    """Of rows that have another key now, the key that the tab shows as yet, and theirs."""
    stopped: bool = False
    """The link is paused or held: nothing is planned, and everything is compared when it goes on."""
    no_token: bool = False
    """There is something to write, but no token of the quota in hand: ask again later."""
    needs_positions: bool = False
    """There is something to write, but nobody knows yet where the rows stand."""


def plan_write(
    tx: Transaction, request: PlanRequest, may_write: Callable[[], bool], new_row_id: Callable[[], str]
) -> PlanOutcome:
    """Decide under locks, and record the intent before anything is sent."""
    state = tx.link_state(request.link.name, lock=True)
    if state is None:
        return PlanOutcome(stopped=True)
    if hold_other_key(tx, request.link, state):
        return PlanOutcome(stopped=True)
    shown = follow_keys(tx, request.link, request.heard, state)
    if state.state in ("paused", "held"):
        followed_inserts(tx, request.link.name, tx.bases_of_keys(request.link.name, request.came), request.came)
        return PlanOutcome(stopped=True)
    # a scan from before a mistake of ours was put back may have missed a row that the mistake had removed
    missed = {row_id: stamp for row_id, stamp in request.missed.items() if stamp.n >= state.restored_n}
    return replace(_plan_live(tx, replace(request, missed=missed), state, may_write, new_row_id), shown=shown)


def _plan_live(
    tx: Transaction,
    request: PlanRequest,
    state: LinkState,
    may_write: Callable[[], bool],
    new_row_id: Callable[[], str],
) -> PlanOutcome:
    name = request.link.name
    positions = request.positions or _NOWHERE
    bases = tx.bases_of_keys(name, request.keys)
    keys = share(request.keys, bases)
    rows, busy = tx.free_rows(request.link, keys)
    keys = fitting(keys, rows, bases)
    if len(keys) < len(request.keys):
        request, some = replace(request, keys=keys, last=False), set(keys)
        bases = {key: base for key, base in bases.items() if key in some}
        rows = {key: row for key, row in rows.items() if key in some}
    bases |= followed_inserts(tx, name, bases, request.came)
    lost = [k for k in keys if k not in rows and k not in bases and k not in busy]
    untold = coming_back.forget_gone(tx, name, lost, request.left, request.origins)
    own_ids = coming_back.own_ids(tx, name, rows, bases)
    plan = _decide(tx, request, positions, rows, busy, bases, own_ids, new_row_id)
    if request.positions is None and (request.to_name or not plan.is_idle):
        return PlanOutcome(needs_positions=True)
    if not guards.is_approved(state.reason, "deleted_in_table") and hold_deletes(tx, request.link, len(plan.deletes)):
        return PlanOutcome(stopped=True)
    if not plan.is_empty and not may_write():
        return PlanOutcome(no_token=True)
    _record(tx, request, plan, rows, bases)
    planned = None if plan.is_empty else _intend(tx, request, positions, plan, bases, own_ids)
    if request.last and plan.is_empty and not plan.doubtful and not busy:
        use_up_approval(tx, state)
    doubtful = untold.union(key for key, _ in plan.doubtful)
    row_ids = frozenset(base.row_id for base in bases.values())
    return PlanOutcome(planned, plan.read_back, doubtful, tuple(plan.absent), busy, keys, row_ids)


def keys_of_all(tx: Transaction, link: Link, *, per_page: int) -> tuple[KeyPages, dict[Key, Key]]:
    """All rows that either side may hold or wait for, each of which may differ; and :func:`keys_shown` of them."""
    shown: dict[Key, Key] = {}
    kept = tx.kept_ids(link.name)

    def known() -> Iterator[Key]:
        for base in tx.each_base(link.name):
            shown.update(keys_shown(link, [base]))
            if base.key is not None:
                yield base.key

    return keys_of_both(tx.all_keys(link), chain(known(), kept), per_page=per_page), shown


def _decide(  # noqa: PLR0917 -- everything that the decision rests on
    tx: Transaction,
    request: PlanRequest,
    positions: Positions,
    rows: Mapping[Key, TableRow],
    busy: frozenset[Key],
    bases: Mapping[Key, RowBase],
    own_ids: Mapping[Key, str],
    new_row_id: Callable[[], str],
) -> SheetPlan:
    name = request.link.name
    waiting = tx.waiting(name, [b.row_id for b in bases.values()])
    left_alone = frozenset(
        (w.observed.row_id, w.observed.column)
        for row in waiting.values()
        for w in row
        if w.reason in WAITING_FOR_TABLE
    )
    view = SheetView(
        link=request.link,
        keys=[key for key in request.keys if key not in busy],
        bases=bases,
        rows=rows,
        positions=positions,
        waiting=left_alone,
        came=request.came,
        went=request.went,
        told=request.told,
        missed=request.missed,
        to_name=request.to_name,
        outdated=_outdated(tx, request),
        own_ids=own_ids,
    )
    return plan_sheet(view, new_row_id)


def _outdated(tx: Transaction, request: PlanRequest) -> set[str]:
    """Ids whose row has gone since a scan found it beside another id, or has been written, or told of unless the two
    change places: what is told beside an id then is the other row's."""
    moved = request.moved_ids
    live = {i: base for i, base in tx.bases(request.link.name, moved).items() if not base.gone} if moved else {}
    leaving = {expected for _, (expected, _) in request.to_name}
    return {
        i
        for i, stamp in moved.items()
        if i not in live or not (tells_of_going(stamp, live[i]) or (i in leaving and is_past_writes(stamp, live[i])))
    }


def _record(
    tx: Transaction,
    request: PlanRequest,
    plan: SheetPlan,
    rows: Mapping[Key, TableRow],
    bases: Mapping[Key, RowBase],
) -> None:
    name = request.link.name
    if plan.gone:
        waiting = tx.waiting(name, [base.row_id for base in plan.gone])
        tx.save_bases(name, [_outlasting(base, waiting) for base in plan.gone])
        tx.add_history(name, _deleted(request, plan.gone, bases))
        tx.mend_rejections(name, [(b.row_id, c.name) for b in plan.gone for c in request.link.columns])
        _end_waiting(tx, name, waiting)
    if plan.unfit:
        tx.put_rejections(name, plan.unfit)
    if plan.doubtful:
        ask_feed(tx, name, plan.doubtful, rows)
    hand_over(tx, name, plan.formula_conflicts)
    if plan.absent and request.fresh:
        ask_scan(tx, name)


def _deleted(request: PlanRequest, gone: Sequence[RowBase], bases: Mapping[Key, RowBase]) -> list[HistoryEntry]:
    """What rows held that were deleted on both sides, so that they can be brought back."""
    keys = {base.row_id: key for key, base in bases.items()}
    return [entry for base in gone for entry in _deleted_row(base, keys.get(base.row_id), request.origins)]


def _deleted_row(base: RowBase, key: Key | None, origins: Mapping[Key, Origin]) -> Iterator[HistoryEntry]:
    origin = origins.get(key) if key is not None else None
    for name, cell in base.cells.items():
        entry = HistoryEntry(
            row_id=base.row_id, key=key, column=name, old=cell.value, new=None, side="table", what="deleted"
        )
        yield made_by(origin, entry) if origin is not None else entry


def _outlasting(base: RowBase, waiting: Mapping[str, Sequence[Waiting]]) -> RowBase:
    """A row that is gone, past everything that waits in it: told again, it must not bring the row back."""
    ages = [age(w.observed).after for w in waiting.get(base.row_id, ())]
    return replace(base, age=max([base.age, *ages]))


def _end_waiting(tx: Transaction, name: str, waiting: Mapping[str, Sequence[Waiting]]) -> None:
    """Rows that stand on neither side any more leave nothing to decide, and nothing for a person to choose."""
    parked = parked_cells(waiting)
    tx.settle_conflicts(name, [ConflictOutcome(*cell, winner="none", rule=ROW_GONE) for cell in parked])
    seen = [w.observed for row in waiting.values() for w in row]
    tx.add_history(name, [overtaken_in(one, None) for one in seen if one.cell.value is not None])
    tx.drop_waiting(name, [(one.row_id, one.column) for one in seen])


def _intend(  # noqa: PLR0917 -- what was planned, and what it was planned on
    tx: Transaction,
    request: PlanRequest,
    positions: Positions,
    plan: SheetPlan,
    bases: Mapping[Key, RowBase],
    own_ids: Mapping[Key, str],
) -> PlannedWrite:
    n = tx.next_n(request.link.name, request.epoch)
    write = SwapWrite(
        n=n,
        epoch=request.epoch,
        cells=tuple(plan.cells),
        ids=tuple(plan.ids),
        inserts=tuple(plan.inserts),
        insert_after_row=positions.last_row,
        deletes=tuple(plan.deletes),
        header_row=positions.header_row,
        ids_before=positions.rows,
    )
    keys = {**{base.row_id: key for key, base in bases.items()}, **plan.keys}
    # a row that could not have its id back, because that stands in the tab, is no new one for all that
    known = {row: key for row, key in keys.items() if own_ids.get(key, row) == row}
    origins = {row: o for row in write.row_ids if row in known and (o := request.origins.get(known[row]))}
    planned = PlannedWrite(write, plan.keys, origins)
    tx.open_intent(Intent(request.link.name, n, request.epoch, planned_to_json(planned)))
    return planned
