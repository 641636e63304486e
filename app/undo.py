"""Taking back: what somebody did, shown first and then asked for; table_writer carries it out.

What if it stops halfway? Nothing is written before the yes. What is asked for is kept in one transaction, row by
row; each row is then decided once, in the transaction that writes it, whoever waits for that here or does not.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.mysql_cascades import referring_tables
from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import describe_table
from adapters.mysql_store import MysqlStore, open_store
from app.orders import this_person
from app.parts import asked_links
from app.queued import POLL_S, why_queued
from app.said import key_shown
from app.shown import print_of
from app.undo_told import left_of, left_told, rows_told
from app.undoing import UndoPlan, ask_undo, plan_undo, refuse_waiting
from config.settings import Settings
from core.errors import NotUndone
from core.model import Link
from core.ports import Transaction
from core.undo import Selection, check_selection, event_of_entry
from core.undo_plan import ON_ITS_WAY

Json = dict[str, Any]
Confirm = Callable[[Mapping[str, Any]], bool]
_SLOW = "a row is locked by another transaction, or something of it is being carried over"


def preview(settings: Settings, wanted: Selection, link: str | None = None, *, over: bool = False) -> Json:
    """Show what would be taken back now; nothing is written.

    Args:
        settings: with MySQL.
        wanted: what to take back.
        link: its name; may be left out for an entry, and for an event of one link.
        over: take back what others have done since in the same cells and rows as well.

    Returns:
        ``link``; ``rows``: [{row_id, key, kind, cells: [{column, now, then}], old_key}], ``kind`` being ``change``,
        ``back`` (the row comes back) or ``away`` (it goes), ``old_key`` a generated key that cannot come back;
        ``left``: [{row_id, key, column, now, then, reason}]; ``already``: how much is as it was before; ``notes``;
        ``shown``: tells this plan from any other.

    Raises:
        NotUndone: nothing is meant, nothing is left to take back, or the link does not run; with what to do.
        NotLinked: there is no such link.
        SettingsError: the link does not fit its table (any more).
        MysqlUnavailable
    """
    check_selection(wanted, datetime.now(UTC))
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        place = _look(settings, store, wanted, link)
        return _report(place, plan_undo(store.run, place.link, wanted, over=over))


def undo(
    settings: Settings,
    wanted: Selection,
    link: str | None = None,
    *,
    actor: str | None = None,
    over: bool = False,
    wait_s: float = 10.0,
    confirm: Confirm | None = None,
    shown: str | None = None,
) -> Json:
    """Take back, and wait until that is done.

    Args:
        settings: with MySQL; the run folder tells whether the services run.
        wanted: as for :func:`preview`, ``link`` and ``over`` too.
        actor: who does it, for the history; ``None`` for the user of this machine.
        wait_s: how long table_writer is waited for.
        confirm: shown the preview; nothing is written unless it answers True. ``None`` for no question.
        shown: of the preview to which somebody has said yes already: where the plan is another one by now, that is
            refused.

    Returns:
        The preview where nobody said yes, with ``state``: ``asked``. Else what was written as ``rows``, what was
        left alone as ``left``, the ``event`` by which it can be taken back in its turn, and ``state``: ``done``, or
        ``queued`` with the reason why that takes longer.

    Raises:
        NotUndone: also where nothing of it can be done.
        NotLinked, SettingsError, MysqlUnavailable
    """
    check_selection(wanted, datetime.now(UTC))
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        place = _look(settings, store, wanted, link)
        plan = plan_undo(store.run, place.link, wanted, over=over)
        report = _report(place, plan)
        _refuse_nothing(plan)
        if shown is not None and shown != report["shown"]:
            raise NotUndone("What would be taken back has changed since it was shown.", "Look at it again.")
        if confirm is not None and not confirm(report):
            return {**report, "state": "asked"}
        event = f"undo_{secrets.token_hex(8)}"
        who, at = actor or this_person(), datetime.now(UTC)
        store.run(lambda tx: ask_undo(tx, plan, event, who, at))
        return {**_awaited(settings, store, plan, event, wait_s), "notes": report["notes"]}


def whole_of(settings: Settings, entry: int) -> tuple[str, Selection]:
    """All of the event that an entry of the history belongs to.

    Returns:
        The link's name, and what is wanted.

    Raises:
        NotUndone: there is no such entry, or it came alone.
        MysqlUnavailable
    """
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        known = store.run(lambda tx: tx.step(entry))
    if known is None:
        raise _unknown(f"an entry {entry}")
    link, step = known
    if not step.event:
        raise NotUndone(f"Entry {entry} came alone.", f"To take it back: twinsheet undo --entry {entry}")
    return link, Selection(event=event_of_entry(step.event))


@dataclass(frozen=True, slots=True)
class _Place:
    """The link, and what its table has besides."""

    link: Link
    unlinked: list[str]
    referring: list[str]


def _look(settings: Settings, store: MysqlStore, wanted: Selection, name: str | None) -> _Place:
    name = name or store.run(lambda tx: _link_of(tx, wanted))
    session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
    try:
        (link,) = asked_links(settings.links, session, name)
        place, linked = (link.schema, link.table), {c.name for c in link.columns}
        unlinked = [c.name for c in describe_table(session, *place).columns if c.name not in linked]
        return _Place(link, unlinked, referring_tables(session, place))
    finally:
        session.drop()


def _link_of(tx: Transaction, wanted: Selection) -> str:
    if wanted.entry is not None:
        known = tx.step(wanted.entry)
        names = [known[0]] if known is not None else []
        what = f"an entry {wanted.entry}"
    elif wanted.event is not None:
        names, what = tx.links_of_event(wanted.event), f"an event {wanted.event}"
        if not names:
            refuse_waiting(tx, wanted)
    else:
        raise NotUndone("Name the link that this is about.", "See: twinsheet link list")
    if not names:
        raise _unknown(what)
    if len(names) > 1:
        raise NotUndone(f"{what} is of several links.", f"Name one of them: {', '.join(names)}")
    return names[0]


def _unknown(what: str) -> NotUndone:
    return NotUndone(f"The history has no such thing as {what}.", "See: twinsheet history")


def _refuse_nothing(plan: UndoPlan) -> None:
    if plan.rows:
        return
    _, key, first = plan.left[0]
    more = f" (and {len(plan.left) - 1} more)" if len(plan.left) > 1 else ""
    where = ", ".join(filter(None, [key_shown(key), first.column]))
    hint = "" if first.reason == ON_ITS_WAY else f"See what was done: twinsheet history {plan.link}"
    if "since" in first.reason:
        hint = "To take back what others have done since as well: --over"
    raise NotUndone(f"Nothing of it can be taken back: {where}: {first.reason}{more}.", hint)


# --- what is told ---------------------------------------------------------------------------


def _report(place: _Place, plan: UndoPlan) -> Json:
    rows = rows_told(plan.rows)
    told = {
        "link": plan.link,
        "rows": rows,
        "left": [left_told(*one) for one in plan.left],
        "already": plan.already,
        "notes": [*plan.notes, *_not_known(place, plan)],
    }
    return {**told, "shown": print_of([plan.link, rows])}


def _not_known(place: _Place, plan: UndoPlan) -> list[str]:
    kinds = {row.kind for row in plan.rows}
    told = []
    if "back" in kinds:
        told.append("Rows that come back stand below the last row of the tab.")
    if place.unlinked and "back" in kinds:
        told.append(f"Columns that are not linked take their defaults: {', '.join(place.unlinked)}.")
    if place.unlinked and "away" in kinds:
        told.append(f"Columns that are not linked are lost with the rows that go: {', '.join(place.unlinked)}.")
    if place.referring and "back" in kinds:
        told.append(f"Rows of {', '.join(place.referring)} that went or changed with them do not come back.")
    return told


def _awaited(settings: Settings, store: MysqlStore, plan: UndoPlan, event: str, wait_s: float) -> Json:
    deadline = time.monotonic() + wait_s
    while store.run(lambda tx: tx.undo_left(event)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    still_open, outcomes = store.run(lambda tx: tx.undone(event))
    told = {
        "link": plan.link,
        "event": event,
        "rows": rows_told(outcomes),
        "left": [*(left_told(*one) for one in plan.left), *left_of(outcomes)],
        "already": plan.already,
    }
    if not still_open:
        return {**told, "state": "done"}
    return {
        **told,
        "state": "queued",
        "rows_open": still_open,
        "reason": why_queued(settings, store, plan.link, _SLOW),
    }
