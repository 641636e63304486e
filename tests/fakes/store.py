"""The state in memory: passes the same contract suite as MySQL does (tests/contract/test_store.py).

Several FakeStores over one FakeState are several processes over one database, as far as one thread can show it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from adapters.binlog_events import RowChange
from core.conflicts import UNLINKED, Choice, ConflictOutcome, KnownConflict
from core.errors import Fenced, MysqlRefused, NoParent, NotLinked, Unfit
from core.events import TABLE_CHANGED, held, marks_changed
from core.model import NEVER, CellBase, Key, Link, LinkedColumn, Observed, RowBase
from core.ports import (
    OF_ANOTHER_TOPIC,
    ConflictEntry,
    HistoryEntry,
    Hold,
    Intent,
    Json,
    LinkState,
    NumberedConflict,
    RejectionEntry,
    ShownMark,
    TableRow,
    Waiting,
)
from core.ports.record import NAMED, NAMED_WITHIN
from core.undo import (
    AskedRow,
    OpenUndo,
    PastConflict,
    RowOutcome,
    Selection,
    Step,
    asked_from_json,
    asked_to_json,
    whole_event,
)
from core.values import Canonical

T = TypeVar("T")
Cell = tuple[str, str]
Partition = tuple[str, int]


@dataclass
class FakeTable:
    """A user's table: its rows by key, and what an INSERT may leave out."""

    rows: dict[Key, dict[str, Canonical]] = field(default_factory=dict)
    defaults: dict[str, Canonical] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    last_id: int = 0
    parents: Mapping[str, tuple[str, Collection[str]]] = field(default_factory=dict)
    """By column that refers to another table: that one's name, and what may be referred to."""

    def copy(self) -> FakeTable:
        """For a transaction to change; rows are replaced, never changed."""
        return replace(self, rows=dict(self.rows))


@dataclass
class FakeState:
    """Everything that is committed."""

    links: dict[str, LinkState] = field(default_factory=dict)
    scanned: dict[str, datetime] = field(default_factory=dict)
    holds: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Open ones: guard and reason."""
    told_holds: dict[str, list[Hold]] = field(default_factory=dict)
    checks: dict[str, tuple[datetime | None, int]] = field(default_factory=dict)
    """By link: identical as of, and cells that differ unexplained."""
    bases: dict[str, dict[str, RowBase]] = field(default_factory=dict)
    kept_ids: dict[str, dict[Key, str]] = field(default_factory=dict)
    """By link: ids of rows of the table that are to come back into the sheet."""
    waiting: dict[str, dict[Cell, Waiting]] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    history: list[tuple[str, HistoryEntry]] = field(default_factory=list)
    history_at: list[datetime] = field(default_factory=list)
    """When each of ``history`` was recorded."""
    undos: dict[tuple[str, str, str], OpenUndo] = field(default_factory=dict)
    """What was asked for and is not decided, by link, event and row id."""
    undo_links: dict[str, str] = field(default_factory=dict)
    """Of everything that was asked for, by event."""
    undone: dict[str, list[RowOutcome]] = field(default_factory=dict)
    """What came of it, by event."""
    conflicts: list[tuple[str, ConflictEntry]] = field(default_factory=list)
    told_at: list[datetime] = field(default_factory=list)
    """When each of ``conflicts`` was recorded."""
    marks: dict[tuple[str, str, str], ShownMark] = field(default_factory=dict)
    """By link, row id and column."""
    choices: dict[int, Choice] = field(default_factory=dict)
    """What people have chosen, by number of the conflict."""
    rejections: dict[tuple[str, str, str], RejectionEntry] = field(default_factory=dict)
    """Open ones, by link, row id and column."""
    outbox: list[tuple[str, str, Json]] = field(default_factory=list)
    """(topic, link, body) in commit order."""
    owners: dict[tuple[str, str, int], str] = field(default_factory=dict)
    offsets: dict[tuple[str, str, int], int] = field(default_factory=dict)
    topic_ids: dict[tuple[str, str, int], str] = field(default_factory=dict)
    tables: dict[tuple[str, str], FakeTable] = field(default_factory=dict)
    recorded: set[tuple[object, ...]] = field(default_factory=set)
    """Marks of the history's entries, each of which is recorded once."""
    rejected: list[tuple[str, RejectionEntry]] = field(default_factory=list)
    """Every rejection that was ever opened."""
    binlog: list[tuple[RowChange, ...]] = field(default_factory=list)
    """What each transaction changed in users' tables and the outbox, in commit order."""

    def table(self, link: Link) -> FakeTable:
        """The linked table; made when first asked for."""
        return self.tables.setdefault((link.schema, link.table), FakeTable())


class _Draft(FakeState):
    """What a transaction sees and changes: a copy of each part from when it was first asked for."""

    __slots__ = ("_kept",)

    def __init__(self, kept: FakeState) -> None:
        self._kept = kept

    def __getattr__(self, name: str) -> Any:
        part = _copied(getattr(self._kept, name))
        setattr(self, name, part)
        return part


class FakeTransaction:
    """See :class:`core.ports.Transaction`."""

    def __init__(self, state: FakeState, now: Callable[[], datetime]) -> None:
        self.state = state
        self._now = now
        self.changes: list[RowChange] = []
        self._to_mark: dict[str, set[str]] = {}
        self._ways: dict[tuple[str, str], tuple[datetime | None, datetime]] = {}

    # --- links

    def link_state(self, name: str, *, lock: bool = False) -> LinkState | None:
        return self.state.links.get(name)

    def link_states(self) -> list[LinkState]:
        return [self.state.links[name] for name in sorted(self.state.links)]

    def put_link(self, state: LinkState) -> None:
        known = self.state.links.get(state.name)
        kept = known or LinkState("", "", 0, "", "", "", "", None, 0, 0)
        self.state.links[state.name] = replace(
            state,
            scans=kept.scans,
            restored_n=kept.restored_n,
            followed=kept.followed,
            known=kept.known,
            first_scans=kept.first_scans,
        )
        if state.state != "held":
            self.state.holds.pop(state.name, None)

    def remove_link(self, name: str) -> None:
        state = self.state
        parts = (state.links, state.bases, state.kept_ids, state.waiting, state.intents, state.holds, state.scanned)
        for part in parts:
            part.pop(name, None)
        for cell in [c for c in self.state.rejections if c[0] == name]:
            del self.state.rejections[cell]
        for cell in [c for c in self.state.marks if c[0] == name]:
            del self.state.marks[cell]
        for asked in [a for a in self.state.undos if a[0] == name]:
            del self.state.undos[asked]
        for number, (link, entry) in enumerate(self.state.conflicts, start=1):
            if link == name and not entry.settled:
                self._end(number, "none", UNLINKED, settled=True)

    def set_link_state(self, name: str, state: str, reason: str | None) -> None:
        if name in self.state.links:
            self.put_link(replace(self.state.links[name], state=state, reason=reason))

    def next_epoch(self, name: str) -> int:
        if name not in self.state.links:
            raise NotLinked(f"No link is named {name}.")
        link = self.state.links[name]
        self.state.links[name] = replace(link, epoch=link.epoch + 1)
        return link.epoch + 1

    def next_n(self, name: str, epoch: int) -> int:
        link = self.state.links.get(name)
        if link is None or link.epoch != epoch:
            raise Fenced(f"Another writer has taken the link {name} over.")
        self.state.links[name] = replace(link, n=link.n + 1)
        return link.n + 1

    def note_settled(self, name: str, n: int) -> None:
        link = self.state.links.get(name)
        if link is not None:
            self.state.links[name] = replace(link, settled_n=max(link.settled_n, n))

    def note_restore(self, name: str, n: int) -> None:
        link = self.state.links.get(name)
        if link is not None:
            self.state.links[name] = replace(link, restored_n=max(link.restored_n, n))

    def note_followed(self, name: str, place: str | None) -> None:
        link = self.state.links.get(name)
        if link is not None:
            self.state.links[name] = replace(link, followed=place)

    def note_known(self, name: str, known: str) -> None:
        link = self.state.links.get(name)
        if link is not None:
            self.state.links[name] = replace(link, known=known)

    def next_scan(self, name: str) -> int:
        if name not in self.state.links:
            raise NotLinked(f"No link is named {name}.")
        link = self.state.links[name]
        number = link.scans + 1
        first = link.first_scans if name in self.state.scanned else number
        self.state.links[name] = replace(link, scans=number, first_scans=first)
        return number

    def note_scan(self, name: str, at: datetime) -> None:
        self.state.scanned[name] = max(at, self.state.scanned.get(name, at))

    def note_check(self, name: str, identical_as_of: datetime | None, differing: int) -> None:
        known = self.state.checks.get(name, (None, 0))[0]
        self.state.checks[name] = (max(filter(None, (known, identical_as_of)), default=None), differing)

    def hold(self, name: str, guard: str, reason: str, mend: str | None = None) -> None:
        link = self.state.links.get(name)
        if link is None:
            return
        if link.state != "held":
            self.state.links[name] = replace(link, state="held", reason=reason)
        if name not in self.state.holds:
            self.state.holds[name] = (guard, reason)
            before = self.state.told_holds.get(name, [])
            self.state.told_holds[name] = [*before, Hold(guard, reason, self._now(), mend)]
            self.send(TABLE_CHANGED, name, held(name))

    def holds(self, name: str) -> list[Hold]:
        known = self.state.told_holds.get(name, [])
        last = len(known) - 1
        told = [replace(h, is_open=i == last and name in self.state.holds) for i, h in enumerate(known)]
        return [h for h in told if h.is_open or h.shown]

    def show_hold(self, name: str, *, shown: bool) -> None:
        told = self.holds(name)
        self.state.told_holds[name] = [replace(h, shown=shown and h.is_open) for h in told]

    # --- bases

    def bases(self, link: str, row_ids: Collection[str]) -> dict[str, RowBase]:
        known = self.state.bases.get(link, {})
        return {row_id: known[row_id] for row_id in sorted(set(row_ids)) if row_id in known}

    def bases_of_keys(self, link: str, keys: Collection[Key]) -> dict[Key, RowBase]:
        wanted = set(keys)
        return {b.key: b for b in self.all_bases(link).values() if b.key is not None and b.key in wanted}

    def all_bases(self, link: str, row_ids: Collection[str] | None = None) -> dict[str, RowBase]:
        known = self.state.bases.get(link, {})
        asked = known if row_ids is None else known.keys() & set(row_ids)
        return {row_id: known[row_id] for row_id in sorted(asked) if not known[row_id].gone}

    def each_base(self, link: str) -> Iterator[RowBase]:
        yield from self.all_bases(link).values()

    def count_bases(self, link: str) -> int:
        return len(self.all_bases(link))

    def base_ids(self, link: str) -> Iterator[str]:
        yield from self.all_bases(link)

    def forget_stamps(self, link: str) -> None:
        for row_id, base in self.state.bases.get(link, {}).items():
            cells = {name: CellBase(cell.value) for name, cell in base.cells.items()}
            self.state.bases[link][row_id] = replace(base, n=0, age=NEVER, cells=cells)
        if link in self.state.links:
            self.state.links[link] = replace(self.state.links[link], settled_n=0)

    def save_bases(self, link: str, bases: Iterable[RowBase]) -> None:
        after = {**self.state.bases.get(link, {}), **{b.row_id: b for b in bases}}
        keys = [b.key for b in after.values() if b.key is not None and not b.gone]
        if len(keys) != len(set(keys)):
            raise MysqlRefused(f"Two rows of the link {link} claim the same key.")
        self.state.bases[link] = after

    def forget_former_keys(self, link: str, row_ids: Collection[str] | None = None) -> None:
        bases = self.state.bases.get(link, {})
        chosen = bases if row_ids is None else bases.keys() & set(row_ids)
        bases.update({row_id: replace(bases[row_id], former_key=None) for row_id in chosen})

    def keep_ids(self, link: str, rows: Mapping[Key, str]) -> None:
        kept, again = self.state.kept_ids.get(link, {}), set(rows.values())
        self.state.kept_ids[link] = {key: row_id for key, row_id in kept.items() if row_id not in again} | rows

    def kept_ids(self, link: str, keys: Collection[Key] | None = None) -> dict[Key, str]:
        kept = self.state.kept_ids.get(link, {})
        return {key: kept[key] for key in sorted(set(kept if keys is None else keys)) if key in kept}

    def coming_back(self, link: str, row_ids: Collection[str]) -> frozenset[str]:
        return frozenset(self.state.kept_ids.get(link, {}).values()) & frozenset(row_ids)

    def drop_kept_ids(self, link: str, keys: Collection[Key]) -> None:
        for key in keys:
            self.state.kept_ids.get(link, {}).pop(key, None)

    # --- the user's table

    def rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        rows = self.state.table(link).rows
        return {key: dict(rows[key]) for key in sorted(set(keys)) if key in rows and link.shows(rows[key])}

    def free_rows(self, link: Link, keys: Collection[Key]) -> tuple[dict[Key, TableRow], frozenset[Key]]:
        rows = self.rows(link, keys)  # one transaction at a time: nobody else ever holds a row
        return rows, frozenset()

    def all_keys(self, link: Link) -> list[Key]:
        shown = [key for key, row in self.state.table(link).rows.items() if link.shows(row)]
        return sorted(shown, key=lambda key: _order(link, key))

    def insert_row(self, link: Link, values: TableRow) -> Key:
        table = self.state.table(link)
        row: dict[str, Canonical] = {c.name: table.defaults.get(c.name) for c in link.columns}
        row.update({name: value for name, value in values.items() if name in row})
        for column in link.key_columns:
            if column.column.auto_increment and row[column.name] is None:
                table.last_id += 1  # used up, whether the row gets in or not
                row[column.name] = str(table.last_id)
                while link.key_of(row) in table.rows:  # a key was changed to that: servers count on from there
                    table.last_id += 1
                    row[column.name] = str(table.last_id)
        _check(link, table, row, but=None)
        key = link.key_of(row)
        for column in link.key_columns:
            if column.column.auto_increment:
                table.last_id = max(table.last_id, int(row[column.name] or 0))
        table.rows[key] = row
        self._changed(link, None, row)
        return key

    def insert_rows(self, link: Link, rows: Sequence[TableRow]) -> list[Key | Unfit]:
        return [_caught(self.insert_row, link, row) for row in rows]

    def update_row(self, link: Link, key: Key, values: TableRow) -> None:
        table = self.state.table(link)
        if key not in table.rows:
            raise Unfit("the row is no longer in the table")
        before = table.rows[key]
        row = {**before, **values}
        _check(link, table, row, but=key)
        del table.rows[key]
        table.rows[link.key_of(row)] = row
        self._changed(link, before, row)

    def update_rows(self, link: Link, rows: Sequence[tuple[Key, TableRow]]) -> list[Unfit | None]:
        return [_caught(self.update_row, link, key, values) for key, values in rows]

    def delete_row(self, link: Link, key: Key) -> None:
        before = self.state.table(link).rows.pop(key, None)
        if before is not None:
            self._changed(link, before, None)

    def _changed(self, link: Link, before: TableRow | None, after: TableRow | None) -> None:
        if before == after:
            return  # the server writes nothing down either
        kind: Any = "insert" if before is None else "delete" if after is None else "update"
        self.changes.append(RowChange(link.schema, link.table, kind, before, after))

    def delete_rows(self, link: Link, keys: Sequence[Key]) -> list[Unfit | None]:
        return [_caught(self.delete_row, link, key) for key in keys]

    # --- waiting cells and intents

    def waiting(self, link: str, row_ids: Collection[str]) -> dict[str, list[Waiting]]:
        found: dict[str, list[Waiting]] = {}
        for (row_id, _), cell in sorted(self.state.waiting.get(link, {}).items()):
            if row_id in set(row_ids):
                found.setdefault(row_id, []).append(cell)
        return found

    def waiting_rows(self, link: str, reasons: Collection[str], older_than_s: float = 0) -> list[str]:
        until = self._now() - timedelta(seconds=older_than_s)
        cells = self.state.waiting.get(link, {}).values()
        return sorted({w.observed.row_id for w in cells if w.reason in reasons and w.since <= until})

    def known_to_differ(self, link: str) -> list[Cell]:
        refused = {(row_id, column) for name, row_id, column in self.state.rejections if name == link}
        return sorted(refused | self.state.waiting.get(link, {}).keys())

    def put_waiting(self, link: str, cells: Iterable[tuple[Observed, str]]) -> None:
        held = self.state.waiting.setdefault(link, {})
        for seen, reason in cells:
            before = held.get((seen.row_id, seen.column))
            since = before.since if before and before.reason == reason else self._now()
            held[(seen.row_id, seen.column)] = Waiting(seen, reason, since)

    def drop_waiting(self, link: str, cells: Iterable[Cell]) -> None:
        for cell in cells:
            self.state.waiting.get(link, {}).pop(cell, None)

    def intent(self, link: str) -> Intent | None:
        return self.state.intents.get(link)

    def open_intent(self, intent: Intent) -> None:
        if intent.link in self.state.intents:
            raise Fenced(f"Another write to the sheet of {intent.link} is open.")
        self.state.intents[intent.link] = intent

    def close_intent(self, link: str, n: int) -> None:
        intent = self.state.intents.get(link)
        if intent and intent.n == n:
            del self.state.intents[link]

    # --- the record

    def add_history(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        for entry in entries:
            once = (link, *entry.once)
            if not entry.event or once not in self.state.recorded:
                received_at, queued_at = self._ways.get((link, entry.event), (entry.received_at, entry.queued_at))
                kept = replace(entry, received_at=received_at, queued_at=queued_at)
                self.state.history.append((link, kept))
                self.state.history_at.append(self._now())
                self.state.recorded.add(once)

    def name_actors(self, link: str, entries: Iterable[HistoryEntry]) -> None:
        for told in entries:
            for number, (name, known) in enumerate(self.state.history):
                is_it = (name, known.row_id, known.side, known.actor) == (link, told.row_id, "sheet", "")
                is_meant = known.column is None or (known.column, known.new) == (told.column, told.new)
                is_fresh = self._now() - self.state.history_at[number] < NAMED_WITHIN
                if is_it and is_meant and is_fresh and known.what in NAMED:
                    named = replace(known, actor=told.actor, edited_at=told.edited_at)
                    self.state.history[number] = (name, named)

    def note_way(self, link: str, event: str, received_at: datetime | None, queued_at: datetime) -> None:
        self._ways[link, event] = (received_at, queued_at)

    def add_conflicts(self, link: str, entries: Iterable[ConflictEntry]) -> None:
        for entry in entries:
            self.state.conflicts.append((link, entry))
            self.state.told_at.append(self._now())
            self._to_mark.setdefault(link, set()).add(entry.row_id)

    def settle_conflicts(self, link: str, outcomes: Iterable[ConflictOutcome]) -> None:
        ends = {(one.row_id, one.column): one for one in outcomes}
        for number, (name, entry) in enumerate(self.state.conflicts, start=1) if ends else ():
            end = ends.get((entry.row_id, entry.column or ""))
            if end is not None and name == link and not entry.settled:
                self._end(number, end.winner, end.rule, settled=True)
                self._to_mark.setdefault(link, set()).add(entry.row_id)

    def _end(self, number: int, winner: str, rule: str, *, settled: bool) -> None:
        name, entry = self.state.conflicts[number - 1]
        self.state.conflicts[number - 1] = (name, replace(entry, winner=winner, rule=rule, settled=settled))

    def conflict(self, number: int) -> tuple[str, KnownConflict] | None:
        if not 0 < number <= len(self.state.conflicts):
            return None
        name, entry = self.state.conflicts[number - 1]
        known = KnownConflict(
            number=number,
            row_id=entry.row_id,
            column=entry.column,
            sheet=entry.sheet,
            table=entry.table,
            winner=entry.winner,
            rule=entry.rule,
            settled=entry.settled,
            choice=self.state.choices.get(number),
        )
        return name, known

    def conflicts_of(self, link: str, row_ids: Collection[str]) -> list[KnownConflict]:
        found = (self.conflict(number) for number in range(1, len(self.state.conflicts) + 1))
        wanted = set(row_ids)
        return [
            known
            for name, known in filter(None, found)
            if name == link and known.row_id in wanted and not (known.settled and known.choice is None)
        ]

    def put_choice(self, link: str, number: int, choice: Choice) -> None:
        _, entry = self.state.conflicts[number - 1]
        self._end(number, entry.winner, entry.rule, settled=False)
        self.state.choices[number] = choice

    def drop_choice(self, link: str, number: int, outcome: ConflictOutcome, *, settled: bool) -> None:
        self._end(number, outcome.winner, outcome.rule, settled=settled)
        self.state.choices.pop(number, None)
        self._to_mark.setdefault(link, set()).add(outcome.row_id)

    def chosen_rows(self, link: str) -> list[str]:
        entries = {number: self.state.conflicts[number - 1] for number in self.state.choices}
        return sorted({e.row_id for name, e in entries.values() if name == link and not e.settled})

    def put_rejections(self, link: str, entries: Iterable[RejectionEntry]) -> None:
        for entry in entries:
            cell = (link, entry.row_id, entry.column)
            before = self.state.rejections.get(cell)
            if before is None or (before.value, before.reason) != (entry.value, entry.reason):
                self.state.rejections[cell] = entry
                self._to_mark.setdefault(link, set()).add(entry.row_id)
                self.state.rejected.append((link, entry))

    def mend_rejections(self, link: str, cells: Iterable[Cell]) -> None:
        for row_id, column in cells:
            if self.state.rejections.pop((link, row_id, column), None) is not None:
                self._to_mark.setdefault(link, set()).add(row_id)

    def write_record(self) -> None:
        """What the real store does before it commits: tell whoever marks cells."""
        for link, row_ids in self._to_mark.items():
            self.send(TABLE_CHANGED, link, marks_changed(link, sorted(row_ids)))
        self._to_mark = {}

    # --- what people take back

    def step(self, number: int) -> tuple[str, Step] | None:
        known = 0 < number <= len(self.state.history)
        return (self.state.history[number - 1][0], self._step(number)) if known else None

    def _step(self, number: int) -> Step:
        _, h = self.state.history[number - 1]
        at = self.state.history_at[number - 1]
        return Step(number, h.row_id, h.key, h.column, h.old, h.new, h.side, h.what, h.actor, at, h.event)

    def _steps(self, link: str) -> list[Step]:
        return [self._step(i) for i, (name, _) in enumerate(self.state.history, start=1) if name == link]

    def links_of_event(self, event: str) -> list[str]:
        links = {name for name, _ in self.state.history}
        return sorted(name for name in links if self.selected_steps(name, Selection(event=event), 1))

    def selected_steps(self, link: str, selection: Selection, limit: int) -> list[Step]:
        found = [s for s in self._steps(link) if self._is_selected(s, selection)]
        return found[:limit]

    def _is_selected(self, step: Step, wanted: Selection) -> bool:
        if wanted.entry is not None:
            return step.number == wanted.entry
        if wanted.event is not None:
            is_behind = step.side == "table" and step.event.endswith(f" {wanted.event}")
            return whole_event(step.event) == whole_event(wanted.event) or is_behind
        if wanted.as_of is not None:
            return step.at > wanted.as_of
        at = self.state.history[step.number - 1][1].edited_at or step.at
        is_in_time = wanted.since is not None and wanted.since <= at and (wanted.until is None or at <= wanted.until)
        return step.actor == wanted.actor and is_in_time

    def steps_of_rows(self, link: str, since: Mapping[str, int]) -> list[Step]:
        return [s for s in self._steps(link) if s.row_id in since and s.number >= since[s.row_id]]

    def past_conflicts(self, link: str, since: datetime) -> list[PastConflict]:
        lines = zip(self.state.conflicts, self.state.told_at, strict=True)
        return [
            PastConflict(c.row_id, c.column, c.base, c.table, at, c.event, not c.settled)
            for (name, c), at in lines
            if name == link and at > since and c.column is not None
        ]

    def put_undo(self, link: str, event: str, actor: str, at: datetime, rows: Iterable[AskedRow]) -> None:
        self.state.undo_links[event] = link
        for row in rows:
            kept = asked_from_json(row.row_id, json.loads(json.dumps(asked_to_json(row))))
            self.state.undos[link, event, row.row_id] = OpenUndo(event, actor, at, kept)

    def open_undos(self, link: str, row_ids: Collection[str]) -> list[OpenUndo]:
        return [undo for (name, _, row_id), undo in self.state.undos.items() if name == link and row_id in row_ids]

    def asked_undo(self, event: str) -> tuple[str, list[str]] | None:
        link = self.state.undo_links.get(event)
        return (link, [row_id for _, name, row_id in self.state.undos if name == event]) if link else None

    def undo_rows(self, link: str, limit: int) -> list[str]:
        return [row_id for name, _, row_id in self.state.undos if name == link][:limit]

    def end_undo(self, link: str, event: str, outcomes: Iterable[RowOutcome]) -> None:
        for outcome in outcomes:
            del self.state.undos[link, event, outcome.row_id]
            self.state.undone[event] = [*self.state.undone.get(event, ()), outcome]

    def undo_left(self, event: str) -> int:
        return sum(1 for _, name, _ in self.state.undos if name == event)

    def undone(self, event: str) -> tuple[int, list[RowOutcome]]:
        return self.undo_left(event), self.state.undone.get(event, [])

    # --- marks

    def marked_rows(self, link: str, since: datetime) -> list[str]:
        found = {row_id for name, row_id, _ in [*self.state.rejections, *self.state.marks] if name == link}
        waiting = self.state.waiting.get(link, {}).values()
        found |= {w.observed.row_id for w in waiting if w.reason == "incomplete"}
        return sorted(found | {c.entry.row_id for c in self._told(link, since)})

    def open_rejections(self, link: str, row_ids: Collection[str]) -> list[RejectionEntry]:
        cells = sorted(c for c in self.state.rejections if c[0] == link and c[1] in row_ids)
        return [self.state.rejections[cell] for cell in cells]

    def told_conflicts(self, link: str, row_ids: Collection[str], since: datetime) -> list[NumberedConflict]:
        told = self._told(link, since)
        return [c for c in told if c.entry.row_id in row_ids and c.entry.column is not None]

    def _told(self, link: str, since: datetime) -> list[NumberedConflict]:
        lines = zip(self.state.conflicts, self.state.told_at, strict=True)
        return [
            NumberedConflict(i, at, entry)
            for i, ((name, entry), at) in enumerate(lines, start=1)
            if name == link and (not entry.settled or at >= since)
        ]

    def shown_marks(self, link: str, row_ids: Collection[str]) -> list[ShownMark]:
        cells = sorted(c for c in self.state.marks if c[0] == link and c[1] in row_ids)
        return [self.state.marks[cell] for cell in cells]

    def save_marks(self, link: str, marks: Iterable[ShownMark]) -> None:
        self.state.marks.update({(link, m.row_id, m.column): m for m in marks})

    def forget_marks(self, link: str, cells: Iterable[Cell]) -> None:
        for row_id, column in cells:
            self.state.marks.pop((link, row_id, column), None)

    # --- outbox and offsets

    def send(self, topic: str, link: str, body: Json) -> None:
        row = {"topic": topic, "link": link, "body": json.dumps(body)}
        self.state.outbox.append((topic, link, json.loads(row["body"])))
        self.changes.append(RowChange("twinsheet", "outbox", "insert", None, row))

    def store_offsets(self, group: str, owner: str, offsets: Mapping[Partition, int]) -> None:
        for (topic, number), offset in offsets.items():
            if self.state.owners.get((group, topic, number)) != owner:
                raise Fenced(f"Another process has taken over partitions of {group}: {topic}/{number}.")
            self.state.offsets[(group, topic, number)] = offset

    def offsets(self, group: str) -> dict[Partition, int]:
        return {(t, p): offset for (name, t, p), offset in self.state.offsets.items() if name == group}

    def claim_offsets(
        self,
        group: str,
        owner: str,
        partitions: Collection[Partition],
        topic_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[Partition, int]:
        found: dict[Partition, int] = {}
        for topic, number in sorted(partitions):
            at = (group, topic, number)
            self.state.owners[at] = owner
            now = topic_ids.get(topic)
            if now is not None:
                of_another = self.state.topic_ids.get(at, now) != now
                self.state.topic_ids[at] = now
                if of_another and self.state.offsets.pop(at, None) is not None:
                    found[topic, number] = OF_ANOTHER_TOPIC
            if at in self.state.offsets:
                found[topic, number] = self.state.offsets[at]
        return found


class FakeStore:
    """See :class:`core.ports.Store`.

    Args:
        state: shared with other stores; a fresh one if left out.
        now: the clock that waiting cells are dated by.
    """

    def __init__(self, state: FakeState | None = None, now: Callable[[], datetime] | None = None) -> None:
        self.state = state or FakeState()
        self._now = now or (lambda: datetime.now(UTC))
        self._busy = False

    @contextmanager
    def begin(self) -> Iterator[FakeTransaction]:
        """What the block changed is there when it ends, and never was when it raises."""
        if self._busy:
            raise RuntimeError("a transaction is open already")
        self._busy = True
        work = _Draft(self.state)
        try:
            transaction = FakeTransaction(work, self._now)
            yield transaction
            transaction.write_record()
            if transaction.changes:
                work.binlog.append(tuple(transaction.changes))
            vars(self.state).update(vars(work))
        finally:
            self._busy = False

    def run(self, work: Callable[[FakeTransaction], T]) -> T:
        """Run ``work`` in a transaction; here nobody is ever in its way."""
        with self.begin() as transaction:
            return work(transaction)

    def read_rows(self, link: Link) -> Iterator[tuple[Key, TableRow]]:
        """The whole linked table, by key."""
        with self.begin() as transaction:
            rows = [(key, dict(self.state.table(link).rows[key])) for key in transaction.all_keys(link)]
        yield from rows

    def read_keys(self, link: Link) -> Iterator[Key]:
        """The keys of the whole linked table."""
        with self.begin() as transaction:
            keys = transaction.all_keys(link)
        yield from keys

    def look_at_rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """These rows of the linked table, by key."""
        wanted = set(keys)
        return {key: row for key, row in FakeStore.read_rows(self, link) if key in wanted}

    def close(self) -> None:
        """Nothing to let go of."""


def _copied(part: Any) -> Any:
    """Entries never change, containers do: two levels are enough, and keep large states quick."""
    if isinstance(part, list | set):
        return part.copy()
    return {k: v.copy() if isinstance(v, dict | FakeTable) else v for k, v in part.items()}


def _caught(work: Callable[..., Any], *args: Any) -> Any:
    try:
        return work(*args)
    except Unfit as reason:
        return reason


def _check(link: Link, table: FakeTable, row: Mapping[str, Canonical], but: Key | None) -> None:
    for column in link.columns:
        _check_value(column, row[column.name])
    key = link.key_of(row)
    if key != but and key in table.rows:
        raise Unfit(f"another row of the table already has '{'-'.join(key)}' in the primary key")
    for name, (parent, there) in table.parents.items():
        if row[name] is not None and row[name] not in there:
            raise NoParent(f"{name}: the table {parent} has no row with this id", (name,), parent)
    for name in table.unique:
        others = [r for k, r in table.rows.items() if k != but]
        if row[name] is not None and any(r[name] == row[name] for r in others):
            raise Unfit(f"another row of the table already has '{row[name]}' in the unique key {name}")


def _check_value(column: LinkedColumn, value: Canonical) -> None:
    if value is not None and value != value.encode("utf-8", "replace").decode():
        raise Unfit(f"{column.name}: the text holds half a character")
    column.codec.to_table(value)  # raises Unfit where the column cannot hold it
    if value is None and not column.column.nullable:
        raise Unfit(f"{column.name}: cannot be empty")
    length = column.column.length_chars
    if value is not None and length is not None and len(value) > length:
        raise Unfit(f"{column.name}: the value is too long for the column")


def _order(link: Link, key: Key) -> tuple[Any, ...]:
    return tuple(
        int(v) if c.column.data_type.endswith("int") else v for c, v in zip(link.key_columns, key, strict=True)
    )
