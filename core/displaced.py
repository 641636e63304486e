"""Contents that stand beside another row's id: somebody has sorted without the id column (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.contents import differs, is_anothers, is_row_of, key_in_base, key_in_row, shared
from core.model import CellBase, Key, Link, RowBase, SheetCell, Stamp
from core.sheet import HitRow, IdWrite, SwapAnswer, SwapWrite, TabRow

_BLANK = SheetCell(None)


def keys_hit(link: Link, answer: SwapAnswer) -> set[Key]:
    """Keys that stood in the rows which a write hit."""
    return {key for hit in answer.rows if (key := key_in_row(link, hit.cells)) is not None}


def are_back(link: Link, bases: Mapping[str, RowBase], write: SwapWrite, hits: Mapping[int, HitRow]) -> bool:
    """Whether one of the rows whose ids change places shows the key of its own id by now: somebody has taken back
    what had parted them."""
    given = {i.row_id for i in write.ids}
    moved = [(base, hits[i.row]) for i in write.ids if i.row in hits and (base := bases.get(i.expected or ""))]
    keys = [(key_in_base(link, base), key_in_row(link, hit.cells)) for base, hit in moved if base.row_id in given]
    return any(own is not None and own == shown for own, shown in keys)


def may_carry(  # noqa: PLR0917 -- a row, and what was written beside it
    link: Link, bases: Mapping[str, RowBase], write: SwapWrite, named: IdWrite, hit: HitRow, are_back: bool
) -> bool:
    """Whether a row that was given a known row's id is that row, and has not become one of its own.

    Args:
        link: the link.
        bases: every row that the write names or hit.
        write: it.
        named: what it has written beside the row.
        hit: the row as it was found.
        are_back: see :func:`are_back`.
    """
    base = bases.get(named.row_id)
    if base is None or base.gone:
        return True  # a fresh id
    if named.row_id in {i.expected for i in write.ids}:
        return not are_back
    own = bases.get(named.expected or "")
    if named.expected is not None and (own is None or own.gone) and key_in_base(link, base) is not None:
        # by its own id it is the row that the scan took for this one; all but the key may have been typed anew since
        return key_in_base(link, base) == key_in_row(link, hit.cells)
    return is_rather(link, base, own, hit.cells)


def is_rather(link: Link, base: RowBase, own: RowBase | None, cells: Mapping[str, SheetCell]) -> bool:
    """Whether a row of the tab is the one that base tells of, and not the one whose id stands beside it.

    A scan goes by this when it gives an id back, and the settling of that write does.
    """
    if own is None or own.gone:
        return is_row_of(link, base, cells)
    return is_anothers(link, base, own, cells) and not is_row_of(link, own, cells)


def strayed(
    link: Link,
    own: Mapping[str, TabRow],
    known: Mapping[str, RowBase],
    differing: Collection[str],
    missing: Sequence[RowBase],
) -> tuple[dict[str, str], list[IdWrite]]:
    """Ids beside which another known row's contents stand, with that row's id; and the ids to move.

    What was typed into them since differs as in any row.

    Args:
        own: rows of the tab by the ids beside them.
        known: bases by their ids.
        differing: ids of rows that hold something else than base.
        missing: rows that the tab does not hold.
    """
    owners = {key: b.row_id for b in known.values() if (key := key_in_base(link, b)) is not None}
    shown: dict[str, str] = {}
    for row_id in differing:
        key = key_in_row(link, own[row_id].cells) if row_id in known else None
        if key is not None and key in owners and key != key_in_base(link, known[row_id]):
            shown[row_id] = owners[key]
    foreign = {i: o for i, o in shown.items() if is_anothers(link, known[o], known[i], own[i].cells)}
    firm = [i for i, o in foreign.items() if _shared(link, known[o], own[i]) > _shared(link, known[i], own[i])]
    return foreign, _permutation(own, foreign, shown, firm, {b.row_id for b in missing})


def _shared(link: Link, base: RowBase, row: TabRow) -> int:
    return shared(link, base, row.cells)


def _permutation(
    own: Mapping[str, TabRow],
    foreign: Mapping[str, str],
    shown: Mapping[str, str],
    firm: Sequence[str],
    away: Collection[str],
) -> list[IdWrite]:
    """Ids to move: rows that were sorted past their ids hold each other's contents.

    A row whose owner stands in its own place is no such one, but a copy. Where more tells of the owner than of the
    row whose id stands there, the owner's place shows whose contents it has by the key alone: all besides may have
    been typed anew, and told beside the id that stands there.

    Args:
        own: rows of the tab by the ids beside them.
        foreign: ids beside which another row's contents stand, with that row's.
        shown: likewise, where it is the key alone that tells.
        firm: of the first those of which more than that tells.
        away: ids of rows that the tab does not hold.
    """
    found = dict(foreign)
    for row_id in firm:
        place = foreign[row_id]
        while place in shown and not (place in found or place in away or shown[place] in found.values()):
            found[place] = shown[place]
            place = shown[place]
    while any(owner not in found and owner not in away for owner in found.values()):
        found = {row_id: owner for row_id, owner in found.items() if owner in found or owner in away}
    times = Counter(found.values())
    if any(count > 1 for count in times.values()):
        return []  # copies among them: nobody can tell which of two is the row
    return [IdWrite(own[row_id].row, owner, row_id) for row_id, owner in found.items()]


class Owners:
    """Whose contents stand in a row of the tab, by the key among them.

    Args:
        link: whose rows they are.
        bases: every row whose key may stand there, by row id.
        own: ids of rows of which a scan has told that their contents are their own.
    """

    def __init__(self, link: Link, bases: Mapping[str, RowBase], own: Collection[str] = ()) -> None:
        self._link = link
        self._own = own
        live = {row_id: key_in_base(link, base) for row_id, base in bases.items() if not base.gone}
        self._by_key = {key: bases[row_id] for row_id, key in live.items() if key is not None}

    def of_contents(self, base: RowBase, hit: HitRow) -> RowBase | None:
        """Another row, where its contents stand beside this row's id.

        Not where base knows these contents as the row's own, under a key that the table refuses.
        """
        key = key_in_row(self._link, hit.cells)
        owner = self._by_key.get(key) if key is not None else None
        if owner is None or owner.row_id == base.row_id or base.row_id in self._own:
            return None
        is_known = all(
            not differs(c, hit.cells.get(c.header, _BLANK), base.cells.get(c.name, CellBase(None)))
            for c in self._link.columns
            if not c.key
        )
        return owner if not is_known and is_anothers(self._link, owner, base, hit.cells) else None


class Doubts:
    """Rows beside which another row's contents were found, or none, until a scan has moved their ids or has not."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._waiting: dict[str, Key] = {}
        self.own: set[str] = set()
        """Rows of which a scan has told since that what stands beside them is their own."""

    def add(self, rows: Mapping[str, Key], n: int) -> None:
        """Our write ``n`` puts back what was found beside these rows; ids with their keys."""
        self._since.update(dict.fromkeys(rows, n))
        self._waiting.update(rows)
        self.own.difference_update(rows)

    def written(self, row_ids: Iterable[str]) -> None:
        """A write of ours has named these, and their contents are their own unless they are added again."""
        for row_id in row_ids:
            self._since.pop(row_id, None)
            self._waiting.pop(row_id, None)

    def __bool__(self) -> bool:
        return bool(self._since)

    def waiting(self, keys: Iterable[Key]) -> list[Key]:
        """Of these keys those of rows that nobody has told of since: whatever is heard of them, they wait."""
        held = set(self._waiting.values())
        return [key for key in keys if key in held]

    def due(self, keys: Collection[Key]) -> None:
        """These have waited for their time."""
        self._waiting = {row_id: key for row_id, key in self._waiting.items() if key not in keys}

    def told(self, row_ids: Iterable[str], stamp: Stamp) -> None:
        """A scan has told of these rows as they stand, and moved none of their ids."""
        for row_id in self._since.keys() & set(row_ids):
            if stamp.n >= self._since[row_id]:
                del self._since[row_id]
                self._waiting.pop(row_id, None)
                self.own.add(row_id)

    def clear(self) -> None:
        """Rows or ids have moved: everything may stand elsewhere."""
        self._since.clear()
        self._waiting.clear()
        self.own.clear()
