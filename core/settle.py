"""Settling a write to the sheet: from what it found to new bases (pure).

For every cell that was written: what stood there and differs from base is an edit that nobody has seen; base
becomes what we wrote. A row that was hit by mistake gets back what it held, by the next write, out of the scratch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from core.contents import owed_or
from core.displaced import are_back, may_carry
from core.intent import PlannedWrite
from core.model import ROW_ID_HEADER, Age, CellBase, Link, LinkedColumn, RowBase, SheetCell
from core.ports import ConflictEntry, HistoryEntry
from core.row_view import value_text
from core.settle_cells import CellSettling, Settlement, as_written, canonical, event_of
from core.sheet import HitRow, IdWrite, RowDelete, RowInsert, RowRestore, SwapAnswer
from core.values import Canonical

_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class Inserted:
    """What the rows that a write inserts come to once it has landed."""

    bases: Mapping[str, RowBase]
    """By row id."""
    history: Sequence[HistoryEntry]


def settle_inserts(
    link: Link, planned: PlannedWrite, read_back: Mapping[str, Mapping[str, Canonical]] = MappingProxyType({})
) -> Inserted:
    """Settle the rows that a write inserts: nothing stood in their place, so that nothing it finds has a say in it,
    and it can be done while the write is on its way.

    Args:
        read_back: what these rows will be read as, by row id and column, where the plan has told so of this link.
    """
    n, event = planned.write.n, event_of(planned)
    bases: dict[str, RowBase] = {}
    history: list[HistoryEntry] = []
    for insert in planned.write.inserts:
        read = read_back.get(insert.row_id) or _read_back(link, insert)
        cells = {name: CellBase(value, n=n) for name, value in read.items()}
        bases[insert.row_id] = base = RowBase(insert.row_id, planned.keys[insert.row_id], cells, n=n)
        if insert.row_id not in planned.origins:  # it stood in the table before anybody told of it
            history.append(HistoryEntry(insert.row_id, base.key, None, None, None, "table", "copied", event=event))
            continue
        history.extend(
            HistoryEntry(insert.row_id, base.key, name, None, cell.value, "table", "inserted", event=event)
            for name, cell in cells.items()
            if cell.value is not None
        )
    return Inserted(bases, history)


def _read_back(link: Link, insert: RowInsert) -> dict[str, Canonical]:
    return {c.name: as_written(c, insert.cells.get(c.header)) for c in link.columns}


def settle(
    link: Link,
    planned: PlannedWrite,
    answer: SwapAnswer,
    bases: Mapping[str, RowBase],
    own_contents: Collection[str] = (),
    *,
    inserted: Inserted | None = None,
) -> Settlement:
    """Settle a write that has landed.

    Args:
        bases: every row that it names or hit, or whose key it hit, as of now.
        own_contents: ids of rows of which a scan has told that what stands beside them is their own.
        inserted: the rows that it inserts, where they have been settled meanwhile.
    """
    result = _Settling(link, planned, answer, bases, own_contents)
    for cell in sorted(planned.write.cells, key=result.is_mistake):
        result.settle_cell(cell)
    result.add(inserted or settle_inserts(link, planned))
    for delete in planned.write.deletes:
        result.settle_delete(delete)
    back = are_back(link, bases, planned.write, result.hit)
    for named in planned.write.ids:
        result.settle_id(named, are_back=back)
    result.hold_displaced()
    return result.settlement


class _Settling(CellSettling):
    def add(self, inserted: Inserted) -> None:
        self.bases.update(inserted.bases)
        self.settlement.bases.update(inserted.bases)
        self.settlement.history.extend(inserted.history)

    def settle_delete(self, delete: RowDelete) -> None:
        hit = self.hit.get(delete.row)
        base = self.bases.get(delete.row_id)
        if hit is None or hit.row_id != delete.row_id:
            self._missed(delete.row_id)
            if hit is not None:
                self.settlement.row_restores.append(RowRestore(hit.scratch_line, delete.row))
                self._hold_until_restored(hit.row_id)
            return
        if base is None or base.gone:
            return
        if (owner := self.owners.of_contents(base, hit)) is not None:
            self.settlement.row_restores.append(RowRestore(hit.scratch_line, delete.row))
            for row_id in (base.row_id, owner.row_id):
                self._hold_until_restored(row_id)
            self._displace(base.row_id)
            return
        # a cell of a copy that was hit by mistake is held beyond this write
        n = max([self.n, *(cell.n for cell in base.cells.values())])
        self.settlement.bases[delete.row_id] = replace(
            base, gone=True, key=None, n=n, age=max(base.age, Age(2 * self.stamp.q))
        )
        for column in self.link.columns:
            if column.read_only:  # it would have been put back; what nobody has seen is recorded
                self._keep(base, column, hit, base.cells.get(column.name, CellBase(None)))
        edited = self._edited(base, hit)
        # who has done nothing but empty cells of the row keeps nothing in it
        if any(hit.cells.get(c.header, _BLANK).value not in (None, "") for c in edited):
            self._bring_back(base, hit, edited)
        self.settlement.history.extend(
            HistoryEntry(base.row_id, base.key, name, old, None, "table", "deleted", event=self.event)
            for name, old in self._last(base, hit).items()
        )
        self.settlement.mended.extend((base.row_id, c.name) for c in self.link.columns)

    def _last(self, base: RowBase, hit: HitRow) -> dict[str, Canonical]:
        """What a deleted row held; formulas that fed the table may have come to other values since anybody looked."""
        fed = [c for c in self.link.columns if not c.read_only]
        computed = [c for c in fed if base.cells.get(c.name, CellBase(None)).formula]
        held = {name: cell.value for name, cell in base.cells.items()}
        shown = {c.name: canonical(c, hit.cells.get(c.header, _BLANK), held[c.name]) for c in computed}
        return {**held, **shown}

    def _edited(self, base: RowBase, hit: HitRow) -> list[LinkedColumn]:
        return [
            c
            for c in self.link.columns
            if not c.read_only
            and (found := hit.cells.get(c.header, _BLANK))
            and (held := base.cells.get(c.name, CellBase(None))).n < self.n
            and not (held.formula and found.formula)
            and self._is_unseen(c, found, held.value, held.value)
        ]

    def _bring_back(self, base: RowBase, hit: HitRow, edited: list[LinkedColumn]) -> None:
        """A row deleted in the table and edited in the sheet: the edit wins, the row is inserted again."""
        for column in self.link.columns:
            found = hit.cells.get(column.header, _BLANK)
            held = base.cells.get(column.name, CellBase(None))
            if column not in edited:
                rest = owed_or(column, held, found)
                self.settlement.rest.append(self._observed(base.row_id, column, rest, held.value, None))
            else:
                self.settlement.unseen.append(self._observed(base.row_id, column, found, held.value, None))
                self.settlement.conflicts.append(
                    ConflictEntry(
                        row_id=base.row_id,
                        key=base.key,
                        column=column.name,
                        base=held.value,
                        sheet=value_text(found.value),
                        table=None,
                        winner="sheet",
                        rule="change_beats_delete",
                        event=self.event,
                    )
                )

    def settle_id(self, named: IdWrite, *, are_back: bool) -> None:
        hit = self.hit.get(named.row)
        self.settlement.rescan = True  # an id counts once it is read back beside its row's content
        if hit is None:
            return
        is_empty = named.expected is None and not hit.cells
        is_its = may_carry(self.link, self.bases, self.write, named, hit, are_back)
        if hit.row_id != named.expected or is_empty or not is_its:
            self._take_back(hit, ROW_ID_HEADER, named.row_id)
            for row_id in (named.row_id, hit.row_id):  # one stands beside another row, one nowhere, until it is back
                self._hold_whole(row_id or "") if self._is_live(row_id) else self._hold_unknown(row_id)
            return
        base = self.bases.get(named.row_id)
        if base is not None and not base.gone:  # what saw rows before that, told again, moves no id once more
            placed = replace(base, n=max(base.n, self.n))
            self.bases[named.row_id] = self.settlement.bases[named.row_id] = placed
        if named.expected and not self._is_live(named.expected):
            gone = self.bases.get(named.expected) or RowBase(named.expected, None, {})
            self.settlement.bases[named.expected] = replace(gone, gone=True, key=None, n=self.n)

    def _is_live(self, row_id: str | None) -> bool:
        base = self.bases.get(row_id) if row_id else None
        return base is not None and not base.gone
