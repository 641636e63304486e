"""One link's way into the sheet: plan, send the swap write, settle it.

What if it stops halfway? Before the intent is committed nothing has happened. After it, whoever writes next
asks the sheet's counters whether the write landed, and settles it from the scratch, or closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from tenacity import RetryCallState, Retrying, wait_random_exponential

from app.metrics import COMPARING_ROWS, TABLE_TO_SHEET_S, count_failure
from consumers import sheet_settle, sheet_tx
from consumers.sheet_hold import HoldNote
from consumers.sheet_marks import MarkWriter
from core.dirty import AbsentRows, DirtyRows
from core.displaced import Doubts
from core.errors import ReplyLost, SheetsRefused, SheetsUnavailable
from core.intent import PlannedWrite, planned_from_json
from core.model import Key, Link, Stamp
from core.ports import Clock, Gate, Json, LinkState, Sheet, SheetMarks, Store, Transaction
from core.positions import after_write, with_hints
from core.renames import Renamed, composed
from core.sheet import Positions, SheetTarget, SwapAnswer
from core.sheet_plan import NameRow

ROWS_PER_WRITE_MAX = 1000
ROWS_TOLD_MAX = 100
"""In one line of the log; history has them all."""
BACKLOG_ROWS = 100
"""So many rows are not planned for before there is a token to write them with."""
_PAUSES = wait_random_exponential(multiplier=0.25, max=30)

log = structlog.get_logger("sheet_writer")


@dataclass(frozen=True, slots=True)
class Tools:
    """What every link's writer works with."""

    store: Store
    sheet: Sheet
    marks: SheetMarks
    gate: Gate
    new_row_id: Callable[[], str]
    clock: Clock


class LinkWriter:
    """Writes one link. One write at a time; nothing here is shared between threads.

    Args:
        link: as resolved now; replaced when links.yaml or the table changes.
        tools: store, sheet, quota and row ids.
    """

    def __init__(self, link: Link, tools: Tools) -> None:
        self.link = link
        self.dirty = DirtyRows()
        self.marks = MarkWriter(link, tools.store, tools.marks, tools.clock, self._may_call, self._back_off)
        self.hold_note = HoldNote(
            link, tools.store, tools.marks, self._may_call, self._back_off, self.marks.look_over
        )
        self._tools = tools
        self._renamed: list[Renamed | None] = []
        """``None`` where the change feed begins anew."""
        self._questions: list[Json] = []
        """Of the table writer, to be answered once the changed keys that were told before are followed."""
        self._to_name: dict[int, NameRow] = {}
        self._own_ids: dict[Key, str] = {}
        """Ids of rows that were lost from the tab and are to stand in it again."""
        self._compare_all = False
        self._uncompared: set[Key] = set()
        """Rows of a whole comparison that nobody has looked at yet."""
        self._asked: set[Key] = set()
        """Keys that the change feed is to tell again."""
        self._epoch: int | None = None
        self._landed: tuple[int, int] | None = None
        """Counters of our own last write."""
        self._target: SheetTarget | None = None
        self._positions: Positions | None = None
        self._positions_fresh = False
        self._absent = AbsentRows()
        self._missed: dict[str, Stamp] = {}
        """Rows that the last scan has missed, with its stamp."""
        self._open: PlannedWrite | None = None
        self._in_doubt = False
        """Nobody knows yet whether the open write landed."""
        self._refusals = 0
        self._doubts = Doubts()
        self._in_write: list[Key] = []
        self._failures = 0
        self._reason = ""
        """Why the last call failed."""
        self._not_before = 0.0
        self._committed_at: datetime | None = None

    # --- what the events say ------------------------------------------------------------

    def changed(
        self,
        keys: Mapping[Key, str],
        renamed: Renamed,
        prints: Iterable[tuple[Key, str]],
        at: datetime | None,
        offset: int,
    ) -> None:
        """Rows of the table changed in one transaction, committed ``at``; ``keys`` with their kinds, ``renamed`` with
        every key that was passed through, and what the rows that came hold."""
        self.dirty.tell(prints)
        for pair in renamed.pairs:
            self.dirty.add(pair, offset)
        if renamed.pairs:
            self._renamed.append(Renamed(composed(renamed.pairs), renamed.place))
        self.dirty.add(keys, offset)
        self.dirty.vouch(keys.items())
        self._committed_at = self._committed_at or at

    def traced(self, keys: Iterable[Key], transaction: str) -> None:
        """It was this transaction that changed these rows."""
        self.dirty.transactions.update(dict.fromkeys(keys, transaction))

    def look_again(self, keys: Mapping[Key, str], prints: Iterable[tuple[Key, str]], offset: int) -> None:
        """Base and table may differ in these rows; ``keys`` with their kinds, and what the table held under them."""
        self.dirty.add(keys, offset)
        self.dirty.tell(prints)
        self.dirty.vouch(keys.items())
        self._asked.difference_update(keys)

    def place(self, rows: Mapping[Key, str]) -> None:
        """These rows are to stand in the tab again, under the ids that they had."""
        self._own_ids.update(rows)

    def asked(self, questions: Iterable[Json]) -> None:
        """The table writer wants to know whether other rows have got the keys of these."""
        self._questions.extend(questions)

    def history_lost(self) -> None:
        """The change feed begins anew: its places are no longer to be compared with those from before."""
        self._renamed.append(None)

    def compare_all(self) -> None:
        """Everything may differ."""
        self._compare_all = True
        self.marks.wake_all()
        self.hold_note.is_due = True

    def rows_moved(self) -> None:
        """Rows or columns came, went or moved in the sheet."""
        self._positions = None
        self._doubts.clear()
        self._absent.hurry(self._tools.clock.monotonic())
        self.marks.rows_moved()

    def rows_seen(self, seen: Iterable[tuple[str, int]]) -> None:
        """The script has seen these rows at these places."""
        self._absent.hurry(self._tools.clock.monotonic())
        if self._positions is not None:
            hints = list(seen)
            if any(self._positions.rows.get(row_id) != row for row_id, row in hints):
                self.marks.rows_moved()
            self._positions = with_hints(self._positions, hints)

    def rows_missed(self, row_ids: Iterable[str], stamp: Stamp) -> None:
        """A scan with that stamp has found these rows neither by their ids nor by their keys."""
        self._missed = dict.fromkeys(row_ids, stamp)
        self._absent.hurry(self._tools.clock.monotonic())

    def rows_told(self, row_ids: Iterable[str], stamp: Stamp) -> None:
        """A scan has told of these rows as they stand, and moved none of their ids."""
        self._doubts.told(row_ids, stamp)

    def name_rows(self, rows: Mapping[int, NameRow]) -> None:
        """These rows of the tab need an id: by 1-based row, the id there now and the one to give (or a fresh one)."""
        self._to_name.update(rows)

    @property
    def progress(self) -> str:
        """How far a whole comparison has come; empty where none is under way."""
        return f"comparing {self.link.name}: {len(self._uncompared)} rows left" if self._uncompared else ""

    @property
    def has_work(self) -> bool:
        """Whether there is anything to look at."""
        asked = len(self.dirty) or self._compare_all or self._to_name or self._open or self._renamed
        told = self.marks.has_work or self.hold_note.is_due
        return bool(asked or self._absent.are_due(self._tools.clock.monotonic()) or told)

    def wait_s(self) -> float:
        """Seconds until it makes sense to try; 0 when a write may go out at once."""
        return max(0.0, self._not_before - self._tools.clock.monotonic())

    @property
    def trouble(self) -> str:
        """Why what there is to do does not get through, once it has failed twice in a row; empty while it does."""
        return self._reason if self._failures > 1 and self.has_work else ""

    def put_off(self, pause_s: float) -> None:
        """Do nothing for a while."""
        self._not_before = self._tools.clock.monotonic() + pause_s

    # --- one round ------------------------------------------------------------------------

    def work(self) -> None:
        """Plan and perform at most one write.

        Raises:
            SheetsRefused: Google refuses for good.
            MysqlUnavailable: MySQL does not answer; nothing is forgotten.
            Fenced: another writer has taken the link over.
        """
        if not self._lead() or self._target is None:
            return
        if self._open is not None and self._in_doubt:
            self._ask(self._open, self._target)
            return
        self.dirty.add(self._absent.take(self._tools.clock.monotonic()), None)
        self._positions_fresh = False
        if self._open is None and self._backlog_waits():
            return
        if self._open is None and self._plan() and self._read_positions(self._target):
            self._plan()
        if self._open is not None:
            self._perform(self._open, self._target)
        if self.hold_note.is_due and self.wait_s() <= 0:
            self.hold_note.link = self.link
            self.hold_note.work(self._target)
        if self._open is None and self.wait_s() <= 0 and self.marks.has_work:
            self._mark(self._target)

    def _backlog_waits(self) -> bool:
        """Whether there is much to plan and no token to write it with; whoever asks something is answered before."""
        asked = self._renamed or self._questions
        return len(self.dirty) > BACKLOG_ROWS and not asked and not self._may_call("write")

    def _mark(self, target: SheetTarget) -> None:
        """Tell beside the cells what is to be told; values have gone first."""
        self.marks.link = self.link
        needs_positions = self.marks.work(target, self._positions, fresh=self._positions_fresh)
        if needs_positions and self._read_positions(target):
            self.marks.work(target, self._positions, fresh=True)

    def _lead(self) -> bool:
        """Take the link over once, and settle what a predecessor left open."""
        if self._epoch is not None:
            return True
        taken = self._tools.store.run(lambda tx: sheet_tx.take_over(tx, self.link.name))
        if taken is None:
            self._forget()
            return False
        self._target = target_of(self.link, taken.state)
        if taken.intent is not None:
            self._open = planned_from_json(taken.intent.n, taken.intent.epoch, taken.intent.plan)
            self._in_doubt = True
            log.info("settling_open_write", link=self.link.name, n=taken.intent.n)
        self._epoch = taken.epoch
        self.compare_all()
        return True

    def _read_positions(self, target: SheetTarget) -> bool:
        if not self._may_call("read"):
            return False
        try:
            self._positions = self._tools.sheet.read_positions(target)
        except SheetsUnavailable as error:
            self._back_off(error)
        self._positions_fresh = self._positions is not None
        return self._positions_fresh

    def _may_call(self, kind: str) -> bool:
        wait_s = self._tools.gate.wait_s(kind, self.link.name)
        if wait_s > 0:
            self._not_before = self._tools.clock.monotonic() + wait_s
        return wait_s <= 0

    def _back_off(self, error: SheetsUnavailable) -> None:
        count_failure(error)
        self._reason = str(error)
        self._failures += 1
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = self._failures
        pause_s = _PAUSES(state)
        self._not_before = self._tools.clock.monotonic() + pause_s
        log.warning("sheets_unavailable", link=self.link.name, reason=error.message, retry_in_s=round(pause_s, 2))

    # --- plan --------------------------------------------------------------------------------

    def _plan(self) -> bool:
        """Plan one write; whether it needs the rows' positions first."""
        if self._epoch is None:
            raise ValueError("a link is led before a plan")
        if self._compare_all:
            everything = self._tools.store.run(self._all_keys)
            self.dirty.add(everything, None)
            self._compare_all = False
            self._uncompared = set(everything)
            log.info("comparing_whole", link=self.link.name, rows=len(self._uncompared))
        keys = self.dirty.first(ROWS_PER_WRITE_MAX)
        request = sheet_tx.PlanRequest(
            link=self.link,
            epoch=self._epoch,
            keys=keys,
            renamed=tuple(self._renamed),
            questions=tuple(self._questions),
            to_name=tuple(self._to_name.items()),
            positions=self._positions,
            came=frozenset(self.dirty.came),
            went=frozenset(self.dirty.went),
            told={key: frozenset(held) for key, held in self.dirty.told.items()},
            missed=self._missed,
            transactions={k: t for k in keys if (t := self.dirty.transactions.get(k))},
            own_ids=self._own_ids,
            fresh=self._positions_fresh,
            last=len(self.dirty) <= ROWS_PER_WRITE_MAX and not self._asked,
        )
        outcome = self._tools.store.run(
            lambda tx: sheet_tx.plan_write(tx, request, lambda: self._may_call("write"), self._tools.new_row_id)
        )
        self._renamed.clear()  # followed, whatever else came of it
        self._questions.clear()
        if outcome.stopped:
            self._forget()
        elif not (outcome.no_token or outcome.needs_positions):
            self._to_name.clear()
            self._open, self._in_write = (
                outcome.planned,
                [k for k in request.keys if k not in outcome.absent and k not in outcome.busy],
            )
            self._compared(request.keys)
            self._asked.update(outcome.doubtful)
            self.marks.changed(outcome.row_ids)
            self._leave(outcome.absent)
            self._put_off(outcome.busy)
            self.dirty.take_in_hand(self._in_write)
            if outcome.planned is None:
                self._done()
        return outcome.needs_positions

    def _compared(self, keys: Collection[Key]) -> None:
        if self._uncompared:
            self._uncompared.difference_update(keys)
            COMPARING_ROWS.labels(self.link.name).set(len(self._uncompared))
            log.info("compared", link=self.link.name, rows_left=len(self._uncompared))

    def _all_keys(self, tx: Transaction) -> list[Key]:
        known = [b.key for b in tx.all_bases(self.link.name) if b.key]
        return [*tx.all_keys(self.link), *known]

    def _leave(self, absent: Collection[Key]) -> None:
        """Rows that were not found stay to be looked at: with fresh positions now, then again and again."""
        if not absent:
            self._absent.found()
            return
        if self._positions_fresh:
            self._put_off(absent)
        self._positions = None

    def _put_off(self, keys: Collection[Key]) -> None:
        if keys:
            self.dirty.put_off(keys)
            self._absent.add(keys, self._tools.clock.monotonic())

    def _done(self) -> None:
        self.dirty.done(self._in_write)
        self._in_write = []
        self._committed_at = None

    def _forget(self) -> None:
        """The link is paused, held or removed; whoever lets it go on asks for everything to be compared."""
        self.dirty = DirtyRows()
        self._renamed.clear()
        self._questions.clear()
        self._to_name.clear()
        self._asked.clear()
        self._compare_all = False
        self._compared(list(self._uncompared))
        self.marks.forget()

    # --- send and settle -----------------------------------------------------------------------

    def _perform(self, planned: PlannedWrite, target: SheetTarget) -> None:
        if self._committed_at is not None:
            waited_s = (self._tools.clock.now() - self._committed_at).total_seconds()
            TABLE_TO_SHEET_S.labels("committed_to_request").observe(max(0.0, waited_s))
        try:
            with TABLE_TO_SHEET_S.labels("request").time():
                answer = self._tools.sheet.swap(target, planned.write)
        except ReplyLost as error:
            self._in_doubt = True
            self._back_off(error)
        except SheetsUnavailable as error:
            self._back_off(error)
            self._not_landed(planned)
        except SheetsRefused as error:
            self._refused(planned, error)
        else:
            self._landed_with(planned, answer)

    def _ask(self, planned: PlannedWrite, target: SheetTarget) -> None:
        """Ask the sheet itself whether a write landed; until it answers, nothing else may be done."""
        if not self._may_call("read"):
            return
        try:
            answer = self._tools.sheet.recall(target, planned.write)
        except SheetsUnavailable as error:
            self._back_off(error)
            return
        self._in_doubt = False
        if answer is None:
            self._not_landed(planned)
        else:
            self._landed_with(planned, answer)

    def _landed_with(self, planned: PlannedWrite, answer: SwapAnswer) -> None:
        self._refusals = 0
        if answer.layout_changed:  # taken back by the sheet itself: only the counters moved
            self._positions = None
            self._landed = (planned.write.n, planned.write.epoch)
            self._not_landed(planned)
        else:
            self._settle(planned, answer)

    def _not_landed(self, planned: PlannedWrite) -> None:
        """Close the write, its rows are planned anew; what undoes a mistake is sent again instead."""
        if not planned.write.brings_back:
            self._tools.store.run(lambda tx: sheet_settle.close_write(tx, self.link.name, planned.write.n))
            self._open = None

    def _refused(self, planned: PlannedWrite, error: SheetsRefused) -> None:
        """Rows that left the tab are refused by their number: look where they stand, and only then give up.

        What is sent until it has landed is refused once it has.
        """
        self._refusals += 1
        self._positions = None
        self._not_landed(planned)
        self._in_doubt = self._open is not None
        if self._refusals > 1:
            self._refusals = 0
            raise error

    def _settle(self, planned: PlannedWrite, answer: SwapAnswer) -> None:
        before = (answer.before.n, answer.before.epoch)
        strange = self._landed is not None and before != self._landed
        if strange:  # a stalled writer wrote after it had been replaced, or an old version was restored
            log.warning("strange_counters", link=self.link.name, expected=self._landed, found=before)
        outcome = self._tools.store.run(
            lambda tx: sheet_settle.settle_write(
                tx,
                self.link,
                planned,
                answer,
                epoch=self._epoch or 0,
                strange=strange,
                last=len(self.dirty) <= len(self._in_write) and not self._asked,
                own_contents=self._doubts.own,
            )
        )
        self._failures = 0
        log.info("written", link=self.link.name, event_id=f"write {planned.write.n}", **_told(planned))
        for key in planned.keys.values():
            self._own_ids.pop(key, None)
        self._landed = (planned.write.n, planned.write.epoch)
        self._open = outcome.follow_up
        if outcome.moved:
            self._positions = None
        elif self._positions is not None:
            self._positions = after_write(self._positions, planned.write)
        if planned.write.ids:
            self.marks.rows_moved()
        self._done()
        self.dirty.add(outcome.again, None)
        self._doubts.add(outcome.displaced, outcome.follow_up.write.n if outcome.follow_up else planned.write.n)
        self._put_off(outcome.displaced.values())


def _told(planned: PlannedWrite) -> Json:
    """What a person follows a change by: the rows, and the transactions that changed them in the table."""
    write = planned.write
    return {
        "rows": sorted(write.row_ids)[:ROWS_TOLD_MAX],
        "row_count": len(write.row_ids),
        "transactions": list(dict.fromkeys(planned.transactions.values())),
    }


def target_of(link: Link, state: LinkState) -> SheetTarget:
    """Where a link lives in Google's terms."""
    return SheetTarget(link.name, state.spreadsheet_id, state.sheet_id, link.headers)
