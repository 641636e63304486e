"""Settling the cells of a write to the sheet: what stood there, whose it was, and what goes back (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from core.displaced import Owners
from core.errors import Unfit
from core.intent import PlannedWrite
from core.model import CellBase, Link, LinkedColumn, Observed, RowBase, SheetCell, Stamp
from core.ports import ConflictEntry, HistoryEntry
from core.row_view import overtaken_in, value_text
from core.sheet import CellWrite, FormulaRestore, HitRow, RowRestore, SwapAnswer
from core.undo_steps import FOUND
from core.values import Canonical, SheetValue

_BLANK = SheetCell(None)


@dataclass(slots=True)
class Settlement:
    """What follows from a settled write."""

    bases: dict[str, RowBase] = field(default_factory=dict)
    """Bases to save, by row id."""
    unseen: list[Observed] = field(default_factory=list)
    """Edits that the write found and replaced; they go through the planner as the newest ones."""
    rest: list[Observed] = field(default_factory=list)
    """What a row that comes back held beside those; an edit that an earlier write has found there is newer."""
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


class CellSettling:
    """Settles the cells of a write; see :func:`core.settle.settle`."""

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
        self.origins = planned.origins
        self.n = planned.write.n
        self.write = planned.write
        self.event = event_of(planned)
        self.stamp = Stamp(self.n, answer.before.q, planned.write.epoch)
        self.hit: dict[int, HitRow] = {h.row: h for h in answer.rows}
        doomed = ((d.row_id, self.hit[d.row].row_id) for d in self.write.deletes if d.row in self.hit)
        self._coming_back = {found for meant, found in doomed if found != meant}
        """Ids of rows that the write has deleted by mistake."""
        self.bases = dict(bases)
        self.owners = Owners(link, bases, own_contents)
        self.settlement = Settlement()
        self.parted: set[str] = set()
        """Rows whose contents and ids do not stand beside each other, or cannot be told to do so."""

    # --- cells

    def is_mistake(self, write: CellWrite) -> bool:
        """Whether another row was hit; it may be a copy of one that the same write has rightly hit, first, or has
        deleted by mistake: that one comes back as it was, without what was written for it."""
        hit = self.hit.get(write.row)
        return hit is not None and (hit.row_id != write.row_id or hit.row_id in self._coming_back)

    def settle_cell(self, write: CellWrite) -> None:
        column = self.link.by_header(write.header)
        hit = self.hit.get(write.row)
        if column is None or hit is None:
            self.settlement.rescan = True
            return
        is_mistake = self.is_mistake(write)
        if is_mistake:
            self._missed(write.row_id)
        base = self.bases.get(hit.row_id) if hit.row_id else None
        if base is None or base.gone:
            self._keep(base or RowBase(hit.row_id or "", None, {}), column, hit, CellBase(None))
            self._take_back(hit, write.header, write.value)
            self._hold_unknown(hit.row_id)
            return
        if is_mistake:
            self._settle_mistake(base, column, hit, write)
        elif (owner := self.owners.of_contents(base, hit)) is not None:
            self._settle_displaced(base, owner, column, hit, write)
        elif self._is_cleared(base, hit):
            self._settle_cleared(base, column, hit, write)
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
            self._displace(base.row_id)
            self.parted |= {base.row_id, owner.row_id}

    @staticmethod
    def _is_cleared(base: RowBase, hit: HitRow) -> bool:
        """Whether nothing but the id is left of a row that held something."""
        return not hit.cells and any(cell.value for cell in base.cells.values())

    def _settle_cleared(self, base: RowBase, column: LinkedColumn, hit: HitRow, write: CellWrite) -> None:
        """Somebody has cleared the row whole, which is a delete: with our value in it it would be a row again."""
        if base.cells.get(column.name, CellBase(None)).n <= self.n:
            self._take_back(hit, write.header, write.value)
            self._displace(base.row_id)
            self.parted.add(base.row_id)

    def hold_displaced(self) -> None:
        """Whose contents are whose cannot be told as long as our own value stands among them: no look counts."""
        for row_id in sorted(self.parted):
            self._hold_whole(row_id)

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

        It may be a copy of the row that base knows by that id, one of several that were hit, so nothing can be left
        to the planner.
        """
        before = base.cells.get(column.name, CellBase(None))
        self._keep(base, column, hit, before)
        self._take_back(hit, write.header, write.value)
        self._save(base, column, before._replace(n=self.n + 1))
        if column.key:  # by its key it is known whose contents are whose
            self.parted.add(base.row_id)

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
        written = as_written(column, write.value)
        if found.formula is not None:
            self._settle_formula(base, column, hit, before)
            self._take_back(hit, write.header, write.value)
            return
        if self._is_unseen(column, found, before.value, written):
            self.settlement.unseen.append(self._observed(base.row_id, column, found, before.value, hit.row))
        self.settlement.mended.append((base.row_id, column.name))
        self.settlement.history.append(
            HistoryEntry(base.row_id, base.key, column.name, before.value, written, side="table", event=self.event)
        )
        self._save(base, column, CellBase(written, n=self.n, age=before.age))

    def _settle_formula(self, base: RowBase, column: LinkedColumn, hit: HitRow, before: CellBase) -> None:
        """Our write met a formula: base follows what it shows, and what was shared before stands in the history."""
        shown = canonical(column, hit.cells.get(column.header, _BLANK), before.value)
        if column.codec.same(shown, before.value):
            self._keep(base, column, hit, before)
        else:
            entry = HistoryEntry(base.row_id, base.key, column.name, before.value, shown, side="sheet", what=FOUND)
            self.settlement.history.append(replace(entry, event=self.event))
        self._save(base, column, before._replace(value=shown, formula=True, n=self.n))
        self.settlement.again.add(base.row_id)

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
        """What we meant for the row may stand in its contents all the same, beside another id."""
        self.settlement.moved = True
        self.settlement.again.add(row_id)
        self._hold_until_restored(row_id)

    def _take_back(self, hit: HitRow, header: str, written: SheetValue) -> None:
        row = self.write.row_after(hit.row)
        restore = FormulaRestore(hit.scratch_line, row, header, SheetCell(written))
        self.settlement.formula_restores.append(restore)

    def _hold_until_restored(self, row_id: str | None) -> None:
        """No scan from before the restore, which is the next write, may take the row for deleted."""
        base = self.bases.get(row_id) if row_id else None
        if base is not None and not base.gone:
            held = replace(self.settlement.bases.get(base.row_id, base), n=self.n + 1)
            self.bases[base.row_id] = self.settlement.bases[base.row_id] = held

    def _hold_whole(self, row_id: str) -> None:
        """No look at a known row counts before the next write."""
        base = self.settlement.bases.get(row_id) or self.bases.get(row_id)
        if base is not None and not base.gone:
            cells = {name: cell._replace(n=self.n + 1) for name, cell in base.cells.items()}
            self.bases[row_id] = self.settlement.bases[row_id] = replace(base, cells=cells, n=self.n + 1)


def event_of(planned: PlannedWrite) -> str:
    """As the history calls the write."""
    return f"write {planned.write.n}"


def canonical(column: LinkedColumn, found: SheetCell, otherwise: Canonical) -> Canonical:
    """What was found, in the column's one spelling; ``otherwise`` where it does not fit."""
    try:
        return column.codec.from_sheet(found.value)
    except Unfit:
        return otherwise


def as_written(column: LinkedColumn, value: SheetValue) -> Canonical:
    """What we wrote, as the column spells it; as it stands there where the column has got another type since."""
    return canonical(column, SheetCell(value), value_text(value))
