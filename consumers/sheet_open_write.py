"""The write to the sheet that is planned and not settled yet: send it, and find out whether it landed.

What if this stops halfway? The intent is in the database; whoever leads the link next asks the sheet's counters
whether the write landed, before anything else is done.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from app.metrics import TABLE_TO_SHEET_S
from consumers import sheet_settle
from consumers.sheet_pace import Pace
from core.errors import ReplyLost, SheetsRefused, SheetsUnavailable
from core.intent import PlannedWrite
from core.ports import Meanwhile, Sheet, Store
from core.sheet import SheetTarget, SwapAnswer

log = structlog.get_logger("sheet_writer")


class OpenWrite:
    """At most one write of one link.

    Args:
        link: its name.
        store: where the write's intent stands.
        sheet: where it is sent to.
        meanwhile: lets work go on while it is on its way.
        pace: when Google may be called.
        lose_places: called where rows may stand elsewhere than the write said.
    """

    def __init__(
        self,
        link: str,
        store: Store,
        sheet: Sheet,
        *,
        meanwhile: Meanwhile,
        pace: Pace,
        lose_places: Callable[[], None],
    ) -> None:
        self._link = link
        self._store = store
        self._sheet = sheet
        self._meanwhile = meanwhile
        self._pace = pace
        self._lose_places = lose_places
        self.planned: PlannedWrite | None = None
        self.in_doubt = False
        """Nobody knows yet whether it landed."""
        self.epoch = 0
        """Of whoever sends; 0 while the link is not led."""
        self._refusals = 0
        self._counters: tuple[int, int] | None = None
        """Number and epoch of our own last write that landed."""

    def take_up(self, planned: PlannedWrite) -> None:
        """A predecessor has left this write open."""
        self.planned, self.in_doubt = planned, True

    def send(self, target: SheetTarget, work: Callable[[], bool]) -> SwapAnswer | None:
        """Send it; the answer, where it has landed and is to be settled.

        Args:
            target: the tab.
            work: is done again and again while the write is on its way, as long as there is more.

        Raises:
            SheetsRefused: Google refuses for good.
            MysqlUnavailable: MySQL does not answer.
        """
        planned = self._now_open()
        try:
            with TABLE_TO_SHEET_S.labels("request").time():
                answer = self._meanwhile(lambda: self._sheet.swap(target, planned.write), work)
        except ReplyLost as error:
            self.in_doubt = True
            self._pace.back_off(error)
        except SheetsUnavailable as error:
            self._pace.back_off(error)
            self._not_landed(planned)
        except SheetsRefused as error:
            self._refused(planned, error)
        else:
            return self._landed_with(planned, answer)
        return None

    def ask(self, target: SheetTarget) -> SwapAnswer | None:
        """Ask the sheet itself whether it landed; the answer, where it has and is to be settled."""
        planned = self._now_open()
        if not self._pace.may_call("read"):
            return None
        try:
            answer = self._sheet.recall(target, planned.write)
        except SheetsUnavailable as error:
            self._pace.back_off(error)
            return None
        self.in_doubt = False
        if answer is not None:
            return self._landed_with(planned, answer)
        self._not_landed(planned)
        return None

    def is_strange(self, answer: SwapAnswer) -> bool:
        """Whether the counters that it found are not those of our last write: a stalled writer wrote after it had
        been replaced, or an old version was restored."""
        found = (answer.before.n, answer.before.epoch)
        is_strange = self._counters is not None and found != self._counters
        if is_strange:
            log.warning("strange_counters", link=self._link, expected=self._counters, found=found)
        return is_strange

    def settled(self, follow_up: PlannedWrite | None) -> None:
        """It is over; what puts its mistakes back is the next one."""
        self._note_counters(self._now_open())
        self.planned = follow_up

    def _now_open(self) -> PlannedWrite:
        if self.planned is None:
            raise ValueError("a write is planned before it is sent")
        return self.planned

    def _note_counters(self, planned: PlannedWrite) -> None:
        self._counters = (planned.write.n, planned.write.epoch)

    def _landed_with(self, planned: PlannedWrite, answer: SwapAnswer) -> SwapAnswer | None:
        self._refusals = 0
        if not answer.layout_changed:
            return answer
        self._lose_places()
        self._note_counters(planned)  # the sheet itself has taken it back: only the counters moved
        self._not_landed(planned)
        if self.planned is not None:
            self.planned = self._store.run(lambda tx: sheet_settle.send_anew(tx, self._link, planned, self.epoch))
        return None

    def _not_landed(self, planned: PlannedWrite) -> None:
        """Close it, its rows are planned anew; what undoes a mistake is sent again instead."""
        if not planned.write.brings_back:
            self._store.run(lambda tx: sheet_settle.close_write(tx, self._link, planned.write.n))
            self.planned = None

    def _refused(self, planned: PlannedWrite, error: SheetsRefused) -> None:
        """Rows that left the tab are refused by their number: look where they stand, and only then give up.

        What is sent until it has landed is refused once it has.
        """
        self._refusals += 1
        self._lose_places()
        self._not_landed(planned)
        self.in_doubt = self.planned is not None
        if self._refusals > 1:
            self._refusals = 0
            raise error
