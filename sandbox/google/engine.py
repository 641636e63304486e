"""Computes formulas with a kept engine, again whenever what they read changes."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import ironcalc

from sandbox.google import dialect, formats
from sandbox.google.area import parse_a1
from sandbox.google.cells import EMPTY, Cell, ErrorValue, Row, Value, alike
from sandbox.google.change import Change, DocumentProps
from sandbox.google.locales import rules_of
from sandbox.google.references import closed, references, tabs_renamed

if TYPE_CHECKING:
    from sandbox.google.document import Document
    from sandbox.google.sheet import Sheet

_ERRORS = {
    "#DIV/0!": "DIVIDE_BY_ZERO",
    "#VALUE!": "VALUE",
    "#REF!": "REF",
    "#NAME?": "NAME",
    "#NUM!": "NUM",
    "#N/A": "N_A",
    "#NULL!": "NULL_VALUE",
    "#CIRC!": "REF",
    "#SPILL!": "REF",  # Google calls a result that finds no room a reference error
}
_VOLATILE = re.compile(r"\b(NOW|TODAY|RAND|RANDBETWEEN|RANDARRAY)\(", re.IGNORECASE)
_FAR_READING = re.compile(r"\b(INDIRECT|OFFSET)\(", re.IGNORECASE)
_SPILLING = re.compile(
    r"\b(ARRAYFORMULA|FILTER|UNIQUE|SORT|SORTN|SEQUENCE|SPLIT|TRANSPOSE|FLATTEN|RANDARRAY|ARRAY_CONSTRAIN)\(|\{",
    re.IGNORECASE,
)
_REFERENCES_FOLLOWED = 100
_UNREADABLE = "=#ERROR!"
_LONE_REFERENCE = re.compile(r"=\s*\$?[A-Za-z]{1,3}\$?[0-9]+\s*")


class Engine:
    """The formulas of one spreadsheet. The model is built only when there is a formula."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._model: Any = None
        self._read: set[tuple[int, int]] = set()
        """Sheet number and column uid of every column that a formula reads."""
        self._volatile = False
        self._everything = False
        """Whether every cell matters: a formula reads where only its result says, or fills cells."""
        self._spilling = False
        self._names: dict[str, str] = {}
        self._patterns: dict[tuple[int, int, int], str] = {}

    def forget(self) -> None:
        """Build the model anew next time."""
        self._model = None

    def recalculate(self, change: Change) -> None:
        """Compute what the open change affects and note the results in it."""
        if not any(sheet.formulas or sheet.spills for sheet in self._document.sheets):
            self._model = None
            return
        if self._model is None or _structural(change) or self._formulas_changed(change):
            self._build()
        elif not self._feed(change) and not self._volatile:
            return
        self._model.evaluate()
        self._take_results()

    def _build(self) -> None:
        document = self._document
        zone = document.time_zone if document.time_zone in _zones() else "UTC"
        self._model = ironcalc.create("sandbox", rules_of(document.locale).engine, zone, "en")
        self._read, self._patterns = set(), {}
        self._volatile = self._everything = self._spilling = False
        sheets = document.sheets
        # The engine does not take every title that Google takes, so its tabs have names of their own.
        self._names = {sheet.title.lower(): f"sandbox_tab_{index}_" for index, sheet in enumerate(sheets)}
        self._model.rename_sheet(0, "sandbox_tab_0_")
        for name in list(self._names.values())[1:]:
            self._model.add_sheet(name)
        for sheet in sheets:
            self._learn(sheet)
        for index, sheet in enumerate(sheets):
            self._load(index, sheet)

    def _learn(self, sheet: Sheet) -> None:
        columns = {c.uid: place for place, c in enumerate(sheet.columns)}
        for uid, found in sheet.formulas.items():
            place = sheet.row_place(uid)
            for column in found:
                if place is not None and column in columns:
                    self._learn_formula(sheet, sheet.rows[place].cells[column].formula or "")

    def _learn_formula(self, sheet: Sheet, formula: str) -> None:
        self._volatile = self._volatile or bool(_VOLATILE.search(formula))
        self._spilling = self._spilling or bool(_SPILLING.search(formula))
        self._everything = self._everything or self._spilling or bool(_FAR_READING.search(formula))
        for tab, ref in references(formula):
            target = sheet if tab is None else self._document.sheet_titled(tab)
            if target is not None:
                area = parse_a1(ref).within(target.row_count, target.column_count)
                self._read |= {(target.sheet_id, c.uid) for c in target.columns[area.column : area.column_end]}

    def _load(self, index: int, sheet: Sheet) -> None:
        for place, column in enumerate(sheet.columns, 1):
            wanted = self._everything or (sheet.sheet_id, column.uid) in self._read
            for row_place, row in enumerate(sheet.rows, 1):
                cell = row.cells.get(column.uid, EMPTY)
                if cell.formula is not None or (wanted and cell.entered is not None):
                    self._set(index, row_place, place, cell)

    def _set(self, sheet: int, row: int, column: int, cell: Cell) -> None:
        model, value = self._model, cell.entered
        if cell.formula is not None:
            try:
                model.set_user_input(sheet, row, column, self._readable(sheet, cell.formula))
            except ironcalc.WorkbookError:
                model.set_user_input(sheet, row, column, _UNREADABLE)
        elif value is None:
            model.clear_cell_contents(sheet, row, column)
        elif isinstance(value, bool):
            model.update_cell_with_bool(sheet, row, column, value)
        elif isinstance(value, float):
            model.update_cell_with_number(sheet, row, column, value)
            self._set_pattern(sheet, row, column, formats.pattern_of(cell, self._document.locale))
        else:
            model.update_cell_with_text(sheet, row, column, value.text if isinstance(value, ErrorValue) else value)

    def _readable(self, sheet: int, formula: str) -> str:
        """The formula for the engine, whose grid is far larger than ours: a whole column must end where ours does."""
        if dialect.too_complex(formula):
            return _UNREADABLE

        def size_of(tab: str | None) -> tuple[int, int]:
            found = (None if tab is None else self._document.sheet_titled(tab)) or self._document.sheets[sheet]
            return found.row_count, found.column_count

        ended = closed(formula, size_of)
        return _UNREADABLE if dialect.endless(ended) else dialect.for_engine(tabs_renamed(ended, self._names))

    def _set_pattern(self, sheet: int, row: int, column: int, pattern: str) -> None:
        """Results take over the format of what they read: money plus money is money."""
        known = self._patterns.get((sheet, row, column), "")
        if pattern != known:
            style = self._model.get_cell_style(sheet, row, column)
            self._model.set_cell_style(sheet, row, column, style | {"num_fmt": pattern or "general"})
            self._patterns[(sheet, row, column)] = pattern

    def _formulas_changed(self, change: Change) -> bool:
        return any(_formulas(change.rows_before[key]) != _formulas(after) for key, after in change.rows_after.items())

    def _feed(self, change: Change) -> bool:
        """Bring changed cells into the model; whether a formula reads one of them."""
        fed = False
        index = {sheet.sheet_id: i for i, sheet in enumerate(self._document.sheets)}
        for (sheet_id, uid), after in change.rows_after.items():
            sheet = self._document.by_id[sheet_id]
            before, place = change.rows_before[(sheet_id, uid)], sheet.row_place(uid)
            if after is None or before is None or place is None:
                continue
            for column_place, column in enumerate(sheet.columns, 1):
                new, old = after.cells.get(column.uid, EMPTY), before.cells.get(column.uid, EMPTY)
                # A formula that was entered once more, or pasted, has lost its result.
                fed = fed or (new is not old and (new.formula is not None or old.spilled or new.spilled))
                if (sheet_id, column.uid) not in self._read and not self._everything:
                    continue
                if new.formula is None and not alike(new.entered, old.entered):
                    self._set(index[sheet_id], place + 1, column_place, new)
                    fed = True
        return fed

    def _take_results(self) -> None:
        for index, sheet in enumerate(self._document.sheets):
            columns = {c.uid: place for place, c in enumerate(sheet.columns)}
            for uid, found in list(sheet.formulas.items()):
                place = sheet.row_place(uid)
                if place is not None:
                    self._take_row(index, sheet, place, {columns[u]: u for u in found if u in columns})
        if self._spilling or any(sheet.spills for sheet in self._document.sheets):
            self._take_spills()

    def _take_spills(self) -> None:
        """Show what formulas fill beyond their own cell, and nothing where they no longer do."""
        filled: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for index, row, column in self._model.get_all_cells():
            filled[index].add((row - 1, column - 1))
        for index, sheet in enumerate(self._document.sheets):
            fresh = {
                (row, column)
                for row, column in filled[index]
                if row < sheet.row_count and column < sheet.column_count and _takes_spill(sheet.cell(row, column))
            }
            for row, column in _spilled_places(sheet) | fresh:
                old = sheet.cell(row, column)
                value = self._result(index, row, column, old) if (row, column) in fresh else None
                sheet.set_cell(row, column, replace(old, value=value, spilled=value is not None))

    def _take_row(self, index: int, sheet: Sheet, place: int, found: dict[int, int]) -> None:
        row, new = sheet.rows[place], {}
        for column, uid in found.items():
            cell = row.cells[uid]
            value = self._result(index, place, column, cell)
            pattern = self._result_pattern(index, place, column) if isinstance(value, float) else None
            if not alike(value, cell.value) or pattern != cell.result_pattern:
                new[uid] = replace(cell, value=value, result_pattern=pattern)
        if new:
            sheet.replace_row(place, replace(row, cells=row.cells | new))

    def _result(self, sheet: int, row: int, column: int, cell: Cell) -> Value:
        value = self._model.get_cell_value(sheet, row + 1, column + 1)
        if self._model.get_cell_type(sheet, row + 1, column + 1) == ironcalc.CellType.ErrorValue:
            return _error(str(value))
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            if value == 0 and _LONE_REFERENCE.fullmatch(cell.formula or "") and self._reads_empty(cell, sheet):
                return None
            return float(value)
        return None if value is None else str(value)

    def _result_pattern(self, sheet: int, row: int, column: int) -> str | None:
        pattern = str(self._model.get_cell_style(sheet, row + 1, column + 1)["num_fmt"])
        return None if pattern.lower() == "general" else pattern

    def _reads_empty(self, cell: Cell, sheet: int) -> bool:
        """Google shows nothing for a reference to an empty cell, even through others, the engine 0."""
        own = self._document.sheets[sheet]
        for _ in range(_REFERENCES_FOLLOWED):
            if not _LONE_REFERENCE.fullmatch(cell.formula or ""):
                return cell.empty  # not its value: that of a formula may be older than this look
            (_tab, ref), *_ = references(cell.formula or "")
            block = own.cells(parse_a1(ref).within(own.row_count, own.column_count))
            if not block or not block[0]:
                return False
            cell = block[0][0]
        return False


def _takes_spill(cell: Cell) -> bool:
    return cell.entered is None and cell.formula is None


def _spilled_places(sheet: Sheet) -> set[tuple[int, int]]:
    columns = {c.uid: place for place, c in enumerate(sheet.columns)}
    found = ((sheet.row_place(row), uid) for row, uids in sheet.spills.items() for uid in uids)
    return {(row, columns[uid]) for row, uid in found if row is not None and uid in columns}


def _error(text: str) -> ErrorValue:
    """An error as Google shows it: the engine has two kinds of its own for what Google calls #REF!."""
    kind = _ERRORS.get(text, "ERROR")
    return ErrorValue(kind, "#REF!" if kind == "REF" else text)


def _formulas(row: Row | None) -> dict[int, str]:
    if row is None:
        return {}
    return {uid: cell.formula for uid, cell in row.cells.items() if cell.formula is not None}


@cache
def _zones() -> frozenset[str]:
    return frozenset(ironcalc.get_all_timezones())


def _setting(props: DocumentProps) -> tuple[object, ...]:
    return props.order, props.locale, props.time_zone


def _structural(change: Change) -> bool:
    before, after = change.document_before, change.document_after
    if before and after and _setting(before) != _setting(after):
        return True
    for sheet_id, props in change.sheets_after.items():
        old = change.sheets_before[sheet_id]
        if old is None or props is None or old.title != props.title:
            return True
        if [c.uid for c in old.columns] != [c.uid for c in props.columns]:
            return True
    return any(
        old is None or new is None or old.rank != new.rank
        for key, new in change.rows_after.items()
        for old in (change.rows_before[key],)
    )
