"""A person at the cells: typing, pasting, clearing, keys, formulas, undo; and programs that type through the API."""

from __future__ import annotations

from core.model import ROW_ID_HEADER
from tests.fakes.sheet import FakeRow
from tests.simulation.actions import Action
from tests.simulation.hand import Hand, Put


class CellEdits(Hand):
    """What changes cells and leaves rows where they are."""

    # --- one cell

    def _type(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is not None:
            self._retype(number, row, self._column(action.picks[1]))

    def _type_key(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        headers = self._twin.key_headers
        if row is not None:
            self._retype(number, row, headers[int(action.picks[1] * len(headers))])

    def _retype(self, number: int, row: FakeRow, header: str) -> None:
        self._put(number, row, header, self._fresh(header))
        self._edited(number, number, (header,), row)

    def _clear(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        header = self._column(action.picks[1])
        if row is not None:
            self._put(number, row, header, None)
            self._edited(number, number, (header,), row)

    def _unfit(self, action: Action) -> None:
        """What the table cannot hold."""
        number, row = self._pick(action.picks[0])
        if row is not None:
            header = "qty" if action.picks[1] < 0.6 else "note"
            text = f"bad{self._ledger.number()}"
            self._put(number, row, header, text if header == "qty" else text + " far too long for it")
            self._edited(number, number, (header,), row)

    # --- several

    def _paste(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        headers = tuple(h for h in self._twin.free_headers if h != "name" or action.picks[1] < 0.3)
        last = number
        for n in range(number, min(number + 1 + int(action.picks[2] * 3), self._tab.last_row + 1)):
            other = self._tab.row(n)
            if other.blank or (not other.cells and self._ledger.is_beside_another_id(other)):
                break  # without a key, nothing would tell whose contents have gone there
            self._fill(n, other, headers)
            last = n
        self._edited(number, last, headers, row)

    def _paste_block(self, action: Action) -> None:
        """Several rows and neighbouring columns, keys among them, and on past the last row."""
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        columns = [h for h in self._tab.headers if h != ROW_ID_HEADER]
        left = int(action.picks[1] * len(columns))
        headers = tuple(columns[left : left + 1 + int(action.picks[2] * 3)])
        last = number + int(action.picks[2] * 3)
        for n in range(number, last + 1):
            self._fill(n, self._tab.row(n), headers)
        self._edited(number, last, headers, row)

    def _fill(self, number: int, row: FakeRow, headers: tuple[str, ...]) -> None:
        for header in headers:
            self._put(number, row, header, self._fresh(header))

    def _clear_row(self, action: Action) -> None:
        """Everything that can be seen of a row; its id stays."""
        number, row = self._pick(action.picks[0])
        if row is not None:
            headers = self._twin.link.headers
            for header in headers:
                self._put(number, row, header, None)
            self._edited(number, number, headers, row)

    def _sort_column(self, action: Action) -> None:
        """One column alone: its values are in other rows now, as if they had been typed there."""
        header = self._column(action.picks[1])
        rows = [(i, r) for i, r in self._tab.numbered() if r.cells]
        if any(r.cells.get(header) is None or r.cells[header].formula for _, r in rows) or len(rows) < 2:
            return
        if self._ledger.is_parted_from_ids() or not self._twin.may_trade("values"):
            return  # values that come beside their rows' ids again, and the keys do not: as if keys had been typed
        values = sorted((r.cells[header].value for _, r in rows), key=str, reverse=action.picks[2] < 0.5)
        self._tell(f"sorts the column {header} alone")
        for (number, row), value in zip(rows, values, strict=True):
            if row.cells[header].value != value:
                self._put(number, row, header, value)
        if action.picks[0] < 0.5:
            self._changed()

    # --- keys

    def _swap_keys(self, action: Action) -> None:
        """Two rows get each other's key, in two edits."""
        number, row = self._pick(action.picks[0])
        other_number, other = self._pick_other(action.picks[1], row) if row is not None else (0, None)
        headers = self._twin.key_headers
        if row is None or other is None or any(h not in r.cells or h == "id" for h in headers for r in (row, other)):
            return
        self._lend(row, headers)
        self._lend(other, headers)
        for header in headers:
            mine, theirs = row.cells[header].value, other.cells[header].value
            self._put(number, row, header, theirs)
            self._put(other_number, other, header, mine)
        self._edited(number, number, tuple(headers), row)
        self._edited(other_number, other_number, tuple(headers), other)

    def _double_key(self, action: Action) -> None:
        """A row gets the key that another one has."""
        number, row = self._pick(action.picks[0])
        _, other = self._pick_other(action.picks[1], row) if row is not None else (0, None)
        headers = self._twin.key_headers
        if row is None or other is None or any(h not in other.cells or h == "id" for h in headers):
            return
        self._lend(other, headers)
        for header in headers:
            self._put(number, row, header, other.cells[header].value)
        self._edited(number, number, tuple(headers), row)

    # --- formulas

    def _type_formula(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        header = self._column(action.picks[1])
        if row is not None:
            self._put(number, row, header, self._fresh(header), f"=F{self._ledger.number()}")
            self._edited(number, number, (header,), row)

    def _recalculate(self, action: Action) -> None:
        """What a formula shows changes, and nobody is told."""
        cells = [
            (i, row, header, cell.formula)
            for i, row in self._tab.numbered()
            for header, cell in row.cells.items()
            if cell.formula
        ]
        if cells:
            number, row, header, formula = cells[int(action.picks[0] * len(cells))]
            self._put(number, row, header, self._fresh(header), formula)

    # --- other programs, through the API: no trigger, no id

    def _api_row(self, action: Action) -> None:
        number, row = self._blank_row(1.0)
        headers = [h for h in self._twin.link.headers if h != "id" and (h != "note" or action.picks[0] < 0.6)]
        self._fill(number, row, tuple(headers))

    # --- back

    def _undo(self, _action: Action) -> None:
        take_back, self._take_back = self._take_back, None
        if take_back is not None:
            take_back()
            self._puts = []

    def _undo_puts(self, puts: list[Put]) -> None:
        rows: dict[int, tuple[FakeRow, list[str]]] = {}
        for put in reversed(puts):
            if not any(r is put.row for r in self._tab.rows) or put.row.cells.get(put.header) != put.after:
                continue
            number, before = self._number(put.row), put.before
            self._put(number, put.row, put.header, before and before.value, before and before.formula)
            if put.was_mistake and isinstance(put.row.mark, int):
                self._ledger.replace("sheet", put.header, self._ledger.text_of(put.header, before), put.row.mark)
            rows.setdefault(number, (put.row, []))[1].append(put.header)
        for number, (row, headers) in rows.items():
            self._edited(number, number, tuple(headers), row)
