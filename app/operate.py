"""What a person says to a link: go on all the same, stop for a while, go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any

from adapters.mysql_connection import ThreadSessions, parse_url
from adapters.mysql_store import MysqlStore, open_store
from app.orders import Order
from app.parts import links_for
from config.settings import Settings
from core import guards
from core.column_plan import with_renamed
from core.errors import LinkRefused, NotLinked
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.known import KnownColumns, has_other_key, key_of, rekeyed, renamed_columns
from core.model import Link
from core.ports import LinkState, TableRow, Transaction

Json = dict[str, Any]

OF_THE_TABLE = ("table_unreadable", "table_drop", "key_changed")
"""Guards after which the link has to fit its table again before it may go on."""


def approve(settings: Settings, name: str, actor: str) -> Json:
    """Let through, once, what the guard stopped.

    Args:
        settings: with MySQL.
        name: of the link.
        actor: who says so, for the history.

    Raises:
        NotLinked: there is no such link.
        LinkRefused: the link is not held, or does not fit its table yet.
        MysqlUnavailable: MySQL does not answer.
    """

    def change(tx: Transaction, state: LinkState) -> Json:
        if _guard_of(tx, state.name) in OF_THE_TABLE:
            _fit_the_table(tx, settings, state)
        return approve_held(tx, state)

    return _do(settings, name, Order.given("approved", actor), change)


def _fit_the_table(tx: Transaction, settings: Settings, state: LinkState) -> None:
    """Have the bases know columns and rows by the names and the key that the table has now, once the link fits it.

    Raises:
        LinkRefused: it does not.
    """
    address = parse_url(settings.mysql_url.get_secret_value())
    with closing(ThreadSessions(address)) as session:
        links = links_for(settings.links, session)
        link, known = links.get(state.name), KnownColumns.of(state.known)
        if state.name in links.unresolved:
            raise LinkRefused(
                links.unresolved[state.name], f"Mend that first, then again: twinsheet approve {state.name}"
            )
        if link is None or known is None:
            return
        renamed = renamed_columns(known, link, links.table_columns(state.name))
        if renamed:
            tx.save_bases(link.name, [with_renamed(base, renamed) for base in tx.all_bases(link.name).values()])
        if has_other_key(known, link):
            rekey(tx, link, known, (row for _, row in MysqlStore(address).read_rows(link)))


def rekey(tx: Transaction, link: Link, known: KnownColumns, rows: Iterable[TableRow]) -> None:
    """Have the bases, and a write that is open, know their rows by the key that the table has now.

    Args:
        tx: a transaction, while the link is held.
        link: as it is now.
        known: what is remembered of its columns.
        rows: all of the table.
    """
    bases = list(tx.all_bases(link.name).values())
    keys = rekeyed(known, link, bases, rows)
    tx.save_bases(link.name, [replace(b, key=keys[b.key], former_key=None) for b in bases if b.key is not None])
    intent = tx.intent(link.name)
    if intent is not None:
        planned = {row_id: list(keys.get(tuple(key)) or key) for row_id, key in intent.plan["keys"].items()}
        tx.close_intent(link.name, intent.n)
        tx.open_intent(replace(intent, plan={**intent.plan, "keys": planned}))
    tx.note_known(link.name, replace(known, key=key_of(link)).text)


def _guard_of(tx: Transaction, name: str) -> str:
    return next((hold.guard for hold in tx.holds(name) if hold.is_open), "")


def pause(settings: Settings, name: str, actor: str) -> Json:
    """Write nothing to either side; what comes in waits with its own times. Arguments as for :func:`approve`.

    Raises:
        NotLinked, LinkRefused, MysqlUnavailable
    """
    return _do(settings, name, Order.given("paused", actor), _pause)


def resume(settings: Settings, name: str, actor: str) -> Json:
    """Go on after a pause, from the state found. Arguments as for :func:`approve`.

    Raises:
        NotLinked, LinkRefused, MysqlUnavailable
    """
    return _do(settings, name, Order.given("resumed", actor), _resume)


def _do(settings: Settings, name: str, order: Order, change: Callable[[Transaction, LinkState], Json]) -> Json:
    def work(tx: Transaction) -> Json:
        state = tx.link_state(name, lock=True)
        if state is None:
            raise NotLinked.among(name, (s.name for s in tx.link_states()))
        report = change(tx, state)
        tx.add_history(name, [order.entry(_described(state), report["state"])])
        return report

    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        return store.run(work)


def _described(state: LinkState) -> str:
    return f"{state.state}: {state.reason}" if state.reason else state.state


def approve_held(tx: Transaction, state: LinkState) -> Json:
    """Let a held link go on, past what its guard found and nothing else.

    Raises:
        LinkRefused: it is not held.
    """
    if state.state != "held":
        raise LinkRefused(f"{state.name} is not held; it is {state.state}.", "See: twinsheet status")
    guard = _guard_of(tx, state.name)
    if guard == "version_restored":  # its counters begin again below those that base remembers
        tx.forget_stamps(state.name)
    tx.set_link_state(state.name, "live", guards.approval_of(guard))
    look_at_everything(tx, state.name)
    return {"link": state.name, "state": "live", "approved": state.reason}


def _pause(tx: Transaction, state: LinkState) -> Json:
    if state.state != "live":
        raise LinkRefused(f"{state.name} cannot be paused; it is {state.state}.", "See: twinsheet status")
    tx.set_link_state(state.name, "paused", "paused by a person")
    return {"link": state.name, "state": "paused"}


def _resume(tx: Transaction, state: LinkState) -> Json:
    if state.state != "paused":
        raise LinkRefused(f"{state.name} is not paused; it is {state.state}.", f"See: twinsheet approve {state.name}")
    tx.set_link_state(state.name, "live", None)
    look_at_everything(tx, state.name)
    return {"link": state.name, "state": "live"}


def look_at_everything(tx: Transaction, name: str) -> None:
    """Have both sides of a link compared whole, now that it goes on."""
    tx.send(TABLE_CHANGED, name, {"kind": "link", "link": name})
    tx.send(SHEET_OBSERVED, name, {"kind": "rescan", "link": name})
