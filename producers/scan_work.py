"""Reads tabs and publishes what differs from base: the truth behind the script's fast path.

A tab is read at the start, on a structure event, a few seconds after the last edit of a burst, when asked,
and otherwise once a minute. What if a scan comes late, twice or beside another one? Its stamp tells how old
its look is, and the table writer decides by that alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import structlog

from app.metrics import count_failure
from core import guards, scan
from core.agreement import LASTS_S, Verdict
from core.errors import NotLinked, SheetsRefused, SheetsUnavailable
from core.model import Link, RowBase
from core.parents import PARENT
from core.ports import Clock, Delivery, EventPublisher, EventSource, Gate, LinkState, Sheet, Store, Transaction
from core.scan import Findings
from core.scan_events import scan_events
from core.sheet import SheetTarget, TabImage, TabRow
from producers import agreement_check, known_columns
from producers.agreement_check import AgreementCheck
from producers.scan_telling import Telling

GROUP = "sheet_scanner"
TABLE_WRITER = "table_writer"
STRUCTURE_DELAY_S = 0.5
CONFIRM_DELAY_S = 2.0
"""A stranger or a guard's finding is looked at twice, this far apart: an event may still be on its way."""
BETWEEN_SCANS_S = 2.0
BURST_S = 30.0
"""A burst of edits puts the scan off for this long at the most."""
OFFSETS_EVERY_S = 1.0

Place = tuple[str, int]

log = structlog.get_logger("sheet_scanner")


@dataclass(slots=True)
class _Tab:
    """When a link's tab is to be read, and what its last scan left to be confirmed."""

    due_at: float = 0.0
    asked_at: float | None = None
    awaited: bool = False
    """Somebody who carries events out asked for a scan, and waits for it."""
    scanned_at: float = float("-inf")
    strangers: set[bytes] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    guard: str | None = None
    found: bytes = b""
    """What its last scan found to differ from base, by its digest."""
    failures: int = 0
    """Reads in a row that did not get through."""
    trouble: str = ""
    """Why the last one did not."""
    reported: Mapping[Place, int] = field(default_factory=dict)
    """How far events had come when the guard first found something: they may be on their way into the table."""
    told: set[str] = field(default_factory=set)
    """Rows that an edit event reported and that differed from base ever since."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the schema knew just before the tab was read."""

    state: LinkState | None
    bases: Mapping[str, RowBase]
    waiting: list[str]
    differing: list[tuple[str, str]]
    """Cells of which it is known."""
    number: int
    """Of the scan that is about to begin; 0 where none is."""


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
    ) -> None:
        self._table_columns = table_columns
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
        self._tabs: dict[str, _Tab] = {}
        self._next: dict[tuple[str, int], int] = {}
        self._stored_at = 0.0

    def step(self, timeout_s: float) -> None:
        """Take in what has happened, then read the tabs that are due."""
        for delivery in self._source.poll(min(timeout_s, self._patience_s())):
            self._absorb(delivery)
        for link in self._links():
            tab = self._tabs.setdefault(link.name, _Tab())
            if not self._is_ours(link.name):
                self._telling.forget(link.name)
            elif tab.due_at <= self._clock.monotonic() and not self._telling.is_busy(link.name):
                self._scan_if_allowed(link, tab)
        self._telling.go_on()
        self._store_offsets()

    def _patience_s(self) -> float:
        now = self._clock.monotonic()
        return min((max(0.05, t.due_at - now) for name, t in self._tabs.items() if self._is_ours(name)), default=1.0)

    def look_at_all(self) -> None:
        """Read every tab soon: events that told of edits have been lost."""
        for tab in self._tabs.values():
            self._ask(tab, 0.0)

    # --- when -----------------------------------------------------------------------------

    def _absorb(self, delivery: Delivery) -> None:
        self._next[delivery.topic, delivery.partition] = delivery.offset + 1
        self._telling.heard(delivery)
        tab = self._tabs.setdefault(delivery.link, _Tab())
        kind = delivery.body.get("kind")
        if kind == "edit":
            tab.told.update(c["row_id"] for c in delivery.body.get("cells", ()) if c.get("row_id"))
            self._ask(tab, self._delay_s)
        elif kind == "structure":
            self._ask(tab, STRUCTURE_DELAY_S)
        elif kind == "rescan":
            tab.awaited = True
            self._ask(tab, 0.0)

    def _ask(self, tab: _Tab, delay_s: float) -> None:
        """Put the scan off with every event of a burst, though not for ever."""
        now = self._clock.monotonic()
        tab.asked_at = tab.asked_at or now
        latest = tab.asked_at + max(BURST_S, delay_s)
        tab.due_at = max(min(now + delay_s, latest), tab.scanned_at + BETWEEN_SCANS_S)

    @property
    def trouble(self) -> str:
        """Why some tab cannot be read, once it has failed twice in a row; empty while all of them can."""
        ours = ((link.name, self._tabs.get(link.name)) for link in self._links())
        return next((f"{name}: {tab.trouble}" for name, tab in ours if tab and tab.failures > 1), "")

    def _scan_if_allowed(self, link: Link, tab: _Tab) -> None:
        wait_s = self._gate.wait_s("read", link.name, spare=True)
        if wait_s > 0:
            tab.due_at = self._clock.monotonic() + wait_s
            return
        try:
            self._scan(link, tab)
        except NotLinked:
            log.info("link_removed", link=link.name)  # a moment ago; it is among the links no longer
            tab.due_at = self._clock.monotonic() + BETWEEN_SCANS_S
        except SheetsUnavailable as error:
            count_failure(error)
            tab.failures, tab.trouble = tab.failures + 1, str(error)
            log.warning("sheet_unavailable", link=link.name, reason=error.message, retry_in_s=BETWEEN_SCANS_S)
            tab.due_at = self._clock.monotonic() + BETWEEN_SCANS_S
        except SheetsRefused as error:
            count_failure(error)
            reason = guards.sheet_refused(link.name, str(error))
            log.warning("sheet_refused", link=link.name, reason=reason)
            self._store.run(lambda tx: tx.hold(link.name, "sheet_refused", reason))
            tab.due_at = self._clock.monotonic() + self._interval_s

    # --- what -----------------------------------------------------------------------------

    def _scan(self, link: Link, tab: _Tab) -> None:
        known = self._store.run(lambda tx: _known(tx, link.name))
        now = self._clock.monotonic()
        tab.scanned_at, tab.due_at, tab.asked_at = now, now + self._interval_s, None
        if known.state is None or known.state.state != "live":
            return
        target = SheetTarget.of(link, known.state)
        rested = not tab.awaited and self._check.rests_before(link)
        tab.awaited = False
        image = self._sheet.read_tab(target)
        tab.failures, tab.trouble = 0, ""
        image = replace(image, stamp=replace(image.stamp, scan=known.number))
        found = scan.compare(
            link, image, known.bases, known.waiting, known.state.settled_n, tab.told, known.differing, tab.unclear
        )
        tab.told.intersection_update(row.row_id for row, _ in found.rows if row.row_id)
        if found.guard is not None and not guards.is_approved(known.state.reason, found.guard[0]):
            self._guard(link, tab, *found.guard)
            return
        tab.guard = None
        strangers = self._confirmed(tab, found)
        self._publish(link, image, found, strangers)
        # What this scan is the first to find, and rows that are about to get an id, are only now on their way.
        named = not (found.strangers or found.moved_ids)
        digest = found.digest()
        rested, tab.found = rested and named and digest == tab.found, digest
        verdict = self._check.look(link, image, known.differing, known.bases, rested=rested)
        self._store.run(lambda tx: _note(tx, link.name, image, verdict, is_over=found.guard is None))
        known_columns.remember(self._store, link, image, known.state.known, self._table_columns(link.name))
        if verdict is not None and verdict.look_soon:
            tab.due_at = min(tab.due_at, self._clock.monotonic() + LASTS_S)
        if found.guard is not None:  # approved: look soon whether it is over
            tab.due_at = min(tab.due_at, self._clock.monotonic() + CONFIRM_DELAY_S)

    def _guard(self, link: Link, tab: _Tab, name: str, reason: str) -> None:
        """Hold the link once a second look confirms it: the events that explain it may be on their way to us, or to
        the table writer, which may have been away for long."""
        applied, read = self._store.run(lambda tx: (tx.offsets(TABLE_WRITER), tx.offsets(GROUP)))
        is_first = tab.guard != name
        if is_first:
            tab.guard, tab.reported = name, {**read, **self._next}
        behind = any(applied.get(place, 0) < offset for place, offset in tab.reported.items())
        if is_first or behind:
            log.info(
                "guard_looks_again", link=link.name, guard=name, waits_for="table_writer" if behind else "events"
            )
            tab.due_at = self._clock.monotonic() + CONFIRM_DELAY_S
            return
        log.warning("held", link=link.name, guard=name, reason=reason)
        self._store.run(lambda tx: tx.hold(link.name, name, reason))
        tab.guard = None

    def _confirmed(self, tab: _Tab, found: Findings) -> list[TabRow]:
        """Strangers that the scan before saw as well: whoever typed them may be about to send their ids."""
        marks = {_mark(row): row for row in found.strangers}
        confirmed = [row for mark, row in marks.items() if mark in tab.strangers]
        tab.strangers = {mark for mark, row in marks.items() if row not in confirmed}
        tab.unclear = found.unclear
        if tab.strangers or tab.unclear:
            tab.due_at = min(tab.due_at, self._clock.monotonic() + CONFIRM_DELAY_S)
        return confirmed

    def _publish(self, link: Link, image: TabImage, found: Findings, strangers: list[TabRow]) -> None:
        if found.rows or found.missing or strangers or found.moved_ids:
            log.info(
                "scan_differs",
                link=link.name,
                rows=len(found.rows),
                missing=len(found.missing),
                unnamed=len(strangers),
                moved=len(found.moved_ids),
            )
        event = f"scan_{secrets.token_hex(8)}"
        self._telling.begin(link.name, scan_events(link, image, found, strangers, event=event), event)

    def _store_offsets(self) -> None:
        if not self._next or self._clock.monotonic() - self._stored_at < OFFSETS_EVERY_S:
            return
        self._stored_at = self._clock.monotonic()
        offsets = {place: offset for place, offset in self._next.items() if place in self._source.assigned()}
        self._next.clear()
        self._store.run(lambda tx: tx.store_offsets(GROUP, self._owner, offsets))


def _known(tx: Transaction, name: str) -> _Known:
    state = tx.link_state(name)
    return _Known(
        state,
        tx.all_bases(name),
        tx.waiting_rows(name, ("incomplete", PARENT, "intent")),
        tx.known_to_differ(name),
        # the last, because it locks the link
        number=tx.next_scan(name) if state is not None and state.state == "live" else 0,
    )


def _note(tx: Transaction, name: str, image: TabImage, verdict: Verdict | None, *, is_over: bool) -> None:
    """An approval holds until a scan finds no more of what it was given for: ``is_over``."""
    tx.note_scan(name, image.read_at)
    if verdict is not None:
        agreement_check.note(tx, name, image, verdict)
    state = tx.link_state(name, lock=True)
    if state is not None and state.state == "live" and is_over and guards.is_waiting(state.reason, guards.SHEET):
        tx.set_link_state(name, "live", guards.used_up(state.reason, guards.SHEET))


def _mark(row: TabRow) -> bytes:
    held = (row.row_id, sorted((h, repr(c.value)) for h, c in row.cells.items()), row.row)
    return blake2b(repr(held).encode("utf-8", "replace"), digest_size=16).digest()
