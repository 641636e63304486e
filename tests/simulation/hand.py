"""What a person's hand does in the tab, cell by cell, with the ledger kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.model import SheetCell
from core.values import SheetValue
from tests.fakes.sheet import FakeRow, held
from tests.simulation.script import EditEvent

if TYPE_CHECKING:
    from tests.simulation.twin import Twin

TYPED_KEY = 1_000
"""Generated keys that are typed lie this many times higher than other numbers, out of the way of counting on."""


@dataclass
class Put:
    """One cell that was changed."""

    row: FakeRow
    header: str
    before: SheetCell | None
    after: SheetCell | None
    was_mistake: bool
    """What stood there before was a mistake of ours: an undo of it brings back nothing of theirs."""


class Hand:
    """Puts values into cells and takes rows away; every edit may fire a trigger."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._tab = twin.tab
        self._ledger = twin.ledger
        self._puts: list[Put] = []
        """Cells that the action in hand has changed."""
        self._take_back: Callable[[], None] | None = None
        """Undoes the last action."""

    # --- where

    def _pick(self, where: float) -> tuple[int, FakeRow | None]:
        rows = [(i, r) for i, r in self._tab.numbered() if r.cells]
        return rows[int(where * len(rows))] if rows else (0, None)

    def _pick_other(self, where: float, row: FakeRow) -> tuple[int, FakeRow | None]:
        rows = [(i, r) for i, r in self._tab.numbered() if r.cells and r is not row]
        return rows[int(where * len(rows))] if rows else (0, None)

    def _number(self, row: FakeRow) -> int:
        return next(i for i, r in self._tab.numbered() if r is row)

    def _blank_row(self, where: float) -> tuple[int, FakeRow]:
        last = self._tab.last_row
        blank = [(i, r) for i, r in self._tab.numbered() if i <= last and r.blank]
        if blank and where < 0.5:
            number, row = blank[int(where * 2 * len(blank))]
        else:
            number = self._tab.last_row + 1
            row = self._tab.row(number)
        row.mark = None
        return number, row

    def _column(self, where: float) -> str:
        headers = self._twin.free_headers
        return headers[int(where * len(headers))]

    # --- what

    def _fresh(self, header: str) -> SheetValue:
        number = self._ledger.number()
        if header == "id":
            return number * TYPED_KEY
        return number if header in ("qty", "part") else f"{header[0]}{number}"

    def _put(self, number: int, row: FakeRow, header: str, value: SheetValue, formula: str | None = None) -> None:
        ledger = self._ledger
        if not isinstance(row.mark, int):
            row.mark = ledger.new_line("sheet")
        before = row.cells.get(header)
        was_mistake = before is not None and not ledger.is_own(row, header)
        ledger.replace("sheet", header, ledger.text_of(header, before), row.mark)
        cell = SheetCell(value, formula) if formula else held(value)
        if cell is None:
            row.cells.pop(header, None)
        else:
            row.cells[header] = cell
            self._note(row, header, cell)
        if before is not None and not ledger.holds_own(row):
            ledger.emptied.add(row.mark)
        if before is not None and header in self._twin.key_headers:
            ledger.rekeyed.add(row.mark)
        self._puts.append(Put(row, header, before, cell, was_mistake))
        shown = f"{formula} showing {value!r}" if formula else repr(value)
        self._tell(f"types {header}={shown} into {self._name(number, row)}")

    def _note(self, row: FakeRow, header: str, cell: SheetCell) -> None:
        ledger, text = self._ledger, self._ledger.text_of(header, cell)
        if text is None or not isinstance(row.mark, int):
            return
        ledger.write("sheet", header, text, row.mark)
        twin = self._twin_of(row)
        if twin is not None and isinstance(twin.mark, int):
            ledger.write("sheet", header, text, twin.mark)
            ledger.replace("sheet", header, text, twin.mark)

    def _lend(self, row: FakeRow, headers: list[str]) -> None:
        """What stands in these cells is about to be typed elsewhere, too: it stays at home here, and in copies."""
        for header in headers:
            text = self._ledger.text_of(header, row.cells.get(header))
            for other in self._tab.rows:
                same = text is not None and self._ledger.text_of(header, other.cells.get(header)) == text
                if text is not None and same and isinstance(other.mark, int):
                    self._ledger.write("both", header, text, other.mark)

    def _gone(self, row: FakeRow) -> None:
        ledger = self._ledger
        twin = self._twin_of(row)
        is_like = twin is not None and twin.cells and isinstance(row.mark, int) and isinstance(twin.mark, int)
        if twin is not None and is_like and row.mark < twin.mark:
            # nobody can tell which of the two went: let it be the copy, unless that was cleared before
            ledger.hand_over(twin, row.mark)
            for header, cell in row.cells.items():
                if twin.cells.get(header) != cell:
                    ledger.replace("sheet", header, ledger.text_of(header, cell), row.mark)
            row.mark, twin.mark = twin.mark, row.mark
        if isinstance(row.mark, int):
            ledger.delete("sheet", row.mark)
            for header, cell in row.cells.items():
                ledger.replace("sheet", header, ledger.text_of(header, cell), row.mark)

    def _twin_of(self, row: FakeRow) -> FakeRow | None:
        """Another row with the same id: nobody can tell yet which is the copy."""
        if row.row_id is None or self._ledger.is_beside_another_id(row):
            return None
        others = [r for r in self._tab.rows if r is not row and not self._ledger.is_beside_another_id(r)]
        return next((r for r in others if r.row_id == row.row_id), None)

    # --- who hears of it

    def _edited(self, first: int, last: int, headers: tuple[str, ...], row: FakeRow) -> None:
        single = first == last and len(headers) == 1
        cell = row.cells.get(headers[0]) if single else None
        value = cell.value if cell is not None and cell.formula is None else None
        self._twin.trigger_edit(EditEvent(first, last, headers, value))

    def _changed(self) -> None:
        self._twin.trigger_change()

    def _tell(self, what: str) -> None:
        self._twin.tell(f"PERSON {what}")
        self._ledger.see_hand()
        self._twin.moved()

    @staticmethod
    def _name(number: int, row: FakeRow) -> str:
        """A row as the story calls it."""
        return f"row {number} ({row.row_id[-3:] if row.row_id else 'no id'})"


def shown(row: FakeRow) -> str:
    """What a row holds."""
    return " ".join(f"{h}={c.formula or c.value}" for h, c in row.cells.items())
