"""Events from the sheet into the table: gather, decide, apply, each batch in one MySQL transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.metrics import SHEET_TO_TABLE_S, count_failure
from consumers import takes, undos
from consumers.apply import Applier
from consumers.sheet_handing_on import ask_scan
from consumers.table_guards import hold_other_key
from core import guards
from core.contents import differs
from core.errors import Fenced, MysqlRefused, TwinsheetError, Unavailable, Unfit
from core.freshness import OpenWrite, age, is_newer, is_outrun, is_outrun_by_edit, scan_age, tells_of_going
from core.intent import open_write, planned_from_json
from core.model import NEVER, Key, Link, Observed, RowBase
from core.observe import Batch, Missed
from core.parents import PARENT
from core.ports import Clock, Delivery, EventSource, LinkState, Store, TableRow, Transaction, Waiting
from core.row_view import ComputeRule, RowView, overtaken_in
from core.table_plan import key_seen, plan_row
from core.told import ToldRows

GROUP = "table_writer"
INTENT_WAIT_S = 3.0
"""A cell that waits for a write to be settled is looked at again after this, should the word of it be lost."""
TIMES_WAIT_S = 5.0
"""A conflict waits this long for the table's commit time, then the time is guessed and recorded as such."""
FEED_WAIT_S = 60.0
"""And this long for the change feed to tell whether the row under its key is another by now; after that the row is
known by what it shares with base."""
GIVE_UP_S = 10.0
"""A row that our own write has removed is tried so long, at each scan that misses it, until the table's no counts."""
TIMERS_EVERY_S = 1.0
UNDO_ROWS_MAX = 500
"""So many rows that were to be taken back and had to wait are looked at again at once."""
ROWS_TOLD_MAX = 100
"""In one line of the log; history has them all."""

log = structlog.get_logger("table_writer")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the decisions on a batch of rows of one link rest on, locked."""

    bases: Mapping[str, RowBase]
    rows: Mapping[Key, TableRow]
    busy: frozenset[Key]
    """Keys whose rows another transaction holds."""
    waiting: Mapping[str, list[Waiting]]
    open_write: OpenWrite | None
    owners: Mapping[str, RowBase]
    """By the id of a row in which another one's key stands, that other row."""
    refused: Collection[str]
    """Rows of which the table has refused something for a while."""
    restored_n: int
    """See :attr:`core.ports.LinkState.restored_n`."""


class TableWork:
    """The loop's body of table_writer.

    Args:
        store: where base, table rows and offsets change together.
        source: delivers ``sheet.observed``.
        link_of: the link of a name, ``None`` when there is none.
        compute_rule: computes a rule's value for a conflict.
        owner: name of this process, for fencing.
        clock: when to look at what waits.
        describe_anew: has the tables of all links described again.
    """

    def __init__(
        self,
        store: Store,
        source: EventSource,
        link_of: Callable[[str], Link | None],
        compute_rule: ComputeRule,
        *,
        owner: str,
        clock: Clock,
        describe_anew: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._source = source
        self._link_of = link_of
        self._compute_rule = compute_rule
        self._owner = owner
        self._clock = clock
        self._describe_anew = describe_anew
        self._timers_at = self._clock.monotonic()
        self._told: dict[str, ToldRows] = defaultdict(ToldRows)

    def step(self, timeout_s: float) -> int:
        """Take in what has come, at most one poll's worth; the number of events."""
        deliveries = self._source.poll(timeout_s)
        if deliveries:
            self._take(deliveries)
        if self._clock.monotonic() - self._timers_at > TIMERS_EVERY_S:
            self._timers_at = self._clock.monotonic()
            self.look_at_waiting()
        return len(deliveries)

    def _take(self, deliveries: Sequence[Delivery]) -> None:
        """The batch as a whole; where something in it cannot be digested, each event by itself."""
        try:
            fault = self._try(lambda tx: self._apply(tx, deliveries))
            if fault is not None:
                log.warning("batch_failed", events=len(deliveries), fault=repr(fault))
                self._describe_anew()  # the table may have been altered a moment ago
                for delivery in deliveries:
                    self._take_alone(delivery)
        except (Unavailable, Fenced):
            self._rewind(deliveries)
            raise
        _tell(deliveries)
        _measure(deliveries, self._clock.now())

    def _take_alone(self, delivery: Delivery) -> None:
        fault = self._try(lambda tx: self._apply(tx, [delivery]))
        if isinstance(fault, MysqlRefused | Unfit):
            self._hold_unreadable(delivery.link, fault)
            # it waits, with its own time, till that is mended
            fault = self._try(lambda tx: self._apply(tx, [delivery]))
        if fault is not None:
            self._hold_back(delivery, fault)

    def _hold_unreadable(self, name: str, fault: Exception) -> None:
        """The table is not what the link says, or not ours to read and write any more."""
        count_failure(fault)
        log.error("table_unreadable", link=name, reason=str(fault))
        self._store.run(lambda tx: tx.hold(name, "table_unreadable", guards.table_unreadable(name, str(fault))))

    def _try(self, work: Callable[[Transaction], None]) -> Exception | None:
        """The fault of what cannot be digested; what may go well another time is raised."""
        try:
            self._store.run(work)
        except (Unavailable, Fenced):
            raise
        except Exception as fault:  # noqa: BLE001 -- whatever an event or a row holds, it must not stop the others
            return fault
        return None

    def _rewind(self, deliveries: Sequence[Delivery]) -> None:
        first: dict[tuple[str, int], int] = {}
        for d in deliveries:
            first.setdefault((d.topic, d.partition), d.offset)
        for (topic, partition), offset in first.items():
            self._source.seek(topic, partition, offset)

    def _hold_back(self, delivery: Delivery, fault: Exception) -> None:
        """An event that cannot be digested holds its link, where a person reads why; the others go on."""
        count_failure(fault)
        event = delivery.body.get("event", "")
        log.error("event_refused", link=delivery.link, event_id=event, offset=delivery.offset, exc_info=fault)

        def work(tx: Transaction) -> None:
            tx.hold(delivery.link, "event", f"An event from the sheet could not be applied: {_told(fault)}"[:1000])
            tx.store_offsets(GROUP, self._owner, _next_offsets([delivery]))

        self._store.run(work)

    # --- one transaction --------------------------------------------------------------

    def _apply(self, tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        by_link: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            by_link.setdefault(delivery.link, []).append(delivery)
        for name, own in by_link.items():
            link = self._link_of(name)
            if link is None:
                log.warning("unknown_link", link=name, events=len(own))
                continue
            state = tx.link_state(name)
            if state is None:
                continue
            batch = Batch(state.scans)
            for delivery in own:
                batch.add(link, delivery.body)
                _note_way(tx, delivery)
            self._apply_batch(tx, link, state, batch)
        tx.store_offsets(GROUP, self._owner, _next_offsets(deliveries))

    def look_at_waiting(self) -> None:
        """Decide again on cells whose wake-up was lost, and on conflicts whose commit time stays unknown."""
        if self._try(lambda tx: self._apply_timers(tx, None)) is None:
            return
        self._describe_anew()
        for state in self._store.run(lambda tx: tx.link_states()):
            self._look_at_waiting_of(state.name)

    def _look_at_waiting_of(self, name: str) -> None:
        fault = self._try(lambda tx: self._apply_timers(tx, name))
        if isinstance(fault, MysqlRefused | Unfit):
            self._hold_unreadable(name, fault)
        elif fault is not None:
            log.error("waiting_refused", link=name, exc_info=fault)
            reason = f"A cell that waits could not be applied: {_told(fault)}"[:1000]
            self._store.run(lambda tx: tx.hold(name, "event", reason))

    def _apply_timers(self, tx: Transaction, only: str | None) -> None:
        mine = {partition for _, partition in self._source.assigned()}
        if not mine:
            return
        for state in tx.link_states():
            link = self._link_of(state.name)
            if link is None or state.state != "live" or only not in (None, state.name):
                continue
            batch = Batch(state.scans)
            for row_id in tx.waiting_rows(link.name, ("intent", "unseen", "paused"), INTENT_WAIT_S):
                batch.replans[row_id] = None
            for row_id in tx.waiting_rows(link.name, ("commit_time",), TIMES_WAIT_S):
                batch.replans[row_id] = {}
                batch.late.add(row_id)
            batch.chosen.update(tx.chosen_rows(link.name))
            batch.undone.update(tx.undo_rows(link.name, UNDO_ROWS_MAX))
            batch.unanswered.update(tx.waiting_rows(link.name, ("commit_time",), FEED_WAIT_S))
            self._apply_batch(tx, link, state, batch)

    def _apply_batch(self, tx: Transaction, link: Link, state: LinkState, batch: Batch) -> None:
        takes.note_choices(tx, link, batch.asked)
        if hold_other_key(tx, link, state) or state.state in ("paused", "held"):
            _keep_for_later(tx, link, batch)
            return
        if batch.parents:
            batch.replans = {**dict.fromkeys(tx.waiting_rows(link.name, (PARENT,))), **batch.replans}
        if batch.row_ids or batch.overwritten:
            self._apply_rows(tx, link, state, batch)
        if batch.chosen:
            takes.carry_out(tx, link, batch.chosen)
        if batch.undone:
            undos.carry_out(tx, link, batch.undone)

    def _apply_rows(self, tx: Transaction, link: Link, state: LinkState, batch: Batch) -> None:
        self._told[link.name].note(batch.told_of)
        gathered = _gather(tx, link, batch)
        views = {
            row_id: self._view(link, state, batch, gathered, row_id)
            for row_id in sorted(batch.row_ids, key=batch.place)  # so that generated keys follow the sheet's order
        }
        plans = [plan_row(view, self._compute_rule) for view in views.values()]
        Applier(tx, link).apply(plans, views)
        tx.add_history(link.name, batch.overwritten)
        live = {i: base for i in batch.vanished if (base := views[i].base) is not None and not base.gone}
        missed = [(batch.vanished[i], base) for i, base in live.items()]
        is_missed = any(is_outrun(one.as_known, base) or one.is_by_older_base(base) for one, base in missed)
        if is_missed or any(_is_outrun(link, plan.base or views[plan.row_id].base, batch) for plan in plans):
            ask_scan(tx, link.name)

    def _view(self, link: Link, state: LinkState, batch: Batch, gathered: Gathered, row_id: str) -> RowView:
        base = gathered.bases.get(row_id)
        table = gathered.rows.get(base.key) if base is not None and base.key is not None else None
        times = batch.times_of(row_id, base)
        missed = batch.vanished.get(row_id)
        waiting = gathered.waiting.get(row_id, ())
        seen = [*batch.observed.get(row_id, ()), *(w.observed for w in waiting)]
        vanished = missed is not None and _may_vanish(row_id, base, seen, missed, gathered)
        return RowView(
            link=link,
            row_id=row_id,
            base=base,
            table=table,
            observed=batch.observed.get(row_id, ()),
            waiting=waiting,
            open_write=gathered.open_write,
            busy=base is not None and base.key in gathered.busy,
            table_times=times or {},
            times_exact=row_id not in batch.coarse,
            times_final=times is not None,
            is_told=batch.is_told(row_id, base, table) or self._told[link.name].covers(base, table),
            is_late=row_id in batch.late,
            is_answered=batch.is_answered(row_id, base),
            restored_n=gathered.restored_n,
            first_scans=state.first_scans,
            owner=gathered.owners.get(row_id),
            vanished=vanished,
            is_last_try=vanished and row_id in gathered.refused,
            event=missed.event if missed else "",
            age=scan_age(missed.stamp) if missed else NEVER,
        )


def _is_outrun(link: Link, base: RowBase | None, batch: Batch) -> bool:
    """Whether a scan shows a cell otherwise than base does, and may have seen what came after that."""
    cells = base.cells if base is not None else {}
    seen = batch.observed.get(base.row_id, ()) if base is not None else ()
    outrun = [o for o in seen if o.column in cells and is_outrun_by_edit(o, cells[o.column])]
    columns = ((link.by_name(o.column), o.cell) for o in outrun)
    return any(column is not None and differs(column, cell, cells[column.name]) for column, cell in columns)


def _may_vanish(
    row_id: str, base: RowBase | None, seen: Sequence[Observed], missed: Missed, gathered: Gathered
) -> bool:
    """Only a scan past our last write to the row, and past every later look at it, can tell that it is gone."""
    write, stamp = gathered.open_write, missed.stamp
    is_last = all(stamp.n >= one.stamp.n and scan_age(stamp).is_past(age(one)) for one in seen)
    # A write that is not settled yet may have removed another row than it meant; one that is has perhaps done so, and
    # nobody knows whose row that was where it had lost its id. What puts it back has landed before the scan, or not.
    in_hand = write is not None and (row_id in write.row_ids or stamp.n >= write.n)
    is_put_back = missed.as_known.n >= gathered.restored_n
    is_gone = base is None or (tells_of_going(missed.as_known, base) and not missed.is_by_older_base(base))
    return is_last and is_gone and is_put_back and not in_hand


def _gather(tx: Transaction, link: Link, batch: Batch) -> Gathered:
    row_ids = batch.row_ids
    intent = tx.intent(link.name)
    state = tx.link_state(link.name)  # as of now: from here on nobody settles a write
    bases = tx.bases(link.name, row_ids)
    keys = [b.key for b in bases.values() if b.key is not None]
    rows, busy = tx.free_rows(link, keys) if keys else ({}, frozenset())
    waiting = tx.waiting(link.name, row_ids)
    return Gathered(
        bases=bases,
        rows=rows,
        busy=busy,
        waiting=waiting,
        open_write=open_write(link, planned_from_json(intent.n, intent.epoch, intent.plan)) if intent else None,
        owners=_owners(
            tx,
            link,
            bases,
            {i: [*(w.observed for w in waiting.get(i, ())), *batch.observed.get(i, ())] for i in bases},
        ),
        refused=tx.waiting_rows(link.name, ("incomplete",), GIVE_UP_S) if batch.vanished else (),
        restored_n=state.restored_n if state is not None else 0,
    )


def _owners(
    tx: Transaction, link: Link, bases: Mapping[str, RowBase], seen: Mapping[str, Sequence[Observed]]
) -> dict[str, RowBase]:
    """The rows whose keys were seen in others."""
    keys = {row_id: key_seen(link, base, seen[row_id]) for row_id, base in bases.items() if not base.gone}
    wanted = {row_id: key for row_id, key in keys.items() if key is not None and key != bases[row_id].key}
    held = tx.bases_of_keys(link.name, set(wanted.values())) if wanted else {}
    return {row_id: held[key] for row_id, key in wanted.items() if key in held and held[key].row_id != row_id}


def _keep_for_later(tx: Transaction, link: Link, batch: Batch) -> None:
    """While a link is paused or held, what comes in waits with its own times."""
    waiting = {
        (w.observed.row_id, w.observed.column): w
        for row in tx.waiting(link.name, batch.row_ids).values()
        for w in row
    }
    newest = {cell: w.observed for cell, w in waiting.items()}
    for seen in (seen for row in batch.observed.values() for seen in row):
        known = newest.get((seen.row_id, seen.column))
        stays, goes = (seen, known) if known is None or is_newer(seen, known) else (known, seen)
        newest[seen.row_id, seen.column] = stays
        if goes is not None and goes.cell != stays.cell:
            tx.add_history(link.name, [overtaken_in(goes, None)])
    tx.put_waiting(
        link.name,
        [(o, "paused") for cell, o in newest.items() if cell not in waiting or o is not waiting[cell].observed],
    )


def _note_way(tx: Transaction, delivery: Delivery) -> None:
    event, received_at = delivery.body.get("event"), delivery.body.get("received_at")
    if event:
        received = datetime.fromisoformat(received_at) if received_at else None
        tx.note_way(delivery.link, event, received, delivery.published_at)


def _told(fault: Exception) -> str:
    return fault.message if isinstance(fault, TwinsheetError) else repr(fault)


def _next_offsets(deliveries: Collection[Delivery]) -> dict[tuple[str, int], int]:
    last: dict[tuple[str, int], int] = {}
    for d in deliveries:
        last[d.topic, d.partition] = max(last.get((d.topic, d.partition), 0), d.offset + 1)
    return last


def _tell(deliveries: Sequence[Delivery]) -> None:
    """One line a link with what a person follows an edit by; in history each cell has its event."""
    by_link: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.body.get("event"):
            by_link.setdefault(delivery.link, []).append(delivery)
    for name, own in by_link.items():
        rows = dict.fromkeys(c["row_id"] for d in own for c in d.body.get("cells", ()) if c.get("row_id"))
        told = {"rows": list(rows)[:ROWS_TOLD_MAX], "row_count": len(rows)}
        log.info("taken_in", link=name, events=[d.body["event"] for d in own], **told)


def _measure(deliveries: Collection[Delivery], now: datetime) -> None:
    for d in deliveries:
        if d.body.get("received_at"):
            received = datetime.fromisoformat(d.body["received_at"])
            SHEET_TO_TABLE_S.labels("received_to_committed").observe(max(0.0, (now - received).total_seconds()))
