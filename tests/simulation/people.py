"""People at the sheet and programs at the table: what they do, drawn beforehand, done when the time comes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import MysqlRefused, Unfit
from core.model import ROW_ID_HEADER, Canonical, Key, SheetCell, SheetValue
from tests.fakes.sheet import FakeRow, held
from tests.fakes.store import FakeStore, FakeTransaction
from tests.simulation.script import EditEvent

if TYPE_CHECKING:
    from tests.simulation.world import World

SHEET_ACTIONS = {
    "type": 30,
    "clear": 4,
    "paste": 5,
    "unfit": 3,
    "new_row": 8,
    "start_row": 3,
    "insert_row": 3,
    "delete_row": 6,
    "move_row": 4,
    "sort": 3,
    "copy_row": 4,
    "undo": 3,
}
TABLE_ACTIONS = {"update": 20, "update_many": 4, "insert": 7, "delete": 6, "change_key": 3, "replace_row": 2}


@dataclass(frozen=True)
class Action:
    """Something to be done; the numbers choose rows and columns among those that are there then."""

    kind: str
    picks: tuple[float, float, float]

    @property
    def by_person(self) -> bool:
        return self.kind in SHEET_ACTIONS


def draw_actions(rng: random.Random, count: int) -> list[Action]:
    """What happens in a scenario."""
    lean = rng.choice((0.3, 0.5, 0.7))
    focus = rng.random() < 0.5
    spot = (rng.random(), rng.random())
    found = []
    for _ in range(count):
        kinds = SHEET_ACTIONS if rng.random() < lean else TABLE_ACTIONS
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        here = spot if focus and rng.random() < 0.7 else (rng.random(), rng.random())
        found.append(Action(kind, (*here, rng.random())))
    return found


@dataclass
class Undo:
    """A person's last edit of one cell."""

    row: FakeRow
    header: str
    before: SheetCell | None
    after: SheetCell | None


class Person:
    """Works in the tab; every edit may fire a trigger."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tab = world.tab
        self._last: Undo | None = None

    def act(self, action: Action) -> None:
        """Do it, if it can be done now."""
        do: Callable[[Action], None] = getattr(self, f"_{action.kind}")
        do(action)
        self._world.ledger.see_ids()

    # --- cells

    def _type(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        header = self._column(action.picks[1])
        if row is not None:
            self._put(number, row, header, self._fresh(header, row))
            self._edited(number, number, (header,), row)

    def _paste(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        count = 1 + int(action.picks[2] * 3)
        headers = tuple(h for h in self._world.free_headers if h != "name" or action.picks[1] < 0.3)
        last = number
        for n in range(number, min(number + count, self._tab.last_row + 1)):
            other = self._tab.row(n)
            if other.blank:
                break
            for header in headers:
                self._put(n, other, header, self._fresh(header, other))
            last = n
        self._edited(number, last, headers, row)

    def _clear(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        header = self._column(action.picks[1])
        if row is not None:
            self._put(number, row, header, None)
            self._edited(number, number, (header,), row)

    def _unfit(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is not None:
            self._put(number, row, "qty", f"bad{self._world.ledger.number()}")
            self._edited(number, number, ("qty",), row)

    def _undo(self, _action: Action) -> None:
        last, self._last = self._last, None
        if last is None or last.row not in self._tab.rows or last.row.cells.get(last.header) != last.after:
            return
        number = self._number(last.row)
        self._put(number, last.row, last.header, last.before.value if last.before else None)
        self._edited(number, number, (last.header,), last.row)

    # --- rows

    def _new_row(self, action: Action) -> None:
        number, row = self._blank_row(action.picks[0])
        headers = [h for h in self._world.free_headers if h == "name" or action.picks[2] < 0.7]
        if self._world.profile.key == "natural":
            headers = ["code", *headers]
        for header in headers:
            self._put(number, row, header, self._fresh(header, row))
        if action.picks[1] < 0.5:
            self._edited(number, number, tuple(headers), row)
        else:
            for header in headers:
                self._edited(number, number, (header,), row)

    def _start_row(self, action: Action) -> None:
        number, row = self._blank_row(action.picks[0])
        self._put(number, row, "note", self._fresh("note", row))
        self._edited(number, number, ("note",), row)

    def _insert_row(self, action: Action) -> None:
        before = 2 + int(action.picks[0] * self._tab.last_row)
        self._tab.insert_row(before)
        self._tell(f"inserts a row before {before}")
        self._changed()

    def _delete_row(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        self._tell(f"deletes row {number} {_shown(row)}")
        self._gone(row)
        self._tab.delete_row(number)
        self._changed()

    def _move_row(self, action: Action) -> None:
        number, row = self._pick(action.picks[0])
        if row is None:
            return
        before = 2 + int(action.picks[1] * self._tab.last_row)
        if before in (number, number + 1):
            return
        self._tab.move_row(number, before)
        self._tell(f"moves row {number} to before {before}")
        self._changed()

    def _sort(self, action: Action) -> None:
        header = self._column(action.picks[1])
        last = self._tab.last_row
        rows = self._tab.rows[: last - 1]
        rows.sort(key=lambda r: _order(r.cells.get(header)), reverse=action.picks[2] < 0.5)
        self._tab.rows[: last - 1] = rows
        self._tell(f"sorts by {header}")
        if action.picks[0] < 0.5:
            self._changed()

    def _copy_row(self, action: Action) -> None:
        _number, row = self._pick(action.picks[0])
        if row is None:
            return
        if action.picks[1] < 0.3:
            at, target = self._pick(action.picks[2])
            if target is None or target is row:
                return
            self._gone(target)
        else:
            at, target = self._blank_row(action.picks[2])
        ledger = self._world.ledger
        target.cells, target.row_id = dict(row.cells), row.row_id
        target.mark = ledger.new_line("sheet")
        for header, cell in target.cells.items():
            text = ledger.text_of(header, cell)
            if text is not None and (header, text) in ledger.tokens:
                ledger.write("sheet", header, text, target.mark)
        self._tell(f"copies row {self._number(row)} {_shown(row)} to {at}")
        self._edited(at, at, (*self._world.link.headers, ROW_ID_HEADER), target)

    # --- helpers

    def _pick(self, where: float) -> tuple[int, FakeRow | None]:
        rows = [(i + 2, r) for i, r in enumerate(self._tab.rows) if r.cells]
        return rows[int(where * len(rows))] if rows else (0, None)

    def _number(self, row: FakeRow) -> int:
        return next(i + 2 for i, r in enumerate(self._tab.rows) if r is row)

    def _blank_row(self, where: float) -> tuple[int, FakeRow]:
        blank = [(i + 2, r) for i, r in enumerate(self._tab.rows[: self._tab.last_row - 1]) if r.blank]
        if blank and where < 0.5:
            number, row = blank[int(where * 2 * len(blank))]
        else:
            number = self._tab.last_row + 1
            row = self._tab.row(number)
        row.mark = None
        return number, row

    def _column(self, where: float) -> str:
        headers = self._world.free_headers
        return headers[int(where * len(headers))]

    def _fresh(self, header: str, row: FakeRow) -> SheetValue:
        number = self._world.ledger.number()
        return number if header == "qty" else f"{header[0]}{number}"

    def _put(self, number: int, row: FakeRow, header: str, value: SheetValue) -> None:
        ledger = self._world.ledger
        if not isinstance(row.mark, int):
            row.mark = ledger.new_line("sheet")
        before = row.cells.get(header)
        ledger.replace("sheet", header, ledger.text_of(header, before), row.mark)
        cell = held(value)
        if cell is None:
            row.cells.pop(header, None)
        else:
            row.cells[header] = cell
            text = ledger.text_of(header, cell)
            if text is not None:
                ledger.write("sheet", header, text, row.mark)
                twin = self._twin(row)
                if twin is not None and isinstance(twin.mark, int):
                    ledger.write("sheet", header, text, twin.mark).replaced.add(twin.mark)
        self._last = Undo(row, header, before, cell)
        self._tell(f"types {header}={value!r} into row {number} ({row.row_id and row.row_id[-3:]})")

    def _gone(self, row: FakeRow) -> None:
        ledger = self._world.ledger
        twin = self._twin(row)
        if twin is not None and isinstance(row.mark, int) and isinstance(twin.mark, int) and row.mark < twin.mark:
            # nobody can tell which of the two went: let it be the copy
            ledger.unite(twin, row.mark)
            for header, cell in row.cells.items():
                if twin.cells.get(header) != cell:
                    ledger.replace("sheet", header, ledger.text_of(header, cell), row.mark)
            row.mark, twin.mark = twin.mark, row.mark
        if isinstance(row.mark, int):
            ledger.deleted.setdefault(row.mark, set()).add("sheet")
            for header, cell in row.cells.items():
                ledger.replace("sheet", header, ledger.text_of(header, cell), row.mark)

    def _twin(self, row: FakeRow) -> FakeRow | None:
        """Another row with the same id: nobody can tell yet which is the copy."""
        if row.row_id is None:
            return None
        return next((r for r in self._tab.rows if r.row_id == row.row_id and r is not row), None)

    def _edited(self, first: int, last: int, headers: tuple[str, ...], row: FakeRow) -> None:
        single = first == last and len(headers) == 1
        cell = row.cells.get(headers[0]) if single else None
        self._world.trigger_edit(EditEvent(first, last, headers, cell.value if cell else None))

    def _changed(self) -> None:
        self._world.trigger_change()

    def _tell(self, what: str) -> None:
        self._world.hub.tell(f"PERSON {what}")
        self._world.moved()


def _order(cell: SheetCell | None) -> tuple[int, str]:
    return (1, "") if cell is None else (0, str(cell.value))


def _shown(row: FakeRow) -> str:
    return f"{row.row_id and row.row_id[-3:]} " + " ".join(f"{h}={c.value}" for h, c in row.cells.items())


class Program:
    """Works in the table, one transaction at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = FakeStore(world.state, world.clock.now)

    def act(self, action: Action) -> None:
        """Do it, if it can be done now."""
        do: Callable[[FakeTransaction, Action], None] = getattr(self, f"_{action.kind}")
        with self._store.begin() as tx:
            do(tx, action)
            changes = list(tx.changes)
        self._world.ledger.committed("PROGRAM", changes)

    def _update(self, tx: FakeTransaction, action: Action) -> None:
        key = self._pick(tx, action.picks[0])
        if key is not None:
            headers = self._world.free_headers
            self._set(tx, key, headers[int(action.picks[1] * len(headers))])

    def _update_many(self, tx: FakeTransaction, action: Action) -> None:
        keys = tx.all_keys(self._world.link)
        for key in keys[int(action.picks[0] * len(keys)) :]:
            self._set(tx, key, "note" if action.picks[1] < 0.5 else "qty")

    def _insert(self, tx: FakeTransaction, action: Action) -> None:
        ledger = self._world.ledger
        line = ledger.new_line("table")
        values: dict[str, Canonical] = {}
        columns = ["name", *(["qty", "note"] if action.picks[0] < 0.7 else [])]
        if self._world.profile.key == "natural":
            columns.append("code")
        for column in columns:
            number = ledger.number()
            text = str(number) if column == "qty" else f"{column[0]}{number}"
            values[column] = ledger.write("table", column, text, line).text
        tx.insert_row(self._world.link, values)

    def _delete(self, tx: FakeTransaction, action: Action) -> None:
        key = self._pick(tx, action.picks[0])
        if key is not None:
            self._drop(tx, key)

    def _replace_row(self, tx: FakeTransaction, action: Action) -> None:
        """Deletes a row and inserts it anew under the same key (REPLACE): for whoever looks, the same row changed."""
        key = self._pick(tx, action.picks[0])
        if key is None:
            return
        ledger = self._world.ledger
        column = self._world.link.key_columns[0].name
        name = f"n{ledger.number()}"
        for line in self._lines(key):
            for other, text in tx.rows(self._world.link, [key])[key].items():
                if other != column:
                    ledger.replace("table", other, text, line)
            ledger.write("table", "name", name, line)
        tx.delete_row(self._world.link, key)
        tx.insert_row(self._world.link, {column: key[0], "name": name})

    def _change_key(self, tx: FakeTransaction, action: Action) -> None:
        key = self._pick(tx, action.picks[0])
        if key is None:
            return
        ledger = self._world.ledger
        column = self._world.link.key_columns[0].name
        text = f"c{ledger.number()}" if column == "code" else str(ledger.number())
        for line in self._lines(key):
            ledger.replace("table", column, key[0], line)
            if column == "code":
                ledger.write("table", column, text, line)
        tx.update_row(self._world.link, key, {column: text})

    def _set(self, tx: FakeTransaction, key: Key, column: str) -> None:
        ledger = self._world.ledger
        before = tx.rows(self._world.link, [key])[key][column]
        number = ledger.number()
        text = str(number) if column == "qty" else f"{column[0]}{number}"
        for line in self._lines(key):
            ledger.replace("table", column, before, line)
            ledger.write("table", column, text, line)
        try:
            tx.update_row(self._world.link, key, {column: text})
        except (Unfit, MysqlRefused) as error:  # a program's own mistake would be the simulation's
            raise AssertionError("a program's update was refused") from error

    def _drop(self, tx: FakeTransaction, key: Key) -> None:
        ledger = self._world.ledger
        row = tx.rows(self._world.link, [key])[key]
        for line in self._lines(key):
            ledger.deleted.setdefault(line, set()).add("table")
            for column, text in row.items():
                ledger.replace("table", column, text, line)
        tx.delete_row(self._world.link, key)

    def _lines(self, key: Key) -> set[int]:
        return self._world.ledger.of_key.get(key, set())

    def _pick(self, tx: FakeTransaction, where: float) -> Key | None:
        keys = tx.all_keys(self._world.link)
        return keys[int(where * len(keys))] if keys else None
