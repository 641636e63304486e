"""Bases go along with the keys of their rows as the change feed tells of these: part of sheet_writer's work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from consumers import coming_back
from core.contents import key_in_base
from core.events import SHEET_OBSERVED, replans
from core.model import Key, Link, RowBase
from core.ports import Json, LinkState, Transaction
from core.renames import Anew, Asked, FeedPlace, Heard, Renamed, follow, made_by_us, told_of


def follow_keys(tx: Transaction, link: Link, heard: Sequence[Heard], state: LinkState) -> dict[Key, Key]:
    """A key that changed in the table stays with its row; whoever asked is told how that stood when it was asked.

    Args:
        heard: what the change feed has told, in order.
        state: the link's, locked.

    Returns:
        :func:`keys_shown` of rows whose keys have changed.
    """
    shown: dict[Key, Key] = {}
    reached = FeedPlace.of(state.followed) if state.followed else None
    for one in heard:
        if isinstance(one, Asked):
            _answer(tx, link.name, one.rows)
        elif isinstance(one, Anew):
            if reached is None or one.beginning > reached.beginning:
                reached = FeedPlace(one.beginning)
                tx.forget_former_keys(link.name)
                coming_back.forget_replaced(tx, link.name, tx.bases_of_keys(link.name, tx.kept_ids(link.name)))
        elif one.place.is_past(reached):
            on_their_way = coming_back.under_new_keys(tx, link.name, one)
            shown |= _follow(tx, link, one)
            coming_back.keep(tx, link.name, on_their_way)
            reached = one.place
    if any(not isinstance(one, Asked) for one in heard):
        tx.note_followed(link.name, reached.text if reached else None)
    return shown


def _answer(tx: Transaction, name: str, questions: Sequence[Json]) -> None:
    """Tell of rows whose bases have the keys that were asked about. Another row had that of any other one then, as
    base was yet to learn; and however often the two trade their keys, what it held is no answer."""
    bases = tx.bases(name, [question["row_id"] for question in questions])
    keys = {row_id: base.key for row_id, base in bases.items()}
    told = [{**question, "told": keys.get(question["row_id"]) == tuple(question["key"])} for question in questions]
    for body in replans(name, told):
        tx.send(SHEET_OBSERVED, name, body)


def followed_inserts(
    tx: Transaction, name: str, bases: Mapping[Key, RowBase], came: Collection[Key]
) -> dict[Key, RowBase]:
    """The change feed is no longer behind rows of ours under keys that have come, as it has told; their bases."""
    inserted = told_of(bases, came)
    tx.forget_former_keys(name, [base.row_id for base in inserted.values()])
    coming_back.forget_replaced(tx, name, inserted)
    return inserted


def _follow(tx: Transaction, link: Link, renamed: Renamed) -> dict[Key, Key]:
    ours = made_by_us(renamed.pairs, tx.bases_of_keys(link.name, {new for _, new in renamed.pairs}))
    tx.save_bases(link.name, ours.values())
    coming_back.forget_replaced(tx, link.name, [new for _, new in ours])
    moved = {base.row_id for base in ours.values()}
    shown: dict[Key, Key] = {}
    given_up = {old for old, _ in renamed.pairs}
    for pair in renamed.pairs:
        bases = tx.bases_of_keys(link.name, pair)
        bases |= told_of(bases, renamed.came)
        if pair in ours or pair[0] not in bases or bases[pair[0]].row_id in moved:
            continue
        told, there = renamed.prints.get(pair[1]), tx.rows(link.unfiltered, pair)
        followed = follow(link, pair, bases, there, is_traded=pair[1] in given_up, told=told)
        moved.update(base.row_id for base in followed[:1])
        tx.save_bases(link.name, followed)
        shown |= keys_shown(link, followed)
    return shown


def keys_shown(link: Link, bases: Iterable[RowBase]) -> dict[Key, Key]:
    """The key that the tab shows as yet and the one that the table has, of rows in which they differ."""
    keys = ((key_in_base(link, base), base.key) for base in bases)
    return {shown: key for shown, key in keys if shown and key and shown != key}
