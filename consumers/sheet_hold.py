"""The note in the header row that tells why a link is held, and how it goes on.

Nothing rests on it. That it may stand there is noted before it is written, so that whoever goes on after a crash
looks for it; a person's own note on the same cell stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from core.errors import SheetsRefused, SheetsUnavailable
from core.marks import amends, hold_text, plan_hold_note, still_due
from core.model import Link
from core.ports import SheetMarks, Store
from core.sheet import LookedRow, MarksLook, MarkWrite, SheetTarget

log = structlog.get_logger("sheet_writer")


class HoldNote:
    """Writes one link's note, and takes it away.

    Args:
        link: as resolved now; replaced when links.yaml or the table changes.
        store: where holds are kept.
        marks: notes in the sheet.
        may_call: takes a token of the quota for a ``read`` or ``write``; whether it was in hand.
        back_off: Google did not take a call.
        astray: called where the note was to be taken away and does not stand there any more.
    """

    def __init__(  # noqa: PLR0917 -- what it works with
        self,
        link: Link,
        store: Store,
        marks: SheetMarks,
        may_call: Callable[[str], bool],
        back_off: Callable[[SheetsUnavailable], None],
        astray: Callable[[], None],
    ) -> None:
        self.link = link
        self.is_due = False
        """Whether the link may have been held, or may have gone on, since the note was written."""
        self._store = store
        self._marks = marks
        self._may_call = may_call
        self._back_off = back_off
        self._astray = astray
        self._owed: list[MarkWrite] = []
        """What the note has replaced by mistake."""

    def work(self, target: SheetTarget) -> None:
        """Compare what is to be told with what stands there, by at most one read and one write."""
        holds = self._store.run(lambda tx: tx.holds(self.link.name))
        if not holds:
            self.is_due = False
            return
        last = holds[-1]
        try:
            self.is_due = not self._write(target, hold_text(last.reason) if last.is_open else None)
        except SheetsRefused as error:
            log.warning("hold_note_refused", link=self.link.name, reason=error.message)
            self.is_due = False

    def _write(self, target: SheetTarget, wanted: str | None) -> bool:
        """Whether the note is as it is to be."""
        rows = {write.row for write in self._owed}
        look = self._looked(target, rows)
        if look is None:
            return False
        note = plan_hold_note(self.link.headers, look, wanted)
        writes = [*still_due(self._owed, look), *([note] if note else [])]
        if note is None and wanted is None:
            self._astray()
        if writes and not self._mark(target, look, writes, is_wanted=wanted is not None):
            return False
        self._store.run(lambda tx: tx.show_hold(self.link.name, shown=wanted is not None))
        return not self._owed

    def _looked(self, target: SheetTarget, rows: Collection[int]) -> MarksLook | None:
        if not self._may_call("read"):
            return None
        try:
            return self._marks.look(target, rows)
        except SheetsUnavailable as error:
            self._back_off(error)
            return None

    def _mark(self, target: SheetTarget, look: MarksLook, writes: list[MarkWrite], *, is_wanted: bool) -> bool:
        """Whether it has landed."""
        if not self._may_call("write"):
            return False
        if is_wanted:
            self._store.run(lambda tx: tx.show_hold(self.link.name, shown=True))
        hit: tuple[LookedRow, ...] | None = None
        try:
            hit = self._marks.mark(target, look, writes)
        except SheetsUnavailable as error:
            self._back_off(error)
        if hit is None:
            return False
        self._owed = amends(writes, hit, look)
        return True
