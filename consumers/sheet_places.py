"""Where the rows of one link stand in its tab, as far as its writer knows, and which of them were not to be found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from core.dirty import AbsentRows
from core.displaced import Doubts
from core.errors import SheetsUnavailable
from core.model import Key, Stamp
from core.ports import Clock, Sheet
from core.positions import after_write, with_hints
from core.sheet import Positions, SheetTarget, SwapWrite


class Places:
    """What reads of the id column, the script, scans and our own writes have told.

    Args:
        sheet: is read where nobody has told.
        clock: when rows that were not found are looked for again.
        may_call: takes a token of the quota.
        back_off: is told of a read that Google did not take.
    """

    def __init__(
        self,
        sheet: Sheet,
        clock: Clock,
        may_call: Callable[[str], bool],
        back_off: Callable[[SheetsUnavailable], None],
    ) -> None:
        self._sheet = sheet
        self._clock = clock
        self._may_call = may_call
        self._back_off = back_off
        self._absent = AbsentRows()
        self.known: Positions | None = None
        self.is_fresh = False
        """They were read in this round."""
        self.missed: dict[str, Stamp] = {}
        """Rows that the last scan has missed, with its stamp."""
        self.doubts = Doubts()

    # --- what is told -------------------------------------------------------------------

    def lose(self) -> None:
        """Nobody knows where rows stand."""
        self.known = None

    def moved(self) -> None:
        """Rows or columns came, went or moved in the sheet."""
        self.lose()
        self.doubts.clear()
        self._hurry()

    def seen(self, hints: Collection[tuple[str, int]]) -> bool:
        """The script has seen these rows at these places; whether that is news."""
        self._hurry()
        if self.known is None:
            return False
        is_news = any(self.known.rows.get(row_id) != row for row_id, row in hints)
        self.known = with_hints(self.known, hints)
        return is_news

    def missed_by(self, row_ids: Iterable[str], stamp: Stamp) -> None:
        """A scan with that stamp has found these rows neither by their ids nor by their keys."""
        self.missed = dict.fromkeys(row_ids, stamp)
        self._hurry()

    def written(self, write: SwapWrite, *, moved: bool, displaced: Mapping[str, Key], n: int) -> None:
        """A write of ours has landed; ``n`` is that of the write from which on the displaced rows may stand again."""
        if moved:
            self.lose()
        elif self.known is not None:
            self.known = after_write(self.known, write)
        self.doubts.written(write.row_ids)
        self.doubts.add(displaced, n)

    def _hurry(self) -> None:
        self._absent.hurry(self._clock.monotonic())

    # --- looking ------------------------------------------------------------------------

    def read(self, target: SheetTarget) -> bool:
        """Read the id column now; whether Google let us."""
        if not self._may_call("read"):
            return False
        try:
            self.known = self._sheet.read_positions(target)
        except SheetsUnavailable as error:
            self._back_off(error)
            return False
        self.is_fresh = True
        return True

    @property
    def are_due(self) -> bool:
        """Whether it is time to look again for rows that were not found."""
        return self._absent.are_due(self._clock.monotonic())

    def take(self) -> list[Key]:
        """Those rows; a new round begins."""
        self.is_fresh = False
        keys = self._absent.take(self._clock.monotonic())
        self.doubts.due(keys)
        return keys

    def put_off(self, keys: Collection[Key]) -> None:
        """Look for these again after a pause."""
        if keys:
            self._absent.add(keys, self._clock.monotonic())

    def not_found(self, absent: Collection[Key]) -> Collection[Key]:
        """These were not where they were looked for, perhaps none; those to be put off, because the look was a fresh
        one."""
        if not absent:
            if not self.doubts:
                self._absent.found()
            return ()
        self.known = None
        return absent if self.is_fresh else ()
