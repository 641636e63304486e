"""What a person says to a link: go on all the same, stop for a while, go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from adapters.mysql_store import open_store
from config.settings import Settings
from core import guards
from core.errors import LinkRefused, NotLinked
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.ports import LinkState, Transaction

Json = dict[str, Any]


def approve(settings: Settings, name: str) -> Json:
    """Let through, once, what the guard stopped.

    Raises:
        NotLinked: there is no such link.
        LinkRefused: the link is not held.
        MysqlUnavailable: MySQL does not answer.
    """
    return _do(settings, name, approve_held)


def pause(settings: Settings, name: str) -> Json:
    """Write nothing to either side; what comes in waits with its own times.

    Raises:
        NotLinked, LinkRefused, MysqlUnavailable
    """
    return _do(settings, name, _pause)


def resume(settings: Settings, name: str) -> Json:
    """Go on after a pause, from the state found.

    Raises:
        NotLinked, LinkRefused, MysqlUnavailable
    """
    return _do(settings, name, _resume)


def _do(settings: Settings, name: str, change: Callable[[Transaction, LinkState], Json]) -> Json:
    def work(tx: Transaction) -> Json:
        state = tx.link_state(name, lock=True)
        if state is None:
            raise NotLinked.among(name, (s.name for s in tx.link_states()))
        return change(tx, state)

    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        return store.run(work)


def approve_held(tx: Transaction, state: LinkState) -> Json:
    """Let a held link go on, past what its guard found and nothing else.

    Raises:
        LinkRefused: it is not held.
    """
    if state.state != "held":
        raise LinkRefused(f"{state.name} is not held; it is {state.state}.", "See: twinsheet status")
    guard = next((hold.guard for hold in tx.holds(state.name) if hold.is_open), "")
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
