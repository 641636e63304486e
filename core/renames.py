"""Rows of the table that got another key: which bases follow (pure).

A base knows its row of the table by the key alone, and keys change hands: two rows may trade theirs, or a new row
may take one that was given up. That a key changed comes late, and perhaps twice: the place in the change feed up to
which bases have followed is kept with the link. Keys that writes of ours have given to rows are ahead of the feed
until it tells of them, so what these rows hold has a say as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from core.model import Key, Link, LinkedColumn, RowBase
from core.ports import Json, TableRow
from core.values import Canonical

Rename = tuple[Key, Key]
"""The key before and the key after."""


class FeedPlace(NamedTuple):
    """Where in the change feed something was told."""

    beginning: int = 0
    """Of the feed, from which on files and offsets count; a later one has a higher number."""
    file: str = ""
    pos: int = 0
    part: int = 0
    """Of the messages of one transaction, which."""

    def is_past(self, other: FeedPlace | None) -> bool:
        """Whether it was told after the other one."""
        return other is None or self._order > other._order

    @property
    def _order(self) -> tuple[int, int, str, int, int]:
        number = self.file.rpartition(".")[2]
        return (self.beginning, int(number) if number.isdigit() else 0, self.file, self.pos, self.part)

    @property
    def text(self) -> str:
        """As the link's ``followed`` spells it."""
        return json.dumps(self)

    @staticmethod
    def of(raw: Any) -> FeedPlace:
        """The inverse of ``text``, and of a message's ``position``."""
        return FeedPlace(**raw) if isinstance(raw, dict) else FeedPlace(*json.loads(raw))


class Renamed(NamedTuple):
    """The keys that one transaction has changed."""

    pairs: list[Rename]
    place: FeedPlace
    prints: Mapping[Key, str] = MappingProxyType({})
    """What the rows held after that under the keys that they have got (:func:`print_of`)."""
    came: frozenset[Key] = frozenset()
    """Of these keys those under which rows had come before that, as the feed has told of late."""


class Anew(NamedTuple):
    """The change feed begins anew: what happened before, and was not told, will not be told any more."""

    beginning: int
    """As in :class:`FeedPlace`. It may be told again, when places after it are followed already."""
    offset: int
    """Of the event that tells it."""


class Asked(NamedTuple):
    """The table writer has asked whether other rows have got the keys of these."""

    rows: Sequence[Json]
    """As ``table.changed`` tells them."""


Heard = Renamed | Anew | Asked
"""What the change feed tells of keys, in the order in which it happened."""


def composed(pairs: Iterable[Rename]) -> list[Rename]:
    """What the changed keys of one transaction come to: a key that was only passed through is left out."""
    before: dict[Key, Key] = {}
    for old, new in pairs:
        before[new] = before.pop(old, old)
    return [(old, new) for new, old in before.items() if old != new]


def made_by_us(pairs: Collection[Rename], bases: Mapping[Key, RowBase]) -> dict[Rename, RowBase]:
    """Of the keys that one transaction has changed those that it changed for us, with the bases to save: these have
    gone along already, and the change feed has told of it now."""
    held = {pair: bases.get(pair[1]) for pair in pairs}
    return {p: replace(b, former_key=None) for p, b in held.items() if b is not None and b.former_key == p[0]}


def told_of(bases: Mapping[Key, RowBase], came: Collection[Key]) -> dict[Key, RowBase]:
    """Of rows that writes of ours have inserted those of which the change feed has told since: it is not behind them
    any longer."""
    return {k: replace(base, former_key=None) for k, base in bases.items() if base.former_key == () and k in came}


def follow(
    link: Link,
    pair: Rename,
    bases: Mapping[Key, RowBase],
    rows: Mapping[Key, TableRow],
    *,
    is_traded: bool = False,
    told: str | None = None,
) -> list[RowBase]:
    """Bases to save, so that a row keeps its id under its new key; none where they are ahead of the change feed.

    Args:
        link: the link.
        pair: a key that changed.
        bases: those of both keys, as far as there are any.
        rows: the table's under both keys, as they are now.
        is_traded: the row that had the new key got another one in the same transaction.
        told: what the row that got the new key held then (:func:`print_of`).
    """
    old, new = pair
    moved, holder = bases.get(old), bases.get(new)
    if moved is None:
        return []
    is_ahead = any(base is not None and base.former_key is not None for base in (moved, holder))
    if holder is not None and old not in rows and (is_ahead or not is_traded):
        return []  # the row is gone whose key this one took: what it held goes on under that one's id
    is_told = told is not None and told == print_of(_under(link, moved, new))
    if (is_told or is_traded) and not is_ahead:
        return _exchanged(pair, moved, holder)
    is_free = holder is None and not is_ahead and (old not in rows or not is_recognized(link, moved, rows[old]))
    followed = _likeness(link, moved, rows.get(new)) + _likeness(link, holder, rows.get(old))
    stayed = _likeness(link, moved, rows.get(old)) + _likeness(link, holder, rows.get(new))
    if (followed < stayed or (followed == stayed and is_ahead)) and not is_free:
        return []
    return _exchanged(pair, moved, holder)


def _exchanged(pair: Rename, moved: RowBase, holder: RowBase | None) -> list[RowBase]:
    old, new = pair
    return [replace(moved, key=new), *([replace(holder, key=old)] if holder is not None else [])]


def _under(link: Link, base: RowBase, key: Key) -> dict[str, Canonical]:
    """What the row would hold under that key."""
    parts = dict(zip((c.name for c in link.key_columns), key, strict=True))
    return {c.name: parts.get(c.name, _held(base, c.name)) for c in link.columns}


def _likeness(link: Link, base: RowBase | None, row: TableRow | None) -> int:
    """How far a row of the table holds besides the key what base tells; an empty cell tells the least."""
    if base is None or row is None:
        return 0
    others = [c for c in link.columns if not c.key]
    same = [_held(base, c.name) for c in others if c.codec.same(row.get(c.name), _held(base, c.name))]
    return sum(len(others) + 1 if value else 1 for value in same)


def is_recognized(link: Link, base: RowBase, row: TableRow, parked: Collection[str] = ()) -> bool:
    """Whether the row under base's key holds something of what base tells besides, and beside cells that wait for a
    person.

    One that holds nothing of it may be another that got the key, and the change feed has not said so yet. Where there
    is but one column besides the key, rows cannot be told apart by it.
    """
    columns = [c for c in telling(link, base, parked) if not c.key]
    held = [c for c in columns if _held(base, c.name)]
    same = [c.codec.same(row.get(c.name), _held(base, c.name)) for c in held or columns]
    return len(columns) < 2 or (any(same) if held else all(same))


def may_be_another(link: Link, base: RowBase, row: TableRow, parked: Collection[str] = ()) -> bool:
    """Whether another row may have got base's key, and the change feed has not said so yet.

    Where base holds nothing of its row but what goes to the table alone, base never tells: what is asked of the row
    would wait for ever.
    """
    held = [c for c in telling(link, base, parked) if not c.key and _held(base, c.name)]
    one_way = bool(held) and not any(c.follows_table for c in held)
    return not (one_way or is_recognized(link, base, row, parked))


def is_as_known(link: Link, base: RowBase, row: TableRow, parked: Collection[str] = ()) -> bool:
    """Whether the row under base's key holds in every cell what base tells, but for those that wait for a person.

    Another one may have that key by now, and share some of it: copies do.
    """
    return all(c.codec.same(row.get(c.name), _held(base, c.name)) for c in telling(link, base, parked))


def telling(link: Link, base: RowBase, parked: Collection[str] = ()) -> list[LinkedColumn]:
    """Columns by which a row of the table is known: those in which both sides ought to hold the same. Where there is
    nothing in them, what goes to the table alone has to do."""
    columns = [c for c in link.columns if not (c.column.generated or c.name in parked)]
    both_ways = [c for c in columns if c.follows_table]
    is_known_by = any(_held(base, c.name) for c in both_ways if not c.key)
    return both_ways if is_known_by else columns


def _held(base: RowBase, column: str) -> Canonical:
    cell = base.cells.get(column)
    return cell.value if cell else None


def print_of(row: TableRow | None) -> str | None:
    """Tells what a row of the table holds, in short; ``None`` where there is none."""
    if row is None:
        return None
    text = "".join([_print_of_cell(name, value) for name, value in sorted(row.items())])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _print_of_cell(name: str, value: Canonical) -> str:
    """No name holds a NUL, and a text is as long as it says: no two rows have the same."""
    return f"{name}\0-\0" if value is None else f"{name}\0{len(value)}\0{value}"
