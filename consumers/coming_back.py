"""Rows that stand in the table and are to come back into the tab under the ids that they had there: part of
sheet_writer's transactions, and of table_writer's where it gives their keys away."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import structlog

from core.events import TABLE_CHANGED, replans
from core.model import Key, RowBase
from core.origin import Origin, made_by
from core.ports import HistoryEntry, TableRow, Transaction
from core.renames import Renamed, made_by_us, told_of
from core.undo_steps import WENT, held_at_last
from core.values import Canonical

log = structlog.get_logger(__name__)


def own_ids(tx: Transaction, name: str, rows: Mapping[Key, TableRow], bases: Mapping[Key, RowBase]) -> dict[Key, str]:
    """Ids under which rows are to stand in the tab again, and that no live row has."""
    new = [key for key in rows if key not in bases]
    kept = tx.kept_ids(name, new) if new else {}
    known = tx.bases(name, list(kept.values())) if kept else {}
    return {key: row_id for key, row_id in kept.items() if row_id in known and known[row_id].gone}


def under_new_keys(tx: Transaction, name: str, renamed: Renamed) -> dict[Key, str]:
    """By their new keys, the ids of rows that have got another key before they came back into the tab.

    A row that got its key from us has its base there already; whatever is kept for its former key is another row's,
    which has come since. One that we have given the former key, and the feed is yet to tell of that, is not the row
    which had it before.
    """
    kept = tx.kept_ids(name, {old for old, _ in renamed.pairs})
    if not kept:
        return {}
    bases = tx.bases_of_keys(name, {key for pair in renamed.pairs for key in pair})
    told = bases | told_of(bases, renamed.came)
    live = {key for key, base in told.items() if base.former_key is None}
    live |= {old for old, _ in made_by_us(renamed.pairs, bases)}
    return {new: kept[old] for old, new in renamed.pairs if old in kept and old not in live}


def keep(tx: Transaction, name: str, on_their_way: Mapping[Key, str]) -> None:
    """Of rows beside whose new key another one stands in the tab, it goes on under that one's id."""
    if on_their_way:
        tx.keep_ids(name, on_their_way)
        tx.drop_kept_ids(name, tx.bases_of_keys(name, on_their_way).keys())


def forget_gone(
    tx: Transaction, name: str, lost: Collection[Key], left: Mapping[Key, str], origins: Mapping[Key, Origin]
) -> frozenset[Key]:
    """Rows that have left the table before they came back into the tab: the history tells what they had held there.

    That the row is not there tells less than that: it may have got another key, and that it went may be told of the
    time before it came back. So the change feed is asked about it, whose answer comes behind all that.

    Args:
        lost: keys that neither side has.
        left: ids of rows about which the feed was asked and has answered, by their keys.
        origins: the transactions that were told to have changed these rows last.

    Returns:
        Keys about which the feed is asked now.
    """
    kept = tx.kept_ids(name, lost) if lost else {}
    gone = {key: row_id for key, row_id in kept.items() if left.get(key) == row_id}
    _tell_gone(tx, name, gone, origins)
    asked = {key: row_id for key, row_id in kept.items() if key not in gone}
    for body in replans(name, [{"row_id": i, "key": list(key), "kind": "left"} for key, i in asked.items()]):
        tx.send(TABLE_CHANGED, name, body)
    return frozenset(asked)


def forget_replaced(tx: Transaction, name: str, taken: Collection[Key]) -> None:
    """Rows that have left the table before they came back into the tab, and whose keys the table has got from the
    tab since for other rows, as the change feed has told by now: any that had got another key is known by that."""
    if taken:
        _tell_gone(tx, name, tx.kept_ids(name, taken), {})


def forget_typed(tx: Transaction, name: str, taken: Mapping[Key, str]) -> None:
    """Likewise, where the key was typed for the row itself: it stands in the tab with that id."""
    kept = tx.kept_ids(name, taken) if taken else {}
    _tell_gone(tx, name, {key: row_id for key, row_id in kept.items() if row_id == taken[key]}, {})


def _tell_gone(tx: Transaction, name: str, gone: Mapping[Key, str], origins: Mapping[Key, Origin]) -> None:
    if gone:
        log.info("left_on_the_way_back", link=name, rows=sorted(gone.values()))
        tx.add_history(name, [entry for row in _held(tx, name, gone) for entry in _went(row, origins)])
        tx.drop_kept_ids(name, gone)


class _Left(NamedTuple):
    """A row that left the table on its way back into the tab."""

    row_id: str
    key: Key
    cells: Mapping[str, Canonical]
    """What it held at last: by the history, since it came back; else what both sides shared before."""


def _held(tx: Transaction, name: str, gone: Mapping[Key, str]) -> Iterator[_Left]:
    row_ids = list(gone.values())
    steps, bases = tx.steps_of_rows(name, dict.fromkeys(row_ids, 0)), tx.bases(name, row_ids)
    for key, row_id in gone.items():
        told = held_at_last(step for step in steps if step.row_id == row_id)
        shared = bases[row_id].cells if row_id in bases else {}
        yield _Left(row_id, key, told or {column: cell.value for column, cell in shared.items()})


def _went(row: _Left, origins: Mapping[Key, Origin]) -> Iterator[HistoryEntry]:
    origin = origins.get(row.key)
    for column, old in row.cells.items():
        entry = HistoryEntry(row.row_id, row.key, column, old, None, "table", WENT)
        yield made_by(origin, entry) if origin is not None else entry
