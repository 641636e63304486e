"""What the twinsheet schema keeps: a link's state, what waits, and the record of what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model import Key, Observed
from core.ports.events import Json
from core.values import Canonical


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the schema knows of a link."""

    name: str
    spreadsheet_id: str
    sheet_id: int
    tab: str
    schema: str
    table: str
    state: str
    """linking, live, paused or held."""
    reason: str | None
    epoch: int
    n: int
    """Number of the last write to the sheet that was begun."""
    settled_n: int = 0
    """Number of the last one that is known to have landed."""
    scans: int = 0
    """Number of the last scan that was begun; counted by :meth:`Transaction.next_scan` alone."""
    restored_n: int = 0
    """Number of the last write that took a mistake of ours back; kept by :meth:`Transaction.note_restore` alone."""
    followed: str | None = None
    """Place in the change feed (:class:`core.renames.FeedPlace`) up to which bases have followed their rows' keys;
    kept by :meth:`Transaction.note_followed` alone."""
    known: str | None = None
    """What is remembered of its columns (:class:`core.known.KnownColumns`); kept by :meth:`Transaction.note_known`
    alone."""
    first_scans: int = 1
    """Number of the last scan that was begun before one had come to its end: of a large tab each look has a number.
    Kept by :meth:`Transaction.next_scan` alone."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A link stopped by a guard."""

    guard: str
    reason: str
    since: datetime
    mend: str | None = None
    """The statement that makes a dropped table again, as far as it is known."""
    is_open: bool = True
    shown: bool = False
    """Its reason stands, or may stand, as a note in the tab."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A write to the sheet that was begun and is not settled."""

    link: str
    n: int
    epoch: int
    plan: Json


WAIT_REASONS = ("incomplete", "parent", "intent", "commit_time", "unseen", "manual", "paused")
IN_FLIGHT = ("intent", "commit_time", "unseen")
"""Waiting cells that the next moments decide; the others wait for a person."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An observed cell that cannot be decided yet, with its reason."""

    observed: Observed
    reason: str
    """One of WAIT_REASONS."""
    since: datetime


NAMED_WITHIN = timedelta(minutes=10)
"""So much later a trigger may tell who typed what a scan has found."""
NAMED = ("applied", "agreed", "inserted")
"""What such an entry of the history may be."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One applied (or overtaken) value."""

    row_id: str
    key: Key | None
    column: str | None
    old: Canonical
    new: Canonical
    side: str
    what: str = "applied"
    actor: str = ""
    edited_at: datetime | None = None
    event: str = ""
    via: str = ""
    """Of a change of the table: its connection and the comment of its statement, as far as the server tells."""
    committed_at: datetime | None = None
    """Of a change of the table."""
    received_at: datetime | None = None
    """When the webhook, the scanner or the reader of the binlog heard of it."""
    queued_at: datetime | None = None
    """When Kafka had it."""

    @property
    def once(self) -> tuple[Canonical, ...]:
        """What is recorded once. An event that was applied says nothing new when it comes again, too late by then."""
        what = "applied" if self.what == "overtaken" else self.what
        return (self.row_id, self.column, self.event, self.side, what, self.new)


@dataclass(frozen=True, slots=True)
class ConflictEntry:
    """Both sides moved away from base; who won and by which rule."""

    row_id: str
    key: Key | None
    column: str | None
    base: Canonical
    sheet: Canonical
    table: Canonical
    winner: str
    rule: str
    sheet_at: datetime | None = None
    table_at: datetime | None = None
    time_guessed: bool = False
    sheet_actor: str = ""
    event: str = ""
    settled: bool = True


@dataclass(frozen=True, slots=True)
class RejectionEntry:
    """A sheet value that the table cannot hold."""

    row_id: str
    key: Key | None
    column: str
    value: str | None
    reason: str
    actor: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class ShownMark:
    """What was put beside a cell."""

    row_id: str
    column: str
    text: str
    colour_before: str | None = None
    """The cell's own background, which comes back with the end of the mark; ``None`` for none."""
    is_sure: bool = True
    """Google has said that it landed, and in that very row."""


@dataclass(frozen=True, slots=True)
class NumberedConflict:
    """A conflict as people call it."""

    number: int
    at: datetime
    entry: ConflictEntry


TableRow = Mapping[str, Canonical]
"""A row of the user's table: every linked column's canonical text by table column name."""
