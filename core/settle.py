"""Settling a write to the sheet: from what it found to new bases (pure).

For every cell that was written: what stood there and differs from base is an edit that nobody has seen; base
becomes what we wrote. A row that was hit by mistake gets back what it held, by the next write, out of the scratch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from core.displaced import Owners, may_carry
from core.errors import Unfit
from core.intent import PlannedWrite
from core.model import (
    ROW_ID_HEADER,
    Age,
    Canonical,
    CellBase,
    Link,
    LinkedColumn,
    Observed,
    RowBase,
    SheetCell,
    SheetValue,
    Stamp,
)
from core.ports import ConflictEntry, HistoryEntry
from core.row_view import overtaken_in, value_text
from core.sheet import CellWrite, FormulaRestore, HitRow, IdWrite, RowDelete, RowInsert, RowRestore, SwapAnswer

_BLANK = SheetCell(None)


@dataclass(slots=True)
class Settlement:
    """What follows from a settled write."""

    bases: dict[str, RowBase] = field(default_factory=dict)
    """Bases to save, by row id."""
    unseen: list[Observed] = field(default_factory=list)
    """Edits that the write found and replaced; they go through the planner as the newest ones."""
    history: list[HistoryEntry] = field(default_factory=list)
    conflicts: list[ConflictEntry] = field(default_factory=list)
    mended: list[tuple[str, str]] = field(default_factory=list)
    """(row id, column) whose rejected value is in the sheet no longer."""
    formula_restores: list[FormulaRestore] = field(default_factory=list)
    row_restores: list[RowRestore] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    """Row ids that have to be compared again."""
    displaced: set[str] = field(default_factory=set)
    """Row ids beside which another row's contents were found: a scan has to move the ids first."""
    moved: bool = False
    """Rows do not stand where they were believed to stand."""
    rescan: bool = False
    """Only a scan can tell what stands in the tab now."""


def settle(
    link: Link,
    planned: PlannedWrite,
    answer: SwapAnswer,
    bases: Mapping[str, RowBase],
    own_contents: Collection[str] = (),
) -> Settlement:
    """Settle a write that has landed.

    Args:
        bases: every row that it names or hit, or whose key it hit, as of now.
        own_contents: ids of rows of which a scan has told that what stands beside them is their own.
    """
    result = _Settling(link, planned, answer, bases, own_contents)
    for cell in sorted(planned.write.cells, key=result.is_mistake):
        result.settle_cell(cell)
    for insert in planned.write.inserts:
        result.settle_insert(insert)
    for delete in planned.write.deletes:
        result.settle_delete(delete)
    for named in planned.write.ids:
        result.settle_id(named)
    return result.settlement


class _Settling:
    def __init__(
        self,
        link: Link,
        planned: PlannedWrite,
        answer: SwapAnswer,
        bases: Mapping[str, RowBase],
        own_contents: Collection[str],
    ) -> None:
        self.link = link
        self.keys = planned.keys
        self.n = planned.write.n
        self.write = planned.write
        self.event = f"write {self.n}"
        self.stamp = Stamp(self.n, answer.before.q, planned.write.epoch)
        self.hit: dict[int, HitRow] = {h.row: h for h in answer.rows}
        self.bases = dict(bases)
        self.owners = Owners(link, bases, own_contents)
        self.settlement = Settlement()

    # --- cells

    def is_mistake(self, write: CellWrite) -> bool:
        """Whether another row was hit; it may be a copy of one that the same write has rightly hit, first."""
        hit = self.hit.get(write.row)
        return hit is not None and hit.row_id != write.row_id

    def settle_cell(self, write: CellWrite) -> None:
        column = self.link.by_header(write.header)
        hit = self.hit.get(write.row)
        if column is None or hit is None:
            self.settlement.rescan = True
            return
        if hit.row_id != write.row_id:
            self._missed(write.row_id)
        base = self.bases.get(hit.row_id) if hit.row_id else None
        if base is None or base.gone:
            self._keep(base or RowBase(hit.row_id or "", None, {}), column, hit, CellBase(None))
            self._take_back(hit, write.header, write.value)
            self._hold_unknown(hit.row_id)
            return
        if base.row_id != write.row_id:
            self._settle_mistake(base, column, hit, write)
        elif (owner := self.owners.of_contents(base, hit)) is not None:
            self._settle_displaced(base, owner, column, hit, write)
        else:
            self._settle_known(base, column, hit, write)

    def _settle_displaced(
        self, base: RowBase, owner: RowBase, column: LinkedColumn, hit: HitRow, write: CellWrite
    ) -> None:
        """The id was right and the contents were not: they come back, and the row waits for its own."""
        before = base.cells.get(column.name, CellBase(None))
        if before.n <= self.n:
            self._keep(owner, column, hit, owner.cells.get(column.name, CellBase(None)))
            self._take_back(hit, write.header, write.value)
            self._save(base, column, replace(before, n=self.n + 1))
            self._displace(base.row_id)

    def _displace(self, row_id: str) -> None:
        self.settlement.displaced.add(row_id)
        self.settlement.rescan = True

    def _hold_unknown(self, row_id: str | None) -> None:
        """A row of the sheet alone: what looks at it before our mistake is taken back says nothing."""
        if row_id:
            known = self.bases.get(row_id) or RowBase(row_id, None, {})
            self.settlement.bases[row_id] = replace(known, gone=True, key=None, n=self.n + 1)

    def _settle_mistake(self, base: RowBase, column: LinkedColumn, hit: HitRow, write: CellWrite) -> None:
        """Another row was hit: it gets back what it held, and until that has landed no look at the cell counts.

        It may be a copy of the row that base knows by that id, so nothing can be left to the planner.
        """
        before = base.cells.get(column.name, CellBase(None))
        if before.n <= self.n:  # the write may have meant the original beside the copy that it hit
            self._keep(base, column, hit, before)
            self._take_back(hit, write.header, write.value)
            self._save(base, column, replace(before, n=self.n + 1))

    def _keep(self, base: RowBase, column: LinkedColumn, hit: HitRow, before: CellBase) -> None:
        """Record an unseen edit that is to be put back: somebody may type over our mistake first."""
        found = hit.cells.get(column.header, _BLANK)
        if found.value is not None and self._is_unseen(column, found, before.value, before.value):
            seen = self._observed(base.row_id, column, found, before.value, hit.row)
            self.settlement.history.append(overtaken_in(seen, base.key))

    def _settle_known(self, base: RowBase, column: LinkedColumn, hit: HitRow, write: CellWrite) -> None:
        before = base.cells.get(column.name, CellBase(None))
        if before.n >= self.n:
            return
        found = hit.cells.get(write.header, _BLANK)
        written = column.codec.from_sheet(write.value)
        if found.formula is not None:
            self._keep(base, column, hit, before)
            self._take_back(hit, write.header, write.value)
            self._save(
                base, column, replace(before, value=_canonical(column, found, before.value), formula=True, n=self.n)
            )
            self.settlement.again.add(base.row_id)
            return
        if self._is_unseen(column, found, before.value, written):
            self.settlement.unseen.append(self._observed(base.row_id, column, found, before.value, hit.row))
        self.settlement.mended.append((base.row_id, column.name))
        self.settlement.history.append(
            HistoryEntry(base.row_id, base.key, column.name, before.value, written, side="table", event=self.event)
        )
        self._save(base, column, CellBase(written, n=self.n, age=before.age))

    def _is_unseen(self, column: LinkedColumn, found: SheetCell, base: Canonical, written: Canonical) -> bool:
        try:
            value = column.codec.from_sheet(found.value)
        except Unfit:
            return True
        return not column.codec.same(value, base) and not column.codec.same(value, written)

    def _observed(
        self, row_id: str, column: LinkedColumn, found: SheetCell, base: Canonical, row: int | None
    ) -> Observed:
        return Observed(row_id, column.name, found, self.stamp, "swap", event=self.event, base=base, row=row)

    def _save(self, base: RowBase, column: LinkedColumn, cell: CellBase) -> None:
        saved = replace(base, cells={**base.cells, column.name: cell})
        self.bases[base.row_id] = saved
        self.settlement.bases[base.row_id] = saved

    def _missed(self, row_id: str) -> None:
        self.settlement.moved = True
        self.settlement.again.add(row_id)

    def _take_back(self, hit: HitRow, header: str, written: SheetValue) -> None:
        row = self.write.row_after(hit.row)
        restore = FormulaRestore(hit.scratch_line, row, header, SheetCell(written))
        self.settlement.formula_restores.append(restore)

    # --- rows

    def settle_insert(self, insert: RowInsert) -> None:
        cells = {
            c.name: CellBase(c.codec.from_sheet(insert.cells.get(c.header)), n=self.n) for c in self.link.columns
        }
        base = RowBase(insert.row_id, self.keys[insert.row_id], cells, n=self.n)
        self.bases[insert.row_id] = self.settlement.bases[insert.row_id] = base
        self.settlement.history.extend(
            HistoryEntry(insert.row_id, base.key, name, None, cell.value, "table", "inserted", event=self.event)
            for name, cell in cells.items()
            if cell.value is not None
        )

    def settle_delete(self, delete: RowDelete) -> None:
        hit = self.hit.get(delete.row)
        base = self.bases.get(delete.row_id)
        if hit is None or hit.row_id != delete.row_id:
            self._missed(delete.row_id)
            if hit is not None:
                self.settlement.row_restores.append(RowRestore(hit.scratch_line, delete.row))
                self._hold_until_restored(hit)
            return
        if base is None or base.gone:
            return
        if self.owners.of_contents(base, hit) is not None:
            self.settlement.row_restores.append(RowRestore(hit.scratch_line, delete.row))
            self._hold_until_restored(hit)
            self._displace(base.row_id)
            return
        # a cell of a copy that was hit by mistake is held beyond this write
        n = max([self.n, *(cell.n for cell in base.cells.values())])
        self.settlement.bases[delete.row_id] = replace(
            base, gone=True, key=None, n=n, age=max(base.age, Age(2 * self.stamp.q))
        )
        edited = self._edited(base, hit)
        if edited:
            self._bring_back(base, hit, edited)
        else:
            self.settlement.history.extend(
                HistoryEntry(base.row_id, base.key, name, old, None, "table", "deleted", event=self.event)
                for name, old in self._last(base, hit).items()
            )
        self.settlement.mended.extend((base.row_id, c.name) for c in self.link.columns)

    def _last(self, base: RowBase, hit: HitRow) -> dict[str, Canonical]:
        """What a deleted row held; its formulas may have come to other values since anybody looked."""
        computed = [c for c in self.link.columns if base.cells.get(c.name, CellBase(None)).formula]
        held = {name: cell.value for name, cell in base.cells.items()}
        shown = {c.name: _canonical(c, hit.cells.get(c.header, _BLANK), held[c.name]) for c in computed}
        return {**held, **shown}

    def _hold_until_restored(self, hit: HitRow) -> None:
        """No scan from before the restore, which is the next write, may take the row for deleted."""
        base = self.bases.get(hit.row_id) if hit.row_id else None
        if base is not None and not base.gone:
            held = replace(self.settlement.bases.get(base.row_id, base), n=self.n + 1)
            self.bases[base.row_id] = self.settlement.bases[base.row_id] = held

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
            self.settlement.unseen.append(self._observed(base.row_id, column, found, held.value, None))
            if column in edited:
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

    def settle_id(self, named: IdWrite) -> None:
        hit = self.hit.get(named.row)
        self.settlement.rescan = True  # an id counts once it is read back beside its row's content
        if hit is None:
            return
        is_empty = named.expected is None and not hit.cells
        if hit.row_id != named.expected or is_empty or not may_carry(self.link, self.bases, self.write, named, hit):
            self._take_back(hit, ROW_ID_HEADER, named.row_id)
            self._hold_named(named.row_id)
        elif named.expected and not self._is_live(named.expected):
            gone = self.bases.get(named.expected) or RowBase(named.expected, None, {})
            self.settlement.bases[named.expected] = replace(gone, gone=True, key=None, n=self.n)

    def _hold_named(self, row_id: str) -> None:
        """A known row's id stands beside another one until it is taken back: no look at the row counts before."""
        base = self.settlement.bases.get(row_id) or self.bases.get(row_id)
        if base is not None and not base.gone:
            cells = {name: replace(cell, n=self.n + 1) for name, cell in base.cells.items()}
            self.bases[row_id] = self.settlement.bases[row_id] = replace(base, cells=cells, n=self.n + 1)

    def _is_live(self, row_id: str | None) -> bool:
        base = self.bases.get(row_id) if row_id else None
        return base is not None and not base.gone


def _canonical(column: LinkedColumn, found: SheetCell, otherwise: Canonical) -> Canonical:
    try:
        return column.codec.from_sheet(found.value)
    except Unfit:
        return otherwise
