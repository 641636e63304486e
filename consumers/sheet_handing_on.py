"""What sheet_writer's transactions hand on to the other processes, by the outbox and the waiting cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from core.events import SHEET_OBSERVED, TABLE_CHANGED, replans
from core.model import Key, Observed
from core.ports import TableRow, Transaction, Waiting
from core.renames import print_of
from core.row_view import replaced


def hand_over(tx: Transaction, name: str, seen: Sequence[Observed], rest: Sequence[Observed] = ()) -> None:
    """Observations of ours go to the table writer, which alone decides on the table.

    Args:
        rest: what their rows held besides: it gives way to an edit that an earlier write of ours has replaced.
    """
    if seen:
        waiting = [w for row in tx.waiting(name, {o.row_id for o in seen}).values() for w in row]
        found = {(w.observed.row_id, w.observed.column) for w in waiting if w.observed.source == "swap"}
        seen = [*seen, *(o for o in rest if (o.row_id, o.column) not in found)]
        tx.add_history(name, replaced(seen, waiting))
        tx.put_waiting(name, [(o, "unseen") for o in _with_their_events(seen, waiting)])
        wake_rows(tx, name, dict.fromkeys(o.row_id for o in seen))


def _with_their_events(seen: Sequence[Observed], waiting: Sequence[Waiting]) -> list[Observed]:
    """An edit that was reported and has been waiting is known by its time and its editor."""
    known = {(w.observed.row_id, w.observed.column): w.observed for w in waiting}
    return [
        replace(o, edited_at=told.edited_at, actor=told.actor, event=told.event)
        if (told := known.get((o.row_id, o.column))) is not None and told.cell == o.cell
        else o
        for o in seen
    ]


def wake_rows(tx: Transaction, name: str, row_ids: Collection[str]) -> None:
    bases = tx.bases(name, list(row_ids))
    rows = [{"row_id": b.row_id, "key": list(b.key) if b.key else None} for b in bases.values()]
    rows += [{"row_id": row_id, "key": None} for row_id in row_ids if row_id not in bases]
    for body in replans(name, rows):
        tx.send(SHEET_OBSERVED, name, body)


def parked_cells(waiting: Mapping[str, Sequence[Waiting]]) -> list[tuple[str, str]]:
    """(row id, column) of those that wait for a person to choose."""
    return [(w.observed.row_id, w.observed.column) for row in waiting.values() for w in row if w.reason == "manual"]


def ask_feed(tx: Transaction, name: str, keys: Sequence[tuple[Key, str]], rows: Mapping[Key, TableRow]) -> None:
    """The table may be ahead of the change feed: what comes back through it comes behind every changed key."""
    asked = [{"row_id": None, "key": list(key), "kind": kind, "print": print_of(rows.get(key))} for key, kind in keys]
    for body in replans(name, asked):
        tx.send(TABLE_CHANGED, name, body)


def ask_scan(tx: Transaction, name: str) -> None:
    tx.send(SHEET_OBSERVED, name, {"kind": "rescan", "link": name})
