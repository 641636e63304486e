"""Rows whose keys a person has exchanged: the table gets the new keys one after the other, by way of a spare one.

Taken one by one each of them would be refused, because another row has that key as yet. All within table_writer's
transaction: nobody sees the spare key but in the change feed, which leaves out keys that were only passed through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import Unfit
from core.key_trades import rings, spare_values
from core.model import Key, Link
from core.ports import Transaction
from core.row_view import RowPlan, RowView


def trade_keys(tx: Transaction, link: Link, plans: Sequence[RowPlan], views: Mapping[str, RowView]) -> dict[str, Key]:
    """Give rows each other's keys, where their plans come to that; row ids and the keys that they have got."""
    wanted: dict[Key, Key] = {}
    for plan in plans:
        now = views[plan.row_id].key
        if plan.update and now is not None:
            after = link.key_after(now, plan.update)
            wanted |= {now: after} if after != now else {}
    traded = {key for ring in rings(wanted) if _hand_on(tx, link, ring) for key in ring}
    now_of = {row_id: view.key for row_id, view in views.items()}
    return {row_id: wanted[key] for row_id, key in now_of.items() if key is not None and key in traded}


def _hand_on(tx: Transaction, link: Link, ring: Sequence[Key]) -> bool:
    """Whether the server took it all; else the keys are as they were."""
    done: list[tuple[Key, Key]] = []
    try:
        spare = _park(tx, link, ring[0])
        if spare is None:
            return False
        done.append((ring[0], spare))
        for old, new in zip([*reversed(ring[1:]), spare], [ring[0], *reversed(ring[2:]), ring[1]], strict=True):
            _change(tx, link, old, new)
            done.append((old, new))
    except Unfit:
        for old, new in reversed(done):
            _change(tx, link, new, old)
        return False
    return True


def _park(tx: Transaction, link: Link, key: Key) -> Key | None:
    """Change a key to one that no row has; ``None`` where none is to be found."""
    for value in spare_values(link.key_columns[0]):
        spare = (value, *key[1:])
        if tx.rows(link, [spare]):
            continue
        try:
            _change(tx, link, key, spare)
        except Unfit:
            continue  # the server takes it for another row's, or the column cannot hold it
        return spare
    return None


def _change(tx: Transaction, link: Link, old: Key, new: Key) -> None:
    names = [c.name for c in link.key_columns]
    tx.update_row(link, old, {n: part for n, part, was in zip(names, new, old, strict=True) if part != was})
