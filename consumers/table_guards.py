"""The guards of the table, as the sheet writer asks them: most rows deleted at once, truncated, dropped."""

from __future__ import annotations

from core import guards
from core.errors import MysqlRefused, Unfit
from core.known import KnownColumns, has_other_key
from core.model import Link
from core.ports import LinkState, Transaction
from core.table_sql import create_table
from core.texts import Texts, key_text


def hold_deletes(tx: Transaction, link: Link, planned: int) -> bool:
    """Whether the link is held now, because too many rows have left the table.

    Args:
        tx: where the next write to the sheet is planned.
        link: the link.
        planned: rows that this write would delete; a part of them all, where more are gone than one write takes.
    """
    if not guards.too_many(planned, 0):
        return False
    deleted = _lacking(tx, link)
    count = tx.count_bases(link.name)
    if not guards.too_many(deleted, count):
        return False
    tx.hold(link.name, "deleted_in_table", guards.deleted_in_table(link, deleted, count))
    return True


def hold_other_key(tx: Transaction, link: Link, state: LinkState) -> bool:
    """Whether the table has another key than the one by which bases know its rows: nothing may be decided by it.

    A live link is held for it; a person's approval has the bases know their rows by the new one.
    """
    known = KnownColumns.of(state.known)
    if known is None or not has_other_key(known, link):
        return False
    if state.state == "live":
        tx.hold(link.name, "key_changed", guards.key_changed(link, [name for name, _ in known.key]))
    return True


def hold_emptied(tx: Transaction, link: Link, what: str, renamed_to: str = "") -> None:
    """Hold a link whose table was emptied by ``truncate`` or ``drop``; told again once its rows are back, nothing."""
    if _is_emptied(tx, link):
        reason = guards.table_renamed(link, renamed_to) if renamed_to else guards.table_emptied(link, what)
        tx.hold(link.name, f"table_{what}", reason, create_table(link))


def _is_emptied(tx: Transaction, link: Link) -> bool:
    try:
        return _lacking(tx, link) > 0
    except (MysqlRefused, Unfit):
        return True  # it is gone, or another one by now


def _lacking(tx: Transaction, link: Link) -> int:
    """How many known rows the table does not hold."""
    there = Texts(key_text(key) for key in tx.all_keys(link))
    return sum(base.key is None or key_text(base.key) not in there for base in tx.each_base(link.name))


def use_up_approval(tx: Transaction, state: LinkState | None) -> None:
    """Everything of the table has been looked at: what was approved has passed."""
    if state is not None and state.state == "live" and guards.is_waiting(state.reason, guards.TABLE):
        tx.set_link_state(state.name, "live", guards.used_up(state.reason, guards.TABLE))
