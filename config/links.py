"""The links that a service works on: links.yaml resolved against the real tables, followed while running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import structlog

from config.link_entry import LinkEntry
from config.links_file import Fault, LinksFile, faults_message, load_links
from config.where import conditions
from core.errors import LinkRefused, SettingsError, TwinsheetError, Unavailable
from core.model import BOTH_WAYS, Link, LinkedColumn, TableColumn
from core.values import Codec

log = structlog.get_logger(__name__)

POLL_INTERVAL_S = 1.0
RETRY_INTERVAL_S = 5.0
DESCRIBE_INTERVAL_S = 5.0
"""Each table is looked at again this often, one table at a time: somebody may have altered it."""


class TableShape(Protocol):
    """What a link needs to know of a table; :func:`adapters.mysql_schema.describe_table` answers with it."""

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """In the table's order."""

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Names of the primary key's columns, in the key's order."""


Describe = Callable[[str, str], TableShape]
"""(schema, table) to its shape; raises LinkRefused where there is no such table."""
CodecFor = Callable[[TableColumn], Codec]
"""The codec of a column; raises UnsupportedType."""
LinkedAs = Callable[[str], Mapping[str, str] | None]
"""The name of a link to its headers and columns as they were last known; ``None`` where nobody knows."""


def resolve(
    entry: LinkEntry, shape: TableShape, codec_for: CodecFor, linked: Mapping[str, str] | None = None
) -> Link:
    """Tie an entry of links.yaml to the table's real columns.

    Args:
        entry: of links.yaml.
        shape: of the table.
        codec_for: codec of a column.
        linked: header to column as the link was last known to be; an entry that names no columns goes on so, even
            though its table has more by now.

    Raises:
        LinkRefused: a column that the table does not have, or a key that is not linked.
        UnsupportedType: a column type that is not carried yet.
    """
    by_name = {column.name: column for column in shape.columns}
    mapping = entry.columns or linked or {name: name for name in by_name}
    _check_columns(entry, mapping, by_name, shape.key_columns)
    columns = [
        _linked(entry, header, by_name[name], shape.key_columns, codec_for) for header, name in mapping.items()
    ]
    in_key_order = sorted((c for c in columns if c.key), key=lambda c: shape.key_columns.index(c.name))
    ordered = iter(in_key_order)
    placed = tuple(next(ordered) if c.key else c for c in columns)
    where, faults = conditions(entry.where, placed)
    faults = [*_direction_faults(entry, placed), *faults]
    if faults:
        raise LinkRefused(f"Link {entry.name}: {'; '.join(faults)}.", "Mend the link in links.yaml.")
    shown = tuple(replace(c, where=where.get(c.name)) for c in placed)
    return Link(
        entry.name, entry.spreadsheet, entry.tab, entry.schema_name, entry.table_name, shown, entry.header_row
    )


def _check_columns(
    entry: LinkEntry, mapping: Mapping[str, str], by_name: dict[str, TableColumn], key: tuple[str, ...]
) -> None:
    drop = "take it out of columns:" if entry.columns else "list the others under columns:"
    hint = (
        f"It has {', '.join(by_name)}. Where it was renamed: twinsheet link add-column {entry.name} NAME"
        f" --header HEADER; where it was dropped, {drop} in links.yaml."
    )
    named = dict.fromkeys((*mapping.values(), *entry.rules, *entry.one_way, *entry.where))
    unknown = [name for name in named if name not in by_name]
    if unknown:
        raise LinkRefused(f"Link {entry.name}: {entry.table} has no column {', '.join(unknown)}.", hint)
    if not key:
        raise LinkRefused(f"Link {entry.name}: {entry.table} has no primary key.", "Give the table a primary key.")
    missing = [name for name in key if name not in mapping.values()]
    if missing:
        raise LinkRefused(
            f"Link {entry.name}: the key column {', '.join(missing)} of {entry.table} is not linked.",
            "Every column of the primary key needs a header in the tab.",
        )


def _direction_faults(entry: LinkEntry, columns: Sequence[LinkedColumn]) -> list[str]:
    linked = {c.name: c for c in columns}
    lost = [name for name in entry.one_way if name not in linked]
    bound = [c for c in columns if not c.follows_table and (c.key or c.column.generated or c.codec.read_only)]
    told = [f"one_way names {', '.join(lost)}, which is not linked"] if lost else []
    return told + [f"{c.name} cannot be to_table: {_why_not_to_table(c)}" for c in bound]


def _why_not_to_table(column: LinkedColumn) -> str:
    if column.key:
        return "a row is known by its key on both sides"
    return "the table computes it" if column.column.generated else "it is read-only in the sheet"


def _linked(
    entry: LinkEntry, header: str, column: TableColumn, key: tuple[str, ...], codec_for: CodecFor
) -> LinkedColumn:
    policy = entry.rules.get(column.name, entry.conflicts)
    direction = entry.one_way.get(column.name, BOTH_WAYS)
    return LinkedColumn(header, column, codec_for(column), policy, key=column.name in key, direction=direction)


class Links:
    """Follows links.yaml: :meth:`current` is cheap and sees a changed file within two seconds, an altered table
    within some more.

    A faulty file, or one link that cannot be resolved, never stops the others: what was good last goes on, and
    the fault is logged and told by :attr:`faults`. What could not be resolved is tried again every few seconds.

    Args:
        path: links.yaml.
        describe: shape of a table.
        codec_for: codec of a column.
        linked_as: what an entry without columns goes on with.
        rule_faults: what is wrong with the rules of a link; it works all the same, and they are told.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        path: Path,
        describe: Describe,
        codec_for: CodecFor,
        *,
        linked_as: LinkedAs = lambda _name: None,
        rule_faults: Callable[[Link], Sequence[str]] = lambda _link: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._describe = describe
        self._codec_for = codec_for
        self._linked_as = linked_as
        self._find_rule_faults = rule_faults
        self._rule_faults: dict[str, Sequence[str]] = {}
        self._clock = clock
        self._lock = threading.Lock()
        self._links: dict[str, Link] = {}
        self._entries: dict[str, LinkEntry] = {}
        self._shapes: dict[str, TableShape] = {}
        self._described_at: dict[str, float] = {}
        self._faults: tuple[str, ...] = ()
        self._unresolved: dict[str, str] = {}
        self._signature: object = None
        self._looked_at: float | None = None
        self._retry_at: float | None = None
        self.version = 0
        """Grows with every change of :meth:`current`."""

    def current(self) -> list[Link]:
        """The links as of now, in the order of the file."""
        with self._lock:
            self._follow()
            return list(self._links.values())

    def get(self, name: str) -> Link | None:
        """The link of that name."""
        with self._lock:
            self._follow()
            return self._links.get(name)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the file or with single links, for a person."""
        return self._faults

    def table_columns(self, name: str) -> tuple[str, ...]:
        """All columns of a link's table, as it was last described."""
        shape = self._shapes.get(name)
        return tuple(c.name for c in shape.columns) if shape else ()

    @property
    def unresolved(self) -> dict[str, str]:
        """By name the links that do not fit their tables, and why; those known before are still among the links."""
        return self._unresolved

    def rule_faults(self, name: str) -> Sequence[str]:
        """What is wrong with the rules of a link that works all the same."""
        return self._rule_faults.get(name, ())

    def refresh(self, name: str | None = None) -> None:
        """Describe the table of a link again, or all tables, e.g. after an ALTER TABLE."""
        with self._lock:
            self._entries = {other: e for other, e in self._entries.items() if name not in (None, other)}
            self._signature = None
            self._looked_at = None
            self._follow()

    def _follow(self) -> None:
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < POLL_INTERVAL_S:
            return
        self._looked_at = now
        signature = _signature(self._path)
        due = self._retry_at is not None and now >= self._retry_at
        if signature == self._signature and not due:
            self._follow_table(now)
            return
        self._signature = signature
        self._reload(now)

    def _follow_table(self, now: float) -> None:
        """Look at the table whose description is the oldest."""
        name = min(self._entries, key=lambda n: self._described_at.get(n, now), default=None)
        if name is None or now - self._described_at.get(name, now) < DESCRIBE_INTERVAL_S:
            return
        self._described_at[name] = now
        if self._is_altered(name):
            del self._entries[name]  # so that it is resolved anew
            self._reload(now)

    def _is_altered(self, name: str) -> bool:
        entry, before = self._entries[name], self._shapes[name]
        try:
            shape = self._describe(entry.schema_name, entry.table_name)
        except Unavailable:
            return False
        except TwinsheetError:
            return True
        return (shape.columns, shape.key_columns) != (before.columns, before.key_columns)

    def _reload(self, now: float) -> None:
        try:
            found = load_links(self._path)
        except SettingsError as error:
            found = LinksFile((), (Fault(1, error.message),))
        faults = [faults_message(self._path, found.faults)] if found.faults else []
        links, entries = self._kept(found)
        self._unresolved = {}
        for entry in found.entries:
            self._resolve(entry, links, entries, faults)
        unresolved = len(faults) > bool(found.faults)
        self._retry_at = now + RETRY_INTERVAL_S if unresolved else None
        order = [e.name for e in found.entries]
        links = dict(sorted(links.items(), key=lambda i: order.index(i[0]) if i[0] in order else len(order)))
        self._take(links, entries, tuple(faults))

    def _kept(self, found: LinksFile) -> tuple[dict[str, Link], dict[str, LinkEntry]]:
        """Links whose entry is faulty now go on as they were; so do all when the file cannot be told apart."""
        faulty = {f.link for f in found.faults}
        keep = set(self._links) if None in faulty else {name for name in faulty if name in self._links}
        links = {name: link for name, link in self._links.items() if name in keep}
        return links, {name: e for name, e in self._entries.items() if name in keep}

    def _resolve(
        self, entry: LinkEntry, links: dict[str, Link], entries: dict[str, LinkEntry], faults: list[str]
    ) -> None:
        if self._entries.get(entry.name) == entry and entry.name in self._links:
            links[entry.name], entries[entry.name] = self._links[entry.name], entry
            return
        try:
            shape = self._describe(entry.schema_name, entry.table_name)
            linked = None if entry.columns else self._linked_as(entry.name)
            links[entry.name] = resolve(entry, shape, self._codec_for, linked)
            entries[entry.name] = entry
            self._shapes[entry.name], self._described_at[entry.name] = shape, self._clock()
            self._try_rules(links[entry.name])
        except TwinsheetError as error:
            faults.append(str(error))
            if not isinstance(error, Unavailable):  # nobody knows while MySQL does not answer
                self._unresolved[entry.name] = str(error)
            if entry.name in self._links:
                links[entry.name] = self._links[entry.name]

    def _try_rules(self, link: Link) -> None:
        self._rule_faults[link.name] = self._find_rule_faults(link)
        for fault in self._rule_faults[link.name]:
            log.warning("rule_fault", fault=fault)

    def _take(self, links: dict[str, Link], entries: dict[str, LinkEntry], faults: tuple[str, ...]) -> None:
        if faults != self._faults:
            for fault in faults:
                log.error("links_file_fault", fault=fault)
        if links != self._links:
            self.version += 1
            log.info("links", names=list(links), version=self.version)
        self._links, self._entries, self._faults = links, entries, faults


class LinkEntries:
    """Follows links.yaml for those who need no table: who is linked to which tab.

    A faulty file or entry leaves what was good last; a changed file is seen with the next question.

    Args:
        path: links.yaml.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._signature: object = ()
        self._entries: dict[str, LinkEntry] = {}

    def get(self, name: str) -> LinkEntry | None:
        """The entry of that name."""
        return self.current().get(name)

    def current(self) -> dict[str, LinkEntry]:
        """All entries by name."""
        with self._lock:
            signature = _signature(self._path)
            if signature != self._signature:
                self._signature = signature
                self._reload()
            return self._entries

    def _reload(self) -> None:
        try:
            found = load_links(self._path)
        except SettingsError as error:
            log.warning("links_file_fault", fault=error.message)
            return
        if found.faults:
            log.error("links_file_fault", fault=faults_message(self._path, found.faults))
        faulty = {f.link for f in found.faults}
        kept = {n: e for n, e in self._entries.items() if None in faulty or n in faulty}
        self._entries = kept | {e.name: e for e in found.entries}


def _signature(path: Path) -> object:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
