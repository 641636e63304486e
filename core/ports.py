"""What the rules need from the outside world. Adapters implement these, and so do the fakes of the tests.

Whoever implements one passes its contract suite in tests/contract.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from core.conflicts import ConflictRecord
from core.model import Canonical, CellBase, Key, Link, Observed, RowBase
from core.sheet import Positions, SheetTarget, SwapAnswer, SwapWrite, TabImage

Json = dict[str, Any]
T = TypeVar("T")


# --- time -------------------------------------------------------------------------


class Clock(Protocol):
    """Time, for whoever waits and measures; the rules themselves never ask it."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return after that long."""


# --- Kafka ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came from Kafka."""

    topic: str
    partition: int
    offset: int
    link: str
    body: Json
    published_at: datetime


class EventPublisher(Protocol):
    """Publishes with acks=all and an idempotent producer.

    Publishing the same body twice is harmless: events only say where to look.
    """

    def publish(self, topic: str, link: str, body: Json) -> None:
        """Return once Kafka has acknowledged; raise KafkaUnavailable within a bounded time otherwise."""

    def publish_many(self, messages: Sequence[tuple[str, str, Json]]) -> None:
        """Publish (topic, link, body) in order; return once all are acknowledged."""

    def close(self) -> None:
        """Flush within a bounded time and let go of the connection."""


class EventSource(Protocol):
    """Delivers messages in order of each partition, at least once, starting at the offsets that State keeps."""

    def poll(self, timeout_s: float) -> list[Delivery]:
        """What has come in, waiting at most ``timeout_s`` for the first message; may be empty."""

    def assigned(self) -> frozenset[tuple[str, int]]:
        """Partitions that are ours now."""

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Deliver from there again, e.g. after a rolled-back transaction."""

    def close(self) -> None:
        """Leave the group."""


# --- MySQL ------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Intent:
    """A write to the sheet that was begun and is not settled."""

    link: str
    n: int
    epoch: int
    plan: Json


@dataclass(frozen=True, slots=True)
class Waiting:
    """An observed cell that cannot be decided yet, with its reason."""

    observed: Observed
    reason: str
    """incomplete, intent, commit_time, unseen, manual or paused."""
    since: datetime


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


TableRow = Mapping[str, Canonical]
"""A row of the user's table: every linked column's canonical text by table column name."""


class Transaction(ConflictRecord, Protocol):
    """One MySQL transaction over the twinsheet schema and the users' tables. All reads that a decision
    rests on lock what they read (FOR UPDATE), rows in ascending order of row id or key."""

    # the link
    def link_state(self, name: str, *, lock: bool = False) -> LinkState | None: ...
    def link_states(self) -> list[LinkState]: ...
    def put_link(self, state: LinkState) -> None:
        """Insert or replace."""

    def remove_link(self, name: str) -> None:
        """Forget the link with its bases, waiting cells and intent; history and conflicts stay, settled."""

    def set_link_state(self, name: str, state: str, reason: str | None) -> None: ...
    def next_epoch(self, name: str) -> int:
        """Take the link over: raise its epoch by one and return it."""

    def next_n(self, name: str, epoch: int) -> int:
        """Raise the link's write number by one and return it; raise Fenced if ``epoch`` is not the link's own."""

    def note_settled(self, name: str, n: int) -> None:
        """Write ``n`` has landed: a sheet whose counter is below it is an older version of itself."""

    def note_restore(self, name: str, n: int) -> None:
        """Write ``n``, which is about to be sent, takes a mistake of an earlier one back."""

    def next_scan(self, name: str) -> int:
        """Number a scan that is about to begin; raise NotLinked."""

    def note_scan(self, name: str, at: datetime) -> None: ...
    def hold(self, name: str, guard: str, reason: str) -> None:
        """Set the link held and write the hold down; once while it is held."""

    # bases
    def bases(self, link: str, row_ids: Collection[str]) -> dict[str, RowBase]:
        """Locked; rows that are gone included."""

    def bases_of_keys(self, link: str, keys: Collection[Key]) -> dict[Key, RowBase]:
        """Locked; live rows only."""

    def all_bases(self, link: str) -> list[RowBase]:
        """Not locked; live rows only; for scans and full compares."""

    def forget_stamps(self, link: str) -> None:
        """Let any look at the sheet decide again, on rows that are gone as well: its counters began anew."""

    def save_bases(self, link: str, bases: Iterable[RowBase]) -> None:
        """Insert or replace, by row id."""

    # the user's table
    def rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """Locked."""

    def free_rows(self, link: Link, keys: Collection[Key]) -> tuple[dict[Key, TableRow], frozenset[Key]]:
        """Locked without waiting: the rows, and the keys whose rows another transaction holds now."""

    def all_keys(self, link: Link) -> list[Key]: ...
    def insert_row(self, link: Link, values: TableRow) -> Key:
        """Insert and return the key, generated or given; raise Unfit with the server's reason in plain words."""

    def update_row(self, link: Link, key: Key, values: TableRow) -> None:
        """Set columns of one row, the key's own included; raise Unfit. Nothing of it stays when it raises."""

    def delete_row(self, link: Link, key: Key) -> None:
        """Delete one row; raise Unfit (e.g. another table refers to it)."""

    # waiting cells, intents
    def waiting(self, link: str, row_ids: Collection[str]) -> dict[str, list[Waiting]]:
        """Locked; by row id."""

    def waiting_rows(self, link: str, reasons: Collection[str], older_than_s: float = 0) -> list[str]:
        """Row ids with cells that wait for one of these reasons."""

    def known_to_differ(self, link: str) -> list[str]:
        """Row ids with cells that wait, or that hold what the table refused: news of neither is to be expected."""

    def put_waiting(self, link: str, cells: Iterable[tuple[Observed, str]]) -> None:
        """Insert or replace (observed, reason) by row id and column; ``since`` stays when the reason does."""

    def drop_waiting(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Forget (row id, column)."""

    def intent(self, link: str) -> Intent | None:
        """Locked; the one write that is open."""

    def open_intent(self, intent: Intent) -> None: ...
    def close_intent(self, link: str, n: int) -> None: ...

    # the record
    def add_history(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        """Record each once: the same cell, event, side, ``what`` and new value again change nothing."""

    def add_conflicts(self, link: str, entries: Iterable[ConflictEntry]) -> None: ...
    def put_rejections(self, link: str, entries: Iterable[RejectionEntry]) -> None:
        """One open rejection per cell: the same value and reason again changes nothing, another replaces it."""

    def mend_rejections(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Close the open rejections of these (row id, column)."""

    # outbox and offsets
    def send(self, topic: str, link: str, body: Json) -> None:
        """Put a message into the outbox: published in commit order, after the commit."""

    def store_offsets(self, group: str, owner: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Next offsets by (topic, partition); raise Fenced if another owner has claimed a partition."""

    def claim_offsets(
        self, group: str, owner: str, partitions: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], int]:
        """Become the owner of partitions; the stored next offsets (absent where nothing is stored)."""


class Store(Protocol):
    """Opens transactions."""

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one transaction, whole again after a deadlock, a bounded number of times."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """Commit at the end of the block, roll back when it raises; raise MysqlUnavailable."""

    def close(self) -> None: ...


# --- the sheet ----------------------------------------------------------------------


class Sheet(Protocol):
    """Google Sheets. Raises QuotaExhausted or SheetsUnavailable (nothing took effect), ReplyLost (nobody
    knows) or SheetsRefused (for good)."""

    def read_tab(self, target: SheetTarget) -> TabImage:
        """The whole tab with counters and metadata in one read."""

    def read_positions(self, target: SheetTarget) -> Positions:
        """Counters, metadata and the id column in one read."""

    def swap(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        """Perform the swap write in one request."""

    def recall(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer | None:
        """After a lost reply: the answer out of the scratch if the counters say that this very write is the
        last one that landed, else ``None``.

        After ``None`` it will never land, unless it brings something back: such a write may be sent again.
        One read, and where it has not landed one write."""


class Gate(Protocol):
    """Keeps our calls inside Google's quota."""

    def wait_s(self, kind: str) -> float:
        """Take a token for a ``read`` or ``write``: 0 when it is in hand, else seconds until one may be."""

    def exhausted(self, kind: str) -> None:
        """Google said 429: it knows better."""


__all__ = [
    "Canonical",
    "CellBase",
    "Clock",
    "ConflictEntry",
    "Delivery",
    "EventPublisher",
    "EventSource",
    "Gate",
    "HistoryEntry",
    "Intent",
    "Link",
    "LinkState",
    "RejectionEntry",
    "Sheet",
    "Store",
    "TableRow",
    "Transaction",
    "Waiting",
]
