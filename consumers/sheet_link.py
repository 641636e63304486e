"""One link's way into the sheet: plan, send the swap write, settle it.

What if it stops halfway? Before the intent is committed nothing has happened. After it, whoever writes next
asks the sheet's counters whether the write landed, and settles it from the scratch, or closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from app.metrics import TABLE_TO_SHEET_S
from consumers import sheet_asking, sheet_settle, sheet_tx
from consumers.sheet_hold import HoldNote
from consumers.sheet_marks import MarkWriter
from consumers.sheet_news import LinkNews
from consumers.sheet_open_write import OpenWrite
from consumers.sheet_pace import Pace
from consumers.sheet_places import Places
from core.errors import SheetsUnavailable
from core.intent import PlannedWrite, planned_from_json
from core.key_pages import KEYS_PER_PAGE
from core.model import Key, Link, LinkedColumn, Stamp
from core.ports import Clock, Gate, Json, Meanwhile, Sheet, SheetMarks, Store
from core.settle import Inserted, settle_inserts
from core.sheet import SheetTarget, SwapAnswer
from core.values import Canonical
from core.write_size import KNOWN_ROWS_MAX, NEW_ROWS_MAX, rows_next

ROWS_TOLD_MAX = 100
"""In one line of the log; history has them all."""
BACKLOG_ROWS = 100
"""So many rows are not planned for before there is a token to write them with."""
FILL_WAIT_S = 0.5
"""So long after its last question to the change feed a write waits for the answers to fill it."""
FILL_PAUSE_S = 0.05

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
    meanwhile: Meanwhile
    rows_max: int = NEW_ROWS_MAX
    """Of one write."""
    keys_per_page: int = KEYS_PER_PAGE
    """Of a whole comparison: so many are at hand at a time."""


class LinkWriter:
    """Writes one link. One write at a time; nothing here is shared between threads.

    Args:
        link: as resolved now; replaced when links.yaml or the table changes.
        tools: store, sheet, quota, row ids, and what lets it go on while a write is on its way.
    """

    def __init__(self, link: Link, tools: Tools) -> None:
        self.link = link
        self.news = LinkNews(link.name)
        self.pace = pace = Pace(link.name, tools.gate, tools.clock)
        self.marks = MarkWriter(link, tools.store, tools.marks, tools.clock, pace.may_call, pace.back_off)
        self.hold_note = HoldNote(link, tools.store, tools.marks, pace.may_call, pace.back_off, self.marks.look_over)
        self._tools = tools
        self._target: SheetTarget | None = None
        self._places = places = Places(tools.sheet, tools.clock, pace.may_call, pace.back_off)
        self._write = OpenWrite(
            link.name, tools.store, tools.sheet, meanwhile=tools.meanwhile, pace=pace, lose_places=places.lose
        )
        self._retyped: dict[str, tuple[LinkedColumn, LinkedColumn]] = {}
        """By header the columns that look otherwise since the table was altered: before and now."""
        self._in_write: list[Key] = []
        self._rows_max = min(KNOWN_ROWS_MAX, tools.rows_max)
        self._read_back: Mapping[str, Mapping[str, Canonical]] = {}
        """What the rows that the write inserts will be read as, by row id and column."""
        self._is_full = False
        """A row more would not have fitted into the write."""
        self._planned_at = 0.0
        self._asked_at = 0.0

    def follow(self, link: Link) -> None:
        """Go on with the link as links.yaml and the table have it now: compared, where that changes what counts."""
        if link is self.link:
            return
        if link.shape != self.link.shape:
            self.compare_all()
        before = {column.header: column for column in self.link.columns}
        self._retyped |= {
            now.header: (was, now)
            for now in link.columns
            if (was := before.get(now.header)) is not None and was.look != now.look
        }
        self.link = link

    # --- what the events say ------------------------------------------------------------

    def compare_all(self) -> None:
        """Everything may differ."""
        self.news.compare_all = True
        self.marks.wake_all()
        self.hold_note.is_due = True

    def rows_moved(self) -> None:
        """Rows or columns came, went or moved in the sheet."""
        self._places.moved()
        self.marks.rows_moved()

    def rows_seen(self, seen: Iterable[tuple[str, int]]) -> None:
        """The script has seen these rows at these places."""
        if self._places.seen(list(seen)):
            self.marks.rows_moved()

    def rows_missed(self, row_ids: Iterable[str], stamp: Stamp) -> None:
        """A scan with that stamp has found these rows neither by their ids nor by their keys."""
        self._places.missed_by(row_ids, stamp)

    def rows_told(self, row_ids: Iterable[str], stamp: Stamp) -> None:
        """A scan has told of these rows as they stand, and moved none of their ids.

        Of those that a write of ours is on its way to it may have seen what that has put there, the key too.
        """
        planned = self._write.planned
        in_write = planned.write.row_ids if planned is not None else ()
        self._places.doubts.told(set(row_ids).difference(in_write), stamp)

    @property
    def has_work(self) -> bool:
        """Whether there is anything to look at."""
        told = self.marks.has_work or self.hold_note.is_due or self._retyped
        return bool(self.news or self._write.planned or self._places.are_due or told)

    @property
    def trouble(self) -> str:
        """Why what there is to do does not get through; empty while it does."""
        return self.pace.trouble if self.has_work else ""

    @property
    def progress(self) -> str:
        """How far a whole comparison has come; empty where none is under way."""
        return self.news.progress(self._tools.clock.monotonic())

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
        write, target = self._write, self._target
        if write.planned is None and target.headers != self.link.headers:  # links.yaml names other columns by now
            self._target = target = replace(target, headers=self.link.headers)
            self._places.lose()
        if write.in_doubt:
            self._settle(write.ask(target))
            return
        if self._retyped and not self._reshape(target):
            return
        self.news.dirty.add(self._places.take(), None)
        if write.planned is None and (self._fills_up() or self._backlog_waits()):
            return
        if write.planned is None and self._plan() and self._places.read(target):
            self._plan()
        if write.planned is not None:
            self._perform(target)
        if self.hold_note.is_due and self.pace.wait_s() <= 0:
            self.hold_note.link = self.link
            self.hold_note.work(target)
        if write.planned is None and self.pace.wait_s() <= 0 and self.marks.has_work:
            self._mark(target)

    def _reshape(self, target: SheetTarget) -> bool:
        """Have the tab look as the table's types do, before values of theirs are written; whether it does."""
        if not self.pace.may_call("write"):
            return False
        try:
            self._tools.sheet.reshape(target, list(self._retyped.values()))
        except SheetsUnavailable as error:
            self.pace.back_off(error)
            return False
        log.info("columns_reshaped", link=self.link.name, headers=list(self._retyped))
        self._retyped.clear()
        return True

    def _backlog_waits(self) -> bool:
        """Whether there is much to plan and no token to write it with; whoever asks something is answered before."""
        return len(self.news.dirty) > BACKLOG_ROWS and not (self.news.heard or self.pace.may_call("write"))

    def _fills_up(self) -> bool:
        """Whether the rows of a comparison are yet to come together for a write: one takes as long with a few."""
        if not self.news.is_filling_up(self._rows_max):
            return False
        if keys := self.news.to_ask_ahead():
            return self._ask(keys)
        if self._tools.clock.monotonic() - self._asked_at >= FILL_WAIT_S:
            return False
        self.pace.put_off(FILL_PAUSE_S)
        return True

    def _mark(self, target: SheetTarget) -> None:
        """Tell beside the cells what is to be told; values have gone first."""
        self.marks.link = self.link
        needs_positions = self.marks.work(target, self._places.known, fresh=self._places.is_fresh)
        if needs_positions and self._places.read(target):
            self.marks.work(target, self._places.known, fresh=True)

    def _lead(self) -> bool:
        """Take the link over once, and settle what a predecessor left open."""
        if self._write.epoch:
            return True
        taken = self._tools.store.run(lambda tx: sheet_tx.take_over(tx, self.link))
        if taken is None:
            self._forget()
            return False
        self._target = SheetTarget.of(self.link, taken.state)
        if taken.intent is not None:
            self.news.still_shown(taken.shown)
            self._write.take_up(planned_from_json(taken.intent.n, taken.intent.epoch, taken.intent.plan))
            log.info("settling_open_write", link=self.link.name, n=taken.intent.n)
        self._write.epoch = taken.epoch
        self.compare_all()
        return True

    # --- plan --------------------------------------------------------------------------------

    def _plan(self) -> bool:
        """Plan one write; whether it needs the rows' positions first."""
        news = self.news
        if news.compare_all:
            self._begin_comparing()
        self._planned_at = self._tools.clock.monotonic()
        self._put_off(self._places.doubts.waiting(news.dirty.first(self._rows_max)))
        keys = news.dirty.first(self._rows_max)
        request = sheet_tx.PlanRequest(
            link=self.link,
            epoch=self._write.epoch,
            keys=keys,
            heard=tuple(news.heard),
            to_name=tuple(news.to_name.items()),
            moved_ids=dict(news.moved_ids),
            positions=self._places.known,
            came=frozenset(news.dirty.came),
            went=frozenset(news.dirty.went),
            told={key: frozenset(held) for key in keys if (held := news.dirty.told.get(key))},
            left={key: news.left[key] for key in keys if key in news.left},
            missed=self._places.missed,
            origins={k: o for k in keys if (o := news.dirty.origins.get(k))},
            fresh=self._places.is_fresh,
            last=len(news.dirty) <= len(keys) and not news.asked_again,
        )
        outcome = self._tools.store.run(
            lambda tx: sheet_tx.plan_write(tx, request, lambda: self.pace.may_call("write"), self._tools.new_row_id)
        )
        news.heard.clear()  # followed, whatever else came of it
        news.still_shown(outcome.shown)
        if outcome.stopped:
            self._forget()
        elif not (outcome.no_token or outcome.needs_positions):
            news.named()
            self._write.planned, self._read_back = outcome.planned, outcome.read_back
            self._is_full = len(outcome.keys) < len(keys)
            left_out = {*outcome.absent, *outcome.busy, *outcome.doubtful}
            self._in_write = [key for key in outcome.keys if key not in left_out]
            if outcome.doubtful:
                news.ask(outcome.doubtful)
                self._asked_at = self._planned_at
            self.marks.changed(outcome.row_ids)
            self._put_off(self._places.not_found(outcome.absent))
            self._put_off(outcome.busy)
            news.dirty.take_in_hand(self._in_write)
            if outcome.planned is None:
                self._done()
        return outcome.needs_positions

    def _begin_comparing(self) -> None:
        per_page = self._tools.keys_per_page
        keys, shown = self._tools.store.run(lambda tx: sheet_tx.keys_of_all(tx, self.link, per_page=per_page))
        self.news.still_shown(shown)
        self.news.begin_comparing(keys, self._tools.clock.monotonic())

    def _put_off(self, keys: Collection[Key]) -> None:
        self.news.dirty.put_off(keys)
        self._places.put_off(keys)

    def _done(self) -> None:
        self.news.done(self._in_write)
        self._in_write = []

    def _forget(self) -> None:
        """The link is paused, held or removed; whoever lets it go on asks for everything to be compared."""
        self.news.forget()
        self.marks.forget()

    # --- send and settle -----------------------------------------------------------------------

    def _perform(self, target: SheetTarget) -> None:
        if self.news.committed_at is not None:
            waited_s = (self._tools.clock.now() - self.news.committed_at).total_seconds()
            TABLE_TO_SHEET_S.labels("committed_to_request").observe(max(0.0, waited_s))
        inserted: list[Inserted] = []

        def meanwhile() -> bool:
            if keys := self.news.to_ask_ahead():  # rows that come into the sheet after those of this write
                return self._ask(keys)
            if self._write.planned is not None and not inserted:
                inserted.append(settle_inserts(self.link, self._write.planned, self._read_back))
            return False

        self._settle(self._write.send(target, meanwhile), inserted[0] if inserted else None)

    def _ask(self, keys: Sequence[Key]) -> bool:
        """Ask about those of these that are new; whether there are any."""
        asked = self._tools.store.run(lambda tx: sheet_asking.ask_ahead(tx, self.link, keys))
        self.news.ask(asked)
        self._asked_at = self._tools.clock.monotonic()
        self.news.compared()
        return bool(asked)

    def _settle(self, answer: SwapAnswer | None, inserted: Inserted | None = None) -> None:
        planned = self._write.planned
        if answer is None or planned is None:
            return
        strange = self._write.is_strange(answer)
        outcome = self._tools.store.run(
            lambda tx: sheet_settle.settle_write(
                tx,
                self.link,
                planned,
                answer,
                epoch=self._write.epoch,
                strange=strange,
                last=len(self.news.dirty) <= len(self._in_write) and not self.news.asked_again,
                own_contents=self._places.doubts.own,
                shown=self.news.shown,
                inserted=inserted,
            )
        )
        self.pace.got_through()
        took_s = self._tools.clock.monotonic() - self._planned_at
        self._rows_max = min(rows_next(planned.write, took_s, is_full=self._is_full), self._tools.rows_max)
        log.info("written", link=self.link.name, event_id=f"write {planned.write.n}", **_told(planned))
        self._write.settled(outcome.follow_up)
        n = outcome.follow_up.write.n if outcome.follow_up else planned.write.n
        self._places.written(planned.write, moved=outcome.moved, displaced=outcome.displaced, n=n)
        came, went = planned.write.inserts, planned.write.deletes
        self.marks.came_or_went({row.row_id for row in came} | {row.row_id for row in went})
        if planned.write.ids:
            self.marks.rows_moved()
        self._done()
        self.news.dirty.add(outcome.again, None)
        self._put_off(outcome.displaced.values())


def _told(planned: PlannedWrite) -> Json:
    """What a person follows a change by: the rows, and the transactions that changed them in the table."""
    write = planned.write
    return {
        "rows": sorted(write.row_ids)[:ROWS_TOLD_MAX],
        "row_count": len(write.row_ids),
        "transactions": list(dict.fromkeys(origin.transaction for origin in planned.origins.values())),
    }
