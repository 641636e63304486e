"""MySQL, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, TypeVar

from core.conflicts import Choice, ConflictOutcome, KnownConflict
from core.errors import Unfit
from core.model import Key, Link, Observed, RowBase
from core.ports.events import Json
from core.ports.record import (
    ConflictEntry,
    HistoryEntry,
    Hold,
    Intent,
    LinkState,
    NumberedConflict,
    RejectionEntry,
    ShownMark,
    TableRow,
    Waiting,
)
from core.ports.undo import UndoRecord

T = TypeVar("T")

OF_ANOTHER_TOPIC = -1
"""For an offset that was stored of a topic which has been made anew since: what it counted is gone."""


class Transaction(UndoRecord, Protocol):
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

    def note_followed(self, name: str, place: str | None) -> None:
        """Bases have followed the changed keys up to there; ``None`` where the change feed begins anew."""

    def note_known(self, name: str, known: str) -> None:
        """What is remembered of the link's columns."""

    def next_scan(self, name: str) -> int:
        """Number a scan that is about to begin; raise NotLinked."""

    def note_scan(self, name: str, at: datetime) -> None: ...
    def note_check(self, name: str, identical_as_of: datetime | None, differing: int) -> None:
        """What a comparison of tab and table has found: the moment as of which they were identical, where they
        were, and how many cells differ that no event explains."""

    def hold(self, name: str, guard: str, reason: str, mend: str | None = None) -> None:
        """Set the link held and write the hold down; once while it is held. Whoever writes its note into the sheet
        is told by a message of kind ``hold``."""

    def holds(self, name: str) -> list[Hold]:
        """The open one, and those whose note may still stand in the sheet; oldest first."""

    def show_hold(self, name: str, *, shown: bool) -> None:
        """The open hold's note may stand in the sheet from now on, or none of the link's does any more."""

    # bases
    def bases(self, link: str, row_ids: Collection[str]) -> dict[str, RowBase]:
        """Locked; rows that are gone included."""

    def bases_of_keys(self, link: str, keys: Collection[Key]) -> dict[Key, RowBase]:
        """Locked; live rows only."""

    def all_bases(self, link: str, row_ids: Collection[str] | None = None) -> Mapping[str, RowBase]:
        """Not locked; live rows only, by row id in its order, all or those of these ids; for scans and full compares.
        Each may be made anew whenever it is looked at, so that those of a large link fit into memory."""

    def each_base(self, link: str) -> Iterable[RowBase]:
        """As :meth:`all_bases`, a piece at a time, so nothing else may be asked before the last one was taken."""

    def count_bases(self, link: str) -> int:
        """Of live rows; not locked."""

    def base_ids(self, link: str) -> Iterable[str]:
        """Ids of live rows in their order, not locked; a piece at a time, so nothing else may be asked before the
        last one was taken."""

    def forget_stamps(self, link: str) -> None:
        """Let any look at the sheet decide again, on rows that are gone as well: its counters began anew."""

    def save_bases(self, link: str, bases: Iterable[RowBase]) -> None:
        """Insert or replace, by row id."""

    def forget_former_keys(self, link: str, row_ids: Collection[str] | None = None) -> None:
        """The change feed is behind none of these rows any longer; without ids, behind none of the link's: it will
        tell of no key that was changed before now."""

    def keep_ids(self, link: str, rows: Mapping[Key, str]) -> None:
        """These rows of the table are to come into the sheet under the ids that they had there; by key and by id, as
        each is told last: of two rows that are to come under one id, the other gets a fresh one."""

    def kept_ids(self, link: str, keys: Collection[Key] | None = None) -> dict[Key, str]:
        """Ids that are kept for rows of the table, by key: all, or those of these."""

    def coming_back(self, link: str, row_ids: Collection[str]) -> frozenset[str]:
        """Of these ids those that are kept."""

    def drop_kept_ids(self, link: str, keys: Collection[Key]) -> None:
        """These rows stand in the sheet, or have gone before they came there."""

    # the user's table
    def rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """Locked."""

    def free_rows(self, link: Link, keys: Collection[Key]) -> tuple[dict[Key, TableRow], frozenset[Key]]:
        """Locked without waiting: the rows, and the keys whose rows another transaction holds now."""

    def all_keys(self, link: Link) -> Iterable[Key]:
        """Not locked; a piece at a time, so nothing else may be asked before the last one was taken."""

    def insert_row(self, link: Link, values: TableRow) -> Key:
        """Insert and return the key, generated or given; raise Unfit with the server's reason in plain words."""

    def insert_rows(self, link: Link, rows: Sequence[TableRow]) -> list[Key | Unfit]:
        """Insert as if one by one, in order; per row its key or why it does not fit, which leaves its neighbours."""

    def update_row(self, link: Link, key: Key, values: TableRow) -> None:
        """Set columns of one row, the key's own included; raise Unfit. Nothing of it stays when it raises."""

    def delete_row(self, link: Link, key: Key) -> None:
        """Delete one row; raise Unfit (e.g. another table refers to it)."""

    # waiting cells, intents
    def waiting(self, link: str, row_ids: Collection[str]) -> dict[str, list[Waiting]]:
        """Locked; by row id."""

    def waiting_rows(self, link: str, reasons: Collection[str], older_than_s: float = 0) -> list[str]:
        """Row ids with cells that wait for one of these reasons."""

    def known_to_differ(self, link: str) -> list[tuple[str, str]]:
        """(row id, column) of cells that wait, or that hold what the table refused; sorted."""

    def put_waiting(self, link: str, cells: Iterable[tuple[Observed, str]]) -> None:
        """Insert or replace (observed, reason) by row id and column; ``since`` stays when the reason does."""

    def drop_waiting(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Forget (row id, column)."""

    def intent(self, link: str) -> Intent | None:
        """Locked; the one write that is open."""

    def open_intent(self, intent: Intent) -> None: ...
    def close_intent(self, link: str, n: int) -> None: ...

    # the record; what changes in it is told to whoever marks cells, by a message of kind "marks"
    def add_history(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        """Record each once: the same cell, event, side, ``what`` and new value again change nothing."""

    def name_actors(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        """Add who and when to what a scan has just told of the same cell and value, or of its new row, without a
        name; where nothing was told so, nothing is done."""

    def note_way(self, link: str, event: str, received_at: datetime | None, queued_at: datetime) -> None:
        """When this event was received and queued: its entries that this transaction records tell it."""

    def add_conflicts(self, link: str, entries: Iterable[ConflictEntry]) -> None: ...
    def settle_conflicts(self, link: str, outcomes: Iterable[ConflictOutcome]) -> None:
        """End the open conflicts of these cells; those that this transaction adds are not meant."""

    def conflict(self, number: int) -> tuple[str, KnownConflict] | None:
        """Locked; a conflict with the name of its link."""

    def conflicts_of(self, link: str, row_ids: Collection[str]) -> list[KnownConflict]:
        """Locked; in their order, those that are open or that a person has chosen for."""

    def put_choice(self, link: str, number: int, choice: Choice) -> None:
        """Keep what a person has chosen; a settled conflict is open again until that is carried out."""

    def drop_choice(self, link: str, number: int, outcome: ConflictOutcome, *, settled: bool) -> None:
        """What was chosen cannot be carried out; winner and rule of the conflict are these from now on."""

    def chosen_rows(self, link: str) -> list[str]:
        """Row ids of open conflicts that a person has chosen for."""

    def put_rejections(self, link: str, entries: Iterable[RejectionEntry]) -> None:
        """One open rejection per cell: the same value and reason again changes nothing, another replaces it."""

    def mend_rejections(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Close the open rejections of these (row id, column)."""

    # marks beside cells
    def marked_rows(self, link: str, since: datetime) -> list[str]:
        """Row ids that show a mark, or have a reason for one: a rejection, a conflict that is open or settled
        ``since``, an incomplete row."""

    def open_rejections(self, link: str, row_ids: Collection[str]) -> list[RejectionEntry]: ...
    def told_conflicts(self, link: str, row_ids: Collection[str], since: datetime) -> list[NumberedConflict]:
        """Open conflicts of cells, and those settled ``since``; by number."""

    def shown_marks(self, link: str, row_ids: Collection[str]) -> list[ShownMark]: ...
    def save_marks(self, link: str, marks: Iterable[ShownMark]) -> None:
        """Insert or replace, by cell."""

    def forget_marks(self, link: str, cells: Iterable[tuple[str, str]]) -> None:
        """Forget (row id, column)."""

    # outbox and offsets
    def send(self, topic: str, link: str, body: Json) -> None:
        """Put a message into the outbox: published in commit order, after the commit."""

    def store_offsets(self, group: str, owner: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Next offsets by (topic, partition); raise Fenced if another owner has claimed a partition."""

    def claim_offsets(
        self,
        group: str,
        owner: str,
        partitions: Collection[tuple[str, int]],
        topic_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[tuple[str, int], int]:
        """Become the owner of partitions; the stored next offsets (absent where nothing is stored).

        ``topic_ids`` are those of the topics as they are now: OF_ANOTHER_TOPIC where what is stored is of another.
        """

    def offsets(self, group: str) -> dict[tuple[str, int], int]:
        """Next offsets of a group by (topic, partition), as they are stored."""


class Store(Protocol):
    """Opens transactions."""

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one transaction, whole again after a deadlock, a bounded number of times."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """Commit at the end of the block, roll back when it raises; raise MysqlUnavailable."""

    def close(self) -> None: ...
