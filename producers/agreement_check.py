"""After a scan: does the table hold the same? Keeps for each link the moment as of which both are known identical.

Costs no call to Google, because the scan has the tab in hand. What if it runs twice, late or beside another one?
What it hands on only says where to look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol

import structlog

from app.piecewise import Piecewise, TableReader, WholeTableReader
from core.agreement import SEEN_MAX, Verdict, judge, told
from core.compare import Difference, differences
from core.errors import MysqlRefused, Unfit
from core.events import TABLE_CHANGED
from core.model import Link, RowBase
from core.ports import Clock, Transaction
from core.sheet import TabImage

SHARE_MAX = 0.05
"""Part of the time that the checks of one link may take: one of a large table comes the more rarely."""

log = structlog.get_logger("sheet_scanner")


class Queues(Protocol):
    """What is on its way of a link."""

    def is_at_rest(self, link: Link) -> bool:
        """Whether nothing is."""

    def followed_to(self, link: Link) -> int | None:
        """How many changes have been told of the table, or of others beside it; ``None`` while one is on its way."""


@dataclass(slots=True)
class _Checked:
    """What the last check of a link found, and when the next one may be."""

    seen: Mapping[Difference, float] = field(default_factory=dict)
    not_before: float = 0.0
    followed_to: int | None = None
    """See :class:`Queues`; as the next check was about to begin."""


class AgreementCheck:
    """Compares a tab that was just read with its table.

    Args:
        table: the linked table.
        queues: whether something of a link is on its way.
        clock: how long a check takes.
    """

    def __init__(self, table: WholeTableReader, queues: Queues, clock: Clock) -> None:
        self._table = table
        self._queues = queues
        self._clock = clock
        self._checked: dict[str, _Checked] = {}

    def rests_before(self, link: Link) -> bool:
        """To be asked before the tab is read; a link whose last look found no difference costs nothing."""
        checked = self._checked.get(link.name)
        if checked is None or not checked.seen:
            return False
        checked.followed_to = self._queues.followed_to(link)
        return self._queues.is_at_rest(link)

    def look(
        self,
        link: Link,
        image: TabImage,
        known_to_differ: Collection[tuple[str, str]],
        bases: Mapping[str, RowBase],
        *,
        rested: bool,
    ) -> Verdict | None:
        """Compare, and tell the log what no event explains.

        Args:
            link: the link.
            image: its tab, just read.
            known_to_differ: (row id, column) of cells that wait or were refused.
            bases: of the link's rows, by row id; they tell only which row of the table one belongs to that does not
                show it.
            rested: the answer of :meth:`rests_before`.

        Returns:
            What the two sides are, for :func:`note`; ``None`` where it is too early for another look.
        """
        checked = self._checked.setdefault(link.name, _Checked())
        began = self._clock.monotonic()
        if began < checked.not_before:
            return None
        try:
            rows = self._table.read_rows(link)
            found = list(islice(differences(link, image, rows, known_to_differ, bases), SEEN_MAX))
        except (MysqlRefused, Unfit) as error:
            _tell_refused(link, error)
            return None
        return self._judged(link, found, began, self._clock.monotonic() - began, rested=rested)

    def begin(self, link: Link) -> PieceByPiece | None:
        """To be asked before the first piece of a tab is read; ``None`` where it is too early for another look."""
        now, checked = self._clock.monotonic(), self._checked.setdefault(link.name, _Checked())
        return PieceByPiece(link, self._table, self._clock, now) if now >= checked.not_before else None

    def conclude(self, link: Link, pieces: PieceByPiece, *, rested: bool) -> Verdict | None:
        """The same as :meth:`look` tells, of a tab whose every piece was compared."""
        found = pieces.finish()
        return None if found is None else self._judged(link, found, pieces.began_s, pieces.spent_s, rested=rested)

    def _judged(
        self, link: Link, found: Collection[Difference], began_s: float, spent_s: float, *, rested: bool
    ) -> Verdict:
        checked = self._checked[link.name]
        # the table may have changed since the queues were asked, back to what it held at the look before
        rested = rested and bool(found) and self._queues.followed_to(link) == checked.followed_to is not None
        verdict = judge(found, checked.seen, began_s, rested=rested)
        checked.seen, checked.not_before = verdict.seen, self._clock.monotonic() + spent_s / SHARE_MAX
        if verdict.unexplained:
            log.warning("differs", link=link.name, cells=len(verdict.unexplained), first=told(verdict.unexplained))
        return verdict


class PieceByPiece:
    """The same of a tab that is read piece by piece.

    Args:
        link: the link.
        table: its table.
        clock: how long it takes.
        began_s: when the first piece was about to be read.
    """

    def __init__(self, link: Link, table: TableReader, clock: Clock, began_s: float) -> None:
        self.began_s, self.spent_s = began_s, 0.0
        self._link, self._clock = link, clock
        self._both = Piecewise(link, table, SEEN_MAX)
        self._is_refused = False

    def add(
        self,
        image: TabImage,
        known_to_differ: Collection[tuple[str, str]],
        bases: Mapping[str, RowBase],
        *,
        perhaps_again: bool = False,
    ) -> None:
        """Compare one piece, or rows that have come since their pieces, or that a piece may have shown already;
        arguments as of :meth:`AgreementCheck.look`."""
        with self._reading():
            self._both.add(image, known_to_differ, bases, perhaps_again=perhaps_again)

    def finish(self) -> list[Difference] | None:
        """What differs; ``None`` where pieces showed one row twice, or the table was not read: nobody can tell."""
        is_told = False
        with self._reading():
            is_told = self._both.finish()
        return self._both.found if is_told and not self._is_refused else None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        began = self._clock.monotonic()
        try:
            yield
        except (MysqlRefused, Unfit) as error:
            self._is_refused = True
            _tell_refused(self._link, error)
        self.spent_s += self._clock.monotonic() - began


def _tell_refused(link: Link, error: Exception) -> None:
    """The sheet writer meets the same refusal, and holds the link if it lasts."""
    log.warning("table_unreadable", link=link.name, reason=str(error))


def note(tx: Transaction, name: str, read_at: datetime, verdict: Verdict) -> None:
    """Write a look's result down, and hand what no event explains to the planner: it compares the whole link.

    Args:
        tx: where it is written.
        name: of the link.
        read_at: when the read of the tab began, or that of its first piece.
        verdict: of the look.
    """
    tx.note_check(name, read_at if verdict.identical else None, len(verdict.unexplained))
    if verdict.unexplained:
        tx.send(TABLE_CHANGED, name, {"kind": "link", "link": name})
