"""What a look at a tab means: told piece by piece, held by a guard, or found identical."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from core import guards, scan
from core.agreement import LASTS_S, Verdict
from core.findings import Before, Findings
from core.model import Link
from core.ports import Clock, Store, Transaction
from core.scan_events import scan_events
from core.sheet import TabImage, TabRow
from producers import agreement_check, known_columns
from producers.agreement_check import AgreementCheck
from producers.scan_pieces import Known, Pieces, Shown
from producers.scan_tab import BETWEEN_SCANS_S, CONFIRM_DELAY_S, Place, Tab
from producers.scan_telling import Telling

GROUP = "sheet_scanner"
TABLE_WRITER = "table_writer"
COPIED_ROWS = 100
"""So many rows that nobody knows, after a write of ours that is not settled, are a copy's."""

log = structlog.get_logger("sheet_scanner")


@dataclass(frozen=True, slots=True)
class _End:
    """What of a scan is noted."""

    image: TabImage
    began: datetime
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges the looks at tabs.

    Args:
        store: what is held and noted.
        telling: publishes what was found.
        check: compares what was read with the table.
        clock: when to look again.
        heard: next offsets of the events that have come to us and are not stored yet.
        table_columns: all columns of a link's table; none where nobody knows.
        share_max: part of the time that the scans of a tab in pieces may take, unless somebody asks for one.
    """

    store: Store
    telling: Telling
    check: AgreementCheck
    clock: Clock
    heard: Mapping[Place, int]
    table_columns: Callable[[str], Collection[str]]
    share_max: float

    def judge_tab(self, link: Link, tab: Tab, known: Known, image: TabImage, *, rested: bool) -> None:
        """Of a whole tab, as of one read."""
        image = replace(image, stamp=replace(image.stamp, scan=known.number))
        found = scan.compare(
            link, image, known.bases, known.waiting, known.settled_n, tab.told, known.differing, tab.unclear
        )
        tab.told = {row.row_id for row, _ in found.rows if row.row_id in tab.told}
        if self._is_stopped(link, tab, known, found, is_last=True):
            return
        self._tell(link, tab, known, image, found)
        rested = _is_as_before(tab, found) and rested
        verdict = self.check.look(link, image, known.differing, known.bases, rested=rested)
        self._end(link, tab, known, found, _End(image, image.read_at, verdict))

    def judge_pieces(self, link: Link, tab: Tab, pieces: Pieces, shown: Shown) -> None:
        """Of rows of a tab that one read does not take; its scan may be over then."""
        known, looked = shown.known, shown.looked
        if guards.is_approved(known.reason, "changed_in_sheet"):
            looked = replace(looked, unread=())
        before = Before(known.waiting, known.settled_n, tab.told, known.differing, tab.unclear)
        found = scan.judge(link, shown.image, looked, before)
        tab.still_told.update(row.row_id for row, _ in found.rows if row.row_id in tab.told)
        if self._is_stopped(link, tab, known, found, is_last=shown.is_last):
            tab.pieces = None
            return
        is_told = self._tell(link, tab, known, shown.image, found)
        pieces.note(shown, found)
        if not shown.is_last:
            return
        tab.told, tab.grid_rows = tab.still_told, shown.image.grid_rows
        has_more = looked.missing > 0 or found.is_leaving
        self._rest(tab, pieces, looks_again=has_more or (is_told and not looked.is_whole))
        rested = _is_as_before(tab, found) and pieces.rested and shown.looked.is_swept
        verdict = self._compared(link, pieces, shown, found, rested=rested)
        self._end(link, tab, known, found, _End(shown.image, shown.began, verdict))

    def give_way(self, tab: Tab) -> None:
        """Beside our own writes, which may be those of a copy that goes on for long, a scan in pieces takes its share
        of the time piece by piece, unless somebody has asked for it."""
        if tab.pieces is not None and tab.pieces.is_beside_writes and not tab.is_asked:
            tab.wait_until(self.clock.monotonic() + tab.pieces.rest_s(self.share_max))

    def _rest(self, tab: Tab, pieces: Pieces, *, looks_again: bool) -> None:
        """A scan in pieces is over; the next one comes the later the longer this one took."""
        now = self.clock.monotonic()
        tab.let_go()
        tab.scanned_at = now
        if tab.asked_at is None:
            tab.due_at = max(tab.due_at, now + pieces.rest_s(self.share_max))
        if looks_again:
            tab.look_soon(now + BETWEEN_SCANS_S)

    def _compared(self, link: Link, pieces: Pieces, shown: Shown, found: Findings, *, rested: bool) -> Verdict | None:
        """Both sides, where every row of the tab has been compared with the table."""
        if pieces.checked is None or not shown.looked.is_swept or found.strangers or found.moved_ids:
            return None
        looked = shown.looked
        unknown = [row for row in looked.rows if row.row_id not in looked.known]
        pieces.checked.add(replace(shown.image, rows=unknown), shown.known.differing, {}, perhaps_again=True)
        return self.check.conclude(link, pieces.checked, rested=rested)

    def _is_stopped(self, link: Link, tab: Tab, known: Known, found: Findings, *, is_last: bool) -> bool:
        """Whether a guard stops the scan; what one has found is over once a scan has come to its end without it."""
        if found.guard is not None and not guards.is_approved(known.reason, found.guard[0]):
            self._guard(link, tab, *found.guard)
            return True
        if is_last:
            tab.guard = None
        return False

    def _guard(self, link: Link, tab: Tab, name: str, reason: str) -> None:
        """Hold the link once a second look confirms it: the events that explain it may be on their way to us, or to
        the table writer, which may have been away for long."""
        applied, read = self.store.run(lambda tx: (tx.offsets(TABLE_WRITER), tx.offsets(GROUP)))
        is_first = tab.guard != name
        if is_first:
            tab.guard, tab.reported = name, {**read, **self.heard}
        behind = any(applied.get(place, 0) < offset for place, offset in tab.reported.items())
        if is_first or behind:
            log.info(
                "guard_looks_again", link=link.name, guard=name, waits_for="table_writer" if behind else "events"
            )
            tab.due_at = self.clock.monotonic() + CONFIRM_DELAY_S
            return
        log.warning("held", link=link.name, guard=name, reason=reason)
        self.store.run(lambda tx: tx.hold(link.name, name, reason))
        tab.guard = None

    def _tell(self, link: Link, tab: Tab, known: Known, image: TabImage, found: Findings) -> bool:
        """Publish it; whether there was any of the rows that the tab holds."""
        strangers = self._confirmed(tab, known, image, found)
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
        self.telling.begin(link.name, scan_events(link, image, found, strangers, known.settled_n, event=event), event)
        return bool(found.rows or strangers or found.moved_ids)

    def _confirmed(self, tab: Tab, known: Known, image: TabImage, found: Findings) -> list[TabRow]:
        """Strangers that the scan before saw as well: whoever typed them may be about to send their ids."""
        strangers, unclear = tab.doubts
        confirmed = []
        for row in found.strangers:
            if _mark(row) in tab.strangers:
                confirmed.append(row)
            else:
                strangers.add(_mark(row))
        for row_id in found.unclear | found.still_unclear:
            unclear.add(row_id)
        if strangers or _clear_soon(known, image, found):
            tab.look_soon(self.clock.monotonic() + CONFIRM_DELAY_S)
        return confirmed

    def _end(self, link: Link, tab: Tab, known: Known, found: Findings, end: _End) -> None:
        tab.strangers, tab.unclear = tab.doubts
        verdict = end.verdict
        self.store.run(lambda tx: _note(tx, link.name, end, is_over=found.guard is None))
        known_columns.remember(self.store, link, end.image, known.columns, self.table_columns(link.name))
        if verdict is not None and verdict.look_soon:
            tab.look_soon(self.clock.monotonic() + LASTS_S)
        if found.guard is not None:  # approved: look soon whether it is over
            tab.look_soon(self.clock.monotonic() + CONFIRM_DELAY_S)


def _clear_soon(known: Known, image: TabImage, found: Findings) -> bool:
    """Whether there are unclear rows besides those of a copy: while it goes on each look finds others, and takes the
    time that the copy needs."""
    copied = {i for i in found.unclear if i not in known.bases} if image.stamp.n > known.settled_n else set()
    return bool(found.unclear - copied if len(copied) > COPIED_ROWS else found.unclear)


def _is_as_before(tab: Tab, found: Findings) -> bool:
    """Whether a scan finds what the one before found: what it is the first to find, and rows that are about to get an
    id, are only now on their way."""
    digest, before = found.digest(), tab.found
    tab.found = digest
    return not (found.strangers or found.moved_ids) and digest == before


def _note(tx: Transaction, name: str, end: _End, *, is_over: bool) -> None:
    """An approval holds until a scan finds no more of what it was given for: ``is_over``."""
    tx.note_scan(name, end.began)
    if end.verdict is not None:
        agreement_check.note(tx, name, end.began, end.verdict)
    state = tx.link_state(name, lock=True)
    if state is not None and state.state == "live" and is_over and guards.is_waiting(state.reason, guards.SHEET):
        tx.set_link_state(name, "live", guards.used_up(state.reason, guards.SHEET))


def _mark(row: TabRow) -> str:
    return repr((row.row_id, sorted((h, repr(c.value)) for h, c in row.cells.items()), row.row))
