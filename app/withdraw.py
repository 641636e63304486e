"""Withdrawing an order to undo while it waits: rows that are done stay done, the others are not touched.

What if table_writer is at it meanwhile? Both lock the rows of what was asked before they decide, by the same index,
and each row is decided once: by table_writer, which has written it then, or here.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from adapters.mysql_store import open_store
from app.orders import Order
from app.undo_told import left_of, rows_told
from config.settings import Settings
from core.errors import NotUndone
from core.ports import Transaction
from core.undo import WITHDRAWN, RowOutcome, withdrawn

Json = dict[str, Any]
_OPEN = "See what waits: twinsheet undo --open"


def withdraw(settings: Settings, event: str, actor: str) -> Json:
    """Give up what waits of an undo; the history tells who did.

    Args:
        settings: with MySQL.
        event: of the undo.
        actor: who withdraws it.

    Returns:
        ``link``, ``event``; ``withdrawn``: how many rows are not taken back; ``rows`` and ``left`` as
        :func:`app.undo.undo` has them: what had been carried out, or left alone, before.

    Raises:
        NotUndone: nothing is known of it, or nothing of it waits.
        MysqlUnavailable
    """
    order = Order(WITHDRAWN, actor, datetime.now(UTC), event)
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        return store.run(lambda tx: withdraw_undo(tx, order))


def withdraw_undo(tx: Transaction, order: Order) -> Json:
    """The same inside a transaction; the order's event is the one of the undo."""
    asked = tx.asked_undo(order.event)
    if asked is None:
        raise NotUndone(f"Nothing is known of an undo {order.event} (any more).", _OPEN)
    link, row_ids = asked
    waiting = [undo for undo in tx.open_undos(link, row_ids) if undo.event == order.event]
    _, outcomes = tx.undone(order.event)
    if not waiting:
        raise _too_late(order.event, outcomes)
    tx.end_undo(link, order.event, [withdrawn(undo, order.actor) for undo in waiting])
    rows = f"{len(waiting)} row{'' if len(waiting) == 1 else 's'}"
    tx.add_history(link, [order.entry(f"{rows} to be taken back for {waiting[0].actor}", WITHDRAWN)])
    return {
        "link": link,
        "event": order.event,
        "withdrawn": len(waiting),
        "rows": rows_told(outcomes),
        "left": left_of(outcomes),
    }


def _too_late(event: str, outcomes: list[RowOutcome]) -> NotUndone:
    said = next((one.reason for o in outcomes for one in o.left if one.reason.startswith(WITHDRAWN)), None)
    if said is not None:
        return NotUndone(f"{event} was {said} already.", _OPEN)
    return NotUndone(
        f"Nothing of {event} waits: it is decided already.", f"To have it again: twinsheet undo --event {event}"
    )
