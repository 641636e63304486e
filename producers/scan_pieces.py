"""A tab too large for one read, scanned piece by piece: first a sweep, then a look at what it has not found in place.

Each step is one read, so that other links are scanned in between. What if it dies halfway? Nothing of it is kept: the
next one begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core import scan_guards
from core.errors import SheetsRefused
from core.findings import Findings, Looked
from core.look import Lot
from core.model import Link, RowBase
from core.parents import PARENT
from core.ports import Clock, LinkState, Sheet, Store, Transaction
from core.sheet import SheetTarget, Span, TabImage
from core.sift import Swept
from core.sweep import Sweep
from core.texts import Texts
from producers.agreement_check import AgreementCheck, PieceByPiece

CELLS_AT_ONCE = 120_000
"""Of one read; some 12 MB of JSON."""
MISSING_AT_ONCE = 1_000
"""Bases of missing rows; most of many need not be kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the schema knew just before the tab, or some rows of it, were read."""

    state: LinkState | None
    bases: Mapping[str, RowBase]
    waiting: list[str]
    differing: list[tuple[str, str]]
    """Cells of which it is known."""
    number: int
    """Of the scan that is about to begin; 0 where none is."""
    count: int = 0
    """Of bases; fewer may have been asked for."""

    @property
    def reason(self) -> str | None:
        """Of the link's state."""
        return self.state.reason if self.state else None

    @property
    def settled_n(self) -> int:
        """Number of our last settled write."""
        return self.state.settled_n if self.state else 0

    @property
    def columns(self) -> str | None:
        """What is remembered of the link's columns."""
        return self.state.known if self.state else None

    @property
    def open_rows(self) -> frozenset[str]:
        """Ids of rows of which it is known that a cell differs."""
        return frozenset(row_id for row_id, _ in self.differing)


def known_now(tx: Transaction, name: str, rows_max: int) -> Known:
    """What is known of a link; no bases where there are more than ``rows_max``."""
    state = tx.link_state(name)
    count = tx.count_bases(name)
    return _known(tx, name, state, tx.all_bases(name) if count <= rows_max else {}, count)


def _known(tx: Transaction, name: str, state: LinkState | None, bases: Mapping[str, RowBase], count: int) -> Known:
    """The state was read before the bases: these tell of every write that it says was settled."""
    return Known(
        state,
        bases,
        tx.waiting_rows(name, ("incomplete", PARENT, "intent")),
        tx.known_to_differ(name),
        # the last, because it locks the link
        number=tx.next_scan(name) if state is not None and state.state == "live" else 0,
        count=count,
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look has shown, for the rules to judge."""

    known: Known
    image: TabImage
    looked: Looked
    began: datetime
    """When the sweep did."""
    is_last: bool
    """There is no more to look at."""


class Moved(Exception):
    """People have moved so much that this scan has to begin anew.

    Args:
        refused: what Google says, where it refuses the rows: the grid may end above them by now.
    """

    def __init__(self, refused: SheetsRefused | None = None) -> None:
        super().__init__(refused)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Tools:
    """What a scan in pieces works with."""

    store: Store
    sheet: Sheet
    check: AgreementCheck
    clock: Clock
    rows_at_once: int
    """That a read takes."""


class Pieces:
    """One scan of one tab, read by read.

    Args:
        link: the link.
        target: its tab.
        known: before anything of it was read.
        tools: to work with.
        told: rows that edit events told of.
        awaited: somebody waits for this scan.
    """

    def __init__(
        self, link: Link, target: SheetTarget, known: Known, tools: Tools, told: Container[str], *, awaited: bool
    ) -> None:
        self.link = link
        self.is_beside_writes = False
        """We have written into the tab between its last two reads."""
        self._spent_s = 0.0
        """How long it has worked and not rested for."""
        self._n: int | None = None
        self.rested = not awaited and tools.check.rests_before(link)
        self.checked: PieceByPiece | None = tools.check.begin(link)
        """What of both sides was compared; ``None`` where it is too early for that."""
        self._target, self._begun, self._told, self._tools = target, known, told, tools
        self._rows_at_once = tools.rows_at_once
        self._swept = Swept()
        self._sweeping = Sweep(tools.rows_at_once)
        self._first: TabImage | None = None
        self._lot: Lot | None = None

    def step(self) -> Shown | None:
        """Read once; what there is to judge, if there is.

        Raises:
            Moved: begin anew.
        """
        began = self._tools.clock.monotonic()
        try:
            return self._look(self._lot) if self._lot is not None else self._sweep()
        finally:
            self._spent_s += self._tools.clock.monotonic() - began

    def rest_s(self, share_max: float) -> float:
        """How long it is to rest now, so that it works no more than that share of the time."""
        spent_s, self._spent_s = self._spent_s, 0.0
        return spent_s * (1 / share_max - 1)

    def note(self, shown: Shown, found: Findings) -> None:
        """This was found; the next step looks at the next rows, if there are any."""
        self._swept.note(shown.looked, found)
        lot = self._lot
        if lot is not None and lot.next_row is not None:
            self._lot = Lot(self.link, self._swept, lot.next_row, shown.image.grid_rows, self._rows_at_once)

    # --- the sweep

    def _sweep(self) -> Shown | None:
        # Base may be read after a piece: what agrees with it does so in its place, and all else is looked at again.
        image = self._read([self._sweeping.span], with_ids=self._first is None)
        ids = {row.row_id for row in image.rows if row.row_id}
        return self._take(image, self._tools.store.run(lambda tx: _known_of(tx, self.link.name, ids)))

    def _take(self, image: TabImage, known: Known) -> Shown | None:
        if self._first is None:
            self._first = replace(image, rows=(), ids=())
            self._swept.begin(image.header_row, image.ids)
            if scan_guards.damaged(self.link, image, self._begun.settled_n):
                return Shown(self._begun, image, Looked((), {}, (), 0), image.read_at, is_last=True)
        self._swept.add(self.link, image.rows, known.bases, known.open_rows, self._told)
        if self.checked is not None:
            self.checked.add(image, known.differing, known.bases)
        if not self._sweeping.goes_on(image):
            self._lot = Lot(self.link, self._swept, 1, image.grid_rows, self._rows_at_once)
        return None

    # --- the look

    def _look(self, lot: Lot) -> Shown | None:
        known, base_ids = self._tools.store.run(lambda tx: _known_for(tx, self.link.name, lot))
        if not known.number:
            raise Moved
        image = self._read(lot.spans, with_ids=True)
        image = replace(image, stamp=replace(image.stamp, scan=known.number))
        self._sift_late(image, known, base_ids)
        looked = lot.take(image, known.bases, base_ids, known.open_rows)
        if looked is None:
            if lot.is_spent:
                raise Moved
            return None
        began = self._first.read_at if self._first else image.read_at
        return Shown(known, image, looked, began, is_last=lot.next_row is None)

    def _sift_late(self, image: TabImage, known: Known, base_ids: Texts) -> None:
        """Rows that have come since the sweep may be in their place as well: while our own writes bring rows by the
        hundreds, no look would come with base of all of them. No piece has shown them to be compared."""
        rows = [row for row in image.rows if row.row_id in base_ids and row.row_id not in known.bases]
        if rows:
            ids = {row.row_id for row in rows if row.row_id}
            late = self._tools.store.run(lambda tx: tx.all_bases(self.link.name, ids))
            self._swept.add_late(self.link, rows, late, known.open_rows)
            if self.checked is not None:
                late_rows = replace(image, rows=tuple(rows))
                self.checked.add(late_rows, known.differing, late, perhaps_again=True)

    def _read(self, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        try:
            image = self._tools.sheet.read_spans(self._target, spans, with_ids=with_ids)
        except SheetsRefused as error:
            if self._first is None:
                raise
            raise Moved(error) from error
        place = (image.columns, image.header_row)
        if self._first is not None and place != (self._first.columns, self._first.header_row):
            raise Moved
        self.is_beside_writes, self._n = self._n not in (None, image.stamp.n), image.stamp.n
        return image


def _known_of(tx: Transaction, name: str, row_ids: Collection[str]) -> Known:
    """What sifting a piece needs."""
    return Known(None, tx.all_bases(name, row_ids), [], tx.known_to_differ(name), number=0)


def _known_for(tx: Transaction, name: str, lot: Lot) -> tuple[Known, Texts]:
    """What judging a look needs, and the ids of all bases."""
    state, ids, missing = tx.link_state(name), Texts(), []
    for row_id in tx.base_ids(name):
        ids.add(row_id)
        if row_id in lot.missing:
            missing.append(row_id)
    kept: set[str] = set()
    for first in range(0, len(missing), MISSING_AT_ONCE):
        some = missing[first : first + MISSING_AT_ONCE]
        kept.update(i for i, base in tx.all_bases(name, some).items() if lot.kept(base, len(kept)))
    return _known(tx, name, state, tx.all_bases(name, kept | lot.wanted), len(ids)), ids
