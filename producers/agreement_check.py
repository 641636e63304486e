"""After a scan: does the table hold the same? Keeps for each link the moment as of which both are known identical.

Costs no call to Google, because the scan has the tab in hand. What if it runs twice, late or beside another one?
What it hands on only says where to look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import structlog

from core.agreement import Verdict, judge, told
from core.compare import Difference, differences
from core.errors import MysqlRefused, Unfit
from core.events import TABLE_CHANGED
from core.model import Key, Link, RowBase
from core.ports import Clock, TableRow, Transaction
from core.sheet import TabImage

SHARE_MAX = 0.05
"""Part of the time that the checks of one link may take: one of a large table comes the more rarely."""

SEEN_MAX = 10_000
"""So many differing cells are looked at; while rows are copied by the thousands, there may be millions."""

log = structlog.get_logger("sheet_scanner")


class TableReader(Protocol):
    """Reads a linked table whole, as of one moment, without locks."""

    def __call__(self, link: Link) -> Iterable[tuple[Key, TableRow]]: ...


class Queues(Protocol):
    """What is on its way of a link."""

    def is_at_rest(self, link: Link) -> bool:
        """Whether nothing is."""

    def is_followed(self, link: Link) -> bool:
        """Whether no change of the table is."""


@dataclass(slots=True)
class _Checked:
    """What the last check of a link found, and when the next one may be."""

    seen: Mapping[Difference, float] = field(default_factory=dict)
    not_before: float = 0.0


class AgreementCheck:
    """Compares a tab that was just read with its table.

    Args:
        read_table: the linked table.
        queues: whether something of a link is on its way.
        clock: how long a check takes.
    """

    def __init__(self, read_table: TableReader, queues: Queues, clock: Clock) -> None:
        self._read_table = read_table
        self._queues = queues
        self._clock = clock
        self._checked: dict[str, _Checked] = {}

    def rests_before(self, link: Link) -> bool:
        """To be asked before the tab is read; a link whose last look found no difference costs nothing."""
        checked = self._checked.get(link.name)
        return checked is not None and bool(checked.seen) and self._queues.is_at_rest(link)

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
            found = list(islice(differences(link, image, self._read_table(link), known_to_differ, bases), SEEN_MAX))
        except (MysqlRefused, Unfit) as error:
            # The sheet writer meets the same refusal, and holds the link if it lasts.
            log.warning("table_unreadable", link=link.name, reason=str(error))
            return None
        now = self._clock.monotonic()
        # the table may have changed since the queues were asked, back to what it held at the look before
        rested = rested and bool(found) and self._queues.is_followed(link)
        verdict = judge(found, checked.seen, began, rested=rested)
        checked.seen, checked.not_before = verdict.seen, now + (now - began) / SHARE_MAX
        if verdict.unexplained:
            log.warning("differs", link=link.name, cells=len(verdict.unexplained), first=told(verdict.unexplained))
        return verdict


def note(tx: Transaction, name: str, image: TabImage, verdict: Verdict) -> None:
    """Write a look's result down, and hand what no event explains to the planner: it compares the whole link."""
    tx.note_check(name, image.read_at if verdict.identical else None, len(verdict.unexplained))
    if verdict.unexplained:
        tx.send(TABLE_CHANGED, name, {"kind": "link", "link": name})
