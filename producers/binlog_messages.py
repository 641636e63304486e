"""From what a transaction changed to the messages that say where to look."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from adapters.binlog_events import Committed, Row, RowChange, Table, TableChange
from adapters.mysql_cascades import Cascade
from adapters.mysql_ddl import ForeignKey
from core.errors import Unfit
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.model import Key, Link
from core.ports import Json
from core.renames import print_of
from core.table_times import TableTimes, rfc3339, times_to_json

KEYS_MAX = 500
"""Keys per message: small enough to work on at once, large enough for a bulk change."""

Message = tuple[str, str, Json]
"""Topic, link, body."""
Cascades = Mapping[Table, Sequence[Cascade]]
Parents = Mapping[Table, Sequence[ForeignKey]]
_NONE: Mapping[Table, Any] = MappingProxyType({})


@dataclass(slots=True)
class _Touched:
    """Rows of one link that wait to be told of."""

    keys: dict[Key, str] = field(default_factory=dict)
    """With what happened to the row last: ``i`` came, ``d`` went, ``u`` changed or got another key."""
    renamed: list[tuple[Key, Key]] = field(default_factory=list)
    prints: dict[Key, str] = field(default_factory=dict)
    """What the rows hold that are there (:func:`core.renames.print_of`)."""


class Messages:
    """Turns transactions into messages, and remembers commit times on the way.

    Args:
        outbox: schema and table of the outbox.
        times: fed with every change, asked for replans.
        fold: spells a table as the binlog does.
        user_of: the user of a connection; empty where nobody knows.
    """

    def __init__(
        self,
        *,
        outbox: Table,
        times: TableTimes,
        fold: Callable[[Table], Table] = lambda table: table,
        user_of: Callable[[int | None], str] = lambda _connection: "",
    ) -> None:
        self._outbox = fold(outbox)
        self._times = times
        self._fold = fold
        self._user_of = user_of
        self._by_table: dict[Table, list[Link]] = {}
        self._by_name: dict[str, Link] = {}
        self._by_parent: dict[Table, list[tuple[Cascade, Link]]] = {}
        self._referring: dict[Table, list[tuple[ForeignKey, Link]]] = {}
        self._touched: dict[str, _Touched] = {}
        self._reached: dict[str, str] = {}
        self._parts = 0
        """Messages with rows so far, of the transaction or piece in hand."""

    def set_links(self, links: Iterable[Link], cascades: Cascades = _NONE, parents: Parents = _NONE) -> None:
        """Work for these links from now on.

        Args:
            links: all of them.
            cascades: by linked table, where its rows are changed without being told.
            parents: by linked table, the foreign keys by which its rows refer to others.
        """
        self._by_table, self._by_name, self._by_parent, self._referring = {}, {}, {}, {}
        for link in links:
            self._by_name[link.name] = link
            self._by_table.setdefault(self._fold((link.schema, link.table)), []).append(link)
            for cascade in cascades.get((link.schema, link.table), ()):
                self._by_parent.setdefault(self._fold(cascade.parent), []).append((cascade, link))
            for key in parents.get((link.schema, link.table), ()):
                self._referring.setdefault(self._fold(key.parent), []).append((key, link))

    @property
    def tables(self) -> set[Table]:
        """Every table whose changes are wanted."""
        return {*self._by_table, *self._by_parent, *self._referring, self._outbox}

    def of(self, committed: Committed) -> Iterator[Message]:
        """The messages of a transaction or of a piece of one, in the order of what happened."""
        self._touched, self._reached, self._parts = {}, {}, 0
        met: dict[str, None] = {}
        for change in committed.changes:
            table = (change.schema, change.table)
            if isinstance(change, TableChange):
                yield from self._flush(committed)
                yield from self._table_changed(change, committed)
            elif table == self._outbox:
                yield from self._flush(committed)
                yield from self._from_outbox(change, committed)
            else:
                for link in self._by_table.get(table, ()):
                    yield from self._row_changed(link, change, committed)
                for cascade, link in self._by_parent.get(table, ()):
                    if cascade.carries(change):
                        self._reached[link.name] = f"rows of {'.'.join(cascade.parent)} that it refers to changed"
                for key, link in self._referring.get(table, ()):
                    if key.is_met_by(change.before, change.after):
                        met[link.name] = None
        yield from self._flush(committed)
        for name in met:
            yield SHEET_OBSERVED, name, {"kind": "parents", "link": name}
        for name, reason in self._reached.items():
            yield _compare(name, reason)

    # --- rows -------------------------------------------------------------------------

    def _row_changed(self, link: Link, change: RowChange, committed: Committed) -> Iterator[Message]:
        try:
            before, after = key_of(link, change.before), key_of(link, change.after)
            change = seen_by(link, change) if link.is_filtered else change
        except (KeyError, Unfit) as error:
            reason = f"the key of a changed row cannot be read: {error}"
            yield _compare(link.name, reason)
            return
        old, new = before if change.before is not None else None, after if change.after is not None else None
        renamed = [(before, after)] if before is not None and after is not None and before != after else []
        is_shown = old is not None or new is not None
        if not (renamed or is_shown) or (is_shown and not self._note_times(link, change, old, new, committed)):
            return  # a row that the link does not show, or only columns that are not linked
        touched = self._touched.setdefault(link.name, _Touched())
        for key in (old, new):
            if key is not None:
                kind, is_got = change.kind[0], bool(renamed) and key == new
                touched.keys[key] = touched.keys.get(key, "u") if kind == "u" and not is_got else kind
        for key, row in ((old, change.before), (new, change.after)):
            if key is not None:
                touched.prints.pop(key, None)
            if key is not None and key == new and (held := _print_of(link, row)):
                touched.prints[key] = held
        touched.renamed += renamed  # also of rows that have left the link's filter, and not yet the sheet
        for key, shown in ((before, old), (after, new)):
            if renamed and shown is None:
                touched.keys.setdefault(key or (), "d")
        if len(touched.keys) >= KEYS_MAX:
            del self._touched[link.name]
            yield self._rows(link.name, touched, committed)

    def _note_times(
        self, link: Link, change: RowChange, old: Key | None, new: Key | None, committed: Committed
    ) -> bool:
        """Remember when what changed; whether anything linked did."""
        at, before, after = committed.committed_at, change.before, change.after
        if new is None or old is None or before is None or after is None:
            self._times.row_changed(link.name, new or old or (), at)
            return True
        if old != new:
            self._times.key_changed(link.name, old, new)
        changed = [c.name for c in link.columns if not _alike(before.get(c.name), after.get(c.name))]
        self._times.cells_changed(link.name, new, changed, at)
        return bool(changed)

    def _flush(self, committed: Committed) -> Iterator[Message]:
        touched, self._touched = self._touched, {}
        for name, rows in touched.items():
            yield self._rows(name, rows, committed)

    def _rows(self, name: str, touched: _Touched, committed: Committed) -> Message:
        self._parts += 1
        when = _when(committed)
        body = {
            "kind": "rows",
            "link": name,
            "keys": [list(key) for key in touched.keys],
            "kinds": "".join(touched.keys.values()),
            "renamed": [[list(old), list(new)] for old, new in touched.renamed],
            "prints": [[list(key), held] for key, held in touched.prints.items()],
            **when,
            "position": {**when["position"], "part": self._parts},
            "actor": self._user_of(committed.connection),
            "via": _via(committed),
        }
        if committed.received_at is not None:
            body["received_at"] = rfc3339(committed.received_at)
        return TABLE_CHANGED, name, body

    # --- whole tables, and messages that were put into the outbox ------------------------

    def _table_changed(self, change: TableChange, committed: Committed) -> Iterator[Message]:
        for link in self._by_table.get((change.schema, change.table), ()):
            if change.what != "unread":
                body = {"kind": "ddl", "what": change.what, "link": link.name, **_when(committed)}
                if change.what == "drop" and change.reason:
                    body["renamed_to"] = change.reason
                yield TABLE_CHANGED, link.name, body
            if change.what in ("alter", "unread"):  # an ALTER may have changed values without a word
                yield _compare(link.name, change.reason or f"the table was changed by {change.what.upper()} TABLE")

    def _from_outbox(self, change: RowChange, committed: Committed) -> Iterator[Message]:
        row = change.after
        if change.kind != "insert" or row is None:
            return
        topic, link = str(row["topic"]), str(row["link"])
        try:
            body = json_body(row["body"])
        except (TypeError, ValueError) as error:
            yield _compare(link, f"a message that cannot be read: {error}")
            return
        yield topic, link, self.answered(topic, link, body, exact=committed.exact)

    def answered(self, topic: str, name: str, body: Json, *, exact: bool) -> Json:
        """A message of the outbox; the question for commit times with its answer, any other as it is.

        The question was committed after the change that it asks about, so that change has passed here.
        """
        if topic != SHEET_OBSERVED or body.get("kind") != "replan":
            return body
        link = self._by_name.get(name)
        columns = [c.name for c in link.columns] if link else []
        rows = [
            {
                **row,
                "times": times_to_json(self._times.of(name, tuple(row["key"]), columns)) if row.get("key") else {},
            }
            for row in body.get("rows", ())
        ]
        return {**body, "rows": rows, "times_exact": exact}


def seen_by(link: Link, change: RowChange) -> RowChange:
    """A change as it looks to a link that shows some rows: one that enters its filter comes, one that leaves it goes.

    Raises:
        KeyError: a column of the filter is not in the row.
        Unfit: a value that its column's codec does not know.
    """
    before, after = (
        (row if row and link.shows(_texts_of(link, row)) else None) for row in (change.before, change.after)
    )
    kind: Any = "update" if before and after else "insert" if after else "delete"
    return replace(change, kind=kind, before=before, after=after)


def _texts_of(link: Link, row: Row) -> dict[str, str | None]:
    """What the filter's columns hold."""
    values = {c: row[c.name] for c in link.columns if c.where is not None}
    return {c.name: None if v is None else c.codec.from_table(v) for c, v in values.items()}


def _alike(before: Any, after: Any) -> bool:
    """Whether a value did not change; 1, 1.0 and true of JSON are equal to Python."""
    if isinstance(before, dict | list):
        return repr(before) == repr(after)
    return type(before) is type(after) and bool(before == after)


def key_of(link: Link, row: Row | None) -> Key | None:
    """The key of a row as canonical texts.

    Raises:
        KeyError: a key column is not in the row, or NULL.
        Unfit: a value that its column's codec does not know.
    """
    if row is None:
        return None
    texts = []
    for column in link.key_columns:
        text = column.codec.from_table(row[column.name])
        if text is None:
            raise KeyError(column.name)
        texts.append(text)
    return tuple(texts)


def _print_of(link: Link, row: Row | None) -> str | None:
    """``None`` where a value is not to be read: whoever needs it has to ask."""
    try:
        values = {c: row[c.name] for c in link.columns} if row else {}
        return print_of({c.name: None if v is None else c.codec.from_table(v) for c, v in values.items()})
    except (KeyError, Unfit):
        return None


def json_body(raw: Any) -> Json:
    """A JSON column as the binlog has it: decoded with bytes for texts by MySQL, plain text by MariaDB.

    Raises:
        ValueError: no JSON.
        TypeError: no object.
    """
    body = json.loads(raw) if isinstance(raw, str | bytes) else _texts(raw)
    if not isinstance(body, dict):
        raise TypeError(f"a message is a JSON object, not {type(body).__name__}")
    return body


def _texts(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {_texts(key): _texts(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_texts(item) for item in value]
    return value


def compare_all(links: Iterable[Link], reason: str, *, beginning: int | None = None) -> list[Message]:
    """The messages that have every link looked at whole, on both sides.

    Args:
        links: these.
        reason: for the log.
        beginning: the feed begins anew with that number (:attr:`adapters.binlog_events.Position.beginning`).
    """
    return [
        message
        for link in links
        for message in (
            _compare(link.name, reason, beginning),
            (SHEET_OBSERVED, link.name, {"kind": "rescan", "link": link.name, "reason": reason}),
        )
    ]


def _compare(name: str, reason: str, beginning: int | None = None) -> Message:
    begun = {} if beginning is None else {"beginning": beginning}
    return TABLE_CHANGED, name, {"kind": "link", "link": name, "reason": reason, **begun}


def _via(committed: Committed) -> str:
    """The connection, and what the statement says of itself."""
    told = [f"connection {committed.connection}"] if committed.connection is not None else []
    return "; ".join([*told, committed.comment] if committed.comment else told)


def _when(committed: Committed) -> Json:
    return {
        "committed_at": rfc3339(committed.committed_at),
        "time_exact": committed.exact,
        "transaction": committed.transaction,
        "position": {
            "beginning": committed.position.beginning,
            "file": committed.position.file,
            "pos": committed.position.offset,
        },
    }
