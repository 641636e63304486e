"""The transactions of sheet_writer that end a write: settle one that has landed, close one that has not.

Each is a function of what it is given and of the database alone, so that it can be run again after a
deadlock; what follows for the process is in its answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from consumers.sheet_handing_on import ask_scan, hand_over, parked_cells, wake_rows
from consumers.table_guards import use_up_approval
from core.displaced import keys_hit
from core.errors import Fenced
from core.events import TABLE_CHANGED, marks_changed
from core.intent import PlannedWrite, planned_to_json
from core.known import KnownColumns, under_known_key
from core.model import ROW_ID_HEADER, Key, Link, RowBase
from core.origin import made_by
from core.ports import HistoryEntry, Intent, Transaction
from core.settle import Inserted, settle
from core.settle_cells import Settlement
from core.sheet import SwapAnswer, SwapWrite


@dataclass(frozen=True, slots=True)
class SettleOutcome:
    """What follows from a settled write."""

    follow_up: PlannedWrite | None
    """Puts back what was hit by mistake; recorded as the next intent, sent until it lands."""
    again: tuple[Key, ...]
    displaced: Mapping[str, Key]
    """Rows beside whose ids other contents stand: to be looked at again when a scan has moved the ids."""
    moved: bool


def settle_write(
    tx: Transaction,
    link: Link,
    planned: PlannedWrite,
    answer: SwapAnswer,
    *,
    epoch: int,
    strange: bool,
    last: bool,
    own_contents: Collection[str] = (),
    shown: Mapping[Key, Key] = MappingProxyType({}),
    inserted: Inserted | None = None,
) -> SettleOutcome:
    """Settle a write that has landed.

    Args:
        epoch: ours, for a write that has to follow.
        strange: the counters that it found are not those of our last write.
        last: nothing else is left to be looked at.
        own_contents: see :func:`core.settle.settle`.
        shown: of rows that have another key by now, the key that the tab may still show, and theirs.
        inserted: see :func:`core.settle.settle`.

    Raises:
        Fenced: another writer has settled it.
    """
    name = link.name
    link = _as_planned(tx, link)
    _check_open(tx, name, planned.write.n)
    bases = tx.bases(name, _rows_of(planned, answer))
    hit = keys_hit(link, answer)
    owners = tx.bases_of_keys(name, hit | {shown[key] for key in hit if key in shown}).values()
    bases |= {b.row_id: b for b in owners if b.row_id not in bases}
    done = settle(link, planned, answer, bases, own_contents, inserted=inserted)
    tx.save_bases(name, _without_taken_keys(tx, name, done))
    tx.add_history(name, _with_transactions(planned, done.history))
    tx.add_conflicts(name, done.conflicts)
    tx.mend_rejections(name, done.mended)
    hand_over(tx, name, done.unseen, done.rest)
    _wake_parked(tx, name, [b.row_id for b in done.bases.values() if b.gone])
    _move_marks(tx, name, planned.write, done)
    if planned.write.inserts:
        tx.drop_kept_ids(name, list(planned.keys.values()))
    close_write(tx, name, planned.write.n)
    tx.note_settled(name, planned.write.n)
    if last:
        use_up_approval(tx, tx.link_state(name, lock=True))
    if strange or done.rescan or done.moved or planned.write.brings_back:
        ask_scan(tx, name)
    known = {**bases, **done.bases}
    keys = {row_id: b.key for row_id in sorted(done.again | done.displaced) if (b := known.get(row_id)) and b.key}
    again = tuple(key for row_id, key in keys.items() if row_id not in done.displaced)
    displaced = {row_id: key for row_id, key in keys.items() if row_id in done.displaced}
    moved = done.moved or bool(done.row_restores) or strange
    return SettleOutcome(_restore(tx, name, planned.write, done, epoch), again, displaced, moved)


def _check_open(tx: Transaction, name: str, n: int) -> None:
    intent = tx.intent(name)
    if intent is None or intent.n != n:
        raise Fenced(f"link {name}: another writer has settled write {n}")


def _as_planned(tx: Transaction, link: Link) -> Link:
    """The link with the key by which bases know its rows: the table may have got another one since the plan.

    Raises:
        Fenced: that key is linked no longer.
    """
    state = tx.link_state(link.name)
    found = under_known_key(KnownColumns.of(state.known) if state else None, link)
    if found is None:
        raise Fenced(f"link {link.name}: its table has another key; nothing is settled before that is approved")
    return found


def _with_transactions(planned: PlannedWrite, entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Each change of the table with the transaction that made it, so that its way can be followed."""
    made = planned.origins
    return [
        made_by(made[entry.row_id], entry) if entry.side == "table" and entry.row_id in made else entry
        for entry in entries
    ]


def _move_marks(tx: Transaction, name: str, write: SwapWrite, done: Settlement) -> None:
    """What was put beside a row's cells stays there, whatever the row is called from now on.

    Of a row and its copy, which gets a name of its own, nobody knows beside which of the two it stands.
    """
    taken_back = {restore.row for restore in done.formula_restores if restore.header == ROW_ID_HEADER}
    landed = [i for i in write.ids if write.row_after(i.row) not in taken_back]
    leaving = {i.row_id for i in landed} | {b.row_id for b in done.bases.values() if b.gone}
    called = {i.expected: i.row_id for i in landed if i.expected}
    shown = tx.shown_marks(name, list(called)) if called else []
    moved = [mark for mark in shown if mark.row_id in leaving]
    doubtful = [mark for mark in shown if mark.row_id not in leaving]
    if shown:
        tx.forget_marks(name, [(mark.row_id, mark.column) for mark in moved])
        tx.save_marks(name, [replace(mark, row_id=called[mark.row_id]) for mark in moved])
        tx.save_marks(name, [replace(mark, is_sure=False) for mark in doubtful])
        tx.send(TABLE_CHANGED, name, marks_changed(name, [*called, *called.values()]))


def _wake_parked(tx: Transaction, name: str, gone: Sequence[str]) -> None:
    """A value that waits for a person outlives its row, which the table has deleted: it comes back."""
    parked = parked_cells(tx.waiting(name, gone)) if gone else []
    if parked:
        wake_rows(tx, name, dict.fromkeys(row_id for row_id, _ in parked))


def _without_taken_keys(tx: Transaction, name: str, done: Settlement) -> list[RowBase]:
    """A row that another one has replaced under its key while it was on its way is left to the next scan."""
    taken = tx.bases_of_keys(name, [b.key for b in done.bases.values() if b.key is not None])
    return [
        replace(b, gone=True, key=None) if b.key in taken and taken[b.key].row_id != b.row_id else b
        for b in done.bases.values()
    ]


def close_write(tx: Transaction, name: str, n: int) -> None:
    """Close an intent, and let the cells that waited for it be looked at again."""
    tx.close_intent(name, n)
    wake_rows(tx, name, tx.waiting_rows(name, ("intent",)))


def _restore(tx: Transaction, name: str, mistaken: SwapWrite, done: Settlement, epoch: int) -> PlannedWrite | None:
    if not (done.formula_restores or done.row_restores):
        return None
    cells, rows = tuple(done.formula_restores), tuple(done.row_restores)
    write = SwapWrite(0, epoch, formula_restores=cells, row_restores=rows, ids_before=mistaken.ids_before)
    return _open_restoring(tx, name, write)


def send_anew(tx: Transaction, name: str, planned: PlannedWrite, epoch: int) -> PlannedWrite:
    """What puts a mistake back, and was taken back itself because columns had moved, gets a number of its own: a look
    in between has seen the first one, and must not count as one past what was put back.

    Raises:
        Fenced: another writer has settled it.
    """
    _check_open(tx, name, planned.write.n)
    tx.close_intent(name, planned.write.n)
    return _open_restoring(tx, name, replace(planned.write, epoch=epoch))


def _open_restoring(tx: Transaction, name: str, write: SwapWrite) -> PlannedWrite:
    n = tx.next_n(name, write.epoch)
    tx.note_restore(name, n)
    planned = PlannedWrite(replace(write, n=n))
    tx.open_intent(Intent(name, n, write.epoch, planned_to_json(planned)))
    return planned


def _rows_of(planned: PlannedWrite, answer: SwapAnswer) -> frozenset[str]:
    return planned.write.row_ids | {h.row_id for h in answer.rows if h.row_id}
