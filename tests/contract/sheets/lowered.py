"""A linked tab whose header row is not the first, nor its first column A, told as if they were: so the same contract
holds for it."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from adapters.sheets_cells import encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_json import cells_in
from adapters.sheets_whole import WHOLE_CELLS_MAX
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
from tests.contract.sheets.worlds import HEADERS, FakeWorld, GoogleWorld

HEADER_ROW = 4
ABOVE = HEADER_ROW - 1
LEFT = 2
"""Columns of a person's own: the data begins in column C."""
TITLE = ("Orders 2026", 17)
MARGIN = ("a note", 5)
NOTES = (None, "=1+1", "r_notes of ours")


def lowered(formula: str | None, rows: int, columns: int) -> str | None:
    """A formula whose references stand that many rows lower and columns to the right."""

    def moved(found: re.Match[str]) -> str:
        return f"{chr(ord(found[1]) + columns)}{found[2]}{int(found[3]) + rows}"

    return formula and re.sub(r"\b([A-Z])(\$?)(\d+)", moved, formula)


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
        rows = found.rows.moved(lambda row: row - ABOVE)
        header_row = found.header_row and found.header_row - ABOVE
        return replace(found, rows=rows, last_row=found.last_row - ABOVE, header_row=header_row)

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


class _Lowered:
    """What both worlds have in common: rows are counted as if the header row were the first."""

    def move_row(self, row: int, before: int) -> None:
        super().move_row(row + ABOVE, before + ABOVE)

    def insert_row(self, before: int) -> None:
        super().insert_row(before + ABOVE)

    def delete_row(self, row: int) -> None:
        super().delete_row(row + ABOVE)

    def delete_column(self, header: str) -> None:
        self.check()
        super().delete_column(header)
        self._own = self.own()

    def rows(self) -> list[TabRow]:
        return [_raised(row) for row in super().rows()]


class LoweredWorld(_Lowered, GoogleWorld):
    """The same tab with a title, notes and columns of a person's own, who finds them as they were."""

    HEADER_ROW, LEFT = HEADER_ROW, LEFT

    def __init__(self, sandbox: Any, client: SheetsClient, cells_max: int = WHOLE_CELLS_MAX) -> None:
        super().__init__(sandbox, client, cells_max)
        self._own = self.own()
        self.sheet = LoweredSheet(self.sheet)
        self.marks = LoweredMarks(self.marks)

    def _fill(self) -> None:
        super()._fill()
        for row, left, values in ((1, LEFT, TITLE), (2, LEFT, NOTES), (2, 0, MARGIN)):
            line = [{"userEnteredValue": {"formulaValue": v}} if v == "=1+1" else encode_value(v) for v in values]
            area = grid(self.sheet_id, row, 1, left, len(values))
            self.batch({"updateCells": {"range": area, "rows": [{"values": line}], "fields": "userEnteredValue"}})

    def own(self) -> list[str]:
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
        assert self.own() == self._own

    def _cell(self, row: int, header: str, cell: Any, fields: str = "userEnteredValue") -> None:
        super()._cell(row + ABOVE, header, cell, fields)

    def type_formula(self, row: int, header: str, formula: str, value: SheetValue) -> None:
        super().type_formula(row, header, lowered(formula, ABOVE, LEFT) or "", value)


class LoweredFakeWorld(_Lowered, FakeWorld):
    """The fake of such a tab."""

    HEADER_ROW, LEFT = HEADER_ROW, LEFT

    def __init__(self) -> None:
        super().__init__()
        for row, values in ((1, TITLE), (2, NOTES)):
            for header, value in zip(HEADERS, values, strict=False):
                self.tab.type(row, header, value)
        self._own = self.own()
        self.sheet = LoweredSheet(self.sheet)
        self.marks = LoweredMarks(self.marks)

    def own(self) -> list[object]:
        """What stands above the header row."""
        return [(row.row_id, dict(row.cells), dict(row.notes), dict(row.colours)) for row in self.tab.above[:ABOVE]]

    def check(self) -> None:
        """As :meth:`LoweredWorld.check`."""
        assert self.own() == self._own

    def note(self, row: int, header: str, text: str) -> None:
        super().note(row + ABOVE, header, text)

    def type(self, row: int, header: str, value: SheetValue) -> None:
        super().type(row + ABOVE, header, value)

    def type_formula(self, row: int, header: str, formula: str, value: SheetValue) -> None:
        super().type_formula(row + ABOVE, header, lowered(formula, ABOVE, LEFT) or "", value)


def _raised(row: TabRow) -> TabRow:
    cells = {h: c._replace(formula=lowered(c.formula, -ABOVE, -LEFT)) for h, c in row.cells.items()}
    return replace(row, row=row.row - ABOVE, cells=cells)


def _written(write: SwapWrite) -> SwapWrite:
    fields = ("cells", "ids", "deletes", "formula_restores", "row_restores")
    moved = {name: tuple(replace(one, row=one.row + ABOVE) for one in getattr(write, name)) for name in fields}
    header_row = write.header_row and write.header_row + ABOVE
    return replace(write, **moved, insert_after_row=write.insert_after_row + ABOVE, header_row=header_row)


def _answered(answer: SwapAnswer) -> SwapAnswer:
    return replace(answer, rows=tuple(replace(hit, row=hit.row - ABOVE) for hit in answer.rows))


def _told(row: LookedRow) -> LookedRow:
    return replace(row, row=row.row - ABOVE)
