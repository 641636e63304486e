"""A program at the table: rows that come, change, go and trade values, one transaction at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.model import Key
from core.ports import TableRow
from tests.fakes.store import FakeStore, FakeTransaction
from tests.simulation.actions import Action
from tests.simulation.choosing import choose
from tests.simulation.taking_back import OVER, any_selection, take_back

if TYPE_CHECKING:
    from tests.simulation.twin import Twin


class Program:
    """Does what an action says, and keeps the ledger."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._link, self._ledger = twin.link.unfiltered, twin.ledger
        self._store = FakeStore(twin.state, twin.hub.clock.now)

    def act(self, action: Action) -> None:
        """Do it, if it can be done now."""
        do: Callable[[FakeTransaction, Action], None] = getattr(self, f"_{action.kind}")
        others = self._twin.world.others
        with self._store.begin() as tx:
            if others is not None:
                others.by_program = True
            do(tx, action)
            changes = list(tx.changes)
        if others is not None:
            others.by_program = False
        with self._twin.hushed():
            self._ledger.committed("PROGRAM", changes)

    # --- values

    def _update(self, tx: FakeTransaction, action: Action) -> None:
        key = self._pick(tx, action.picks[0])
        if key is not None:
            headers = self._twin.free_headers
            self._set(tx, key, headers[int(action.picks[1] * len(headers))])

    def _update_many(self, tx: FakeTransaction, action: Action) -> None:
        keys = tx.all_keys(self._link)
        for key in keys[int(action.picks[0] * len(keys)) :]:
            self._set(tx, key, "note" if action.picks[1] < 0.5 else "qty")

    def _empty(self, tx: FakeTransaction, action: Action) -> None:
        """NULL where something stood."""
        key = self._pick(tx, action.picks[0])
        if key is not None:
            self._put(tx, key, {"note" if action.picks[1] < 0.5 else "qty": None})

    def _move_value(self, tx: FakeTransaction, action: Action) -> None:
        """A value goes from one row to another, which then holds what the first one held."""
        first, second = self._pick_two(tx, action)
        if first is None or second is None or not self._twin.may_trade("values"):
            return
        column = "note" if action.picks[2] < 0.5 else "qty"
        value = tx.rows(self._link, [first])[first][column]
        self._put(tx, first, {column: None})
        self._put(tx, second, {column: value})

    def _set(self, tx: FakeTransaction, key: Key, column: str) -> None:
        self._put(tx, key, {column: self._fresh(column)})

    # --- rows

    def _insert(self, tx: FakeTransaction, action: Action) -> None:
        table = tx.state.table(self._link)
        if "id" in self._twin.key_headers and (str(table.last_id + 1),) in table.rows:
            table.last_id += 1  # a key that was changed to the next number: the server refuses, and counts on
            return
        columns = [*self._twin.key_headers, "name", *(["qty", "note"] if action.picks[0] < 0.7 else [])]
        line = self._ledger.new_line("table")
        values = {c: self._fresh(c) for c in columns if c != "id"}
        for column, text in values.items():
            self._ledger.write("table", column, text, line)
        tx.insert_row(self._link, dict(values))

    def _delete(self, tx: FakeTransaction, action: Action) -> None:
        key = self._pick(tx, action.picks[0])
        if key is not None:
            self._drop(tx, key)

    def _replace_row(self, tx: FakeTransaction, action: Action) -> None:
        """Deletes a row and inserts it anew under the same key (REPLACE): for whoever looks, the same row changed."""
        key = self._pick(tx, action.picks[0])
        if key is None or not self._twin.may_trade("values"):
            return
        name, before = self._fresh("name"), tx.rows(self._link, [key])[key]
        keys = {column: before[column] for column in self._twin.key_headers}
        for line in self._lines(key):
            for column in self._twin.free_headers:
                self._ledger.replace("table", column, before[column], line)
            self._ledger.write("table", "name", name, line)
            for column, text in keys.items():
                if not any(line in token.lines for token in self._ledger.tokens_in(column, text)):
                    self._ledger.write("both", column, text, line)  # a mistake's: the program means it from now on
        tx.delete_row(self._link, key)
        tx.insert_row(self._link, {**keys, "name": name})

    def _transaction(self, tx: FakeTransaction, action: Action) -> None:
        """Several rows at once: one goes, one changes, one comes."""
        first, second = self._pick_two(tx, action)
        if first is not None and second is not None:
            self._drop(tx, first)
            self._set(tx, second, "note")
        self._insert(tx, action)

    # --- conflicts

    def _take(self, tx: FakeTransaction, action: Action) -> None:
        choose(tx, self._link, action)

    # --- taking back

    def _take_back(self, tx: FakeTransaction, action: Action) -> None:
        twin = self._twin
        twin.takes_back = True
        wanted = any_selection(tx.state, self._link.name, action.picks[:2])
        over = action.picks[2] < OVER
        twin.tell(take_back(tx, twin.link, wanted, f"undo_{twin.world.new_event()}", over=over))

    # --- keys

    def _change_key(self, tx: FakeTransaction, action: Action) -> None:
        key = self._pick(tx, action.picks[0])
        if key is not None:
            headers = self._twin.key_headers
            self._set(tx, key, headers[int(action.picks[1] * len(headers))])

    def _trade_keys(self, tx: FakeTransaction, action: Action) -> None:
        """Two rows get each other's key, by way of a third one."""
        first, second = self._pick_two(tx, action)
        if first is None or second is None or not self._twin.may_trade("keys"):
            return
        mine, theirs = self._key_values(first), self._key_values(second)
        column = self._twin.key_headers[0]
        passing = {column: self._fresh(column)}
        lines, others = self._lines(first), self._lines(second)
        away = tuple({**mine, **passing}.values())
        self._put(tx, first, passing, lines)
        self._put(tx, second, mine, others)
        self._put(tx, away, theirs, lines)

    # --- helpers

    def _key_values(self, key: Key) -> dict[str, str]:
        return dict(zip(self._twin.key_headers, key, strict=True))

    def _fresh(self, column: str) -> str:
        number = self._ledger.number()
        return str(number) if column in ("id", "part", "qty") else f"{column[0]}{number}"

    def _put(self, tx: FakeTransaction, key: Key, values: TableRow, lines: set[int] | None = None) -> None:
        ledger, before = self._ledger, tx.rows(self._link, [key])[key]
        for line in self._lines(key) if lines is None else lines:
            for column, text in values.items():
                ledger.replace("table", column, before[column], line)
                if text is not None and (column != "id" or (column, text) in ledger.tokens):
                    ledger.write("table", column, text, line)
        tx.update_row(self._link, key, dict(values))

    def _drop(self, tx: FakeTransaction, key: Key) -> None:
        row = tx.rows(self._link, [key])[key]
        for line in self._lines(key):
            self._ledger.delete("table", line)
            for column, text in row.items():
                self._ledger.replace("table", column, text, line)
        tx.delete_row(self._link, key)

    def _lines(self, key: Key) -> set[int]:
        return self._ledger.of_key.get(key, set())

    def _pick(self, tx: FakeTransaction, where: float) -> Key | None:
        keys = tx.all_keys(self._link)
        return keys[int(where * len(keys))] if keys else None

    def _pick_two(self, tx: FakeTransaction, action: Action) -> tuple[Key | None, Key | None]:
        first = self._pick(tx, action.picks[0])
        others = [key for key in tx.all_keys(self._link) if key != first]
        return first, others[int(action.picks[1] * len(others))] if others else None
