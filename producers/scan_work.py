"""Reads tabs and publishes what differs from base: the truth behind the script's fast path.

A tab is read at the start, on a structure event, a few seconds after the last edit of a burst, when asked,
and otherwise once a minute. What if a scan comes late, twice or beside another one? Its stamp tells how old
its look is, and the table writer decides by that alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

import structlog

from app.metrics import count_failure
from app.said import troubles
from core import guards
from core.errors import NotLinked, SheetsRefused, SheetsUnavailable
from core.model import Link
from core.ports import Clock, Delivery, EventPublisher, EventSource, Gate, Sheet, Store
from core.sheet import SheetTarget
from producers.agreement_check import AgreementCheck
from producers.scan_judging import GROUP, TABLE_WRITER, Judging
from producers.scan_pieces import CELLS_AT_ONCE, Moved, Pieces, Shown, Tools, known_now
from producers.scan_tab import BETWEEN_SCANS_S, REFUSED_MAX, Place, Tab
from producers.scan_telling import Telling

STRUCTURE_DELAY_S = 0.5
SHARE_MAX = 0.1
OFFSETS_EVERY_S = 1.0

log = structlog.get_logger("sheet_scanner")


class ScanWork:
    """The loop's body of sheet_scanner.

    Args:
        store: bases, and holds.
        sheet: Google Sheets.
        gate: tells when a read may go out.
        publisher: to ``sheet.observed``.
        source: delivers ``sheet.observed``: what happened tells what to read.
        check: compares what was read with the table.
        links: the links as of now.
        is_ours: whether this process scans the link of that name.
        owner: name of this process, for fencing.
        interval_s: a tab is read at least this often.
        delay_s: a tab is read this long after the last edit of a burst.
        clock: when a tab is due.
        table_columns: all columns of a link's table; none where nobody knows.
        cells_at_once: of one read; a larger tab is read in pieces.
        share_max: part of the time that the scans of such a tab may take, unless somebody asks for one.
    """

    def __init__(
        self,
        *,
        store: Store,
        sheet: Sheet,
        gate: Gate,
        publisher: EventPublisher,
        source: EventSource,
        check: AgreementCheck,
        links: Callable[[], Iterable[Link]],
        is_ours: Callable[[str], bool],
        owner: str,
        interval_s: float,
        delay_s: float,
        clock: Clock,
        table_columns: Callable[[str], Collection[str]] = lambda _name: (),
        cells_at_once: int = CELLS_AT_ONCE,
        share_max: float = SHARE_MAX,
    ) -> None:
        self._cells_at_once = cells_at_once
        self._store = store
        self._sheet = sheet
        self._gate = gate
        self._telling = Telling(publisher, lambda: store.run(lambda tx: tx.offsets(TABLE_WRITER)), clock)
        self._source = source
        self._check = check
        self._links = links
        self._is_ours = is_ours
        self._owner = owner
        self._interval_s = interval_s
        self._delay_s = delay_s
        self._clock = clock
        self._tabs: defaultdict[str, Tab] = defaultdict(Tab)
        self._next: dict[Place, int] = {}
        self._stored_at = 0.0
        self._judging = Judging(store, self._telling, check, clock, self._next, table_columns, share_max)

    def step(self, timeout_s: float) -> None:
        """Take in what has happened, then read the tabs that are due."""
        for delivery in self._source.poll(min(timeout_s, self._patience_s())):
            self._absorb(delivery)
        for link in self._links():
            tab = self._tabs[link.name]
            if not self._is_ours(link.name):
                self._telling.forget(link.name)
                tab.pieces = None
            elif tab.next_read_at <= self._clock.monotonic() and not self._telling.is_busy(link.name):
                self._read_if_allowed(link, tab)
        self._telling.go_on()
        self._store_offsets()

    def _patience_s(self) -> float:
        now = self._clock.monotonic()
        return min(
            (max(0.05, t.next_read_at - now) for name, t in self._tabs.items() if self._is_ours(name)), default=1.0
        )

    def look_at_all(self) -> None:
        """Read every tab soon: events that told of edits have been lost."""
        for tab in self._tabs.values():
            tab.ask(self._clock.monotonic(), 0.0)

    # --- when -----------------------------------------------------------------------------

    def _absorb(self, delivery: Delivery) -> None:
        self._next[delivery.topic, delivery.partition] = delivery.offset + 1
        self._telling.heard(delivery)
        tab = self._tabs[delivery.link]
        kind = delivery.body.get("kind")
        if kind == "edit":
            tab.note_told(c["row_id"] for c in delivery.body.get("cells", ()) if c.get("row_id"))
            tab.ask(self._clock.monotonic(), self._delay_s)
        elif kind == "structure":
            tab.rows_moved()
            tab.ask(self._clock.monotonic(), STRUCTURE_DELAY_S)
        elif kind == "rescan":
            tab.awaited = True
            tab.ask(self._clock.monotonic(), 0.0)

    @property
    def trouble(self) -> str:
        """Which tabs cannot be read, once that has failed twice in a row, and why; empty while all of them can."""
        ours = ((link.name, self._tabs.get(link.name)) for link in self._links())
        return troubles((name, tab.trouble) for name, tab in ours if tab and tab.failures > 1)

    def _read_if_allowed(self, link: Link, tab: Tab) -> None:
        wait_s = self._gate.wait_s("read", link.name, spare=True) or self._tried(link, tab)
        if wait_s > 0:
            tab.wait_until(self._clock.monotonic() + wait_s)

    def _tried(self, link: Link, tab: Tab) -> float:
        """Read; how long to wait where that has failed."""
        try:
            self._read(link, tab)
        except Moved as moved:
            log.info("scan_begins_anew", link=link.name, times=tab.begun_anew + 1)
            if moved.refused is not None and tab.refused >= REFUSED_MAX:
                return self._hold(link, tab, moved.refused)
            return tab.moved(self._interval_s, is_refused=moved.refused is not None)
        except NotLinked:
            log.info("link_removed", link=link.name)  # a moment ago; it is among the links no longer
            tab.pieces = None
        except SheetsUnavailable as error:
            count_failure(error)
            tab.failures, tab.trouble = tab.failures + 1, str(error)
            log.warning("sheet_unavailable", link=link.name, reason=error.message, retry_in_s=BETWEEN_SCANS_S)
        except SheetsRefused as error:
            return self._hold(link, tab, error)
        else:
            return 0.0
        return BETWEEN_SCANS_S

    def _hold(self, link: Link, tab: Tab, error: SheetsRefused) -> float:
        """Hold a link whose tab Google does not let us read; how long to wait until the next look."""
        count_failure(error)
        reason = guards.sheet_refused(link.name, str(error))
        log.warning("sheet_refused", link=link.name, reason=reason)
        self._store.run(lambda tx: tx.hold(link.name, "sheet_refused", reason))
        tab.let_go()
        return self._interval_s

    # --- what -----------------------------------------------------------------------------

    def _read(self, link: Link, tab: Tab) -> None:
        """Read once: the whole tab, or the next piece of it."""
        if tab.pieces is not None and tab.pieces.link == link:
            shown = tab.pieces.step()
        else:
            tab.pieces = None
            shown = self._begin(link, tab)
        tab.failures, tab.trouble = 0, ""
        if tab.pieces is not None and shown is not None:
            self._judging.judge_pieces(link, tab, tab.pieces, shown)
        self._judging.give_way(tab)

    def _begin(self, link: Link, tab: Tab) -> Shown | None:
        """The first read of a scan, which is the only one where it takes the whole tab."""
        rows_max = max(1, self._cells_at_once // (len(link.columns) + 1))
        known = self._store.run(lambda tx: known_now(tx, link.name, rows_max))
        tab.begin(self._clock.monotonic(), self._interval_s)
        if known.state is None or known.state.state != "live":
            return None
        target = SheetTarget.of(link, known.state)
        tools = Tools(self._store, self._sheet, self._check, self._clock, rows_max)
        pieces = Pieces(link, target, known, tools, tab.told, awaited=tab.awaited)
        tab.awaited = False
        if max(known.count, tab.grid_rows) > rows_max:
            tab.pieces = pieces
            return pieces.step()
        image = self._sheet.read_spans(target, [(1, rows_max)])
        tab.grid_rows = image.grid_rows
        if image.grid_rows > rows_max:
            tab.pieces = pieces
            return None
        self._judging.judge_tab(link, tab, known, image, rested=pieces.rested)
        return None

    def _store_offsets(self) -> None:
        if not self._next or self._clock.monotonic() - self._stored_at < OFFSETS_EVERY_S:
            return
        self._stored_at = self._clock.monotonic()
        offsets = {place: offset for place, offset in self._next.items() if place in self._source.assigned()}
        self._next.clear()
        self._store.run(lambda tx: tx.store_offsets(GROUP, self._owner, offsets))
