"""A person in the tab: rows that come, go, move and are copied, and everything of :mod:`cell_edits` and
:mod:`above`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from core.contents import is_row_of, key_in_base
from core.model import ROW_ID_HEADER, SheetCell
from tests.fakes.sheet import FakeRow
from tests.simulation.above import Above
from tests.simulation.actions import Action
from tests.simulation.hand import shown
from tests.simulation.script import EditEvent

KEY_ACTIONS = ("type_key", "swap_keys", "double_key", "paste_block")


class Person(Above):
    """Does what an action says."""

    def act(self, action: Action) -> None:
        """Do it, if it can be done now."""
        do: Callable[[Action], None] = getattr(self, f"_{action.kind}")
        if action.kind in KEY_ACTIONS and self._ledger.is_parted_from_ids():
            return  # the key is all that tells whose contents these are
        self._puts = []
        do(action)
        if self._puts:
            self._take_back = partial(self._undo_puts, self._puts)
        self._ledger.see_ids()

    # --- rows that come

    def _new_row(self, action: Action) -> None:
        number, row = self._blank_row(action.picks[0])
        headers = [h for h in self._twin.free_headers if h == "name" or action.picks[2] < 0.7]
        headers = [*(h for h in self._twin.key_headers if h != "id"), *headers]
        self._fill(number, row, tuple(headers))
        if action.picks[1] < 0.5:
            self._edited(number, number, tuple(headers), row)
        else:
            for header in headers:
                self._edited(number, number, (header,), row)

    def _start_row(self, action: Action) -> None:
        number, row = self._blank_row(action.picks[0])
        header = "note" if action.picks[1] < 0.6 else self._twin.key_headers[0]
        self._retype(number, row, header)

    def _insert_row(self, action: Action) -> None:
        before = self._any_place(action.picks[0])
        self._tab.insert_row(before)
        self._tell(f"inserts a row before row {before}")
        self._changed()

    def _copy_row(self, action: Action) -> None:
        _number, row = self._pick(action.picks[0])
        if row is None or self._ledger.is_beside_another_id(row):
            return  # once the ids are back, the copy looks as if it had been pasted over the row of that id
        if action.picks[1] < 0.3:
            at, target = self._pick(action.picks[2])
            if target is None or target is row:
                return
            self._gone(target)
        else:
            at, target = self._blank_row(action.picks[2])
        ledger = self._ledger
        target.cells, target.row_id = dict(row.cells), row.row_id
        target.mark = ledger.new_line("sheet")
        if not isinstance(row.mark, int):
            ledger.copy_mistake(row, target)
        for header, cell in target.cells.items():
            text = ledger.text_of(header, cell)
            tokens = ledger.tokens_in(header, text)
            if text is not None and tokens:
                ledger.write("sheet", header, text, target.mark)
            if text is not None and tokens and isinstance(row.mark, int) and not tokens[0].lines & {row.mark}:
                # a mistake of ours, yet to be taken back: in the copy it is the person's, told by the id of both
                ledger.write("sheet", header, text, row.mark)
                ledger.replace("sheet", header, text, row.mark)
        self._tell(f"copies {self._name(self._number(row), row)} {shown(row)} to row {at}")
        self._edited(at, at, (*self._twin.link.headers, ROW_ID_HEADER), target)

    # --- rows that go

    def _delete_row(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is not None:
            self._delete(number, row)
            self._changed()

    def _delete_rows(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        for _ in range(2 + int(action.picks[1] * 2)):
            doomed = self._tab.row(number)
            if not doomed.cells:
                break
            self._delete(number, doomed)
        self._take_back = None
        self._changed()

    def _delete(self, number: int, row: FakeRow) -> None:
        self._tell(f"deletes {self._name(number, row)} {shown(row)}")
        alone = self._twin_of(row) is None
        self._gone(row)
        self._tab.delete_row(number)
        self._take_back = partial(self._bring_back, number, row) if alone else None

    def _bring_back(self, number: int, row: FakeRow) -> None:
        """Undo of a delete: the row stands there again with all it held, its id as well."""
        if any(r.row_id == row.row_id for r in self._tab.rows) or not isinstance(row.mark, int):
            return
        number = max(self._tab.first_row, min(number, self._tab.last_row + 1))
        self._tab.insert_row(number)
        self._tab.rows[number - self._tab.first_row] = row
        self._ledger.restore(row, row.mark)
        self._tell(f"takes the delete back: {self._name(number, row)}")
        self._changed()

    def _blank_out(self, action: Action) -> None:
        """A whole row cleared, its hidden id as well."""
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        self._tell(f"clears {self._name(number, row)} whole: {shown(row)}")
        self._gone(row)
        row.cells, row.row_id, row.mark = {}, None, None
        self._edited(number, number, (*self._twin.link.headers, ROW_ID_HEADER), row)

    # --- rows that move

    def _any_place(self, where: float) -> int:
        """Number of a row to put another one before, or of the one below the last."""
        tab = self._tab
        return tab.first_row + int(where * (tab.last_row - tab.header_at + 1))

    def _move_row(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        before = self._any_place(action.picks[1])
        if before in (number, number + 1):
            return
        self._tab.move_row(number, before)
        self._tell(f"moves {self._name(number, row)} to before row {before}")
        self._changed()

    def _sort(self, action: Action) -> None:
        self._sort_rows(action, self._tab.first_row, self._tab.last_row)

    def _sort_part(self, action: Action) -> None:
        first, row = self._pick(action.picks[0])
        if row is not None:
            self._sort_rows(action, first, min(self._tab.last_row, first + 2))

    def _sort_rows(self, action: Action, first: int, last: int) -> None:
        header = self._column(action.picks[1])
        there = self._span(first, last)
        rows = self._tab.rows[there]
        rows.sort(key=lambda r: _order(r.cells.get(header)), reverse=action.picks[2] < 0.5)
        self._tab.rows[there] = rows
        self._tell(f"sorts rows {first} to {last} by {header}")
        if action.picks[0] < 0.5:
            self._changed()

    def _sort_aside(self, action: Action) -> None:
        """A selection that leaves the hidden column out: contents move, and the ids stay where they are."""
        first, _row = self._pick(action.picks[0])
        last = first + 1 + int(action.picks[2] * 3)
        there = self._span(first, last)
        rows = self._tab.rows[there]
        if first == 0 or not all(self._is_known(row) for row in rows) or not self._twin.may_trade("values"):
            return
        header, ids = self._column(action.picks[1]), [row.row_id for row in rows]
        rows.sort(key=lambda r: _order(r.cells.get(header)), reverse=action.picks[2] < 0.5)
        self._tab.rows[there] = rows
        for row, row_id in zip(rows, ids, strict=True):
            row.row_id = row_id
        self._ledger.part_from_ids(rows)
        self._tell(f"sorts rows {first} to {last} by {header}, and their ids stay: {', '.join(map(shown, rows))}")
        if action.picks[0] < 0.5:
            self._changed()

    def _span(self, first: int, last: int) -> slice:
        """Rows by their numbers, as they stand below the header row."""
        top = self._tab.header_at
        return slice(first - top - 1, last - top)

    def _damage_id(self, action: Action) -> None:
        """The hidden column: an id cleared, typed over, trod on by another row's, or traded for it."""
        number, row = self._pick(action.picks[0])
        if row is None or not self._is_known(row) or not self._twin.may_trade("values"):
            return
        other_number, other = self._pick_other(action.picks[1], row)
        how = int(action.picks[2] * (4 if other is not None and self._is_known(other) else 2))
        if how == 1 and "id" in self._twin.key_headers:
            how = 0  # an edit in a row that nobody knows is a new row's, and is given a key at once
        before = row.row_id
        self._ledger.robbed.update(r.mark for r in (row, other) if r is not None and isinstance(r.mark, int))
        row.row_id = (None, f"junk{self._ledger.number()}")[how] if how < 2 else other and other.row_id
        self._tell(f"turns the id {before} in row {number} into {row.row_id}")
        self._edited(number, number, (ROW_ID_HEADER,), row)
        if how == 3 and other is not None:
            other.row_id = before
            self._tell(f"turns the id in row {other_number} into {before}")
            self._edited(other_number, other_number, (ROW_ID_HEADER,), other)
        self._ledger.part_from_ids([row, *([other] if other is not None else [])])

    def _is_known(self, row: FakeRow) -> bool:
        """Whether its contents can be told: by its key, something besides, and an id that no copy carries."""
        base = self._twin.state.bases.get(self._twin.link.name, {}).get(row.row_id or "")
        alone = [r.row_id for r in self._tab.rows].count(row.row_id) == 1
        if base is None or base.gone or key_in_base(self._twin.link, base) is None:
            return False
        return is_row_of(self._twin.link, base, row.cells) and alone

    # --- the frame of it all

    def _move_column(self, action: Action) -> None:
        header = self._tab.headers[int(action.picks[0] * len(self._tab.headers))]
        self._tab.move_column_first(header)
        self._tell(f"moves the column {header} to the left end")
        self._changed()

    def _rename_header(self, action: Action) -> None:
        header = self._column(action.picks[0])
        title = f"{header} {self._ledger.number()}"
        self._tab.rename(header, title)
        self._twin.own.titles[header] = title
        self._tell(f"renames {header} to {title}")
        at = self._tab.header_at
        self._twin.trigger_edit(EditEvent(at, at, (header,)))


def _order(cell: SheetCell | None) -> tuple[int, str]:
    return (1, "") if cell is None else (0, str(cell.value))
