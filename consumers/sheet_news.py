"""What is to be looked at of one link: what the events have told and nobody has carried out yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import structlog

from app.metrics import COMPARING_ROWS
from core.dirty import DirtyRows
from core.key_pages import KeyPages
from core.model import Key, Stamp
from core.origin import Origin
from core.ports import Json
from core.progress import Progress
from core.renames import Anew, Asked, Heard, Renamed, composed
from core.sheet_plan import NameRow

SHOWN_MAX = 10_000
"""So many changed keys are kept in mind until the tab shows them."""
AHEAD_ROWS_MAX = 1_000
"""So many rows are asked about at a time while a write is on its way, whose answer waits until that is done."""
READY_ROWS_MAX = 15_000
"""Rows that are asked about, or wait to be written: with so many no more are asked about ahead."""

log = structlog.get_logger("sheet_writer")


class LinkNews:
    """News of one link, until they are carried out. Nothing here is shared between threads.

    Args:
        link: its name.
    """

    def __init__(self, link: str) -> None:
        self._link = link
        self.dirty = DirtyRows()
        self.heard: list[Heard] = []
        """What the change feed has told of keys that changed, and what was asked of them meanwhile, in order."""
        self.to_name: dict[int, NameRow] = {}
        """Rows of the tab that need an id: by 1-based row, the id there now and the one to give (or a fresh one)."""
        self.moved_ids: dict[str, Stamp] = {}
        """Of the ids among them that known rows have, the stamp of the scan that found the row beside another one."""
        self.shown: dict[Key, Key] = {}
        """Of rows whose key has changed in the table, the key that the tab may still show, and the new one."""
        self.compare_all = False
        """Everything may differ."""
        self.asked_again: set[Key] = set()
        """Keys that the change feed is to tell again."""
        self.left: dict[Key, str] = {}
        """Ids of rows that have left the table on their way back into the tab, as the change feed has answered."""
        self.committed_at: datetime | None = None
        """When the oldest change was committed that nobody has carried out."""
        self._comparing: Progress | None = None
        """A whole comparison, until all its rows have been looked at."""
        self._stands_for: int | None = None
        """The oldest event that a whole comparison is made instead of."""

    def __bool__(self) -> bool:
        return bool(len(self.dirty) or self.compare_all or self.to_name or self.heard)

    def changed(
        self,
        keys: Mapping[Key, str],
        renamed: Renamed,
        prints: Collection[tuple[Key, str]],
        at: datetime | None,
        offset: int,
    ) -> None:
        """Rows of the table changed in one transaction, committed ``at``; ``keys`` with their kinds, ``renamed`` with
        every key that was passed through, and what the rows that came hold."""
        came = self.dirty.came.intersection(key for pair in renamed.pairs for key in pair)
        for pair in renamed.pairs:
            self.dirty.handed_on(pair)
            self.dirty.add(pair, offset)
        self.dirty.tell(prints)
        if renamed.pairs:
            self.heard.append(Renamed(composed(renamed.pairs), renamed.place, dict(prints), frozenset(came)))
        self.dirty.add(keys, offset)
        self.dirty.vouch(keys.items())
        self.committed_at = self.committed_at or at

    def traced(self, keys: Iterable[Key], origin: Origin) -> None:
        """It was this transaction that changed these rows."""
        self.dirty.origins.update(dict.fromkeys(keys, origin))

    def to_ask_ahead(self) -> list[Key]:
        """Rows of a comparison to ask about while a write is on its way: the answers take a while, and the next write
        is to be full. None where enough of them are ready."""
        room = READY_ROWS_MAX - len(self.asked_again) - self.dirty.fresh
        return self.dirty.compared_next(max(0, min(AHEAD_ROWS_MAX, room)))

    def is_filling_up(self, rows_max: int) -> bool:
        """Whether a write of so many rows would go out less than half full, with nothing but rows of a comparison in
        it, while the change feed is about to answer for more of them."""
        if self.heard or self.to_name or self.compare_all:
            return False
        ready, coming = self.dirty.fresh, len(self.asked_again)
        return 2 * ready < min(rows_max, ready + coming) and not self.dirty.has_news

    def ask(self, keys: Collection[Key]) -> None:
        """The change feed is asked about these; they wait for its answer."""
        self.asked_again.update(keys)
        self.dirty.ask(keys)

    def look_again(self, keys: Mapping[Key, str], prints: Iterable[tuple[Key, str]], offset: int) -> None:
        """Base and table may differ in these rows; ``keys`` with their kinds, and what the table held under them."""
        self.dirty.add(keys, offset)
        self.dirty.tell(prints)
        self.dirty.vouch(keys.items())
        self.asked_again.difference_update(keys)

    def done(self, keys: Collection[Key]) -> None:
        """These have been looked at, as they were when that began."""
        self.dirty.done(keys)
        for key in keys:
            self.left.pop(key, None)
        self.committed_at = None
        self.compared()

    def still_shown(self, keys: Mapping[Key, Key]) -> None:
        """The tab shows these keys of rows that have others by now."""
        self.shown.update(keys)
        for key in list(self.shown)[:-SHOWN_MAX]:
            del self.shown[key]

    def name(self, rows: Collection[tuple[int, NameRow]], stamp: Stamp) -> None:
        """A scan with that stamp found rows that need an id."""
        self.to_name.update(rows)
        self.moved_ids.update({row_id: stamp for _, (_, row_id) in rows if row_id is not None})

    def named(self) -> None:
        """What was to be named is so, or was so already."""
        self.to_name.clear()
        self.moved_ids.clear()

    def asked(self, questions: Iterable[Json]) -> None:
        """The table writer wants to know whether other rows have got the keys of these."""
        rows = list(questions)
        self.heard += [Asked(rows)] if rows else []

    def feed_began(self, anew: Anew) -> None:
        """The change feed begins anew: keys may have changed without a word."""
        self.heard.append(anew)

    def go_on_from(self, before: LinkNews) -> None:
        """The next whole comparison is made instead of all that had been told and not carried out; but for what it
        cannot find out: keys that changed, and what the table writer has asked."""
        self._stands_for = before.oldest_offset()
        self.heard = before.heard

    def oldest_offset(self) -> int | None:
        """The first event that is not done yet; ``None`` when none waits."""
        stands_for = self._stands_for if self.compare_all or self._comparing else None
        anew = [one.offset for one in self.heard if isinstance(one, Anew)]
        return min((o for o in (stands_for, *anew, self.dirty.oldest_offset()) if o is not None), default=None)

    def progress(self, now_s: float) -> str:
        """How far a whole comparison has come; empty where none is under way."""
        if self._comparing is None:
            return ""
        return f"comparing {self._link}: {self._comparing.text(self.dirty.to_compare, now_s)}"

    def begin_comparing(self, keys: KeyPages, now_s: float) -> None:
        """These are all rows of the link, and each of them may differ."""
        self.compare_all = False
        self.dirty.compare(keys)
        self._comparing = Progress(len(keys), now_s)
        log.info("comparing_whole", link=self._link, rows=len(keys))
        self.compared()

    def compared(self) -> None:
        """Tell how far a whole comparison has come."""
        if self._comparing is None:
            return
        left = self.dirty.to_compare
        COMPARING_ROWS.labels(self._link).set(left)
        log.info("compared", link=self._link, rows_left=left)
        if not left:
            self._comparing = None

    def forget(self) -> None:
        """The link is paused, held or removed; whoever lets it go on asks for everything to be compared."""
        self.dirty = DirtyRows()
        self.heard.clear()
        self.named()
        self.asked_again.clear()
        self.shown.clear()
        self.left.clear()
        self.compare_all = False
        self.compared()
