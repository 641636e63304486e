"""Contents that stand beside another row's id: somebody has sorted without the id column (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import CellBase, Key, Link, RowBase, SheetCell
from core.scan import differs, is_row_of, key_in_base, key_in_row
from core.sheet import HitRow, SwapAnswer

_BLANK = SheetCell(None)


def keys_hit(link: Link, answer: SwapAnswer) -> set[Key]:
    """Keys that stood in the rows which a write hit."""
    return {key for hit in answer.rows if (key := key_in_row(link, hit.cells)) is not None}


class Owners:
    """Whose contents stand in a row of the tab, by the key among them.

    Args:
        link: whose rows they are.
        bases: every row whose key may stand there, by row id.
    """

    def __init__(self, link: Link, bases: Mapping[str, RowBase]) -> None:
        self._link = link
        live = {row_id: key_in_base(link, base) for row_id, base in bases.items() if not base.gone}
        self._by_key = {key: bases[row_id] for row_id, key in live.items() if key is not None}

    def of_contents(self, base: RowBase, hit: HitRow) -> RowBase | None:
        """Another row, where its contents stand beside this row's id.

        Not where base knows these contents as the row's own, under a key that the table refuses.
        """
        key = key_in_row(self._link, hit.cells)
        owner = self._by_key.get(key) if key is not None else None
        if owner is None or owner.row_id == base.row_id or key == key_in_base(self._link, base):
            return None
        is_known = all(
            not differs(c, hit.cells.get(c.header, _BLANK), base.cells.get(c.name, CellBase(None)))
            for c in self._link.columns
            if not c.key
        )
        return owner if not is_known and is_row_of(self._link, owner, hit.cells) else None
