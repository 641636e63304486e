"""Gathers what decisions on taking back rest on: for the preview, and for table_writer that carries it out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.model import Key, Link, RowBase
from core.ports import Transaction
from core.row_view import RowView
from core.undo import AskedRow
from core.undo_plan import UndoView


def comes_back(row: AskedRow) -> bool:
    """Whether a row that is gone is to be there again."""
    return row.exists and not row.was_there


def view_rows(
    tx: Transaction, link: Link, rows: Sequence[AskedRow], leaving: Collection[Key] = ()
) -> dict[str, UndoView]:
    """Everything that the decisions on these rows rest on, locked.

    Args:
        leaving: keys that rows are to give up at the same time.
    """
    ids = [row.row_id for row in rows]
    bases = tx.bases(link.name, ids)
    keys = [b.key for b in bases.values() if b.key is not None and not b.gone]
    table, busy = tx.free_rows(link, keys) if keys else ({}, frozenset())
    waiting, coming = tx.waiting(link.name, [b.row_id for b in bases.values()]), tx.coming_back(link.name, ids)
    wanted = [row for row in rows if row.exists and row.key is not None and _is_gone(bases.get(row.row_id))]
    held = _Held(tx, link, wanted, leaving)
    return {
        row.row_id: UndoView(
            RowView(
                link=link,
                row_id=row.row_id,
                base=base,
                table=table.get(base.key) if base is not None and base.key is not None else None,
                waiting=waiting.get(base.row_id, ()) if base is not None else (),
                busy=base is not None and base.key in busy,
            ),
            is_coming=row.row_id in coming,
            is_key_taken=row.key in held.taken,
            is_key_leaving=row.key in held.leaving,
            is_hidden=row.key in held.hidden,
        )
        for row in rows
        for base in [bases.get(row.row_id)]
    }


def _is_gone(base: RowBase | None) -> bool:
    return base is None or base.gone


class _Held:
    """Of the keys that rows are to have again, those that are not free."""

    def __init__(self, tx: Transaction, link: Link, rows: Sequence[AskedRow], leaving: Collection[Key]) -> None:
        keys = {row.key for row in rows if row.key is not None}
        there = tx.rows(link.unfiltered, keys) if keys else {}
        owners = tx.bases_of_keys(link.name, keys) if keys else {}
        known = tx.open_undos(link.name, [base.row_id for base in owners.values()]) if owners else []
        going = {undo.asked.row_id for undo in known if not undo.asked.exists}
        self.hidden = {key for key, row in there.items() if not link.shows(row)}
        self.leaving = {k for k, base in owners.items() if k not in there or base.row_id in going} - set(leaving)
        self.taken = there.keys() - self.leaving - set(leaving)
