"""The transaction in which sheet_writer asks the change feed about rows that are to come into the sheet."""

from __future__ import annotations

from collections.abc import Sequence

from consumers.sheet_handing_on import ask_feed
from core.model import Key, Link
from core.ports import Transaction


def ask_ahead(tx: Transaction, link: Link, keys: Sequence[Key]) -> frozenset[Key]:
    """Ask about those of these rows that stand in the table and that no base knows; their keys.

    Nothing else is decided on any of them: a plan does that, as it does once the feed has answered.

    Args:
        keys: named by a comparison alone: the feed has told nothing of them.
    """
    state = tx.link_state(link.name, lock=True)
    if state is None or state.state in ("paused", "held"):
        return frozenset()
    known = tx.bases_of_keys(link.name, keys)
    rows, _ = tx.free_rows(link, [key for key in keys if key not in known])
    in_their_order = [key for key in keys if key in rows]
    ask_feed(tx, link.name, [(key, "i") for key in in_their_order], rows)
    return frozenset(rows)
