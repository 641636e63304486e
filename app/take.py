"""A person ends a conflict, by command or in the console: checked here, carried out by table_writer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_store import MysqlStore, open_store
from app.parts import links_for
from app.queued import POLL_S, why_queued
from config.settings import Settings
from core.conflicts import Choice, KnownConflict, refusal_in
from core.errors import NotTaken, Unfit
from core.events import SHEET_OBSERVED
from core.model import Link, LinkedColumn
from core.ports import Transaction
from core.take_plan import WINNERS, fitted

Json = dict[str, Any]
_SLOW = "the cell is being written, or its row is locked by another transaction"
_LIST = "See them with: twinsheet conflicts"


def take(  # noqa: PLR0917 -- what is chosen, by whom, and how long that may take
    settings: Settings, number: int, side: str, value: str | None, wait_s: float, actor: str
) -> Json:
    """Choose how a conflict ends, and wait until that is done.

    Args:
        settings: with MySQL.
        number: of the conflict, open or settled.
        side: ``sheet``, ``table`` or ``value``.
        value: the other value, as a person would type it; only for ``value``.
        wait_s: how long table_writer is waited for.
        actor: who chooses.

    Returns:
        The conflict with ``state``: ``settled``, or ``queued`` with the reason why that takes longer.

    Raises:
        NotTaken: there is no such conflict, or what was chosen cannot be done.
        MysqlUnavailable, SettingsError
    """
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        name, conflict = store.run(lambda tx: _known(tx, number))
        column = _column(_link(settings, name), conflict)
        choice = _choice(column, conflict, side, value, actor)
        conflict = store.run(lambda tx: _choose(tx, name, number, choice))
        return _awaited(settings, store, name, conflict, choice, wait_s)


def take_all(settings: Settings, name: str, numbers: Iterable[int], side: str, actor: str) -> tuple[int, list[str]]:
    """Choose the same side for many conflicts of one link, without waiting until that is done.

    Args:
        settings: with MySQL.
        name: of the link.
        numbers: of conflicts.
        side: ``sheet`` or ``table``.
        actor: who chooses, for the record.

    Returns:
        How many were chosen for, and for each other one why it was not.

    Raises:
        NotTaken: there is no such link.
        MysqlUnavailable, SettingsError
    """
    chosen, refused = 0, []
    with closing(open_store(settings.mysql_url.get_secret_value())) as store:
        link = _link(settings, name)
        for number in numbers:
            try:
                store.run(partial(_choose_side, link=link, number=number, side=side, actor=actor))
            except NotTaken as error:
                refused.append(str(error))
            else:
                chosen += 1
    return chosen, refused


def _choose_side(tx: Transaction, link: Link, number: int, side: str, actor: str) -> None:
    name, conflict = _known(tx, number)
    if name != link.name:
        raise NotTaken(f"Conflict {number} is none of {link.name}.", _LIST)
    _choose(tx, name, number, _choice(_column(link, conflict), conflict, side, None, actor))


def _choice(column: LinkedColumn, conflict: KnownConflict, side: str, value: str | None, actor: str) -> Choice:
    event = f"take_{secrets.token_hex(8)}"
    return Choice(side, _checked(column, conflict, side, value), actor, datetime.now(UTC), event)


def _known(tx: Transaction, number: int) -> tuple[str, KnownConflict]:
    found = tx.conflict(number)
    if found is None:
        raise NotTaken(f"There is no conflict {number}.", _LIST)
    return found


def _column(link: Link, conflict: KnownConflict) -> LinkedColumn:
    if conflict.column is None:
        raise NotTaken(
            f"Conflict {conflict.number} is about a whole row, which came or went.",
            "Type the row into the sheet again, or delete it there.",
        )
    column = link.by_name(conflict.column)
    if column is None:
        raise NotTaken(f"The column {conflict.column} of {link.name} is linked no longer.", "Link it in links.yaml.")
    if column.column.generated:
        raise NotTaken(f"The table computes the column {column.name}.", "Change what it is computed from.")
    if column.read_only:
        raise NotTaken(f"The column {column.name} is read-only in the sheet.", "Change it in the table.")
    if not column.follows_table:
        raise NotTaken(f"The column {column.name} goes from the sheet to the table alone.", "Type it into the sheet.")
    return column


def _link(settings: Settings, name: str) -> Link:
    session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
    try:
        links = links_for(settings.links, session)
        link = links.get(name)
        if link is None:
            said = next((fault for fault in links.faults if name in fault), "See: twinsheet link list")
            raise NotTaken(f"There is no link {name} (any more).", said)
        return link
    finally:
        session.drop()


def _checked(column: LinkedColumn, conflict: KnownConflict, side: str, value: str | None) -> str | None:
    """The other value as canonical text; the sides' own values are checked only where they are written back."""
    chosen = {"sheet": conflict.sheet, "table": conflict.table}.get(side, value)
    if side != "value" and not conflict.settled:
        return None
    try:
        fits = fitted(column, chosen)
    except Unfit as reason:
        raise NotTaken(reason.message, "Choose another value: twinsheet conflicts take ID --value TEXT") from reason
    return fits if side == "value" else None


def _choose(tx: Transaction, name: str, number: int, choice: Choice) -> KnownConflict:
    """Keep the choice with the conflict, and tell table_writer where to look."""
    _, conflict = _known(tx, number)
    base = tx.bases(name, [conflict.row_id]).get(conflict.row_id)
    if base is None or base.gone:
        raise NotTaken(f"The row of conflict {number} is gone.", "Type it into the sheet again.")
    others = [c for c in tx.conflicts_of(name, [conflict.row_id]) if c.column == conflict.column and not c.settled]
    newer = next((c.number for c in others if c.number != number), None)
    if newer is not None:
        raise NotTaken(
            f"Another conflict of that cell is open: {newer}.", f"Settle that one: twinsheet conflicts take {newer} …"
        )
    tx.put_choice(name, number, replace(choice, was=_was(conflict)))
    tx.send(SHEET_OBSERVED, name, {"kind": "take", "link": name, "take": {"row_id": conflict.row_id}})
    return conflict


def _was(conflict: KnownConflict) -> tuple[str, str] | None:
    """How it had ended before somebody chose to open it again."""
    if conflict.settled:
        return conflict.winner, conflict.rule
    return conflict.choice.was if conflict.choice is not None else None


def _awaited(  # noqa: PLR0917 -- what was asked, and where to look for what came of it
    settings: Settings, store: MysqlStore, name: str, conflict: KnownConflict, choice: Choice, wait_s: float
) -> Json:
    told = {
        "id": conflict.number,
        "link": name,
        "row_id": conflict.row_id,
        "column": conflict.column,
        "take": choice.take,
        "sheet": conflict.sheet,
        "table": conflict.table,
    }
    deadline = time.monotonic() + wait_s
    while True:
        _, now = store.run(lambda tx: _known(tx, conflict.number))
        if now.choice is None:
            reason = refusal_in(now.rule) or now.rule
            raise NotTaken(f"Conflict {now.number} was not settled so: {reason}.", "Choose again.")
        if now.settled and now.winner != WINNERS[choice.take]:
            raise NotTaken(f"Conflict {now.number} has ended otherwise meanwhile: {now.rule}.", _LIST)
        if now.settled:
            return {**told, "state": "settled", "winner": now.winner, "rule": now.rule}
        if time.monotonic() >= deadline:
            return {**told, "state": "queued", "reason": why_queued(settings, store, name, _SLOW)}
        time.sleep(POLL_S)
