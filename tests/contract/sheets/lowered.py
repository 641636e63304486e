"""A linked tab whose header row is not the first, told as if it were: so the same contract holds for it."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from adapters.sheets_cells import encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_json import cells_in
from core.model import LinkedColumn
from core.ports import Sheet, SheetMarks
from core.sheet import (
    LookedRow,
    MarksLook,
    MarkWrite,
    Positions,
    SheetTarget,
    Span,
    SwapAnswer,
    SwapWrite,
    TabImage,
    TabRow,
)
from core.values import SheetValue
from tests.contract.sheets.worlds import GoogleWorld

HEADER_ROW = 4
ABOVE = HEADER_ROW - 1
TITLE = ("Orders 2026", 17)
NOTES = (None, "=1+1", "r_notes of ours")


def lowered(formula: str | None, by: int) -> str | None:
    """A formula whose references stand that many rows lower."""
    return formula and re.sub(r"([A-Z]\$?)(\d+)", lambda m: f"{m[1]}{int(m[2]) + by}", formula)


class LoweredSheet:
    """Implements ``core.ports.Sheet``."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def read_tab(self, target: SheetTarget) -> TabImage:
        image = self._sheet.read_tab(target)
        rows = tuple(_raised(row) for row in image.rows)
        return replace(image, rows=rows, last_row=image.last_row - ABOVE, header_row=image.header_row - ABOVE)

    def read_spans(self, target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        lower = [(first + ABOVE, last + ABOVE) for first, last in spans]
        image = self._sheet.read_spans(target, lower, with_ids=with_ids)
        rows = tuple(_raised(row) for row in image.rows)
        ids = [(row - ABOVE, row_id) for row, row_id in image.ids]
        last_row, header_row = image.last_row - ABOVE, image.header_row - ABOVE
        return replace(image, rows=rows, ids=ids, last_row=last_row, header_row=header_row)

    def read_positions(self, target: SheetTarget) -> Positions:
        found = self._sheet.read_positions(target)
        rows = {row_id: row - ABOVE for row_id, row in found.rows.items()}
        return replace(found, rows=rows, last_row=found.last_row - ABOVE)

    def reshape(self, target: SheetTarget, changed: Sequence[tuple[LinkedColumn, LinkedColumn]]) -> None:
        self._sheet.reshape(target, changed)

    def swap(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        return _answered(self._sheet.swap(target, _written(write)))

    def recall(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer | None:
        answer = self._sheet.recall(target, _written(write))
        return answer and _answered(answer)


class LoweredMarks:
    """Implements ``core.ports.SheetMarks``."""

    def __init__(self, marks: SheetMarks) -> None:
        self._marks = marks
        self._look: MarksLook | None = None

    def marked(self, target: SheetTarget) -> list[int]:
        return [row - ABOVE for row in self._marks.marked(target)]

    def look(self, target: SheetTarget, rows: Collection[int]) -> MarksLook:
        look = self._marks.look(target, [row + ABOVE for row in rows])
        return replace(look, rows=tuple(map(_told, look.rows)), header=_told(look.header))

    def mark(self, target: SheetTarget, look: MarksLook, writes: Sequence[MarkWrite]) -> tuple[LookedRow, ...] | None:
        hit = self._marks.mark(target, look, [replace(w, row=w.row + ABOVE) for w in writes])
        return None if hit is None else tuple(map(_told, hit))


class LoweredWorld(GoogleWorld):
    """The same tab with a title and notes above it, which it keeps as they are."""

    HEADER_ROW = HEADER_ROW

    def __init__(self, sandbox: Any, client: SheetsClient) -> None:
        super().__init__(sandbox, client)
        self._above = self.above()
        self.sheet = LoweredSheet(self.sheet)
        self.marks = LoweredMarks(self.marks)

    def _fill(self) -> None:
        super()._fill()
        lines = [{"values": [encode_value(v) for v in line]} for line in (TITLE, NOTES)]
        lines[1]["values"][1] = {"userEnteredValue": {"formulaValue": NOTES[1]}}
        area = grid(self.sheet_id, 1, 2, 0, len(NOTES))
        self.batch({"updateCells": {"range": area, "rows": lines, "fields": "userEnteredValue"}})

    def above(self) -> list[str]:
        """Every cell above the header row that holds anything, as Google tells it."""
        rows = {"gridRange": {"sheetId": self.sheet_id, "startRowIndex": 0, "endRowIndex": ABOVE}}
        (piece,) = self.client.read(self.spreadsheet_id, [rows], "sheets(data(rowData))")["sheets"][0]["data"]
        cells = [cell for line in piece.get("rowData", ()) for cell in cells_in(line)]
        return sorted(
            json.dumps(cell, sort_keys=True) for cell in cells if cell and {"note", "userEnteredValue"} & cell.keys()
        )

    def check(self) -> None:
        """What the person has above the header row is as it was left."""
        self.sandbox.faults()
        assert self.above() == self._above

    def _cell(self, row: int, header: str, cell: Any, fields: str = "userEnteredValue") -> None:
        super()._cell(row + ABOVE, header, cell, fields)

    def type_formula(self, row: int, header: str, formula: str, value: SheetValue) -> None:
        super().type_formula(row, header, lowered(formula, ABOVE) or "", value)

    def move_row(self, row: int, before: int) -> None:
        super().move_row(row + ABOVE, before + ABOVE)

    def insert_row(self, before: int) -> None:
        super().insert_row(before + ABOVE)

    def delete_row(self, row: int) -> None:
        super().delete_row(row + ABOVE)

    def delete_column(self, header: str) -> None:
        self.check()
        super().delete_column(header)
        self._above = self.above()

    def rows(self) -> list[TabRow]:
        return [_raised(row) for row in super().rows()]


def _raised(row: TabRow) -> TabRow:
    cells = {h: replace(c, formula=lowered(c.formula, -ABOVE)) for h, c in row.cells.items()}
    return replace(row, row=row.row - ABOVE, cells=cells)


def _written(write: SwapWrite) -> SwapWrite:
    fields = ("cells", "ids", "deletes", "formula_restores", "row_restores")
    moved = {name: tuple(replace(one, row=one.row + ABOVE) for one in getattr(write, name)) for name in fields}
    return replace(write, **moved, insert_after_row=write.insert_after_row + ABOVE)


def _answered(answer: SwapAnswer) -> SwapAnswer:
    return replace(answer, rows=tuple(replace(hit, row=hit.row - ABOVE) for hit in answer.rows))


def _told(row: LookedRow) -> LookedRow:
    return replace(row, row=row.row - ABOVE)
