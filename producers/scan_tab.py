"""When a link's tab is to be read, and what its last scan left to be confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.texts import Texts
from producers.scan_pieces import Pieces

CONFIRM_DELAY_S = 2.0
"""A stranger or a guard's finding is looked at twice, this far apart: an event may still be on its way."""
BETWEEN_SCANS_S = 2.0
BURST_S = 30.0
"""A burst of edits puts the scan off for this long at the most."""
ANEW_MAX = 2
"""Times in a row that a structure event begins a scan in pieces anew; it is followed by another one in any case."""
REFUSED_MAX = 4
"""Times in a row that Google may refuse a piece: people delete rows at the end of a tab, and the grid ends above."""

Place = tuple[str, int]


@dataclass(slots=True)
class Tab:
    """What a scanner remembers of one tab; nothing rests on it."""

    due_at: float = 0.0
    asked_at: float | None = None
    was_asked: bool = False
    """Somebody asked for the scan under way."""
    awaited: bool = False
    """Somebody who carries events out asked for a scan, and waits for it."""
    scanned_at: float = float("-inf")
    grid_rows: int = 0
    """As of its last scan: where one read does not take them, none is wasted on trying."""
    pieces: Pieces | None = None
    """The scan that is under way, of a tab that one read does not take."""
    read_at: float = 0.0
    """When its next read may be."""
    begun_anew: int = 0
    """Times in a row that a scan in pieces was given up."""
    refused: int = 0
    """Times in a row that it was because Google refused a piece."""
    strangers: Texts = field(default_factory=Texts)
    unclear: Texts = field(default_factory=Texts)
    doubts: tuple[Texts, Texts] = field(default_factory=lambda: (Texts(), Texts()))
    """Strangers and ids of unclear rows that the scan under way has found so far."""
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
    still_told: set[str] = field(default_factory=set)
    """Of those the ones that the scan under way has found to differ, and what was reported since it began."""

    @property
    def is_asked(self) -> bool:
        """Whether somebody waits for the scan under way, or for the next one."""
        return self.was_asked or self.asked_at is not None

    @property
    def next_read_at(self) -> float:
        """When it is to be read, whole or the next piece of it."""
        return self.due_at if self.pieces is None else self.read_at

    def ask(self, now: float, delay_s: float) -> None:
        """Put the scan off with every event of a burst, though not for ever."""
        self.asked_at = self.asked_at or now
        latest = self.asked_at + max(BURST_S, delay_s)
        self.due_at = max(min(now + delay_s, latest), self.scanned_at + BETWEEN_SCANS_S)

    def look_soon(self, at: float) -> None:
        """Scan it no later than that."""
        self.due_at = min(self.due_at, at)

    def wait_until(self, at: float) -> None:
        """Read it no sooner."""
        if self.pieces is None:
            self.due_at = at
        else:
            self.read_at = at

    def rows_moved(self) -> None:
        """What the scan under way has seen so far may stand elsewhere by now: begin it anew, though not for ever."""
        if self.pieces is not None and self.begun_anew < ANEW_MAX:
            self.pieces = None
            self.begun_anew += 1

    def moved(self, wait_s_max: float, *, is_refused: bool) -> float:
        """What the scan under way has seen cannot be used; how long to wait before the next one begins."""
        self.pieces = None
        self.begun_anew += 1
        self.refused += is_refused
        return min(BETWEEN_SCANS_S * (1 << min(self.begun_anew - 1, 6)), wait_s_max)

    def let_go(self) -> None:
        """The scan under way has come to its end, or has been given up for good."""
        self.pieces, self.begun_anew, self.refused = None, 0, 0

    def begin(self, now: float, interval_s: float) -> None:
        """A scan begins."""
        self.was_asked = self.asked_at is not None
        self.scanned_at, self.due_at, self.asked_at = now, now + interval_s, None
        self.doubts, self.still_told = (Texts(), Texts()), set()

    def note_told(self, row_ids: Iterable[str]) -> None:
        """An edit event has reported these rows."""
        for row_id in row_ids:
            self.told.add(row_id)
            self.still_told.add(row_id)
